//! Where partitions begin and end, and where a moment is in them.

use crate::exit::Outcome;
use ottla_base::Offset;
use ottla_client::offsets::list_offsets;
use ottla_client::{Client, Isolation, OffsetSpec, TopicPartition};
use std::collections::BTreeMap;

/// An offset of each of some partitions; [`Offset::NONE`] where no record is that young.
pub(crate) type Found = BTreeMap<TopicPartition, Offset>;

/// Asks the leader of each partition.
pub(crate) async fn find(client: &Client, partitions: &[TopicPartition], spec: OffsetSpec) -> Outcome<Found> {
    find_for(client, partitions, (spec, Isolation::ReadUncommitted)).await
}

/// As [`find`]; for who reads committed records only, a partition ends where the first open transaction begins.
pub(crate) async fn find_for(
    client: &Client,
    partitions: &[TopicPartition],
    (spec, isolation): (OffsetSpec, Isolation),
) -> Outcome<Found> {
    let asked: Vec<_> = partitions.iter().map(|partition| (partition.clone(), spec)).collect();
    let mut found = Found::new();
    for (partition, answer) in list_offsets(client, &asked, isolation).await {
        found.insert(partition, answer?.offset.unwrap_or(Offset::NONE));
    }
    Ok(found)
}

/// Every partition of a topic.
pub(crate) async fn partitions(client: &Client, topic: &str) -> Outcome<Vec<TopicPartition>> {
    let topic = client.topic(topic).await?;
    Ok(topic
        .partitions
        .iter()
        .map(|partition| TopicPartition::new(topic.name.clone(), partition.index.0))
        .collect())
}
