//! Whether the offset index and the time index of a segment agree with its log.
//!
//! A lookup takes the last entry at or before what it looks for and walks on from there. So an entry is right if
//! nothing that a lookup wants lies before it:
//!
//! ```text
//! .index     (offset, position): the batch that begins at the position ends with the offset
//! .timeindex (timestamp, offset): no batch up to that of the offset is newer than the timestamp
//! ```

use super::real_disk;
use crate::local::index::{Entry, OffsetEntry, TimeEntry};
use ottla_base::{Offset, Timestamp};
use std::io;
use std::path::Path;

/// What of a batch the indexes speak about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) position: u64,
    pub(super) base_offset: Offset,
    pub(super) last_offset: Offset,
    pub(super) max_timestamp: Timestamp,
}

/// All entries of an index file, in the order of the file; with the number of bytes behind the last whole one.
pub(super) fn entries<E: Entry>(path: &Path) -> io::Result<(Vec<E>, usize)> {
    let bytes = real_disk().read(path)?;
    let entries = bytes.chunks_exact(E::BYTES).map(E::parse).collect();
    Ok((entries, bytes.len() % E::BYTES))
}

/// Why the offset index is wrong, with the number of its first wrong entry.
pub(super) fn check_offsets(
    base: Offset,
    entries: &[OffsetEntry],
    batches: &[Place],
) -> Option<(usize, String)> {
    let mut before: Option<&OffsetEntry> = None;
    for (number, entry) in entries.iter().enumerate() {
        if before.is_some_and(|before| entry.relative <= before.relative || entry.position <= before.position)
        {
            return Some((number, "it does not come after the entry before it".to_owned()));
        }
        before = Some(entry);
        let (offset, position) = (base.plus(i64::from(entry.relative)), u64::from(entry.position));
        match batches.binary_search_by_key(&position, |batch| batch.position) {
            Err(_) => return Some((number, format!("no batch begins at byte {position} of the log"))),
            Ok(at) if offset != batches[at].last_offset => {
                let found = batches[at].last_offset;
                return Some((
                    number,
                    format!("at byte {position} lies the batch up to offset {found}, not {offset}"),
                ));
            }
            Ok(_) => {}
        }
    }
    None
}

/// Why the time index is wrong, with the number of its first wrong entry. With `is_complete`, its last entry
/// must be the segment's largest timestamp.
pub(super) fn check_times(
    base: Offset,
    entries: &[TimeEntry],
    batches: &[Place],
    is_complete: bool,
) -> Option<(usize, String)> {
    let mut newest = Timestamp::NONE;
    let mut batches = batches.iter().peekable();
    let mut before: Option<&TimeEntry> = None;
    for (number, entry) in entries.iter().enumerate() {
        if before
            .is_some_and(|before| entry.timestamp <= before.timestamp || entry.relative < before.relative)
        {
            return Some((number, "it does not come after the entry before it".to_owned()));
        }
        before = Some(entry);
        let offset = base.plus(i64::from(entry.relative));
        while let Some(batch) = batches.next_if(|batch| batch.base_offset <= offset) {
            newest = newest.max(batch.max_timestamp);
        }
        if entry.timestamp < newest {
            return Some((
                number,
                format!("a record up to offset {offset} has the later timestamp {}", newest.0),
            ));
        }
        if newest < entry.timestamp {
            return Some((
                number,
                format!("no record up to offset {offset} has the timestamp {}", entry.timestamp.0),
            ));
        }
    }
    let largest = batches.map(|batch| batch.max_timestamp).max().unwrap_or(Timestamp::NONE);
    if is_complete && newest < largest {
        return Some((entries.len(), format!("the segment's largest timestamp {} is not in it", largest.0)));
    }
    None
}
