//! Why an operation on the log or the metadata did not happen. One enum per operation; each variant says what
//! the caller does next. None of them is a Kafka error code: that translation is the broker's.

use crate::disk;
use ottla_base::{Offset, PartitionId, ProducerEpoch};
use std::io;
use std::path::PathBuf;

/// Why a data directory cannot be opened. Every message has the cause and a cure, for the operator.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process works on it. Stop that one, or choose another directory.
    #[error(
        "the data directory {} is in use by process {}: stop that process or choose another directory",
        path.display(), pid.map_or_else(|| "(unknown)".to_owned(), |pid| pid.to_string())
    )]
    InUse {
        /// The directory.
        path: PathBuf,
        /// Who holds it, if that process has said so.
        pid: Option<u32>,
    },
    /// It cannot be written by this user, or lies on a read-only file system.
    #[error(
        "the data directory {} cannot be written ({source}): check its owner, its permissions and whether the \
         file system is mounted read-only", path.display()
    )]
    NotWritable {
        /// The directory or a file in it.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// No room, not even to start.
    #[error("no space is left for {}: free some and start again; nothing was lost", path.display())]
    DiskFull {
        /// What could not be written.
        path: PathBuf,
    },
    /// A file has contents that Ottla cannot have written, in a place that recovery must not cut.
    #[error("{} is damaged ({reason}): restore it from a backup, or move it away to do without it",
        path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A later release wrote it. Use that release.
    #[error("{} has format {found}, this release knows {known} at most: use the release that wrote it",
        path.display())]
    NewerFormat {
        /// The file that says so.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The newest that this release reads.
        known: u32,
    },
    /// Anything else that the operating system refused.
    #[error("{doing} {} failed: {source}", path.display())]
    Io {
        /// What was being done, such as `reading`.
        doing: &'static str,
        /// With which file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
}

impl OpenError {
    /// Sorts what the operating system said by what the operator has to do.
    pub(crate) fn io(doing: &'static str, path: impl Into<PathBuf>, source: io::Error) -> Self {
        let path = path.into();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull { path },
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                Self::NotWritable { path, source }
            }
            _ => Self::Io { doing, path, source },
        }
    }

    /// Whether others than the one whose file it is can go on. What the whole machine lacks would only show at the next
    /// one again.
    pub(crate) fn concerns_one_partition(&self) -> bool {
        match self {
            Self::Io { source, .. } => !disk::is_shortage(source),
            Self::Damaged { .. } => true,
            Self::InUse { .. }
            | Self::NotWritable { .. }
            | Self::DiskFull { .. }
            | Self::NewerFormat { .. } => false,
        }
    }
}

/// Why a partition was not created. Nothing of it remains.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// It is there already; the caller may go on with it.
    #[error("partition {0} exists already")]
    Exists(PartitionId),
    /// The disk is full; try again later.
    #[error("no space is left for partition {0}")]
    NoSpace(PartitionId),
    /// The operating system refused.
    #[error("creating {} failed: {source}", path.display())]
    Io {
        /// The partition's directory.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
}

/// Why a partition was not deleted.
#[derive(Debug, thiserror::Error)]
pub enum DeleteError {
    /// There is no such partition; deleting it is done.
    #[error("there is no partition {0}")]
    NotFound(PartitionId),
    /// The operating system refused; the partition takes no more appends, and deleting may be tried again.
    #[error("deleting {} failed: {source}", path.display())]
    Io {
        /// The partition's directory.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
}

/// Why a batch was not appended. Nothing of it is in the log, except after `Storage`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// There is no such partition here.
    #[error("there is no partition {0}")]
    NotFound(PartitionId),
    /// A write or sync failed, or the log could not be read at the start, so that nothing is known about the end of
    /// this partition's log. It takes no appends until the directory is opened anew; the batch may or may not be there
    /// then.
    #[error("the storage of partition {0} has failed; it is offline until a restart")]
    Storage(PartitionId),
    /// The disk is full. Nothing was written; a later append may succeed.
    #[error("no space is left for partition {0}")]
    NoSpace(PartitionId),
    /// The batch is larger than a segment may be.
    #[error("the batch has {bytes} bytes, a segment {segment_bytes} at most")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The limit.
        segment_bytes: u32,
    },
    /// The producer's sequence numbers have a gap.
    #[error("the producer's next sequence number is {expected}, not {found}")]
    OutOfOrderSequence {
        /// What would have been accepted.
        expected: i32,
        /// What came.
        found: i32,
    },
    /// A newer incarnation of the producer has written here.
    #[error("the producer's epoch is {}, but this partition has seen {}", found.0, current.0)]
    InvalidProducerEpoch {
        /// What came.
        found: ProducerEpoch,
        /// The newest one.
        current: ProducerEpoch,
    },
    /// A batch outside a transaction while its producer has one open here.
    #[error("the producer has an open transaction, but the batch is not part of one")]
    InvalidTransactionState,
    /// A marker of a coordinator that another has replaced.
    #[error("a newer incarnation of the transaction's coordinator, {current}, has written here")]
    FencedCoordinator {
        /// The newest one's epoch.
        current: i32,
    },
    /// The bytes are not one whole batch of format 2.
    #[error("not a record batch: {0}")]
    Malformed(#[from] ottla_wire::record::BatchError),
    /// The log is closed or closing.
    #[error("the log is closed")]
    Closed,
}

/// Why nothing could be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// There is no such partition here.
    #[error("there is no partition {0}")]
    NotFound(PartitionId),
    /// It could not be read when the directory was opened, so that not even its offsets are known. Nothing of it is
    /// lost by that; ask again after the next start.
    #[error("partition {0} could not be read at the start; it is offline until a restart")]
    Offline(PartitionId),
    /// The offset is before the log's start or after its end.
    #[error("offset {asked} is outside {log_start} to {end}")]
    OutOfRange {
        /// What was asked for.
        asked: Offset,
        /// The first offset of the log.
        log_start: Offset,
        /// The offset after the last record.
        end: Offset,
    },
    /// The disk did not give the bytes; other partitions are not concerned.
    #[error("reading {} failed: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The file's bytes are not record batches.
    #[error("{} is damaged at byte {position}: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where.
        position: u64,
        /// What is wrong.
        reason: ottla_wire::record::BatchError,
    },
}

/// Why the start of a log was not moved.
#[derive(Debug, thiserror::Error)]
pub enum TrimError {
    /// There is no such partition here.
    #[error("there is no partition {0}")]
    NotFound(PartitionId),
    /// As [`ReadError::Offline`].
    #[error("partition {0} could not be read at the start; it is offline until a restart")]
    Offline(PartitionId),
    /// Only what consumers can see may be removed.
    #[error("offset {asked} is above the high watermark {high_watermark}")]
    OutOfRange {
        /// What was asked for.
        asked: Offset,
        /// Largest offset allowed.
        high_watermark: Offset,
    },
    /// The new start could not be made durable; the old one holds.
    #[error("writing the new log start failed: {0}")]
    Io(#[from] io::Error),
}

/// Why a change of the metadata was not made. Nothing of it remains.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MetaError {
    /// A topic of that name is there already.
    #[error("topic {0} exists already")]
    TopicExists(ottla_base::TopicName),
    /// There is no such topic.
    #[error("there is no topic {0}")]
    TopicNotFound(ottla_base::TopicId),
    /// A topic's partition count can only grow.
    #[error("the topic has {current} partitions already, {asked} is not more")]
    NotMore {
        /// How many it has.
        current: i32,
        /// How many were asked for.
        asked: i32,
    },
    /// The store failed; it takes no more changes until there is room, if the disk was full, or until a restart.
    #[error("the metadata store has failed: {0}")]
    Failed(String),
}

/// Why changes were not journalled. After either error the caller drops its state and loads it anew.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// Somebody with a newer epoch owns the shard.
    #[error("shard {shard} has epoch {current}, not {found}")]
    StaleEpoch {
        /// Which shard.
        shard: u32,
        /// The newest epoch.
        current: u64,
        /// The caller's.
        found: u64,
    },
    /// The store failed; it takes no more changes until there is room, if the disk was full, or until a restart.
    #[error("the metadata store has failed: {0}")]
    Failed(String),
}
