//! The small files of a partition: indexes, snapshots, leader epochs, metadata.

use super::logs::Seen;
use super::{Known, about};
use crate::error::OpenError;
use crate::inspect::directory::PartitionFiles;
use crate::inspect::finding::{Finding, Mend};
use crate::inspect::{aborted, real_disk, snapshots, sparse};
use crate::local::epochs::Epochs;
use crate::local::index::{Entry, OffsetEntry, TimeEntry};
use crate::local::names::{self, Kind};
use ottla_base::{LeaderEpoch, Offset};
use std::io;

/// Whether the indexes of a segment lead to the right places.
pub(super) fn check_indexes(
    files: &PartitionFiles,
    known: Known,
    seen: &Seen,
    findings: &mut Vec<Finding>,
) -> Result<(), OpenError> {
    // After a crash a start makes what belongs to the tail anew, so only what it would trust is judged.
    let is_settled = !seen.is_last || known.clean;
    let trusted = |relative: u32| {
        is_settled || known.durable_to.is_some_and(|durable| seen.base.plus(i64::from(relative)) < durable)
    };
    let offsets = read::<OffsetEntry>(files, seen, is_settled, findings)?;
    let offsets: Vec<_> = offsets.into_iter().take_while(|entry| trusted(entry.relative)).collect();
    if let Some(wrong) = sparse::check_offsets(seen.base, &offsets, &seen.places) {
        findings.push(wrong_entry::<OffsetEntry>(files, seen, wrong));
    }
    let times = read::<TimeEntry>(files, seen, is_settled, findings)?;
    let is_whole = is_settled && real_disk().metadata(&files.file(seen.base, Kind::TimeIndex)).is_ok();
    let times: Vec<_> = times.into_iter().take_while(|entry| trusted(entry.relative)).collect();
    if let Some(wrong) = sparse::check_times(seen.base, &times, &seen.places, is_whole) {
        findings.push(wrong_entry::<TimeEntry>(files, seen, wrong));
    }
    check_aborted(files, is_settled, seen, findings)
}

/// The entries of an index file; that it is missing or of an odd length is a finding.
fn read<E: Entry>(
    files: &PartitionFiles,
    seen: &Seen,
    is_settled: bool,
    findings: &mut Vec<Finding>,
) -> Result<Vec<E>, OpenError> {
    let path = files.file(seen.base, E::KIND);
    let mend = Mend::RebuildIndexes { base: seen.base };
    match sparse::entries::<E>(&path) {
        Ok((entries, 0)) => Ok(entries),
        Ok((entries, odd)) => {
            if is_settled {
                let mut finding = about(files, path, format!("{odd} bytes at its end are no entry"), mend);
                finding.position = Some((entries.len() * E::BYTES) as u64);
                findings.push(finding);
            }
            Ok(entries)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if is_settled && 0 < seen.length {
                findings.push(about(files, path, "it is missing".to_owned(), mend));
            }
            Ok(Vec::new())
        }
        Err(error) => Err(OpenError::io("reading", path, error)),
    }
}

fn wrong_entry<E: Entry>(files: &PartitionFiles, seen: &Seen, (number, cause): (usize, String)) -> Finding {
    let mend = Mend::RebuildIndexes { base: seen.base };
    let mut finding = about(files, files.file(seen.base, E::KIND), format!("entry {number}: {cause}"), mend);
    finding.position = Some((number * E::BYTES) as u64);
    finding
}

fn check_aborted(
    files: &PartitionFiles,
    is_settled: bool,
    seen: &Seen,
    findings: &mut Vec<Finding>,
) -> Result<(), OpenError> {
    let path = files.file(seen.base, Kind::TxnIndex);
    let bytes = match real_disk().read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if is_settled && 0 < seen.length {
                let mend = Mend::RebuildIndexes { base: seen.base };
                findings.push(about(files, path, "it is missing".to_owned(), mend));
            }
            return Ok(());
        }
        Err(error) => return Err(OpenError::io("reading", path, error)),
    };
    let (entries, wrong_at) = aborted::parse(&bytes, seen.base);
    let mend = || Mend::RebuildIndexes { base: seen.base };
    if !is_settled {
        return Ok(());
    }
    if let Some(position) = wrong_at {
        let cause = "its entry at this byte is none".to_owned();
        let mut finding = about(files, path, cause, mend());
        finding.position = Some(position);
        findings.push(finding);
        return Ok(());
    }
    let missing = seen.aborted.iter().find(|wanted| {
        !entries.iter().any(|entry| {
            // Compaction may have removed the transaction's first batches.
            (entry.producer, entry.marker) == (wanted.producer, wanted.marker) && entry.first <= wanted.first
        })
    });
    if let Some(missing) = missing {
        let (producer, first, last) = (missing.producer.0, missing.first, missing.marker);
        let cause = format!(
            "the transaction of producer {producer} that was aborted, offsets {first} to {last}, is not in it"
        );
        let mut finding = about(files, path, cause, mend());
        finding.offset = Some(first);
        findings.push(finding);
    }
    Ok(())
}

/// Whether every snapshot can be read and is not from the future.
pub(super) fn check_snapshots(
    files: &PartitionFiles,
    end: Offset,
    findings: &mut Vec<Finding>,
) -> Result<(), OpenError> {
    for offset in &files.snapshots {
        let path = files.file(*offset, Kind::Snapshot);
        let bytes = real_disk().read(&path).map_err(|error| OpenError::io("reading", &path, error))?;
        let cause = match snapshots::parse(&bytes) {
            None => "it is damaged: the log is read again in its place".to_owned(),
            Some(_) if end < *offset => format!("it speaks of offset {offset}, but the log ends at {end}"),
            Some(_) => continue,
        };
        let mut finding = about(files, path, cause, Mend::SetAside);
        finding.offset = Some(*offset);
        findings.push(finding);
    }
    Ok(())
}

/// Whether the leader epochs agree with those in the batches.
pub(super) fn check_epochs(
    files: &PartitionFiles,
    batches: &[(LeaderEpoch, Offset)],
    end: Offset,
    findings: &mut Vec<Finding>,
) {
    let path = files.directory.join(names::LEADER_EPOCHS);
    let newest = batches.last().map_or(LeaderEpoch(0), |(epoch, _)| *epoch);
    let cause = match Epochs::load(&files.place(&*real_disk())).ok().flatten() {
        None => "it is missing or cannot be read".to_owned(),
        Some(epochs) if epochs.newest() < newest => {
            format!("its newest epoch is {}, but the log has {newest}", epochs.newest())
        }
        Some(epochs) if epochs.start_of_newest().is_some_and(|start| end < start) => {
            format!("its newest epoch begins behind the end of the log, {end}")
        }
        Some(_) => return,
    };
    findings.push(about(files, path, cause, Mend::RebuildEpochs(batches.to_vec())));
}

/// Whether it can be told whose the partition is, and where it begins.
pub(super) fn check_partition(
    files: &PartitionFiles,
    known: Known,
    end: Offset,
    findings: &mut Vec<Finding>,
) {
    if files.topic_id.is_none() {
        let by_hand =
            Mend::ByHand("restore it from a backup; a broker leaves the partition alone without it");
        let path = files.directory.join(names::PARTITION_METADATA);
        findings.push(about(files, path, "it has no topic id".to_owned(), by_hand));
    }
    let end = end.max(known.durable_to.unwrap_or_default());
    if let Some(log_start) = known.log_start.filter(|log_start| end < *log_start) {
        let cause = format!("the log starts at offset {log_start}, but ends at {end}");
        let mut finding = about(files, files.directory.clone(), cause, Mend::GoOnAt(log_start));
        finding.offset = Some(end);
        findings.push(finding);
    }
}
