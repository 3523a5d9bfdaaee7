//! What callers of the log give and get.

pub use crate::local::partition::Offsets;

use bytes::Bytes;
use ottla_base::{LeaderEpoch, Offset, PartitionId, Timestamp};
use ottla_wire::record::Records;

/// Hears of records that have become visible.
pub trait Progress: Send + Sync {
    /// High watermarks have moved: wake whoever waits for them. Called outside locks, on the thread of an
    /// append or of the sync, once for many partitions; it must not block.
    fn advanced(&self, partitions: &[PartitionId]);
}

/// One batch to be appended.
#[derive(Debug)]
pub struct Append {
    /// Where to.
    pub id: PartitionId,
    /// Exactly one batch of format 2, whose checksum the caller has verified. The bytes may be
    /// shared with others: what only a broker knows is stamped on a copy of the header.
    pub batch: Bytes,
}

/// Where a batch lies now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Offset of its first record.
    pub base_offset: Offset,
    /// The timestamp that the broker has set, or [`Timestamp::NONE`] if the producer's hold.
    pub log_append_time: Timestamp,
    /// The partition's log start.
    pub log_start: Offset,
}

/// Up to where a read may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadBound {
    /// What is durable under the partition's setting: consumers that read uncommitted.
    HighWatermark,
    /// Also below every open transaction: consumers that read committed.
    LastStable,
    /// Everything written: debugging and replication.
    End,
}

/// Whether the first batch comes even if it is larger than the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WholeFirst {
    /// It does, so that a consumer with a small limit makes progress.
    Yes,
    /// It does not.
    No,
}

/// What a read has found.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadResult {
    /// Whole batches in offset order, the first of them containing the offset asked for; perhaps none.
    pub records: Records,
    /// The partition's offsets at the moment of the read.
    pub offsets: Offsets,
}

/// A record found by time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimedOffset {
    /// Its offset.
    pub offset: Offset,
    /// Its timestamp.
    pub timestamp: Timestamp,
    /// The leader epoch it was written in.
    pub leader_epoch: LeaderEpoch,
}
