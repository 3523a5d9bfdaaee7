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

    /// Bytes of the entries in the file.
    pub(crate) fn flushed_bytes(&self) -> u64 {
        u64::from(self.flushed) * E::BYTES as u64
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

/// Finds entries in so many bytes of a file, which do not change. What was read last is kept: two lookups that are near
/// each other cost one read.
#[derive(Debug)]
pub(crate) struct Lookup<'a> {
    disk: &'a dyn Disk,
    file: Arc<File>,
    bytes: u64,
    block: Block,
}

/// A part of an index file.
#[derive(Debug, Default)]
pub(crate) struct Block {
    bytes: Vec<u8>,
    /// Where in the file it begins.
    at: u64,
}

/// How far into a file something is to be expected.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Share {
    pub(crate) part: u64,
    pub(crate) whole: u64,
}

impl Share {
    pub(crate) const END: Self = Self { part: 1, whole: 1 };
    pub(crate) const UNKNOWN: Self = Self { part: 1, whole: 2 };

    fn of(self, bytes: u64) -> u64 {
        let part = u128::from(bytes) * u128::from(self.part) / u128::from(self.whole.max(1));
        u64::try_from(part).map_or(bytes, |part| part.min(bytes))
    }
}

impl<'a> Lookup<'a> {
    pub(crate) fn new(disk: &'a dyn Disk, file: Arc<File>) -> io::Result<Self> {
        let bytes = disk.length(&file)?;
        Ok(Self::with(disk, file, bytes, Block::default()))
    }

    /// Looks into the first `bytes` of the file, of which `block` was read before.
    pub(crate) fn with(disk: &'a dyn Disk, file: Arc<File>, bytes: u64, block: Block) -> Self {
        Self { disk, file, bytes, block }
    }

    /// What was read last.
    pub(crate) fn into_block(self) -> Block {
        self.block
    }

    /// The last entry for which `is_before` holds; it must hold for a prefix. Entries lie about evenly in the log, so
    /// that a look at where it is `likely` nearly always finds it; what is left otherwise is halved.
    pub(crate) fn last_before<E: Entry>(
        &mut self,
        likely: Share,
        is_before: impl Fn(&E) -> bool,
    ) -> io::Result<Option<E>> {
        let whole = |bytes: u64| bytes - bytes % E::BYTES as u64;
        // All entries up to the one at `low` are before, those from `high` on are not.
        let (mut low, mut high) = (0, whole(self.bytes));
        let mut likely = Some(likely.of(high));
        while low < high {
            let block = &self.block.bytes;
            let (first, last) = (self.block.at, self.block.at + block.len() as u64);
            if low < last && first < high {
                let before = entries_before(block, &is_before);
                match () {
                    () if before == 0 && low < first => high = first,
                    () if before * E::BYTES == block.len() && last < high => low = last - E::BYTES as u64,
                    () => return Ok(before.checked_sub(1).map(|at| E::parse(&block[at * E::BYTES..]))),
                }
            }
            let middle = likely.take().unwrap_or(low + (high - low) / 2);
            let from = whole(middle.saturating_sub(BLOCK_BYTES / 2));
            self.read(from.clamp(low, high.saturating_sub(BLOCK_BYTES).max(low)), high)?;
        }
        Ok(None)
    }

    fn read(&mut self, from: u64, until: u64) -> io::Result<()> {
        let length = (until - from).min(BLOCK_BYTES);
        let Block { bytes, at } = &mut self.block;
        *at = from;
        bytes.resize(usize::try_from(length).expect("at most a block"), 0);
        // After a failed read nothing is taken for the file.
        self.disk.read_exact_at(&self.file, bytes, from).inspect_err(|_| bytes.clear())
    }
}

/// For how many entries of `block`, from its start on, `is_before` holds.
fn entries_before<E: Entry>(block: &[u8], is_before: impl Fn(&E) -> bool) -> usize {
    let (mut low, mut high) = (0, block.len() / E::BYTES);
    while low < high {
        let middle = low + (high - low) / 2;
        if is_before(&E::parse(&block[middle * E::BYTES..])) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

/// The last entry of the file.
pub(crate) fn last<E: Entry>(place: &Place, base: Offset) -> io::Result<Option<E>> {
    match open::<E>(place, base)? {
        None => Ok(None),
        Some(file) => Lookup::new(place.disk, file)?.last_before(Share::END, |_: &E| true),
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
/// Read at once by a lookup: a multiple of each entry's size.
const BLOCK_BYTES: u64 = 512 * 12;

#[cfg(test)]
mod tests;
