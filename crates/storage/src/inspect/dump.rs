//! The entries of single files, for people who want to look. A file may be looked at while a broker writes it: then
//! its end may be torn, or behind.

use super::aborted;
pub use super::aborted::AbortedIndexEntry;
use super::real_disk;
use super::scan::LogScan;
pub use super::scan::Piece;
use super::snapshots;
pub use super::snapshots::SnapshotEntry;
use super::sparse;
use crate::local::checkpoint;
use crate::local::index::{OffsetEntry, TimeEntry};
use crate::local::names::{self, Kind};
use ottla_base::{Offset, Timestamp};
use std::io;
use std::path::Path;

/// What can be dumped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// Batches.
    Log,
    /// Offset to position.
    OffsetIndex,
    /// Timestamp to offset.
    TimeIndex,
    /// Aborted transactions.
    AbortedIndex,
    /// Producers.
    Snapshot,
    /// A checkpoint: lines of text.
    Checkpoint,
}

/// The kind of a file by its name, and the offset in the name, if there is one.
#[must_use]
pub fn kind_of(path: &Path) -> Option<(FileKind, Offset)> {
    let name = path.file_name()?.to_str()?;
    let checkpoints = [names::RECOVERY_POINTS, names::LOG_STARTS, names::LEADER_EPOCHS, HIGH_WATERMARKS];
    if checkpoints.contains(&name) {
        return Some((FileKind::Checkpoint, Offset::ZERO));
    }
    let (offset, kind) = names::parse_file(name)?;
    let kind = match kind {
        Kind::Log => FileKind::Log,
        Kind::Index => FileKind::OffsetIndex,
        Kind::TimeIndex => FileKind::TimeIndex,
        Kind::TxnIndex => FileKind::AbortedIndex,
        Kind::Snapshot => FileKind::Snapshot,
    };
    Some((kind, offset))
}

/// The pieces of a log: whole batches, and damage between them.
pub struct Pieces(LogScan);

/// Opens the log of the segment `base`.
///
/// # Errors
/// What the operating system says.
pub fn pieces(path: &Path, base: Offset) -> io::Result<Pieces> {
    LogScan::open(path, base).map(Pieces)
}

impl Iterator for Pieces {
    type Item = io::Result<Piece>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().transpose()
    }
}

/// The entries of an offset index: the offset and where its batch begins.
///
/// # Errors
/// What the operating system says.
pub fn offset_index(path: &Path, base: Offset) -> io::Result<Vec<(Offset, u32)>> {
    let (entries, _) = sparse::entries::<OffsetEntry>(path)?;
    Ok(entries.iter().map(|entry| (base.plus(i64::from(entry.relative)), entry.position)).collect())
}

/// The entries of a time index: the timestamp and its offset.
///
/// # Errors
/// What the operating system says.
pub fn time_index(path: &Path, base: Offset) -> io::Result<Vec<(Timestamp, Offset)>> {
    let (entries, _) = sparse::entries::<TimeEntry>(path)?;
    Ok(entries.iter().map(|entry| (entry.timestamp, base.plus(i64::from(entry.relative)))).collect())
}

/// The entries of an index of aborted transactions, and the byte from which on it makes no sense.
///
/// # Errors
/// What the operating system says.
pub fn aborted_index(path: &Path, base: Offset) -> io::Result<(Vec<AbortedIndexEntry>, Option<u64>)> {
    let (entries, wrong_at) = aborted::parse(&real_disk().read(path)?, base);
    Ok((entries.into_iter().map(AbortedIndexEntry::from).collect(), wrong_at))
}

/// The producers of a snapshot; `None` if it is damaged.
///
/// # Errors
/// What the operating system says.
pub fn snapshot(path: &Path) -> io::Result<Option<Vec<SnapshotEntry>>> {
    Ok(snapshots::parse(&real_disk().read(path)?))
}

/// The lines of a checkpoint file; `None` if it is damaged.
///
/// # Errors
/// What the operating system says.
pub fn checkpoint(path: &Path) -> io::Result<Option<Vec<String>>> {
    let Ok(text) = String::from_utf8(real_disk().read(path)?) else { return Ok(None) };
    Ok(checkpoint::parse(&text).map(|lines| lines.map(str::to_owned).collect()))
}

/// A file that only Kafka writes.
const HIGH_WATERMARKS: &str = "replication-offset-checkpoint";
