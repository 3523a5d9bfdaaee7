//! OffsetFetch: where a group is.
//!
//! A group that does not exist and a partition without a commit are answered alike, with offset -1 and no error.

use super::Committed;
use crate::group::Entry;
use crate::group::live::Directory;
use crate::group::turn::Turn;
use crate::machine::Ticket;
use ottla_base::{LeaderEpoch, Offset, PartitionIndex, TopicId};
use ottla_wire::message::offset_fetch_request::OffsetFetchRequestGroup;
use ottla_wire::message::offset_fetch_response::{
    OffsetFetchResponseGroup, OffsetFetchResponsePartitions, OffsetFetchResponseTopics,
};
use ottla_wire::{ErrorCode, Str};

/// A fetch to decide.
#[derive(Debug)]
pub struct Fetch {
    /// Who waits.
    pub ticket: Ticket,
    /// What was asked. Each topic carries its name and, where known, its id. `None` topics: all.
    pub request: OffsetFetchRequestGroup,
    /// What is said of a partition whose offset may be about to change.
    pub stability: Stability,
}

/// What OffsetFetch says of a partition for which a transaction has an offset pending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stability {
    /// What is committed now.
    Any,
    /// UNSTABLE_OFFSET_COMMIT: the client asks again (KIP-447).
    Required,
}

pub(in crate::group) fn fetch(entry: Option<&Entry>, groups: &Directory, turn: &mut Turn<'_>, fetch: Fetch) {
    let Fetch { ticket, request, stability } = fetch;
    let live = groups.0.get(&request.group_id);
    let checked =
        live.map_or(Ok(()), |live| live.check_fetch(request.member_id.as_ref(), request.member_epoch));
    if let Err(error_code) = checked {
        let group_id = request.group_id;
        return turn.reply(ticket, OffsetFetchResponseGroup { group_id, error_code, ..Default::default() });
    }
    let topics = match request.topics {
        None => entry.map(|entry| all(entry, stability)).unwrap_or_default(),
        Some(topics) => topics
            .into_iter()
            .map(|topic| {
                let partition = |index: i32| {
                    let index = PartitionIndex(index);
                    if is_unstable(entry, stability, &topic.name, index) {
                        return unstable_response(index);
                    }
                    let id = TopicId(topic.topic_id);
                    let committed = entry.and_then(|entry| entry.offsets.committed(&topic.name, id, index));
                    partition_response(index, committed)
                };
                let partitions = topic.partition_indexes.iter().copied().map(partition).collect();
                OffsetFetchResponseTopics { partitions, name: topic.name, topic_id: topic.topic_id }
            })
            .collect(),
    };
    let group_id = request.group_id;
    turn.reply(ticket, OffsetFetchResponseGroup { group_id, topics, ..Default::default() });
}

/// All that is committed. A partition with nothing but pending offsets is not named, as in Kafka.
fn all(entry: &Entry, stability: Stability) -> Vec<OffsetFetchResponseTopics> {
    let topics = entry.offsets.iter().map(|(name, partitions)| {
        let tell = |(index, committed): (&PartitionIndex, _)| match is_unstable(
            Some(entry),
            stability,
            name,
            *index,
        ) {
            true => unstable_response(*index),
            false => partition_response(*index, Some(committed)),
        };
        OffsetFetchResponseTopics {
            name: name.clone(),
            topic_id: partitions.values().next().map_or(TopicId::NONE, |committed| committed.topic_id).0,
            partitions: partitions.iter().map(tell).collect(),
        }
    });
    topics.collect()
}

fn is_unstable(entry: Option<&Entry>, stability: Stability, topic: &Str, partition: PartitionIndex) -> bool {
    match stability {
        Stability::Any => false,
        Stability::Required => entry.is_some_and(|entry| entry.pending.is_unstable(topic, partition)),
    }
}

fn unstable_response(index: PartitionIndex) -> OffsetFetchResponsePartitions {
    let error_code = ErrorCode::UNSTABLE_OFFSET_COMMIT;
    OffsetFetchResponsePartitions { error_code, ..partition_response(index, None) }
}

fn partition_response(index: PartitionIndex, committed: Option<&Committed>) -> OffsetFetchResponsePartitions {
    OffsetFetchResponsePartitions {
        partition_index: index.0,
        committed_offset: committed.map_or(Offset::NONE, |committed| committed.offset).0,
        committed_leader_epoch: committed.map_or(LeaderEpoch::NONE, |committed| committed.leader_epoch).0,
        metadata: Some(committed.map(|committed| committed.metadata.clone()).unwrap_or_default()),
        ..Default::default()
    }
}
