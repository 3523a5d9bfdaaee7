//! Answers as text.

use crate::group::Reply;
use ottla_wire::ErrorCode;
use ottla_wire::message::JoinGroupResponse;
use ottla_wire::message::describe_groups_response::DescribedGroup;
use ottla_wire::message::list_groups_response::ListedGroup;
use std::fmt::Write;

pub(super) fn of(reply: &Reply) -> String {
    match reply {
        Reply::Join(join) => join_text(join),
        Reply::Sync(sync) if sync.error_code == ErrorCode::NONE => {
            format!("assigned {:?}", String::from_utf8_lossy(&sync.assignment))
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
                let place = |index| format!(" {}:{index}=", topic.name);
                let partitions = topic.partitions.iter();
                partitions
                    .map(move |partition| place(partition.partition_index) + partition.error_code.name())
            });
            format!("committed{}", topics.collect::<String>())
        }
        Reply::Fetch(fetch) => {
            let mut text = format!("fetched {}", fetch.error_code.name());
            for topic in &fetch.topics {
                for partition in &topic.partitions {
                    let epoch = partition.committed_leader_epoch;
                    let meta = partition.metadata.as_deref().unwrap_or("-");
                    let (index, offset) = (partition.partition_index, partition.committed_offset);
                    let _ = write!(text, " {}:{index}={offset}/{epoch}/{meta:?}", topic.name);
                }
            }
            text
        }
        Reply::DeleteOffsets(delete) => {
            let mut text = format!("deleted {}", delete.error_code.name());
            for topic in &delete.topics {
                for partition in &topic.partitions {
                    let index = partition.partition_index;
                    let _ = write!(text, " {}:{index}={}", topic.name, partition.error_code.name());
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
