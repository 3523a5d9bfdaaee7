//! Reading until there are enough records, nothing has come for too long, or the user stops.

use super::formatter::Formatter;
use super::{Scope, Wanted};
use crate::command::consume::stop_signal;
use crate::command::kafka::Ran;
use crate::command::kafka::error::{Stop, Trouble};
use crate::command::kafka::pattern::Pattern;
use crate::offsets::Found;
use crate::output;
use ottla_base::LeaderEpoch;
use ottla_client::group::committed::Committed;
use ottla_client::{
    Client, ConsumedRecord, Consumer, GroupConsumer, GroupError, GroupEvent, GroupOptions, Reset, Start,
    TopicPartition, TopicSet,
};
use std::io::{self, BufWriter, StdoutLock, Write};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Where records go, and when there are enough.
pub(super) struct Printer<'o> {
    out: BufWriter<StdoutLock<'o>>,
    formatter: Formatter,
    skip_errors: bool,
    count: u64,
    limit: Option<u64>,
    patience: Option<Duration>,
    /// When the last record came.
    since: Instant,
}

impl Printer<'_> {
    pub(super) fn new(formatter: Formatter, wanted: &Wanted) -> Self {
        Self {
            out: BufWriter::with_capacity(1 << 16, io::stdout().lock()),
            formatter,
            skip_errors: wanted.skip_errors,
            count: 0,
            limit: wanted.count,
            patience: wanted.patience,
            since: Instant::now(),
        }
    }

    /// How many records were taken, whether they could be printed or not.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    pub(super) fn flush(&mut self) -> Ran {
        Ok(self.out.flush()?)
    }

    /// How long the next look for records may last; none if there is nothing more to wait for.
    fn wait(&self) -> Option<Duration> {
        if self.limit.is_some_and(|limit| limit <= self.count) {
            return None;
        }
        let left = self.patience.map(|patience| patience.saturating_sub(self.since.elapsed()));
        Some(left.unwrap_or(LOOK).min(LOOK)).filter(|left| !left.is_zero())
    }

    /// Prints what is wanted of these records, and gives the offsets behind it.
    fn print(&mut self, records: &[ConsumedRecord]) -> Ran<Found> {
        let mut printed = Found::new();
        for record in records {
            if self.limit.is_some_and(|limit| limit <= self.count) {
                break;
            }
            self.count += 1;
            match self.formatter.write(&mut self.out, record) {
                Err(Stop::Failed(trouble)) if self.skip_errors => {
                    output::aside(format_args!("Error processing message, skipping this message: {trouble}"));
                }
                written => written?,
            }
            let partition = TopicPartition { topic: record.topic.clone(), partition: record.partition };
            printed.insert(partition, record.offset.plus(1));
        }
        if !records.is_empty() {
            self.flush()?;
            self.since = Instant::now();
        }
        Ok(printed)
    }
}

/// How long one look for records lasts at most.
const LOOK: Duration = Duration::from_millis(500);

/// Reads.
pub(super) async fn run(client: &Client, wanted: &Wanted, printer: &mut Printer<'_>) -> Ran {
    match (&wanted.scope, &wanted.group) {
        (Scope::Partition(topic, index, start), _) => {
            client.topic_or_create(topic).await?;
            alone(client, wanted, vec![(TopicPartition::new(topic.as_str(), *index), *start)], printer).await
        }
        (_, Some(group)) => member(client, wanted, group, printer).await,
        (_, None) => {
            let start = match wanted.options.reset {
                Reset::Earliest => Start::Earliest,
                Reset::Latest => Start::Latest,
                Reset::Error => {
                    let reason =
                        "Undefined offset with no reset policy: a new reader has no offset to go on from";
                    return Err(Trouble::general(reason).into());
                }
            };
            let mut starts = Vec::new();
            for topic in topics(client, wanted).await? {
                let topic = client.topic(&topic).await?;
                let at = |index| (TopicPartition::new(topic.name.clone(), index), start);
                starts.extend(topic.partitions.iter().map(|partition| at(partition.index.0)));
            }
            alone(client, wanted, starts, printer).await
        }
    }
}

/// The names of the topics to read; a single one that is missing is made, if the broker does that.
async fn topics(client: &Client, wanted: &Wanted) -> Ran<Vec<Arc<str>>> {
    match &wanted.scope {
        Scope::Topic(name) | Scope::Partition(name, ..) => {
            client.topic_or_create(name).await?;
            Ok(vec![name.as_str().into()])
        }
        Scope::Pattern(text) => {
            let pattern = Pattern::read(text)?;
            let view = client.view(TopicSet::All).await?;
            let topics =
                view.topics.into_values().filter(|topic| !topic.internal && pattern.allows(&topic.name));
            Ok(topics.map(|topic| topic.name.clone()).collect())
        }
    }
}

/// Reads partitions without a group.
async fn alone(
    client: &Client,
    wanted: &Wanted,
    starts: Vec<(TopicPartition, Start)>,
    printer: &mut Printer<'_>,
) -> Ran {
    let mut consumer = Consumer::new(client, wanted.options);
    consumer.assign(starts).await?;
    let follow = async {
        while let Some(wait) = printer.wait() {
            printer.print(&consumer.poll(wait).await?)?;
        }
        Ok::<(), Stop>(())
    };
    tokio::select! {
        ended = follow => ended,
        stopped = stop_signal() => Ok(stopped?),
    }
}

/// Reads as a member of a group.
async fn member(client: &Client, wanted: &Wanted, group: &str, printer: &mut Printer<'_>) -> Ran {
    let mut options = GroupOptions::new(group, topics(client, wanted).await?);
    // What is printed is committed, and nothing else: a poll may give more records than are wanted.
    options.auto_commit = None;
    options.consumer = wanted.options;
    let mut member = Member { consumer: GroupConsumer::new(client, options), printed: Found::new() };
    let ended = tokio::select! {
        ended = member.follow(printer) => ended,
        stopped = stop_signal() => stopped.map_err(Into::into),
    };
    if ended.is_ok() {
        member.commit().await?;
    }
    member.consumer.close().await?;
    ended
}

struct Member {
    consumer: GroupConsumer,
    /// Where to go on behind what was printed and is not committed.
    printed: Found,
}

impl Member {
    async fn follow(&mut self, printer: &mut Printer<'_>) -> Ran {
        while let Some(wait) = printer.wait() {
            match self.consumer.poll(wait).await? {
                GroupEvent::Records(records) => {
                    self.printed.extend(printer.print(&records)?);
                    self.commit().await?;
                }
                GroupEvent::Revoked(partitions) => {
                    self.printed.retain(|partition, _| !partitions.contains(partition));
                }
                GroupEvent::Assigned(_) | GroupEvent::Idle => {}
            }
        }
        Ok(())
    }

    async fn commit(&mut self) -> Ran {
        let committed = |offset| Committed { offset, leader_epoch: LeaderEpoch::NONE, metadata: None };
        let printed = std::mem::take(&mut self.printed);
        let offsets = printed.into_iter().map(|(partition, offset)| (partition, committed(offset))).collect();
        match self.consumer.commit_offsets(offsets).await {
            // Whoever has the partitions now prints the records again: at least once, never lost.
            Err(GroupError::Rebalancing(refused)) => tracing::info!(%refused, "not committed"),
            outcome => outcome?,
        }
        Ok(())
    }
}
