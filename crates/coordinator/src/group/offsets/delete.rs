//! OffsetDelete, and what goes when topics or groups go. What is pending goes with what is committed.

use super::txn_commit;
use crate::group::Entry;
use crate::group::live::Directory;
use crate::group::record::Record;
use crate::group::turn::Turn;
use crate::machine::Ticket;
use ottla_base::{PartitionIndex, TopicId};
use ottla_wire::message::offset_delete_response::{OffsetDeleteResponsePartition, OffsetDeleteResponseTopic};
use ottla_wire::message::{OffsetDeleteRequest, OffsetDeleteResponse};
use ottla_wire::{ErrorCode, Str};
use std::collections::BTreeMap;

/// A deletion of offsets to decide.
#[derive(Debug)]
pub struct DeleteOffsets {
    /// Who waits.
    pub ticket: Ticket,
    /// What was asked. Each topic and partition exists.
    pub request: OffsetDeleteRequest,
}

pub(in crate::group) fn delete(
    entry: Option<&Entry>,
    groups: &Directory,
    turn: &mut Turn<'_>,
    delete: DeleteOffsets,
) {
    let group = delete.request.group_id;
    let Some(live) = groups.0.get(&group) else {
        return turn.reply(delete.ticket, refused(ErrorCode::GROUP_ID_NOT_FOUND));
    };
    if let Err(error) = live.check_delete_offsets() {
        return turn.reply(delete.ticket, refused(error));
    }
    let mut topics = Vec::with_capacity(delete.request.topics.len());
    for topic in delete.request.topics {
        let error_code = match live.is_subscribed(&topic.name) {
            true => ErrorCode::GROUP_SUBSCRIBED_TO_TOPIC,
            false => ErrorCode::NONE,
        };
        let mut partitions = Vec::with_capacity(topic.partitions.len());
        for partition in topic.partitions {
            let partition_index = partition.partition_index;
            let index = PartitionIndex(partition_index);
            if let (ErrorCode::NONE, Some(entry)) = (error_code, entry) {
                forget(&group, entry, turn, &topic.name, index);
            }
            partitions.push(OffsetDeleteResponsePartition { partition_index, error_code });
        }
        topics.push(OffsetDeleteResponseTopic { name: topic.name, partitions });
    }
    turn.reply(delete.ticket, OffsetDeleteResponse { topics, ..Default::default() });
}

/// Deletes what was committed for topics that do not exist any more.
pub(in crate::group) fn topics_gone(
    entries: &BTreeMap<Str, Entry>,
    turn: &mut Turn<'_>,
    ticket: Ticket,
    topics: &[TopicId],
) {
    for (group, entry) in entries {
        for (topic, partitions) in entry.offsets.iter() {
            for (partition, committed) in partitions {
                if topics.contains(&committed.topic_id) {
                    turn.record(gone(group, topic, *partition));
                }
            }
        }
        for (producer, topic, partition, pending) in entry.pending.iter() {
            if topics.contains(&pending.committed.topic_id) {
                turn.record(txn_commit::gone(group, producer, topic, partition));
            }
        }
    }
    turn.reply(ticket, crate::group::Reply::Done);
}

/// Deletes all offsets of a group.
pub(in crate::group) fn delete_all(group: &Str, entry: &Entry, turn: &mut Turn<'_>) {
    for (topic, partitions) in entry.offsets.iter() {
        for partition in partitions.keys() {
            turn.record(gone(group, topic, *partition));
        }
    }
    for (producer, topic, partition, _) in entry.pending.iter() {
        turn.record(txn_commit::gone(group, producer, topic, partition));
    }
}

/// Deletes the offset of one partition.
fn forget(group: &Str, entry: &Entry, turn: &mut Turn<'_>, topic: &Str, partition: PartitionIndex) {
    if entry.offsets.get(topic, partition).is_some() {
        turn.record(gone(group, topic, partition));
    }
    for (producer, _) in entry.pending.at(topic, partition) {
        turn.record(txn_commit::gone(group, producer, topic, partition));
    }
}

pub(super) fn gone(group: &Str, topic: &Str, partition: PartitionIndex) -> Record {
    Record::Offset { group: group.clone(), topic: topic.clone(), partition, committed: None }
}

fn refused(error_code: ErrorCode) -> OffsetDeleteResponse {
    OffsetDeleteResponse { error_code, ..Default::default() }
}
