//! Reads partitions that it is told to read.
//!
//! Invariants: the records of a partition come in order and each once, from the position on; a leader has at most one
//! Fetch to answer, and asks only for partitions whose records have all been taken, so that what waits in memory is
//! bounded by [`ConsumerOptions::fetch_bytes_max`] for each leader; an answer to a question that [`Consumer::seek`] or
//! [`Consumer::assign`] has overtaken is thrown away. A Fetch goes on while the caller is busy with records.

pub(crate) mod buffer;
mod error;
pub(crate) mod fetch;
#[cfg(test)]
mod tests;

pub use error::FetchError;

use crate::client::Client;
use crate::error::RequestError;
use crate::metadata::TopicPartition;
use crate::offsets::{OffsetSpec, list_offsets};
use buffer::Buffer;
use bytes::Bytes;
use fetch::{Fetched, Question};
use ottla_base::{LeaderEpoch, Offset, Timestamp};
use ottla_wire::ErrorCode;
use ottla_wire::record::{Header, TimestampType};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// Which records of transactions are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(i8)]
pub enum Isolation {
    /// All, also those that may be taken back.
    #[default]
    ReadUncommitted = 0,
    /// Only those of committed transactions.
    ReadCommitted = 1,
}

/// Where to go on when a position is not in the log (any more), or there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reset {
    /// At the first record.
    Earliest,
    /// After the last record.
    #[default]
    Latest,
    /// Nowhere: it is an error.
    Error,
}

/// Where to start a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// At the first record.
    Earliest,
    /// After the last record.
    Latest,
    /// At the first record with this timestamp or a later one; after the last record if there is none.
    At(Timestamp),
    /// At this offset.
    Offset(Offset),
}

/// How a consumer fetches.
#[derive(Clone, Copy, Debug)]
pub struct ConsumerOptions {
    /// Which records of transactions are read.
    pub isolation: Isolation,
    /// When a position is not in the log.
    pub reset: Reset,
    /// How long a leader may wait for records.
    pub fetch_wait: Duration,
    /// How many bytes a leader waits for.
    pub fetch_bytes_min: i32,
    /// Most bytes of one answer, unless the first batch is larger.
    pub fetch_bytes_max: i32,
    /// Most bytes of one partition in one answer, unless the first batch is larger.
    pub partition_bytes_max: i32,
    /// Most records that one poll gives.
    pub poll_records_max: usize,
    /// Whether checksums are verified.
    pub checksums: Checksums,
}

/// Whether the checksum of every batch is verified.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Checksums {
    /// A damaged batch is an error.
    #[default]
    Verified,
    /// Damage may go unnoticed.
    Ignored,
}

impl Default for ConsumerOptions {
    fn default() -> Self {
        Self {
            isolation: Isolation::default(),
            reset: Reset::default(),
            fetch_wait: Duration::from_millis(500),
            fetch_bytes_min: 1,
            fetch_bytes_max: 50 << 20,
            partition_bytes_max: 1 << 20,
            poll_records_max: 10_000,
            checksums: Checksums::Verified,
        }
    }
}

/// A record that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsumedRecord {
    /// From which topic.
    pub topic: Arc<str>,
    /// From which partition.
    pub partition: ottla_base::PartitionIndex,
    /// At which offset.
    pub offset: Offset,
    /// Under which leader it was written; -1 if unknown.
    pub leader_epoch: LeaderEpoch,
    /// Its time.
    pub timestamp: Timestamp,
    /// Whose time that is.
    pub timestamp_type: TimestampType,
    /// Its key.
    pub key: Option<Bytes>,
    /// Its content.
    pub value: Option<Bytes>,
    /// Its headers, in order.
    pub headers: Vec<Header>,
}

/// What a consumer knows of one of its partitions.
#[derive(Debug)]
struct Assigned {
    /// The next record to give.
    position: Offset,
    /// Under which leader the last record given was written.
    leader_epoch: LeaderEpoch,
    paused: bool,
    high_watermark: Option<Offset>,
    log_start: Option<Offset>,
    buffer: Buffer,
    /// Questions of an older round are void.
    round: u64,
    asked: bool,
    retry_at: Option<Instant>,
    failures: u32,
}

/// Reads partitions.
pub struct Consumer {
    client: Client,
    options: ConsumerOptions,
    assigned: BTreeMap<TopicPartition, Assigned>,
    /// Partitions in the order in which they are asked for; those that gave records go to the end.
    turn: Vec<TopicPartition>,
    fetches: JoinSet<Fetched>,
    busy: BTreeSet<i32>,
    round: u64,
}

impl Consumer {
    /// A consumer without partitions.
    #[must_use]
    pub fn new(client: &Client, options: ConsumerOptions) -> Self {
        Self {
            client: client.fork(),
            options,
            assigned: BTreeMap::new(),
            turn: Vec::new(),
            fetches: JoinSet::new(),
            busy: BTreeSet::new(),
            round: 0,
        }
    }

    /// Reads exactly these partitions from now on; partitions that it read before start anew, too.
    ///
    /// # Errors
    /// If a starting offset cannot be looked up; then nothing has changed.
    pub async fn assign(&mut self, partitions: Vec<(TopicPartition, Start)>) -> Result<(), FetchError> {
        let starts = self.resolve(partitions).await?;
        self.assigned.clear();
        self.turn.clear();
        self.add_at(starts);
        Ok(())
    }

    /// Reads these partitions, too.
    ///
    /// # Errors
    /// As [`Self::assign`].
    pub async fn add(&mut self, partitions: Vec<(TopicPartition, Start)>) -> Result<(), FetchError> {
        let starts = self.resolve(partitions).await?;
        self.add_at(starts);
        Ok(())
    }

    fn add_at(&mut self, starts: Vec<(TopicPartition, Offset)>) {
        for (partition, position) in starts {
            self.round += 1;
            let assigned = Assigned {
                position,
                leader_epoch: LeaderEpoch::NONE,
                paused: false,
                high_watermark: None,
                log_start: None,
                buffer: Buffer::default(),
                round: self.round,
                asked: false,
                retry_at: None,
                failures: 0,
            };
            if self.assigned.insert(partition.clone(), assigned).is_none() {
                self.turn.push(partition);
            }
        }
    }

    /// Stops reading these partitions.
    pub fn remove(&mut self, partitions: &[TopicPartition]) {
        self.assigned.retain(|partition, _| !partitions.contains(partition));
        self.turn.retain(|partition| !partitions.contains(partition));
    }

    /// The partitions that it reads.
    pub fn assignment(&self) -> impl Iterator<Item = &TopicPartition> {
        self.assigned.keys()
    }

    /// Goes on at `start`.
    ///
    /// # Errors
    /// As [`Self::assign`]; a partition that it does not read is ignored.
    pub async fn seek(&mut self, partition: &TopicPartition, start: Start) -> Result<(), FetchError> {
        if self.assigned.contains_key(partition) {
            let paused = self.assigned.get(partition).is_some_and(|assigned| assigned.paused);
            self.add(vec![(partition.clone(), start)]).await?;
            self.set_paused(partition, paused);
        }
        Ok(())
    }

    /// Gives no records of this partition until [`Self::resume`].
    pub fn pause(&mut self, partition: &TopicPartition) {
        self.set_paused(partition, true);
    }

    /// Gives records of this partition again.
    pub fn resume(&mut self, partition: &TopicPartition) {
        self.set_paused(partition, false);
    }

    fn set_paused(&mut self, partition: &TopicPartition, paused: bool) {
        if let Some(assigned) = self.assigned.get_mut(partition) {
            assigned.paused = paused;
        }
    }

    /// The next offset that it will give, with the leader epoch of the record before it: what to commit.
    #[must_use]
    pub fn position(&self, partition: &TopicPartition) -> Option<(Offset, LeaderEpoch)> {
        self.assigned.get(partition).map(|assigned| (assigned.position, assigned.leader_epoch))
    }

    /// Where the partition's readable records end, as the last answer said.
    #[must_use]
    pub fn high_watermark(&self, partition: &TopicPartition) -> Option<Offset> {
        self.assigned.get(partition)?.high_watermark
    }

    /// Where the partition's records begin, as the last answer said.
    #[must_use]
    pub fn log_start(&self, partition: &TopicPartition) -> Option<Offset> {
        self.assigned.get(partition)?.log_start
    }

    /// Gives the next records, of any of its partitions, in order within each; waits for at most `wait` if there are
    /// none. Cancel safe: what a dropped poll would have given, the next one gives.
    ///
    /// # Errors
    /// What no retry mends: a topic that is gone, a position out of range under [`Reset::Error`], a damaged batch. The
    /// partition keeps its position and is asked again after a pause.
    pub async fn poll(&mut self, wait: Duration) -> Result<Vec<ConsumedRecord>, FetchError> {
        let deadline = Instant::now() + wait;
        loop {
            let records = self.take_buffered()?;
            self.ask_leaders();
            if !records.is_empty() {
                return Ok(records);
            }
            let wake = deadline.min(self.next_retry().unwrap_or(deadline));
            tokio::select! {
                Some(fetched) = self.fetches.join_next(), if !self.fetches.is_empty() => match fetched {
                    Ok(fetched) => self.accept(fetched).await?,
                    Err(error) => tracing::error!(%error, "a fetch ended without a result"),
                },
                () = tokio::time::sleep_until(wake) => if deadline <= wake {
                    return Ok(Vec::new());
                },
            }
        }
    }

    fn take_buffered(&mut self) -> Result<Vec<ConsumedRecord>, FetchError> {
        let mut records = Vec::new();
        for (partition, assigned) in &mut self.assigned {
            let room = self.options.poll_records_max - records.len();
            if assigned.paused || room == 0 {
                continue;
            }
            let Assigned { position, leader_epoch, buffer, .. } = assigned;
            let taken = buffer.take(partition, room, (position, leader_epoch), &mut records);
            if let Err(source) = taken {
                assigned.fail(&self.client);
                // What came before the damage is given first; the partition is asked again and fails again.
                if records.is_empty() {
                    return Err(FetchError::Damaged { partition: partition.clone(), source });
                }
            }
        }
        Ok(records)
    }

    fn next_retry(&self) -> Option<Instant> {
        self.assigned
            .values()
            .filter(|assigned| !assigned.paused && !assigned.asked)
            .filter_map(|a| a.retry_at)
            .min()
    }

    /// Starts a Fetch to every leader that has none, for the partitions without records.
    fn ask_leaders(&mut self) {
        let now = Instant::now();
        let mut questions: BTreeMap<i32, Vec<Question>> = BTreeMap::new();
        for partition in &self.turn {
            let Some(assigned) = self.assigned.get_mut(partition) else { continue };
            let waits = assigned.retry_at.is_some_and(|retry_at| now < retry_at);
            if assigned.paused || assigned.asked || waits || !assigned.buffer.is_empty() {
                continue;
            }
            let topic = self.client.fresh_topic(&partition.topic);
            let topic_id = topic.as_ref().map(|topic| topic.id).unwrap_or_default();
            let (position, round) = (assigned.position, assigned.round);
            let question = Question { partition: partition.clone(), topic_id, position, round };
            match topic.and_then(|topic| topic.partition(partition.partition)?.leader) {
                None => drop(self.fetches.spawn(fetch::locate(self.client.clone(), question))),
                Some(leader) if self.busy.contains(&leader) => continue,
                Some(leader) => questions.entry(leader).or_default().push(question),
            }
            assigned.asked = true;
        }
        for (leader, questions) in questions {
            self.busy.insert(leader);
            self.fetches.spawn(fetch::ask(self.client.clone(), self.options, leader, questions));
        }
    }

    async fn accept(&mut self, fetched: Fetched) -> Result<(), FetchError> {
        if let Some(leader) = fetched.leader {
            self.busy.remove(&leader);
        }
        let mut lost = Vec::new();
        let mut first_error = None;
        for (question, answer) in fetched.answers {
            let Some(assigned) = self.assigned.get_mut(&question.partition) else { continue };
            if assigned.round != question.round {
                continue;
            }
            assigned.asked = false;
            match answer {
                Ok(None) => {}
                Ok(Some(answer)) => {
                    assigned.high_watermark = Some(answer.high_watermark);
                    assigned.log_start = answer.log_start;
                    assigned.failures = 0;
                    assigned.retry_at = None;
                    if !answer.records.is_empty() {
                        assigned.buffer = Buffer::new(answer, &self.options);
                        self.turn.retain(|partition| *partition != question.partition);
                        self.turn.push(question.partition);
                    }
                }
                Err(error) if error.code() == Some(ErrorCode::OFFSET_OUT_OF_RANGE) => {
                    lost.push((question.partition, error));
                }
                Err(error) => {
                    assigned.fail(&self.client);
                    self.client.forget_topic(&question.partition.topic);
                    // That a broker does not have it (any more) is for the metadata to confirm.
                    let gone = fetched.leader.is_none()
                        && error.code() == Some(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
                    if gone || !error.is_retriable() {
                        first_error.get_or_insert(FetchError::from(error));
                    }
                }
            }
        }
        self.reset(lost).await?;
        first_error.map_or(Ok(()), Err)
    }

    /// Moves partitions whose position is not in the log to where [`ConsumerOptions::reset`] says.
    async fn reset(&mut self, lost: Vec<(TopicPartition, RequestError)>) -> Result<(), FetchError> {
        let start = match self.options.reset {
            Reset::Earliest => Start::Earliest,
            Reset::Latest => Start::Latest,
            Reset::Error => {
                let Some((partition, _)) = lost.into_iter().next() else { return Ok(()) };
                let position = self.assigned.get_mut(&partition).map_or(Offset::NONE, |assigned| {
                    assigned.fail(&self.client);
                    assigned.position
                });
                return Err(FetchError::OutOfRange { partition, position });
            }
        };
        for (partition, _) in lost {
            tracing::warn!(%partition, ?start, "the position is not in the log; going on elsewhere");
            self.seek(&partition, start).await?;
        }
        Ok(())
    }

    async fn resolve(
        &self,
        wanted: Vec<(TopicPartition, Start)>,
    ) -> Result<Vec<(TopicPartition, Offset)>, FetchError> {
        let mut known = Vec::with_capacity(wanted.len());
        let mut asked = Vec::new();
        for (partition, start) in wanted {
            match start {
                Start::Offset(offset) => known.push((partition, offset)),
                Start::Earliest => asked.push((partition, OffsetSpec::Earliest)),
                Start::Latest => asked.push((partition, OffsetSpec::Latest)),
                Start::At(timestamp) => asked.push((partition, OffsetSpec::At(timestamp))),
            }
        }
        let mut after_last = Vec::new();
        for (partition, found) in list_offsets(&self.client, &asked, self.options.isolation).await {
            match found?.offset {
                Some(offset) => known.push((partition, offset)),
                None => after_last.push((partition, OffsetSpec::Latest)),
            }
        }
        for (partition, found) in list_offsets(&self.client, &after_last, self.options.isolation).await {
            known.push((partition, found?.offset.unwrap_or(Offset::ZERO)));
        }
        Ok(known)
    }
}

impl Assigned {
    fn fail(&mut self, client: &Client) {
        self.failures = self.failures.saturating_add(1);
        self.buffer = Buffer::default();
        let pause = crate::retry::backoff(client.options(), self.failures, &**client.env());
        self.retry_at = Some(Instant::now() + pause);
    }
}
