//! OffsetCommit: remember how far a group has come.

use super::pending::position_plain;
use super::{Committed, Pending};
use crate::group::Entry;
use crate::group::live::Directory;
use crate::group::record::Record;
use crate::group::turn::Turn;
use crate::machine::Ticket;
use ottla_base::{LeaderEpoch, Offset, PartitionIndex, Timestamp, TopicId};
use ottla_wire::message::offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use ottla_wire::message::offset_commit_response::{OffsetCommitResponsePartition, OffsetCommitResponseTopic};
use ottla_wire::message::{OffsetCommitRequest, OffsetCommitResponse};
use ottla_wire::{ErrorCode, Str};

/// A commit to decide.
#[derive(Debug)]
pub struct Commit {
    /// Who waits.
    pub ticket: Ticket,
    /// What was asked. Each topic carries its name and, where known, its id, and exists.
    pub request: OffsetCommitRequest,
    /// What a commit to a group that does not exist is answered with if it claims a generation.
    pub unknown_group: UnknownGroup,
}

/// How a commit hears that its group does not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnknownGroup {
    /// OffsetCommit 9 and later: GROUP_ID_NOT_FOUND.
    NotFound,
    /// Before: ILLEGAL_GENERATION.
    IllegalGeneration,
}

pub(in crate::group) fn commit(
    entry: Option<&Entry>,
    groups: &mut Directory,
    turn: &mut Turn<'_>,
    commit: Commit,
) {
    let ticket = commit.ticket;
    let response = match check(groups, turn, &commit) {
        Ok(()) => store(entry, turn, commit.request),
        Err(error) => refused(commit.request, error),
    };
    turn.reply(ticket, response);
}

/// Whether the commit is welcome. Makes the group if a lone consumer commits to one that does not exist.
fn check(groups: &mut Directory, turn: &mut Turn<'_>, commit: &Commit) -> Result<(), ErrorCode> {
    let id = &commit.request.group_id;
    match groups.0.get_mut(id) {
        Some(group) => {
            group.check_commit(commit)?;
            group.keep_alive(turn, &commit.request.member_id);
            Ok(())
        }
        None if commit.request.generation_id_or_member_epoch < 0 => {
            groups.found(id, turn);
            Ok(())
        }
        None => Err(match commit.unknown_group {
            UnknownGroup::NotFound => ErrorCode::GROUP_ID_NOT_FOUND,
            UnknownGroup::IllegalGeneration => ErrorCode::ILLEGAL_GENERATION,
        }),
    }
}

fn store(entry: Option<&Entry>, turn: &mut Turn<'_>, request: OffsetCommitRequest) -> OffsetCommitResponse {
    let none_pending = Pending::default();
    let pending = entry.map_or(&none_pending, |entry| &entry.pending);
    let committed_at = turn.now.wall;
    let expires_at = (request.retention_time_ms >= 0)
        .then(|| Timestamp(committed_at.0.saturating_add(request.retention_time_ms)));
    let group = request.group_id;
    let topics = request.topics.into_iter().map(|topic| {
        let partitions = topic.partitions.into_iter().map(|partition| {
            let index = partition.partition_index;
            if is_too_long(partition.committed_metadata.as_ref(), turn.settings.offset_metadata_max) {
                return partition_response(index, ErrorCode::OFFSET_METADATA_TOO_LARGE);
            }
            turn.records.push(Record::Offset {
                group: group.clone(),
                topic: topic.name.clone(),
                partition: PartitionIndex(index),
                committed: Some(Committed {
                    offset: Offset(partition.committed_offset),
                    leader_epoch: LeaderEpoch(partition.committed_leader_epoch),
                    metadata: partition.committed_metadata.unwrap_or_default().detached(),
                    committed_at,
                    expires_at,
                    topic_id: TopicId(topic.topic_id),
                    position: position_plain(pending, &topic.name, PartitionIndex(index)),
                }),
            });
            partition_response(index, ErrorCode::NONE)
        });
        OffsetCommitResponseTopic {
            partitions: partitions.collect(),
            name: topic.name.clone(),
            topic_id: topic.topic_id,
        }
    });
    OffsetCommitResponse { topics: topics.collect(), ..Default::default() }
}

/// Kafka counts UTF-16 units. A text has at most as many of them as bytes, so that short ones are not counted.
pub(super) fn is_too_long(metadata: Option<&Str>, max: usize) -> bool {
    metadata.is_some_and(|text| max < text.len() && max < text.encode_utf16().count())
}

/// The same answer for every partition.
#[must_use]
pub fn refused(request: OffsetCommitRequest, error: ErrorCode) -> OffsetCommitResponse {
    let partitions = |partitions: Vec<OffsetCommitRequestPartition>| {
        partitions.iter().map(|partition| partition_response(partition.partition_index, error)).collect()
    };
    let topic = |topic: OffsetCommitRequestTopic| OffsetCommitResponseTopic {
        name: topic.name,
        topic_id: topic.topic_id,
        partitions: partitions(topic.partitions),
    };
    OffsetCommitResponse { topics: request.topics.into_iter().map(topic).collect(), ..Default::default() }
}

fn partition_response(partition_index: i32, error_code: ErrorCode) -> OffsetCommitResponsePartition {
    OffsetCommitResponsePartition { partition_index, error_code }
}
