//! What opening a data directory has found and done, for the operator.

use ottla_base::{Offset, PartitionIndex, TopicName};
use std::path::PathBuf;

/// What opening a data directory has found and done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecoveryReport {
    /// Whether the last stop was orderly, so that nothing had to be checked. Also `true` for a new directory.
    pub clean: bool,
    /// How many partitions were opened.
    pub partitions: usize,
    /// Log bytes that were read and checked.
    pub bytes_checked: u64,
    /// Partitions of whose logs the system may have shown more than is on the disk. What they have behind their recovery
    /// points was compared with the disk, and begins a new leader epoch.
    pub doubted: Vec<(TopicName, PartitionIndex)>,
    /// Ends of logs that were removed because they were not whole batches.
    pub cuts: Vec<Cut>,
    /// Partitions that are damaged below what was known to be durable. They are readable up to the damage and behind it,
    /// and take no appends; nothing of theirs was changed.
    pub damages: Vec<Damage>,
    /// Offsets of logs that cannot be read, before others that can. Nothing of theirs was changed, and all other offsets
    /// are served.
    pub holes: Vec<Hole>,
    /// Partitions that could not be read, or not be put in order. They are offline until a start that can; nothing was
    /// taken away from them, and the others are served.
    pub offline: Vec<Offline>,
    /// Indexes that were missing or wrong and were made anew.
    pub indexes_rebuilt: usize,
    /// Directories that look like a partition's but cannot be told whose they are; they are left alone.
    pub unknown: Vec<PathBuf>,
}

impl RecoveryReport {
    /// Takes up what was unusual in one partition.
    pub(crate) fn add(&mut self, found: Self) {
        let Self {
            clean: _,
            partitions: _,
            bytes_checked,
            doubted,
            cuts,
            damages,
            holes,
            offline,
            indexes_rebuilt,
            unknown,
        } = found;
        self.bytes_checked += bytes_checked;
        self.doubted.extend(doubted);
        self.cuts.extend(cuts);
        self.damages.extend(damages);
        self.holes.extend(holes);
        self.offline.extend(offline);
        self.indexes_rebuilt += indexes_rebuilt;
        self.unknown.extend(unknown);
    }
}

/// The end of a log that was removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// Whose log.
    pub topic: TopicName,
    /// Which partition of it.
    pub partition: PartitionIndex,
    /// Where the log ends now.
    pub end: Offset,
    /// How many bytes were removed.
    pub bytes: u64,
    /// What was wrong with the first of them.
    pub reason: String,
    /// Where a copy of the removed bytes is; there is one only if whole batches followed the damage.
    pub kept: Option<PathBuf>,
}

/// Offsets that cannot be read, because their bytes were damaged after they were written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hole {
    /// Whose log.
    pub topic: TopicName,
    /// Which partition of it.
    pub partition: PartitionIndex,
    /// The first offset that cannot be read.
    pub first: Offset,
    /// Where the log goes on; the same offset if only bytes were damaged that hold none.
    pub next: Offset,
    /// What is wrong.
    pub reason: String,
}

/// A partition that could not be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offline {
    /// Whose log.
    pub topic: TopicName,
    /// Which partition of it.
    pub partition: PartitionIndex,
    /// What was being done, and what the operating system said.
    pub reason: String,
}

/// Damage to a part of a log that was known to be durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// Whose log.
    pub topic: TopicName,
    /// Which partition of it.
    pub partition: PartitionIndex,
    /// The log's last offset before the damage, plus one.
    pub readable_to: Offset,
    /// What was known to be durable.
    pub durable_to: Offset,
    /// What is wrong.
    pub reason: String,
}
