//! Reading as a member of a group: a share of the partitions, from where the group has committed.

use super::{Arguments, Printer, WAIT, stop_signal};
use crate::exit::Outcome;
use crate::offsets::{self, Found};
use ottla_base::{LeaderEpoch, Offset};
use ottla_client::group::committed::Committed;
use ottla_client::{
    Client, ConsumerOptions, GroupConsumer, GroupEvent, GroupOptions, OffsetSpec, TopicPartition,
};
use std::sync::Arc;

/// Reads until the goal is reached or the user stops, then leaves the group.
pub(super) async fn read(
    client: &Client,
    group: String,
    arguments: &Arguments,
    printer: &mut Printer<'_>,
) -> Outcome {
    let topics: Vec<Arc<str>> = arguments.topics.iter().map(|topic| topic.as_str().into()).collect();
    for topic in &topics {
        // A misspelt topic would make a member that waits for ever.
        client.topic(topic).await?;
    }
    let mut options = GroupOptions::new(group, topics);
    // What is printed is committed, and nothing else: a poll may give more records than are wanted.
    options.auto_commit = None;
    options.consumer = ConsumerOptions {
        isolation: arguments.isolation.into(),
        reset: arguments.offset.reset()?,
        ..ConsumerOptions::default()
    };
    let mut member = Member { client, consumer: GroupConsumer::new(client, options), printed: Found::new() };
    let outcome = tokio::select! {
        outcome = member.follow(arguments, printer) => outcome,
        stopped = stop_signal() => stopped.map_err(Into::into),
    };
    if !arguments.no_commit && outcome.is_ok() {
        member.commit().await?;
    }
    member.consumer.close().await?;
    outcome
}

struct Member<'c> {
    client: &'c Client,
    consumer: GroupConsumer,
    /// Where to go on behind what was printed and is not committed.
    printed: Found,
}

impl Member<'_> {
    async fn follow(&mut self, arguments: &Arguments, printer: &mut Printer<'_>) -> Outcome {
        let mut is_assigned = false;
        while !is_assigned || !printer.goal.is_reached() {
            match self.consumer.poll(WAIT).await? {
                GroupEvent::Records(records) => {
                    self.printed.extend(printer.print(&records)?);
                    if !arguments.no_commit {
                        self.commit().await?;
                    }
                }
                GroupEvent::Assigned(partitions) => {
                    is_assigned = true;
                    tracing::info!(?partitions, "assigned");
                    self.aim(&partitions, arguments, printer).await?;
                }
                GroupEvent::Revoked(partitions) => {
                    is_assigned = false;
                    self.printed.retain(|partition, _| !partitions.contains(partition));
                    tracing::info!(?partitions, "revoked");
                }
                GroupEvent::Idle => {}
            }
            self.pass(printer);
        }
        Ok(())
    }

    /// With `-e`, the goal is the end of each partition as of now.
    async fn aim(
        &mut self,
        partitions: &[TopicPartition],
        arguments: &Arguments,
        printer: &mut Printer<'_>,
    ) -> Outcome {
        let ends = match arguments.exit_at_end {
            true => {
                let what = (OffsetSpec::Latest, arguments.isolation.into());
                Some(offsets::find_for(self.client, partitions, what).await?)
            }
            false => None,
        };
        let consumer = self.consumer.consumer();
        let position = |partition: &TopicPartition| consumer.position(partition).map(|(offset, _)| offset);
        let positions =
            partitions.iter().filter_map(|partition| Some((partition.clone(), position(partition)?)));
        printer.goal.set(positions.collect(), ends);
        printer.expect(printer.goal.records_left());
        Ok(())
    }

    /// Offsets without records, such as those of markers, count as read.
    fn pass(&mut self, printer: &mut Printer<'_>) {
        let consumer = self.consumer.consumer();
        let at: Vec<(TopicPartition, Offset)> = consumer
            .assignment()
            .filter_map(|partition| Some((partition.clone(), consumer.position(partition)?.0)))
            .collect();
        for (partition, position) in at {
            printer.goal.pass(&partition, position);
        }
    }

    async fn commit(&mut self) -> Outcome {
        let printed = std::mem::take(&mut self.printed);
        let committed = |offset| Committed { offset, leader_epoch: LeaderEpoch::NONE, metadata: None };
        let offsets = printed.into_iter().map(|(partition, offset)| (partition, committed(offset))).collect();
        match self.consumer.commit_offsets(offsets).await {
            // Whoever has the partitions now prints the records again: at least once, never lost.
            Err(ottla_client::GroupError::Rebalancing(refused)) => tracing::info!(%refused, "not committed"),
            outcome => outcome?,
        }
        Ok(())
    }
}
