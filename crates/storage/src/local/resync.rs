//! Finds the way back to batches behind damaged bytes.
//!
//! ```text
//! [ batch ][xx damaged xx][ batch ] …
//!                         ^ the first bytes that are a whole batch with the right checksum, and fit
//! ```
//! Mostly the damaged batch's header is whole and says where the next one begins. Otherwise every byte is tried that
//! could be one, which reads on until one is found or the file ends.

use super::walk::Found;
use crate::disk::Disk;
use ottla_wire::record::{self, BatchHeader, HEADER_BYTES};
use std::fs::File;
use std::io;

/// The first whole batch behind the damaged bytes at `position`, in `file[..limit]`, whose header `fits`.
pub(crate) fn batch_after(
    disk: &dyn Disk,
    file: &File,
    (position, limit): (u64, u64),
    fits: &dyn Fn(&BatchHeader) -> bool,
) -> io::Result<Option<Found>> {
    let search = Search { disk, file, limit, fits };
    let damaged = search.read(position, HEADER_BYTES)?;
    if let Ok(header) = BatchHeader::parse(&damaged)
        && let Some(found) = search.batch_at(position + header.size() as u64)?
    {
        return Ok(Some(found));
    }
    let mut at = position + 1;
    while at + HEADER_BYTES as u64 <= limit {
        let window = search.read(at, WINDOW_BYTES)?;
        let places = window.len() - HEADER_BYTES + 1;
        for place in (0..places).filter(|place| window[place + MAGIC_AT] == MAGIC) {
            if BatchHeader::parse(&window[place..]).is_ok_and(|header| fits(&header))
                && let Some(found) = search.batch_at(at + place as u64)?
            {
                return Ok(Some(found));
            }
        }
        at += places as u64;
    }
    Ok(None)
}

struct Search<'a> {
    disk: &'a dyn Disk,
    file: &'a File,
    limit: u64,
    fits: &'a dyn Fn(&BatchHeader) -> bool,
}

impl Search<'_> {
    /// At most `wanted` bytes.
    fn read(&self, position: u64, wanted: usize) -> io::Result<Vec<u8>> {
        let rest = usize::try_from(self.limit.saturating_sub(position)).unwrap_or(usize::MAX);
        let mut bytes = vec![0; wanted.min(rest)];
        self.disk.read_exact_at(self.file, &mut bytes, position)?;
        Ok(bytes)
    }

    fn batch_at(&self, position: u64) -> io::Result<Option<Found>> {
        let Ok(header) = BatchHeader::parse(&self.read(position, HEADER_BYTES)?) else { return Ok(None) };
        if self.limit < position + header.size() as u64 || !(self.fits)(&header) {
            return Ok(None);
        }
        let batch = self.read(position, header.size())?;
        Ok(record::check_integrity(&batch).is_ok().then_some(Found { header, position }))
    }
}

/// Where a batch has its format's number, and which it is.
const MAGIC_AT: usize = 16;
const MAGIC: u8 = 2;
const WINDOW_BYTES: usize = 256 << 10;
