//! The two sparse indexes of a segment, in Kafka's formats, big-endian:
//!
//! ```text
//! .index      8 bytes: i32 offset of a batch's last record, relative to the segment; i32 position of the batch
//! .timeindex 12 bytes: i64 largest timestamp so far;  i32 relative last offset of the first batch that has it
//! ```
//!
//! Both are sorted and append-only. Entries of the active segment collect in memory and are written in
//! groups; after a crash they are made anew from the log, so they are never synced. Lookups read a few bytes
//! of the file and keep nothing: a partition that nobody reads costs no memory.

use super::names::Kind;
use super::place::Place;
use crate::disk::{Disk, Mode};
use ottla_base::{Offset, Timestamp};
use std::fs::File;
use std::io::{self, IoSlice};
use std::sync::Arc;

/// An entry of `.index`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OffsetEntry {
    /// Offset of the batch's last record, relative to the segment's base.
    pub(crate) relative: u32,
    /// Where the batch begins.
    pub(crate) position: u32,
}

/// An entry of `.timeindex`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TimeEntry {
    /// No record before the entry's offset is newer.
    pub(crate) timestamp: Timestamp,
    /// Last offset of the batch with that timestamp, relative to the segment's base.
    pub(crate) relative: u32,
}

/// An entry with a fixed size on disk.
pub(crate) trait Entry: Copy {
    const BYTES: usize;
    const KIND: Kind;
    fn put(self, into: &mut Vec<u8>);
    fn parse(bytes: &[u8]) -> Self;
}

impl Entry for OffsetEntry {
    const BYTES: usize = 8;
    const KIND: Kind = Kind::Index;

    fn put(self, into: &mut Vec<u8>) {
        into.extend_from_slice(&self.relative.to_be_bytes());
        into.extend_from_slice(&self.position.to_be_bytes());
    }

    fn parse(bytes: &[u8]) -> Self {
        Self { relative: number(&bytes[..4]), position: number(&bytes[4..8]) }
    }
}

impl Entry for TimeEntry {
    const BYTES: usize = 12;
    const KIND: Kind = Kind::TimeIndex;

    fn put(self, into: &mut Vec<u8>) {
        into.extend_from_slice(&self.timestamp.0.to_be_bytes());
        into.extend_from_slice(&self.relative.to_be_bytes());
    }

    fn parse(bytes: &[u8]) -> Self {
        let high = i64::from(number(&bytes[..4]));
        let low = i64::from(number(&bytes[4..8]));
        Self { timestamp: Timestamp((high << 32) | low), relative: number(&bytes[8..12]) }
    }
}

/// An index being written: what is in the file, and what is not yet.
#[derive(Debug)]
pub(crate) struct Growing<E> {
    /// Entries in the file.
    flushed: u32,
    pending: Vec<E>,
}

impl<E> Default for Growing<E> {
    fn default() -> Self {
        Self { flushed: 0, pending: Vec::new() }
    }
}

impl<E: Entry> Growing<E> {
    /// Goes on behind the entries that are in the file already.
    pub(crate) fn resume(place: &Place, base: Offset) -> io::Result<Self> {
        let length = match place.disk.metadata(&place.file(base, E::KIND)) {
            Ok(metadata) => metadata.length,
            Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
            Err(error) => return Err(error),
        };
        Ok(Self { flushed: u32::try_from(length / E::BYTES as u64).unwrap_or(u32::MAX), pending: Vec::new() })
    }

    /// Adds an entry in memory.
    pub(crate) fn push(&mut self, entry: E) {
        self.pending.push(entry);
    }

    pub(crate) fn pending(&self) -> &[E] {
        &self.pending
    }

    /// How many entries there are.
    pub(crate) fn len(&self) -> u32 {
        self.flushed + u32::try_from(self.pending.len()).expect("flushed every PENDING_MAX entries")
    }

    /// Whether another entry would pass `bytes_max`.
    pub(crate) fn is_full(&self, bytes_max: u32) -> bool {
        let entries = self.flushed as usize + self.pending.len();
        (bytes_max as usize) < (entries + 1) * E::BYTES
    }

    /// Whether so many entries wait that they should be written.
    pub(crate) fn is_due(&self) -> bool {
        PENDING_MAX <= self.pending.len()
    }

    /// Makes sure that there is a file, also if it stays empty: a missing one counts as lost.
    pub(crate) fn create(&self, place: &Place, base: Offset) -> io::Result<()> {
        if self.flushed == 0 && self.pending.is_empty() {
            place.disk.open(&place.file(base, E::KIND), Mode::Create)?;
        }
        Ok(())
    }

    /// Writes what waits to the file and frees its memory. After an error the entries still wait.
    pub(crate) fn flush(&mut self, place: &Place, base: Offset) -> io::Result<()> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let mut bytes = Vec::with_capacity(self.pending.len() * E::BYTES);
        self.pending.iter().for_each(|entry| entry.put(&mut bytes));
        let file = place.disk.open(&place.file(base, E::KIND), Mode::Create)?;
        let position = u64::from(self.flushed) * E::BYTES as u64;
        place.disk.write_all_at(&file, &mut [IoSlice::new(&bytes)], position)?;
        self.flushed += u32::try_from(self.pending.len()).expect("flushed every PENDING_MAX entries");
        self.pending = Vec::new();
        Ok(())
    }
}

/// Cuts an index after the entries that `keep` accepts, which recovery has reason to trust. What is left is
/// sorted, whatever was in the file.
pub(crate) fn truncate<E: Entry>(
    place: &Place,
    base: Offset,
    keep: impl Fn(Option<&E>, &E) -> bool,
) -> io::Result<()> {
    let path = place.file(base, E::KIND);
    let bytes = match place.disk.read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let (mut kept, mut before) = (0, None);
    for entry in bytes.chunks_exact(E::BYTES).map(E::parse) {
        if !keep(before.as_ref(), &entry) {
            break;
        }
        before = Some(entry);
        kept += E::BYTES;
    }
    if kept < bytes.len() {
        place.disk.set_len(&place.disk.open(&path, Mode::Write)?, kept as u64)?;
    }
    Ok(())
}

/// Looks for the last entry of the file for which `is_before` holds; `is_before` must hold for a prefix.
pub(crate) fn last_before<E: Entry>(
    disk: &dyn Disk,
    file: &File,
    is_before: impl Fn(&E) -> bool,
) -> io::Result<Option<E>> {
    let entries = disk.length(file)? / E::BYTES as u64;
    let (mut low, mut high) = (0, entries);
    // Halve by reading single entries until the rest fits one read.
    let mut entry = vec![0; E::BYTES];
    while BLOCK_ENTRIES < high - low {
        let middle = low + (high - low) / 2;
        disk.read_exact_at(file, &mut entry, middle * E::BYTES as u64)?;
        if is_before(&E::parse(&entry)) {
            low = middle;
        } else {
            high = middle;
        }
    }
    let mut block = vec![0; usize::try_from(high - low).expect("at most a block") * E::BYTES];
    disk.read_exact_at(file, &mut block, low * E::BYTES as u64)?;
    Ok(block.chunks_exact(E::BYTES).map(E::parse).take_while(|entry| is_before(entry)).last())
}

/// The last entry of the file.
pub(crate) fn last<E: Entry>(place: &Place, base: Offset) -> io::Result<Option<E>> {
    match open::<E>(place, base)? {
        None => Ok(None),
        Some(file) => last_before(place.disk, &file, |_| true),
    }
}

/// Opens an index for reading; `None` if there is no such file, which means that it has no entry.
pub(crate) fn open<E: Entry>(place: &Place, base: Offset) -> io::Result<Option<Arc<File>>> {
    match place.disk.open(&place.file(base, E::KIND), Mode::Read) {
        Ok(file) => Ok(Some(Arc::new(file))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn number(bytes: &[u8]) -> u32 {
    u32::from_be_bytes(bytes.try_into().expect("callers cut four bytes"))
}

/// Entries that are kept in memory before they are written: 1 KiB of `.index`, for 512 KiB of log.
const PENDING_MAX: usize = 128;
const BLOCK_ENTRIES: u64 = 512;

#[cfg(test)]
mod tests;
