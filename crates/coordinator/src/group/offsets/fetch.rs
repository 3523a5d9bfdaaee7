//! OffsetFetch: where a group is.
//!
//! A group that does not exist and a partition without a commit are answered alike, with offset -1 and no error.

use super::{Committed, Offsets};
use crate::group::turn::Turn;
use crate::machine::Ticket;
use ottla_base::{LeaderEpoch, Offset, PartitionIndex, TopicId};
use ottla_wire::message::offset_fetch_request::OffsetFetchRequestGroup;
use ottla_wire::message::offset_fetch_response::{
    OffsetFetchResponseGroup, OffsetFetchResponsePartitions, OffsetFetchResponseTopics,
};

/// A fetch to decide.
#[derive(Debug)]
pub struct Fetch {
    /// Who waits.
    pub ticket: Ticket,
    /// What was asked. Each topic carries its name and, where known, its id. `None` topics: all.
    pub request: OffsetFetchRequestGroup,
}

pub(in crate::group) fn fetch(offsets: Option<&Offsets>, turn: &mut Turn<'_>, fetch: Fetch) {
    let topics = match fetch.request.topics {
        None => offsets.map(all).unwrap_or_default(),
        Some(topics) => topics
            .into_iter()
            .map(|topic| {
                let partition = |index: i32| {
                    let id = TopicId(topic.topic_id);
                    let committed =
                        offsets.and_then(|all| all.committed(&topic.name, id, PartitionIndex(index)));
                    partition_response(PartitionIndex(index), committed)
                };
                let partitions = topic.partition_indexes.iter().copied().map(partition).collect();
                OffsetFetchResponseTopics { partitions, name: topic.name, topic_id: topic.topic_id }
            })
            .collect(),
    };
    let group_id = fetch.request.group_id;
    turn.reply(fetch.ticket, OffsetFetchResponseGroup { group_id, topics, ..Default::default() });
}

fn all(offsets: &Offsets) -> Vec<OffsetFetchResponseTopics> {
    let topics = offsets.iter().map(|(name, partitions)| OffsetFetchResponseTopics {
        name: name.clone(),
        topic_id: partitions.values().next().map_or(TopicId::NONE, |committed| committed.topic_id).0,
        partitions: partitions
            .iter()
            .map(|(index, committed)| partition_response(*index, Some(committed)))
            .collect(),
    });
    topics.collect()
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
