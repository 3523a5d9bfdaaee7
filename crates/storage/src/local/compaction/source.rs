//! Reads the segments that are compacted, batch by batch, with checksums.

use super::Stop;
use crate::disk::Disk;
use crate::local::partition::{Engine, Partition, Status};
use bytes::Bytes;
use ottla_base::Offset;
use ottla_wire::record::{self, BatchError, BatchHeader, HEADER_BYTES};
use std::fs::File;
use std::ops::Range;
use std::sync::Arc;

/// A segment to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Source {
    pub(crate) base: Offset,
    /// Where the next segment begins.
    pub(crate) next: Offset,
    pub(crate) bytes: u32,
}

impl Source {
    /// Opens the segment, if the log may still be compacted and has it.
    pub(crate) fn open(&self, partition: &Partition, engine: &Engine) -> Result<Reader, Stop> {
        let mut state = partition.state.lock();
        if state.status != Status::Live || !state.settings.cleanup.compact {
            return Err(Stop::Changed);
        }
        let at = state.segments.binary_search_by_key(&self.base, |segment| segment.base);
        let at = at.map_err(|_| Stop::Changed)?;
        let file = partition.open_log(engine, &mut state, at).map_err(Stop::io("opening a segment"))?;
        let (base, offsets) = (self.base, self.base..self.next);
        Ok(Reader { base, offsets, file, position: 0, limit: self.bytes.into(), chunk: Bytes::new() })
    }
}

/// Goes through a segment.
pub(crate) struct Reader {
    base: Offset,
    /// What the rest of the segment may have.
    offsets: Range<Offset>,
    file: Arc<File>,
    /// Where the next batch begins; the first byte of `chunk`.
    position: u64,
    limit: u64,
    chunk: Bytes,
}

impl Reader {
    /// The next batch, or `None` at the end. `chunk_bytes` are read at a time, or as many as a larger batch
    /// needs; what is read is added to `io_bytes`.
    pub(crate) fn next(
        &mut self,
        disk: &dyn Disk,
        chunk_bytes: usize,
        io_bytes: &mut u64,
    ) -> Result<Option<(BatchHeader, Bytes)>, Stop> {
        if self.limit <= self.position {
            return Ok(None);
        }
        self.fill(disk, (HEADER_BYTES, chunk_bytes), io_bytes)?;
        let header = BatchHeader::parse(&self.chunk).map_err(|reason| self.damaged(reason))?;
        self.fill(disk, (header.size(), chunk_bytes), io_bytes)?;
        if self.chunk.len() < header.size() {
            let available = self.chunk.len();
            return Err(self.damaged(BatchError::TooShort { needed: header.size(), available }));
        }
        let batch = self.chunk.split_to(header.size());
        record::check_integrity(&batch).map_err(|reason| self.damaged(reason))?;
        // The checksum does not cover the offset.
        if header.base_offset < self.offsets.start || self.offsets.end < header.next_offset() {
            let value = header.base_offset.0;
            return Err(self.damaged(BatchError::BadRange { field: "base offset", value }));
        }
        self.offsets.start = header.next_offset();
        self.position += header.size() as u64;
        Ok(Some((header, batch)))
    }

    /// Where the batch that was given last ends.
    pub(crate) fn damaged(&self, reason: BatchError) -> Stop {
        Stop::Damaged { base: self.base, position: self.position, reason }
    }

    /// Reads on unless `needed` bytes are there already.
    fn fill(
        &mut self,
        disk: &dyn Disk,
        (needed, chunk_bytes): (usize, usize),
        io_bytes: &mut u64,
    ) -> Result<(), Stop> {
        if needed <= self.chunk.len() {
            return Ok(());
        }
        let rest = usize::try_from(self.limit - self.position).unwrap_or(usize::MAX);
        let mut chunk = vec![0; rest.min(needed.max(chunk_bytes))];
        disk.read_exact_at(&self.file, &mut chunk, self.position).map_err(Stop::io("reading a segment"))?;
        *io_bytes += chunk.len() as u64;
        self.chunk = chunk.into();
        Ok(())
    }
}
