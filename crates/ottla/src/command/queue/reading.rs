//! Reads a known stretch of some partitions.

use crate::exit::Outcome;
use crate::offsets;
use ottla_base::Offset;
use ottla_client::{
    Client, ConsumedRecord, Consumer, ConsumerOptions, Isolation, OffsetSpec, Reset, Start, TopicPartition,
};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::time::Duration;

/// From where to read each partition; it is read to its end as of now.
pub(super) type Starts = BTreeMap<TopicPartition, Offset>;

/// What the reader makes of a record.
pub(super) enum Next {
    /// On with it.
    More,
    /// Enough of this partition.
    Enough,
}

/// Gives every record from `starts` on to `take`, those of a partition in order; committed ones only.
pub(super) async fn read(
    client: &Client,
    starts: Starts,
    mut take: impl FnMut(ConsumedRecord) -> ControlFlow<(), Next>,
) -> Outcome {
    let partitions: Vec<TopicPartition> = starts.keys().cloned().collect();
    let isolation = Isolation::ReadCommitted;
    let mut ends = offsets::find_for(client, &partitions, (OffsetSpec::Latest, isolation)).await?;
    ends.retain(|partition, end| starts.get(partition).is_some_and(|start| start < end));
    let options = ConsumerOptions { isolation, reset: Reset::Earliest, ..ConsumerOptions::default() };
    let mut consumer = Consumer::new(client, options);
    let first = |partition: &TopicPartition| (partition.clone(), Start::Offset(starts[partition]));
    consumer.assign(ends.keys().map(first).collect()).await?;
    while !ends.is_empty() {
        for record in consumer.poll(WAIT).await? {
            let partition = TopicPartition { topic: record.topic.clone(), partition: record.partition };
            match ends.get(&partition) {
                Some(end) if record.offset < *end => {}
                _ => continue,
            }
            match take(record) {
                ControlFlow::Continue(Next::More) => {}
                ControlFlow::Continue(Next::Enough) => _ = ends.remove(&partition),
                ControlFlow::Break(()) => return Ok(()),
            }
        }
        // Offsets without records, such as those of markers, count as read.
        let position = |partition: &TopicPartition| consumer.position(partition).map(|(offset, _)| offset);
        let done: Vec<TopicPartition> = ends
            .iter()
            .filter(|(partition, end)| position(partition).is_none_or(|at| **end <= at))
            .map(|(partition, _)| partition.clone())
            .collect();
        done.iter().for_each(|partition| _ = ends.remove(partition));
        let is_over = |partition: &&TopicPartition| !ends.contains_key(*partition);
        let over: Vec<TopicPartition> = consumer.assignment().filter(is_over).cloned().collect();
        consumer.remove(&over);
    }
    Ok(())
}

const WAIT: Duration = Duration::from_millis(500);
