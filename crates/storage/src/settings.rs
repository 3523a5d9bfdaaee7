//! What an operator can choose: for a whole data directory once at start, and for each partition at any time.

use crate::disk::{self, Disk};
use std::path::PathBuf;
use std::sync::Arc;

pub use ottla_wire::record::TimestampType;

/// When an append counts as done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// When it is on stable storage: after `fdatasync`. Many appends share one sync.
    #[default]
    Sync,
    /// When the operating system has it. A crash of the process loses nothing, a power cut may.
    Os,
}

/// Whether files and directories are synced at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Syncs {
    /// Whenever a guarantee needs it.
    #[default]
    Real,
    /// Never: for data that nobody keeps, such as a test's. A power cut may lose or damage everything.
    Skipped,
}

/// Who does what waits for the disk: syncs, and changes of the metadata.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Work {
    /// A thread of its own does it as soon as there is any.
    #[default]
    OwnThread,
    /// Whoever opened it calls [`Log::commit_waiting`](crate::Log::commit_waiting) and
    /// [`Meta::commit_waiting`](crate::Meta::commit_waiting). No thread is started, so that one seed of a
    /// simulation is always the same run.
    Driven,
}

/// How a data directory is opened.
#[derive(Clone, Debug)]
pub struct LogOptions {
    /// The data directory. It is created if it does not exist; its parent must exist.
    pub dir: PathBuf,
    /// Its files. With [`Syncs::Skipped`], even `Durability::Sync` returns without a sync.
    pub disk: Arc<dyn Disk>,
    /// Who does what has to wait for the disk.
    pub work: Work,
    /// Most files of logs kept open, indexes included; beyond it the least recently used are closed. At least 1. One that is
    /// opened anew costs several times what a small append does, so there should be room for all partitions in use.
    pub handles_max: usize,
    /// Settings of partitions that are found on disk, until [`configure`](crate::Log::configure) is called.
    pub defaults: LogSettings,
}

impl LogOptions {
    /// Options for `dir` with Kafka's defaults, except that durability is [`Durability::Sync`].
    #[must_use]
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            disk: disk::system(Syncs::Real),
            work: Work::OwnThread,
            handles_max: HANDLES_MAX,
            defaults: LogSettings::default(),
        }
    }
}

/// What happens to old records. Kafka's `cleanup.policy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cleanup {
    /// Old segments are removed by time and size.
    pub delete: bool,
    /// Only the last record of each key is kept.
    pub compact: bool,
}

/// The settings of one partition; Kafka's topic configs of the same meaning are named in brackets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogSettings {
    /// When an append counts as done (`log.durability`, Ottla's own).
    pub durability: Durability,
    /// A new segment begins before the current one would pass this size (`segment.bytes`).
    pub segment_bytes: u32,
    /// A new segment begins when the current one's first record is older than this (`segment.ms`).
    pub segment_ms: u64,
    /// Each segment's age limit is lowered by up to this, so that not all roll at once (`segment.jitter.ms`).
    pub segment_jitter_ms: u64,
    /// Bytes between two entries of the offset index (`index.interval.bytes`).
    pub index_interval_bytes: u32,
    /// Largest index file; a full one rolls the segment (`segment.index.bytes`).
    pub index_bytes_max: u32,
    /// Segments whose records are all older are removed; `None` keeps them (`retention.ms`).
    pub retention_ms: Option<u64>,
    /// The oldest segments are removed while the partition is larger; `None` keeps them (`retention.bytes`).
    pub retention_bytes: Option<u64>,
    /// Largest batch that the caller lets in; storage itself does not check it (`max.message.bytes`).
    pub message_bytes_max: u32,
    /// Who sets timestamps (`message.timestamp.type`).
    pub timestamp_type: TimestampType,
    /// How old a record may be; checked by the caller (`message.timestamp.before.max.ms`).
    pub timestamp_before_max_ms: u64,
    /// How far in the future a record may be; checked by the caller (`message.timestamp.after.max.ms`).
    pub timestamp_after_max_ms: u64,
    /// What happens to old records (`cleanup.policy`).
    pub cleanup: Cleanup,
    /// How long a removed segment's files stay on disk under another name (`file.delete.delay.ms`).
    pub file_delete_delay_ms: u64,
    /// When and what to compact, if `cleanup` says so at all.
    pub compaction: Compaction,
}

/// When a log is compacted, and what that leaves alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compaction {
    /// The share of dirty bytes above which it is worth while, in millionths (`min.cleanable.dirty.ratio`).
    pub dirty_millionths_min: u32,
    /// Records younger than this are left alone (`min.compaction.lag.ms`).
    pub lag_ms_min: u64,
    /// A record older than this asks for compaction by itself; `u64::MAX` never (`max.compaction.lag.ms`).
    pub lag_ms_max: u64,
    /// How long tombstones and markers stay after compaction has first met them (`delete.retention.ms`).
    pub delete_retention_ms: u64,
}

impl Default for Compaction {
    fn default() -> Self {
        Self {
            dirty_millionths_min: 500_000,
            lag_ms_min: 0,
            lag_ms_max: u64::MAX,
            delete_retention_ms: DAY_MS,
        }
    }
}

/// The means of a cleaner.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CleanerOptions {
    /// Most memory for the keys of one pass (`log.cleaner.dedupe.buffer.size`, for this one cleaner).
    pub map_bytes_max: u64,
    /// The share of that memory that is really used (`log.cleaner.io.buffer.load.factor`).
    pub map_load: f64,
    /// How much is read and written at a time (`log.cleaner.io.buffer.size`, for this one cleaner).
    pub io_bytes: usize,
}

impl Default for CleanerOptions {
    fn default() -> Self {
        Self { map_bytes_max: 128 << 20, map_load: 0.9, io_bytes: 256 << 10 }
    }
}

impl Default for LogSettings {
    fn default() -> Self {
        Self {
            durability: Durability::Sync,
            segment_bytes: 1 << 30,
            segment_ms: 7 * DAY_MS,
            segment_jitter_ms: 0,
            index_interval_bytes: 4096,
            index_bytes_max: 10 << 20,
            retention_ms: Some(7 * DAY_MS),
            retention_bytes: None,
            message_bytes_max: (1 << 20) + 12,
            timestamp_type: TimestampType::CreateTime,
            timestamp_before_max_ms: u64::MAX,
            timestamp_after_max_ms: HOUR_MS,
            cleanup: Cleanup { delete: true, compact: false },
            file_delete_delay_ms: 60_000,
            compaction: Compaction::default(),
        }
    }
}

/// Fits under the limit of a process that has never asked for more (1024), and leaves room there.
const HANDLES_MAX: usize = 512;
const HOUR_MS: u64 = 3_600_000;
const DAY_MS: u64 = 24 * HOUR_MS;
