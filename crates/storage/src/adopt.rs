//! Takes over the logs of a directory that Apache Kafka has written: same format, so files are copied, or linked.
//!
//! Logs are taken byte for byte; indexes are made anew from them, because Kafka's may be longer than what is in them.
//! A linked log is shared with the directory it came from, so the last segment of each partition, the only one that
//! will grow, is always a copy. Nothing here touches the source.

use crate::disk::Disk;
use crate::error::OpenError;
use crate::inspect::mend::{self, copy, sync_directory};
use crate::inspect::scan::{LogScan, Piece};
use crate::inspect::{PartitionFiles, real_disk, rebuild};
use crate::local::checkpoint;
use crate::local::names::{self, Kind};
use ottla_base::{Offset, PartitionIndex, TopicName};
use std::io;
use std::path::{Path, PathBuf};

/// How files come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// All are copied.
    Copy,
    /// Segments that will not change get a second name; both directories must be on one file system.
    Link,
}

/// A partition that was taken over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adopted {
    /// Whose.
    pub topic: TopicName,
    /// Which.
    pub index: PartitionIndex,
    /// Its first offset.
    pub log_start: Offset,
    /// The offset after its last record.
    pub end: Offset,
    /// Bytes of its logs.
    pub bytes: u64,
    /// The end of the log that was left behind because it was no whole batch: how many bytes, and why.
    pub cut: Option<(u64, String)>,
}

/// Takes a partition over into the directory `data`. `log_start` is where it was trimmed.
///
/// # Errors
/// `Damaged` if a log has bytes that are no batches, other than a torn end; what else the system refuses.
pub fn partition(
    source: &PartitionFiles,
    data: &Path,
    log_start: Option<Offset>,
    how: How,
) -> Result<Adopted, OpenError> {
    let (end, cut) = check(source)?;
    let disk = real_disk();
    let directory = data.join(source.name());
    disk.create_dir(&directory).map_err(|error| OpenError::io("making", &directory, error))?;
    let mut bytes = 0;
    for (at, (base, length)) in source.segments.iter().enumerate() {
        let is_last = at + 1 == source.segments.len();
        let (from, to) = (source.file(*base, Kind::Log), names::file(&directory, *base, Kind::Log));
        let kept = length - cut.as_ref().map_or(0, |(cut, _)| if is_last { *cut } else { 0 });
        match how {
            How::Link if !is_last => {
                let linked = disk.hard_link(&from, &to);
                linked.map_err(|error| OpenError::io("linking", &from, error))?;
            }
            How::Link | How::Copy => copy(&from, 0, Some(kept), &to)?,
        }
        bytes += kept;
    }
    for offset in source.snapshots.iter().filter(|offset| **offset <= end) {
        copy_whole(&*disk, &source.file(*offset, Kind::Snapshot), &directory)?;
    }
    for name in [names::PARTITION_METADATA, names::LEADER_EPOCHS] {
        copy_whole(&*disk, &source.directory.join(name), &directory)?;
    }
    if source.segments.is_empty() {
        let path = names::file(&directory, log_start.unwrap_or_default(), Kind::Log);
        mend::write(&path, &[])?;
    }
    rebuild::indexes(&directory, &|_| true)?;
    sync_directory(&directory)?;
    let first = source.segments.first().map_or(Offset::ZERO, |(base, _)| *base);
    let log_start = log_start.unwrap_or_default().max(first);
    let end = end.max(log_start);
    Ok(Adopted { topic: source.topic.clone(), index: source.index, log_start, end, bytes, cut })
}

/// Reads every batch. Gives the end of the log, and what is torn behind it.
fn check(source: &PartitionFiles) -> Result<(Offset, Option<(u64, String)>), OpenError> {
    let mut end = source.segments.first().map_or(Offset::ZERO, |(base, _)| *base);
    for (at, (base, _)) in source.segments.iter().enumerate() {
        let path = source.file(*base, Kind::Log);
        let failed = |error| OpenError::io("reading", &path, error);
        let is_last = at + 1 == source.segments.len();
        if *base < end {
            let reason = format!("it begins at offset {base}, but the segment before goes up to {end}");
            return Err(OpenError::Damaged { path, reason });
        }
        end = *base;
        let limit = source.segments.get(at + 1).map(|(next, _)| *next);
        let mut scan = LogScan::open(&path, *base).map_err(failed)?.below(limit);
        while let Some(piece) = scan.next().map_err(failed)? {
            match piece {
                Piece::Batch { header, .. } => end = header.next_offset(),
                Piece::Damage { position, end: after, reason, next: None } if is_last => {
                    return Ok((end, Some((after - position, reason))));
                }
                Piece::Damage { position, reason, .. } => {
                    return Err(OpenError::Damaged { path, reason: format!("byte {position}: {reason}") });
                }
            }
        }
    }
    Ok((end, None))
}

/// Copies a small file of the same name, if there is one.
fn copy_whole(disk: &dyn Disk, from: &Path, directory: &Path) -> Result<(), OpenError> {
    let name = from.file_name().expect("a file in a directory");
    match disk.read(from) {
        Ok(bytes) => mend::write(&directory.join(name), &bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(OpenError::io("reading", from, error)),
    }
}

/// Writes what a start needs to trust the partitions, which were all taken over into `data`.
///
/// # Errors
/// What the system refuses.
pub fn finish(data: &Path, partitions: &[Adopted]) -> Result<(), OpenError> {
    let disk = real_disk();
    let write = |name: &str, lines: &mut dyn Iterator<Item = String>| {
        let path = data.join(name);
        checkpoint::write(&path, lines, &*disk).map_err(|error| OpenError::io("writing", path, error))
    };
    let line = |partition: &Adopted, offset| checkpoint::line(&partition.topic, partition.index, offset);
    write(names::RECOVERY_POINTS, &mut partitions.iter().map(|partition| line(partition, partition.end)))?;
    write(names::LOG_STARTS, &mut partitions.iter().map(|partition| line(partition, partition.log_start)))?;
    mend::write(&data.join(names::CLEAN_SHUTDOWN), b"{\"version\":0}\n")?;
    sync_directory(data)
}

/// Where Kafka's directory says that partitions start that were trimmed.
///
/// # Errors
/// `Damaged` if the file cannot be read: records that were deleted would be seen again.
pub fn log_starts(
    data: &crate::inspect::DataDirectory,
) -> Result<impl Fn(&PartitionFiles) -> Option<Offset> + use<>, OpenError> {
    let path: PathBuf = data.path().join(names::LOG_STARTS);
    let reason = "it is no checkpoint file".to_owned();
    let starts = data.checkpoint(names::LOG_STARTS)?.ok_or(OpenError::Damaged { path, reason })?;
    Ok(move |files: &PartitionFiles| starts.get(&(files.topic.clone(), files.index)).copied())
}
