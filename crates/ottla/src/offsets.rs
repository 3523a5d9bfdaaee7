//! Where partitions begin and end, and where a moment is in them.

use crate::exit::Outcome;
use ottla_base::{Offset, PartitionIndex, Timestamp};
use ottla_client::{Client, Refused, RequestError};
use ottla_wire::message::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use ottla_wire::message::{ListOffsetsRequest, ListOffsetsResponse};
use std::collections::BTreeMap;

/// A partition by its topic's name and its number.
pub(crate) type Key = (String, PartitionIndex);

/// What to look for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum At {
    /// The first offset that is there.
    Start,
    /// Behind the last offset that is there.
    End,
    /// The first record that is at least as young.
    Time(Timestamp),
}

/// The answers of all partitions asked for; [`Offset::NONE`] where no record is that young.
pub(crate) type Found = BTreeMap<Key, Offset>;

/// Asks the leader of each partition.
pub(crate) async fn find(client: &Client, partitions: &[Key], at: At) -> Outcome<Found> {
    let timestamp = match at {
        At::Start => -2,
        At::End => -1,
        At::Time(at) => at.0,
    };
    let mut by_leader: BTreeMap<i32, BTreeMap<&str, Vec<ListOffsetsPartition>>> = BTreeMap::new();
    for (topic, index) in partitions {
        let leader = client.leader(topic, *index).await?;
        let asked = ListOffsetsPartition { partition_index: index.0, timestamp, ..Default::default() };
        by_leader.entry(leader).or_default().entry(topic).or_default().push(asked);
    }
    let mut found = Found::new();
    for (leader, topics) in by_leader {
        let topic = |(name, partitions): (&str, _)| ListOffsetsTopic {
            name: name.into(),
            partitions,
            ..Default::default()
        };
        let request = ListOffsetsRequest {
            replica_id: -1,
            topics: topics.into_iter().map(topic).collect(),
            ..Default::default()
        };
        let response: ListOffsetsResponse = client.broker(leader).await?.call(&request).await?;
        for topic in response.topics {
            for partition in topic.partitions {
                let index = PartitionIndex(partition.partition_index);
                let what = format!("partition {}-{index}", topic.name);
                Refused::check(what, partition.error_code, None).map_err(RequestError::from)?;
                found.insert((topic.name.to_string(), index), Offset(partition.offset));
            }
        }
    }
    Ok(found)
}

/// Every partition of a topic.
pub(crate) async fn partitions(client: &Client, topic: &str) -> Outcome<Vec<Key>> {
    let topic = client.topic(topic).await?;
    Ok(topic.partitions.iter().map(|partition| (topic.name.to_string(), partition.index)).collect())
}
