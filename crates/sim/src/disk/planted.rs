//! Bugs that are planted in the disk, to see that the simulator finds them. Nothing of them is in Ottla.
//!
//! Each makes Ottla behave as if it had a bug of a well-known kind, because the disk under it does something else
//! than it was asked for. The tests of the worlds say within how many seeds each is found.

use super::path_of;
use std::fs::File;
use std::path::{Path, PathBuf};

/// A bug that is there on purpose.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Planted {
    /// None.
    #[default]
    Nothing,
    /// Acknowledge before the sync: logs are never synced.
    AckBeforeSync,
    /// Directories are never synced: files that were made, renamed or removed may not be.
    NoDirectorySyncs,
    /// The high watermark is raised before the sync: each sync of a file happens only when the next one comes.
    LateSyncs,
    /// Producers' sequences are saved ahead of the data: no snapshot is ever removed, and whichever is asked for, the
    /// newest is read.
    SnapshotAhead,
    /// Group offsets and topics are acknowledged before the journal is synced.
    NoMetadataSyncs,
    /// After a failed sync and a restart, logs are believed as the page cache shows them.
    CacheBelieved,
    /// It is not noted that a sync of a log has failed, or that a process may have died with its answer.
    FailureUnnoted,
    /// Indexes are ahead of their logs: what a crash took from the log stays in them.
    IndexAhead,
    /// The recovery point is ahead of the data: what was not synced yet counts as durable.
    RecoveryPointAhead,
}

impl Planted {
    /// All, by the names that the command line knows.
    pub const ALL: [(&'static str, Self); 9] = [
        ("ack-before-sync", Self::AckBeforeSync),
        ("no-directory-syncs", Self::NoDirectorySyncs),
        ("late-syncs", Self::LateSyncs),
        ("snapshot-ahead", Self::SnapshotAhead),
        ("no-metadata-syncs", Self::NoMetadataSyncs),
        ("cache-believed", Self::CacheBelieved),
        ("failure-unnoted", Self::FailureUnnoted),
        ("index-ahead", Self::IndexAhead),
        ("recovery-point-ahead", Self::RecoveryPointAhead),
    ];

    pub(super) fn skips_sync_of(self, file: &File) -> bool {
        let is = |extension: &str| path_of(file).extension().is_some_and(|found| found == extension);
        match self {
            Self::AckBeforeSync => is("log"),
            Self::NoMetadataSyncs => is("redb"),
            Self::Nothing
            | Self::NoDirectorySyncs
            | Self::LateSyncs
            | Self::SnapshotAhead
            | Self::CacheBelieved
            | Self::FailureUnnoted
            | Self::IndexAhead
            | Self::RecoveryPointAhead => false,
        }
    }

    /// Whether a file that is to be cut keeps its end.
    pub(super) fn skips_cut_of(self, file: &File) -> bool {
        self == Self::IndexAhead && path_of(file).extension().is_some_and(|found| found == "index")
    }

    /// Whether a write changes nothing.
    pub(super) fn forgets_write_of(self, file: &File, position: u64) -> bool {
        self == Self::FailureUnnoted
            && 0 < position
            && path_of(file).file_name().is_some_and(|name| name == ".run")
    }

    /// Whether a sync of everything leaves out the logs.
    pub(super) fn leaves_out_logs(self) -> bool {
        matches!(self, Self::AckBeforeSync | Self::RecoveryPointAhead)
    }

    /// Whether a file stays although it was to be removed.
    pub(super) fn keeps(self, path: &Path) -> bool {
        self == Self::SnapshotAhead && is_snapshot(path)
    }

    /// Which file is read instead of the one at `path`; `names` lists its directory.
    pub(super) fn read_instead_of(self, path: &Path, names: impl Fn() -> Option<Vec<String>>) -> PathBuf {
        if self != Self::SnapshotAhead || !is_snapshot(path) {
            return path.to_owned();
        }
        let newest = names().into_iter().flatten().filter(|name| is_snapshot(Path::new(name))).max();
        newest.map_or(path.to_owned(), |name| path.with_file_name(name))
    }
}

pub(super) fn is_log(path: &Path) -> bool {
    path.extension().is_some_and(|found| found == "log")
}

fn is_snapshot(path: &Path) -> bool {
    path.extension().is_some_and(|found| found == "snapshot")
}
