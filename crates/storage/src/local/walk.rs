//! Walks a log file from batch header to batch header, without reading the records between them.
//!
//! Headers come from a small buffer, so that a run of small batches costs one read; where batches are larger than it,
//! nothing but headers is read. Ends at `limit`, or at the first bytes that cannot be a batch.

use super::resync;
use crate::disk::Disk;
use ottla_wire::record::{BatchError, BatchHeader, HEADER_BYTES};
use std::fs::File;
use std::io;

/// A walk through `file[position..limit]`.
pub(crate) struct Walk<'a> {
    disk: &'a dyn Disk,
    file: &'a File,
    position: u64,
    limit: u64,
    buffer: Vec<u8>,
    /// Where in the file `buffer` begins.
    buffer_at: u64,
    chunk_bytes: usize,
    /// How large the next batch probably is: as large as the one before it.
    likely_bytes: usize,
}

/// A batch that the walk has come to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found {
    pub(crate) header: BatchHeader,
    pub(crate) position: u64,
}

impl Found {
    /// Position after the batch.
    pub(crate) fn end(&self) -> u64 {
        self.position + self.header.size() as u64
    }
}

/// Why a walk ended before its limit.
#[derive(Debug)]
pub(crate) enum WalkError {
    Io(io::Error),
    /// The bytes at `position` are no batch, or it is cut by the limit.
    NotABatch {
        position: u64,
        reason: BatchError,
    },
}

impl<'a> Walk<'a> {
    /// `position` must be the start of a batch, or `limit`.
    pub(crate) fn new(disk: &'a dyn Disk, file: &'a File, position: u64, limit: u64) -> Self {
        let buffer_at = position;
        let (buffer, chunk_bytes) = (Vec::new(), CHUNK_BYTES);
        Self { disk, file, position, limit, buffer, buffer_at, chunk_bytes, likely_bytes: 0 }
    }

    /// The first batch is probably of so many bytes.
    pub(crate) fn expecting(mut self, bytes: usize) -> Self {
        self.likely_bytes = bytes;
        self
    }

    /// Reads `bytes` ahead at a time; for walks that are long or meet only small batches.
    pub(crate) fn with_chunk(mut self, bytes: usize) -> Self {
        self.chunk_bytes = bytes.max(HEADER_BYTES);
        self
    }

    /// The next batch, or `None` at the limit.
    pub(crate) fn next(&mut self) -> Result<Option<Found>, WalkError> {
        let position = self.position;
        if self.limit <= position {
            return Ok(None);
        }
        let rest = self.limit - position;
        let wanted = usize::try_from(rest).unwrap_or(usize::MAX).min(HEADER_BYTES);
        let bytes = self.bytes_at(position, wanted).map_err(WalkError::Io)?;
        let header = BatchHeader::parse(bytes).map_err(|reason| WalkError::NotABatch { position, reason })?;
        if rest < header.size() as u64 {
            let available = usize::try_from(rest).unwrap_or(usize::MAX);
            let reason = BatchError::TooShort { needed: header.size(), available };
            return Err(WalkError::NotABatch { position, reason });
        }
        let found = Found { header, position };
        self.likely_bytes = header.size();
        self.position = found.end();
        Ok(Some(found))
    }

    /// Goes on behind the damage at `position`, with the first whole batch that `fits`, which the walk comes to next. Without
    /// one it stays where it is.
    pub(crate) fn pass_damage(
        &mut self,
        position: u64,
        fits: &dyn Fn(&BatchHeader) -> bool,
    ) -> io::Result<Option<Found>> {
        let behind = resync::batch_after(self.disk, self.file, (position, self.limit), fits)?;
        self.position = behind.as_ref().map_or(self.position, |behind| behind.position);
        Ok(behind)
    }

    fn bytes_at(&mut self, position: u64, wanted: usize) -> io::Result<&[u8]> {
        let end = position + wanted as u64;
        if position < self.buffer_at || self.buffer_at + (self.buffer.len() as u64) < end {
            let rest = usize::try_from(self.limit - position).unwrap_or(usize::MAX);
            let chunk_bytes = if self.likely_bytes < self.chunk_bytes { self.chunk_bytes } else { wanted };
            self.buffer.resize(rest.min(chunk_bytes), 0);
            self.disk.read_exact_at(self.file, &mut self.buffer, position)?;
            self.buffer_at = position;
        }
        let start = usize::try_from(position - self.buffer_at).expect("the buffer is in memory");
        Ok(&self.buffer[start..start + wanted])
    }
}

/// Reads the whole of a batch that a walk has found.
pub(crate) fn read_batch(disk: &dyn Disk, file: &File, found: &Found, into: &mut Vec<u8>) -> io::Result<()> {
    into.resize(found.header.size(), 0);
    disk.read_exact_at(file, into, found.position)
}

/// Enough for the batches between two index entries at the default interval.
const CHUNK_BYTES: usize = 4096 + HEADER_BYTES;
