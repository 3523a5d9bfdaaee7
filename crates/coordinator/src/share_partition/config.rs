//! How a queue behaves: the group's settings, and what one acquisition asks for.

use ottla_base::Tick;
use std::time::Duration;

/// A group's settings, as far as its share-partitions need them. The default is Kafka's.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// `share.record.lock.duration.ms`: how long a member has a record before it is given to somebody else.
    pub lock_duration_ms: i32,
    /// `share.delivery.count.limit`: how often a record is delivered at most.
    pub delivery_count_limit: i16,
    /// `share.partition.max.record.locks`: most records of a share-partition that are in flight or known to be next.
    pub record_locks_max: i32,
    /// `share.renew.acknowledge.enable`: may a member ask for more time?
    pub renew: bool,
    /// Whether a dead-letter topic is set: what cannot be delivered goes there before it is archived.
    pub dead_letters: bool,
    /// `queue.paused`: nothing is handed out. Acknowledgements go on.
    pub paused: bool,
    /// How long a record rests before it is delivered again.
    pub backoff: Backoff,
    /// `queue.delay.enable`: records may say when they are due.
    pub delay: bool,
    /// `queue.ttl.enable`: records may say when they expire.
    pub ttl: bool,
    /// `queue.ttl.ms`: when records expire that do not say so, counted from their timestamp; -1 for never.
    pub ttl_ms: i64,
    /// `queue.priority.enable`: records may say how urgent they are.
    pub priority: bool,
    /// `queue.order`.
    pub order: Order,
    /// `queue.member.in.flight.max`: most records one member has at a time, over all partitions; 0 for no cap.
    pub member_in_flight_max: i32,
    /// `queue.delayed.records.max`: most records of a share-partition that wait for their time. At the limit the log
    /// is not read on until some of them are due.
    pub delayed_records_max: i32,
}

impl Config {
    /// Whether the records themselves must be looked at, and not just the headers of their batches.
    #[must_use]
    pub fn needs_records(&self) -> bool {
        self.delay || self.ttl || self.ttl_ms >= 0 || self.priority || self.order == Order::Key
    }

    /// When a lock ends that begins now.
    pub(super) fn lock_end(&self, now: Tick) -> Tick {
        now + Duration::from_millis(self.lock_duration_ms.unsigned_abs().into())
    }

    /// Records that were delivered this often are delivered fewer at a time, to find the one that breaks its consumers.
    pub(super) fn isolation_threshold(&self) -> i16 {
        (self.delivery_count_limit / 2 + self.delivery_count_limit % 2).max(2)
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            lock_duration_ms: 30_000,
            delivery_count_limit: 5,
            record_locks_max: 2_000,
            renew: true,
            dead_letters: false,
            paused: false,
            backoff: Backoff::default(),
            delay: false,
            ttl: false,
            ttl_ms: -1,
            priority: false,
            order: Order::None,
            member_in_flight_max: 0,
            delayed_records_max: 100_000,
        }
    }
}

/// In which order records are delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// As share groups do: about in the order of the log.
    None,
    /// Records of one key one after the other; those of different keys in parallel.
    Key,
}

/// How long a record rests after it was released or its lock timed out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Backoff {
    /// `queue.retry.backoff.ms`: the rest after the first delivery; 0 for none.
    pub first_ms: i64,
    /// `queue.retry.backoff.multiplier`: how much longer each further rest is; 1 for the same.
    pub multiplier: f64,
    /// `queue.retry.backoff.max.ms`: the longest rest.
    pub max_ms: i64,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { first_ms: 0, multiplier: 2.0, max_ms: 600_000 }
    }
}

impl Backoff {
    /// The rest after the delivery with this count, in milliseconds.
    pub(super) fn after(&self, delivery_count: i16) -> u64 {
        let (first, max) = (self.first_ms.max(0), self.max_ms.max(0));
        let exponent = i32::from(delivery_count.max(1)) - 1;
        // Counts are small, and what is too much, or no number at all, is the longest rest.
        #[allow(clippy::cast_precision_loss, reason = "milliseconds of rests are far below 2^52")]
        let grown = first as f64 * self.multiplier.max(1.0).powi(exponent);
        #[allow(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            reason = "compared with the maximum"
        )]
        let rest = if grown < max as f64 { grown as i64 } else { max };
        if first == 0 { 0 } else { u64::try_from(rest).unwrap_or(0) }
    }
}

/// What one acquisition asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Want {
    /// MaxRecords.
    pub records_max: i32,
    /// MaxBytes: no further batch of the log when they would be more. The first one always fits.
    pub bytes_max: i64,
    /// BatchSize: how many records one range of the answer spans, about. Not looked at in [`Mode::RecordLimit`].
    pub batch_max: i32,
    /// ShareAcquireMode.
    pub mode: Mode,
}

/// `share.acquire.mode` of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Whole batches, so that there may be more records than asked for.
    BatchOptimized,
    /// Never more records than asked for.
    RecordLimit,
}
