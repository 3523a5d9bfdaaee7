//! TxnOffsetCommit: remember how far a group will have come if a transaction is committed.
//!
//! Whether the transaction is open and the producer its owner is for the transaction coordinator to say; here the
//! group is asked. Unlike OffsetCommit this is no sign of life of the member, and the state of the group does not
//! matter, only its generation.

use super::commit::is_too_long;
use super::pending::{PendingOffset, position_pending};
use super::{Committed, Offsets, Pending};
use crate::group::Entry;
use crate::group::live::Directory;
use crate::group::record::Record;
use crate::group::turn::Turn;
use crate::machine::Ticket;
use ottla_base::{LeaderEpoch, Offset, PartitionIndex, ProducerEpoch, ProducerId, TopicId};
use ottla_wire::message::txn_offset_commit_request::{
    TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic,
};
use ottla_wire::message::txn_offset_commit_response::{
    TxnOffsetCommitResponsePartition, TxnOffsetCommitResponseTopic,
};
use ottla_wire::message::{TxnOffsetCommitRequest, TxnOffsetCommitResponse};
use ottla_wire::{ErrorCode, Str};

/// A commit in a transaction to decide.
#[derive(Debug)]
pub struct TxnCommit {
    /// Who waits.
    pub ticket: Ticket,
    /// What was asked. Each topic carries its name and id, and exists; the producer has the transaction open.
    pub request: TxnOffsetCommitRequest,
}

pub(in crate::group) fn commit(
    entry: Option<&Entry>,
    groups: &mut Directory,
    turn: &mut Turn<'_>,
    commit: TxnCommit,
) {
    let TxnCommit { ticket, request } = commit;
    let response = match check(groups, turn, &request) {
        Ok(()) => store(entry, turn, request),
        Err(error) => refused(request, error),
    };
    turn.reply(ticket, response);
}

/// Whether the commit is welcome. Makes the group if a lone consumer commits to one that does not exist.
fn check(
    groups: &mut Directory,
    turn: &mut Turn<'_>,
    request: &TxnOffsetCommitRequest,
) -> Result<(), ErrorCode> {
    if request.group_id.is_empty() {
        return Err(ErrorCode::INVALID_GROUP_ID);
    }
    match groups.0.get(&request.group_id) {
        Some(group) => group.check_txn_commit(request),
        None if request.generation_id_or_member_epoch < 0 => {
            groups.found(&request.group_id, turn);
            Ok(())
        }
        None => Err(ErrorCode::GROUP_ID_NOT_FOUND),
    }
}

fn store(
    entry: Option<&Entry>,
    turn: &mut Turn<'_>,
    request: TxnOffsetCommitRequest,
) -> TxnOffsetCommitResponse {
    let (no_offsets, none_pending) = (Offsets::default(), Pending::default());
    let (offsets, pending) =
        entry.map_or((&no_offsets, &none_pending), |entry| (&entry.offsets, &entry.pending));
    let group = request.group_id;
    let producer_epoch = ProducerEpoch(request.producer_epoch);
    let topics = request.topics.into_iter().map(|topic| {
        let partitions = topic.partitions.into_iter().map(|partition| {
            let index = PartitionIndex(partition.partition_index);
            if is_too_long(partition.committed_metadata.as_ref(), turn.settings.offset_metadata_max) {
                return partition_response(index.0, ErrorCode::OFFSET_METADATA_TOO_LARGE);
            }
            let committed = Committed {
                offset: Offset(partition.committed_offset),
                leader_epoch: LeaderEpoch(partition.committed_leader_epoch),
                metadata: partition.committed_metadata.unwrap_or_default().detached(),
                committed_at: turn.now.wall,
                expires_at: None,
                topic_id: TopicId(topic.topic_id),
                position: position_pending(offsets, pending, &topic.name, index),
            };
            turn.records.push(Record::Pending {
                group: group.clone(),
                producer: ProducerId(request.producer_id),
                topic: topic.name.clone(),
                partition: index,
                pending: Some(PendingOffset { producer_epoch, committed }),
            });
            partition_response(index.0, ErrorCode::NONE)
        });
        TxnOffsetCommitResponseTopic {
            partitions: partitions.collect(),
            name: topic.name.clone(),
            topic_id: topic.topic_id,
        }
    });
    TxnOffsetCommitResponse { topics: topics.collect(), ..Default::default() }
}

/// The same answer for every partition.
#[must_use]
pub fn refused(request: TxnOffsetCommitRequest, error: ErrorCode) -> TxnOffsetCommitResponse {
    let partitions = |partitions: Vec<TxnOffsetCommitRequestPartition>| {
        partitions.iter().map(|partition| partition_response(partition.partition_index, error)).collect()
    };
    let topic = |topic: TxnOffsetCommitRequestTopic| TxnOffsetCommitResponseTopic {
        name: topic.name,
        topic_id: topic.topic_id,
        partitions: partitions(topic.partitions),
    };
    TxnOffsetCommitResponse { topics: request.topics.into_iter().map(topic).collect(), ..Default::default() }
}

fn partition_response(partition_index: i32, error_code: ErrorCode) -> TxnOffsetCommitResponsePartition {
    TxnOffsetCommitResponsePartition { partition_index, error_code }
}

/// Forgets what is pending for one partition.
pub(super) fn gone(group: &Str, producer: ProducerId, topic: &Str, partition: PartitionIndex) -> Record {
    Record::Pending { group: group.clone(), producer, topic: topic.clone(), partition, pending: None }
}
