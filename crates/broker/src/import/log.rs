//! The records of one of Kafka's own logs, in order; those of aborted transactions left out.

use super::ImportError;
use ottla_base::{Offset, ProducerId};
use ottla_storage::OpenError;
use ottla_storage::inspect::PartitionFiles;
use ottla_storage::inspect::dump::{self, Piece};
use ottla_wire::record::{self, Marker, MarkerKind, Record};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Hands every record that counts to `take`, with the file it is in.
pub(super) fn read(
    files: &PartitionFiles,
    take: &mut dyn FnMut(&Path, &Record) -> Result<(), ImportError>,
) -> Result<(), ImportError> {
    let mut pending: BTreeMap<ProducerId, Vec<(PathBuf, Record)>> = BTreeMap::new();
    for (at, (base, _)) in files.segments.iter().enumerate() {
        let path = files.directory.join(format!("{:020}.log", base.0));
        let is_last = at + 1 == files.segments.len();
        for batch in batches(&path, *base, is_last)? {
            let (header, records) = batch;
            let marker = records.first().and_then(Marker::of).filter(|_| header.is_control());
            match marker {
                Some(marker) if header.is_transactional() => {
                    let ended = pending.remove(&header.producer_id).unwrap_or_default();
                    if marker.kind == MarkerKind::Commit {
                        ended.iter().try_for_each(|(path, record)| take(path, record))?;
                    }
                }
                _ if header.is_control() => {}
                _ if header.is_transactional() => {
                    let records = records.into_iter().map(|record| (path.clone(), record));
                    pending.entry(header.producer_id).or_default().extend(records);
                }
                _ => records.iter().try_for_each(|record| take(&path, record))?,
            }
        }
    }
    Ok(())
}

type Batch = (record::BatchHeader, Vec<Record>);

/// All batches of a file. A torn end ends it, if `is_last`.
pub(super) fn batches(path: &Path, base: Offset, is_last: bool) -> Result<Vec<Batch>, ImportError> {
    let failed = |source| OpenError::Io { doing: "reading", path: path.to_owned(), source };
    let damaged = |reason: String| OpenError::Damaged { path: path.to_owned(), reason };
    let mut found = Vec::new();
    for piece in dump::pieces(path, base).map_err(failed)? {
        match piece.map_err(failed)? {
            Piece::Batch { header, bytes, .. } => {
                let records = record::records(header, &bytes).map_err(|error| damaged(error.to_string()))?;
                let records: Result<Vec<_>, _> = records.collect();
                found.push((header, records.map_err(|error| damaged(error.to_string()))?));
            }
            Piece::Damage { next: None, .. } if is_last => break,
            Piece::Damage { position, reason, .. } => {
                return Err(damaged(format!("byte {position}: {reason}")).into());
            }
        }
    }
    Ok(found)
}
