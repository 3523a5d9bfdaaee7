//! Puts on the disk what only the page cache has.
//!
//! After a sync that failed the kernel takes the lost pages for written, and shows them for as long as it keeps them. A
//! process that comes after must not believe them: the next power cut takes them. But where records are acknowledged
//! from the cache (`log.durability=os`) it has the only copy, and the end of a process alone must not lose it. So each
//! piece is read, forgotten and read again, and what is not on the disk is written once more.

use super::Recovery;
use crate::disk::Disk;
use crate::error::OpenError;
use ottla_base::Offset;
use std::fs::File;
use std::io::{self, IoSlice};
use std::ops::Range;

impl Recovery<'_> {
    /// Makes what `base`'s log shows of `bytes` what the disk has. If it cannot be, the partition stays offline, and the
    /// next start tries again: the cache may still have it then.
    pub(super) fn put_back(&self, base: Offset, file: &File, bytes: Range<u64>) -> Result<(), OpenError> {
        let path = || self.place.log(base);
        let count = put_back(self.place.disk, file, bytes)
            .map_err(|error| OpenError::io("writing again what a failed sync has lost of", path(), error))?;
        if 0 < count {
            let path = path();
            tracing::warn!(path = %path.display(), bytes = count, "what a failed sync has lost was written again");
        }
        Ok(())
    }
}

/// Returns how many bytes had to be written again. Of a cache that cannot be forgotten nothing is to be known; then all
/// is as it seems.
fn put_back(disk: &dyn Disk, file: &File, bytes: Range<u64>) -> io::Result<u64> {
    if bytes.is_empty() {
        return Ok(0);
    }
    // Only what does not wait to be written can be forgotten. A failure that nobody has heard of is told here: what it
    // lost is what is looked for, and no later sync is to hear of it.
    let _ = disk.sync_data(file);
    let mut written = 0;
    let (mut shown, mut stored) = (Vec::new(), Vec::new());
    let mut from = bytes.start - bytes.start % PAGE_BYTES_MAX;
    while from < bytes.end {
        let to = bytes.end.min(from - from % PIECE_BYTES + PIECE_BYTES);
        let length = usize::try_from(to - from).expect("a piece fits into memory");
        shown.resize(length, 0);
        stored.resize(length, 0);
        disk.read_exact_at(file, &mut shown, from)?;
        disk.forget_cached(file, from..to);
        let start = usize::try_from(bytes.start.saturating_sub(from)).expect("inside the piece");
        let lost = match disk.read_exact_at(file, &mut stored, from) {
            Ok(()) if shown[start..] == stored[start..] => None,
            Ok(()) => (start..length).find(|at| shown[*at] != stored[*at]),
            // What cannot be read may be written: the disk then takes another place for it.
            Err(_) => Some(start),
        };
        if let Some(lost) = lost {
            disk.write_all_at(file, &mut [IoSlice::new(&shown[lost..])], from + lost as u64)?;
            written += (length - lost) as u64;
        }
        from = to;
    }
    if 0 < written {
        disk.sync_data(file)?;
    }
    Ok(written)
}

/// No system has larger pages, and parts of pages are not forgotten.
const PAGE_BYTES_MAX: u64 = 64 << 10;
/// So much is held twice in memory.
const PIECE_BYTES: u64 = 1 << 20;

#[cfg(test)]
mod tests;
