//! Answers as text.

use crate::group::{Catalog, Reply};
use ottla_base::{ProducerEpoch, ProducerId};
use ottla_wire::message::JoinGroupResponse;
use ottla_wire::message::describe_groups_response::DescribedGroup;
use ottla_wire::message::list_groups_response::ListedGroup;
use ottla_wire::message::offset_commit_response::OffsetCommitResponsePartition;
use ottla_wire::message::offset_fetch_response::OffsetFetchResponseGroup;
use ottla_wire::message::txn_offset_commit_response::TxnOffsetCommitResponsePartition;
use ottla_wire::{ErrorCode, Str};
use std::fmt::Write;

pub(super) fn of(reply: &Reply, topics: &Catalog) -> String {
    match reply {
        Reply::Consumer(reply) => super::consumers::text(reply, topics),
        Reply::Share(reply) => super::shares::text(reply, topics),
        Reply::Streams(reply) => super::streams::text(reply),
        Reply::Join(join) => join_text(join),
        Reply::Sync(sync) if sync.error_code == ErrorCode::NONE => {
            super::consumers::assigned_text(&sync.assignment, topics)
        }
        Reply::Sync(sync) => sync.error_code.name().into(),
        Reply::Heartbeat(heartbeat) => heartbeat.error_code.name().into(),
        Reply::Leave(leave) => {
            let members = leave.members.iter().map(|member| {
                let instance = member.group_instance_id.as_deref().unwrap_or("-");
                format!(" {}/{instance}={}", member.member_id, member.error_code.name())
            });
            format!("left {}{}", leave.error_code.name(), members.collect::<String>())
        }
        Reply::Commit(commit) => {
            let topics = commit.topics.iter().flat_map(|topic| {
                let code = |it: &OffsetCommitResponsePartition| (it.partition_index, it.error_code);
                topic.partitions.iter().map(move |it| place(&topic.name, code(it)))
            });
            format!("committed{}", topics.collect::<String>())
        }
        Reply::TxnCommit(commit) => {
            let topics = commit.topics.iter().flat_map(|topic| {
                let code = |it: &TxnOffsetCommitResponsePartition| (it.partition_index, it.error_code);
                topic.partitions.iter().map(move |it| place(&topic.name, code(it)))
            });
            format!("pending{}", topics.collect::<String>())
        }
        Reply::OpenTransactions(open) => open_text(open),
        Reply::Fetch(fetch) => fetched_text(fetch),
        Reply::DeleteOffsets(delete) => {
            let mut text = format!("deleted {}", delete.error_code.name());
            for topic in &delete.topics {
                for partition in &topic.partitions {
                    text += &place(&topic.name, (partition.partition_index, partition.error_code));
                }
            }
            text
        }
        Reply::Describe(None) => "no group".into(),
        Reply::Describe(Some(group)) => described_text(group),
        Reply::List(groups) => {
            let line = |group: &ListedGroup| {
                format!(
                    " {}={}/{}/{:?}",
                    group.group_id, group.group_type, group.group_state, group.protocol_type
                )
            };
            format!("listed{}", groups.iter().map(line).collect::<String>())
        }
        Reply::Delete(delete) => format!("deleted {}", delete.error_code.name()),
        Reply::Done => "done".into(),
    }
}

fn fetched_text(fetch: &OffsetFetchResponseGroup) -> String {
    let mut text = format!("fetched {}", fetch.error_code.name());
    for topic in &fetch.topics {
        for partition in &topic.partitions {
            if partition.error_code != ErrorCode::NONE {
                text += &place(&topic.name, (partition.partition_index, partition.error_code));
                continue;
            }
            let epoch = partition.committed_leader_epoch;
            let meta = partition.metadata.as_deref().unwrap_or("-");
            let (index, offset) = (partition.partition_index, partition.committed_offset);
            let _ = write!(text, " {}:{index}={offset}/{epoch}/{meta:?}", topic.name);
        }
    }
    text
}

fn open_text(open: &[(ProducerId, ProducerEpoch)]) -> String {
    let one = |(producer, epoch): &(ProducerId, ProducerEpoch)| format!(" {producer}/{}", epoch.0);
    format!("open{}", open.iter().map(one).collect::<String>())
}

/// What became of one partition.
fn place(topic: &Str, (index, error): (i32, ErrorCode)) -> String {
    format!(" {topic}:{index}={}", error.name())
}

fn join_text(join: &JoinGroupResponse) -> String {
    if join.error_code != ErrorCode::NONE {
        return format!("{} {}", join.error_code.name(), join.member_id);
    }
    let protocol = join.protocol_name.as_deref().unwrap_or("-");
    let members = join.members.iter().map(|member| format!(" {}", member.member_id)).collect::<String>();
    let skip = if join.skip_assignment { " skip" } else { "" };
    let (generation, leader) = (join.generation_id, &join.leader);
    format!(
        "joined {} gen {generation} {protocol} leader {leader}{skip} [{}]",
        join.member_id,
        members.trim()
    )
}

fn described_text(group: &DescribedGroup) -> String {
    let mut text = format!("{} {:?} {:?}", group.group_state, group.protocol_type, group.protocol_data);
    for member in &group.members {
        let assignment = String::from_utf8_lossy(&member.member_assignment);
        let _ = write!(text, " {}={assignment:?}/{}", member.member_id, member.member_metadata.len());
    }
    text
}
