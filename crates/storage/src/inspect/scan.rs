//! Reads a log batch by batch, checks each, and finds its way behind damage.
//!
//! ```text
//! [ batch ][ batch ][xx damaged xx][ batch ] …        a piece each
//! ```
//! Behind damage the log goes on at the first bytes that are a whole batch with the right checksum and an offset
//! that fits. The offset of a batch is outside its checksum: if one cannot be told from its neighbours to be right,
//! the batch that disagrees with both is the damaged one.

use super::real_disk;
use crate::disk::{Disk, Mode};
use crate::local::resync;
use bytes::Bytes;
use ottla_base::Offset;
use ottla_wire::record::{self, BatchHeader, HEADER_BYTES};
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

/// A part of a log.
#[derive(Clone, Debug)]
pub enum Piece {
    /// A whole batch with the right checksum.
    Batch {
        /// Where it begins.
        position: u64,
        /// Its header.
        header: BatchHeader,
        /// All of it, header included.
        bytes: Bytes,
    },
    /// Bytes that belong to no batch.
    Damage {
        /// The first of them.
        position: u64,
        /// Where the next batch begins, or where the file ends.
        end: u64,
        /// Why there is no batch.
        reason: String,
        /// Base offset of the next batch; `None` at the end of the file.
        next: Option<Offset>,
    },
}

/// A walk through a whole log file.
pub(crate) struct LogScan {
    disk: Arc<dyn Disk>,
    file: File,
    base: Offset,
    /// All its offsets are below this.
    limit: Offset,
    length: u64,
    position: u64,
    /// No batch at `position` has a smaller offset.
    expected: Offset,
    buffer: Vec<u8>,
    buffer_at: u64,
}

impl LogScan {
    /// Opens the log of the segment `base`. Reads up to the length that it has now.
    pub(crate) fn open(path: &Path, base: Offset) -> io::Result<Self> {
        let disk = real_disk();
        let file = disk.open(path, Mode::Read)?;
        let length = disk.length(&file)?;
        Ok(Self {
            disk,
            file,
            base,
            limit: Offset(i64::MAX),
            length,
            position: 0,
            expected: base,
            buffer: Vec::new(),
            buffer_at: 0,
        })
    }

    /// All offsets are known to be below `limit`: a batch with others is damaged.
    pub(crate) fn below(mut self, limit: Option<Offset>) -> Self {
        self.limit = limit.unwrap_or(self.limit);
        self
    }

    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// The next piece, or `None` at the end of the file.
    pub(crate) fn next(&mut self) -> io::Result<Option<Piece>> {
        if self.length <= self.position {
            return Ok(None);
        }
        let (position, before) = (self.position, self.expected);
        let reason = match self.batch_at(position, before)? {
            Ok((header, bytes)) if self.fits_what_follows(position, &header, before)? => {
                self.expected = header.next_offset();
                self.position += header.size() as u64;
                return Ok(Some(Piece::Batch { position, header, bytes }));
            }
            Ok((header, _)) => {
                format!("its offset {} does not fit the batches around it", header.base_offset)
            }
            Err(reason) => reason,
        };
        let (end, next) = match self.find_after(position, before)? {
            Some((end, next)) => (end, Some(next)),
            None => (self.length, None),
        };
        self.position = end;
        Ok(Some(Piece::Damage { position, end, reason, next }))
    }

    /// A whole batch that begins at `position` and does not go back behind `expected`, or why there is none.
    fn batch_at(
        &mut self,
        position: u64,
        expected: Offset,
    ) -> io::Result<Result<(BatchHeader, Bytes), String>> {
        let header = match BatchHeader::parse(self.peek(position, HEADER_BYTES)?) {
            Ok(header) => header,
            Err(error) => return Ok(Err(error.to_string())),
        };
        if self.length - position < header.size() as u64 {
            let rest = self.length - position;
            return Ok(Err(format!("the batch has {} bytes, but only {rest} are there", header.size())));
        }
        let bytes = Bytes::copy_from_slice(&self.peek(position, header.size())?[..header.size()]);
        if let Err(error) = record::check_integrity(&bytes) {
            return Ok(Err(error.to_string()));
        }
        if let Some(misfit) = self.misfit(&header, expected) {
            return Ok(Err(misfit));
        }
        Ok(Ok((header, bytes)))
    }

    /// Whether the batch that follows this one, if it is a whole one, agrees with this one's offset rather than
    /// with `before`.
    fn fits_what_follows(&mut self, position: u64, header: &BatchHeader, before: Offset) -> io::Result<bool> {
        if header.base_offset == before {
            return Ok(true);
        }
        let next = position + header.size() as u64;
        if self.length <= next {
            return Ok(true);
        }
        match self.batch_at(next, before)? {
            Ok((next, _)) => Ok(header.next_offset() <= next.base_offset),
            Err(_) => Ok(true),
        }
    }

    /// The first batch that begins behind `position`, with its offset.
    fn find_after(&self, position: u64, expected: Offset) -> io::Result<Option<(u64, Offset)>> {
        let fits = |header: &BatchHeader| self.misfit(header, expected).is_none();
        let found = resync::batch_after(&*self.disk, &self.file, (position, self.length), &fits)?;
        Ok(found.map(|found| (found.position, found.header.base_offset)))
    }

    /// Why a batch with this header cannot be here.
    fn misfit(&self, header: &BatchHeader, expected: Offset) -> Option<String> {
        if header.base_offset < expected {
            return Some(format!("offset {} comes after {expected}", header.base_offset));
        }
        let relative = header.base_offset.0.saturating_sub(self.base.0);
        let is_possible = 0 <= header.last_offset_delta
            && relative.saturating_add(header.last_offset_delta.into()) <= RELATIVE_MAX;
        let is_here = is_possible && header.next_offset() <= self.limit;
        (!is_here).then(|| format!("offset {} cannot be in this segment", header.base_offset))
    }

    /// The bytes from `position` on, `wanted` of them or more if there are so many.
    fn peek(&mut self, position: u64, wanted: usize) -> io::Result<&[u8]> {
        let rest = usize::try_from(self.length - position).unwrap_or(usize::MAX);
        let wanted = wanted.min(rest);
        let buffered = self.buffer_at + self.buffer.len() as u64;
        if position < self.buffer_at || buffered < position + wanted as u64 {
            self.buffer.resize(rest.min(wanted.max(WINDOW_BYTES)), 0);
            self.disk.read_exact_at(&self.file, &mut self.buffer, position)?;
            self.buffer_at = position;
        }
        let start = usize::try_from(position - self.buffer_at).expect("the buffer is in memory");
        Ok(&self.buffer[start..])
    }
}

/// Offsets in a segment's index are relative to its base and have 31 bits.
const RELATIVE_MAX: i64 = i32::MAX as i64;
const WINDOW_BYTES: usize = 256 << 10;
