//! Reads whole batches and checks them.

use crate::disk::Disk;
use ottla_wire::record::{self, BatchError, BatchHeader, HEADER_BYTES};
use std::fs::File;
use std::io;

/// Reads whole batches and checks them.
pub(super) struct Scan<'a> {
    disk: &'a dyn Disk,
    file: &'a File,
    pub(super) position: u64,
    limit: u64,
    /// It only grows: to clear what is read over next costs as much as to read it.
    buffer: Vec<u8>,
    /// How much of the buffer was read, and how much of that is behind the position.
    filled: usize,
    used: usize,
}

impl<'a> Scan<'a> {
    pub(super) fn new(disk: &'a dyn Disk, file: &'a File, position: u64, limit: u64) -> Self {
        Self { disk, file, position, limit, buffer: Vec::new(), filled: 0, used: 0 }
    }

    pub(super) fn next(&mut self) -> io::Result<Option<Result<BatchHeader, BatchError>>> {
        if self.limit <= self.position {
            return Ok(None);
        }
        let header = match BatchHeader::parse(self.peek(HEADER_BYTES)?) {
            Ok(header) => header,
            Err(error) => return Ok(Some(Err(error))),
        };
        let batch = self.peek(header.size())?;
        if batch.len() < header.size() {
            let reason = BatchError::TooShort { needed: header.size(), available: batch.len() };
            return Ok(Some(Err(reason)));
        }
        let checked = record::check_integrity(&batch[..header.size()]);
        if checked.is_ok() {
            self.used += header.size();
            self.position += header.size() as u64;
        }
        Ok(Some(checked))
    }

    /// The batch of `header`, which [`next`](Self::next) has just given.
    pub(super) fn last_batch(&self, header: &BatchHeader) -> &[u8] {
        &self.buffer[self.used - header.size()..self.used]
    }

    /// The bytes from the position on, `wanted` of them if there are so many.
    fn peek(&mut self, wanted: usize) -> io::Result<&[u8]> {
        let there = self.filled - self.used;
        if there < wanted {
            let rest = usize::try_from(self.limit - self.position).unwrap_or(usize::MAX);
            let length = rest.min(wanted.max(SCAN_BYTES));
            self.buffer.copy_within(self.used..self.filled, 0);
            (self.used, self.filled) = (0, there);
            self.buffer.resize(self.buffer.len().max(length), 0);
            let missing = &mut self.buffer[there..length];
            self.disk.read_exact_at(self.file, missing, self.position + there as u64)?;
            self.filled = length;
        }
        Ok(&self.buffer[self.used..self.filled])
    }
}

/// Whether a whole batch begins where the damaged one at `position` says that it ends.
pub(super) fn has_batch_after(disk: &dyn Disk, file: &File, position: u64, length: u64) -> io::Result<bool> {
    let mut prefix = [0; HEADER_BYTES];
    if length - position < HEADER_BYTES as u64 {
        return Ok(false);
    }
    disk.read_exact_at(file, &mut prefix, position)?;
    let Ok(header) = BatchHeader::parse(&prefix) else { return Ok(false) };
    let mut scan = Scan::new(disk, file, position + header.size() as u64, length);
    Ok(matches!(scan.next()?, Some(Ok(_))))
}

const SCAN_BYTES: usize = 256 << 10;
