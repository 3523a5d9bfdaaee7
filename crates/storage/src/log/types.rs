//! What callers of the log give and get.

pub use crate::local::partition::Offsets;

use crate::sequencer::TransactionVersion;
use bytes::Bytes;
use ottla_base::{LeaderEpoch, Offset, PartitionId, ProducerEpoch, ProducerId, Timestamp};
use ottla_wire::record::{Marker, Records};

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

/// The end of a producer's transaction in one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransactionEnd {
    /// Whose transaction it is.
    pub producer: ProducerId,
    /// Under [`TransactionVersion::V2`] the epoch after that of the transaction; under `V1` the same or newer.
    pub epoch: ProducerEpoch,
    /// Commit or abort, and which incarnation of the coordinator says so.
    pub marker: Marker,
    /// Which rules the epoch follows.
    pub version: TransactionVersion,
}

/// Where a batch lies now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Offset of its first record.
    pub base_offset: Offset,
    /// The timestamp that the broker has set, or [`Timestamp::NONE`] if the producer's hold. Of a repetition, the
    /// largest timestamp that is stored, whoever has set it.
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
    /// With [`ReadBound::LastStable`], the aborted transactions whose records may be among these, in the order
    /// of their ends; none otherwise.
    pub aborted: Vec<AbortedTransaction>,
    /// What is left before the bound.
    pub rest: Rest,
}

/// What a read leaves behind that it might have returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rest {
    /// Nothing: it came to its bound.
    Nothing,
    /// A batch that is larger than what was left of the limit.
    DidNotFit,
    /// The next segment: a read returns records of one file.
    NextSegment,
}

/// A transaction whose records a consumer has to drop, from its first one up to its marker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AbortedTransaction {
    /// Whose it was.
    pub producer: ProducerId,
    /// Offset of its first record.
    pub first_offset: Offset,
}

/// What a partition knows of a producer that has written to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActiveProducer {
    /// Its id.
    pub producer: ProducerId,
    /// Its newest epoch.
    pub epoch: ProducerEpoch,
    /// Its newest sequence number, or -1 if it has sent nothing in that epoch.
    pub last_sequence: i32,
    /// The timestamp of its newest batch or marker.
    pub last_timestamp: Timestamp,
    /// Of the coordinator that wrote its newest marker; -1 if none did.
    pub coordinator_epoch: i32,
    /// First offset of its open transaction.
    pub transaction_start: Option<Offset>,
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
