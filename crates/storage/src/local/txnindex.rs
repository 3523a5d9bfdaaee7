//! The index of aborted transactions of a segment, in Kafka's format, big-endian:
//!
//! ```text
//! .txnindex  34 bytes: i16 version = 0; i64 producer id; i64 offset of the transaction's first record;
//!                      i64 offset of its marker; i64 last stable offset when the marker was written
//! ```
//! The entries of a segment are the aborts whose *markers* lie in it, so they ascend by marker; the
//! transactions may have begun in earlier segments. A reader of committed records is told those that overlap
//! what it gets, and drops their records itself.
//!
//! As with the other indexes, entries of the active segment collect in memory, and after a crash what was not
//! durable is made anew from the log. Every segment has a file, mostly an empty one: without one nobody could
//! tell a lost file from a segment without aborts, and would hand out aborted records as committed.

use super::index::{self, Entry};
use super::names::Kind;
use super::place::Place;
use crate::log::AbortedTransaction;
use crate::sequencer::EndedTransaction;
use bytes::{Buf, BufMut};
use ottla_base::{Offset, ProducerId};
use std::fs::File;
use std::io;
use std::ops::{ControlFlow, Range};

/// One aborted transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AbortedEntry {
    pub(crate) producer: ProducerId,
    /// Offset of its first record.
    pub(crate) first: Offset,
    /// Offset of its marker.
    pub(crate) marker: Offset,
    /// All transactions that began below it had ended when the marker was written.
    pub(crate) last_stable: Offset,
}

impl AbortedEntry {
    /// The entry of a transaction that was aborted.
    pub(crate) fn of(ended: &EndedTransaction) -> Self {
        let EndedTransaction { producer, first, marker, kind: _, last_stable } = *ended;
        Self { producer, first, marker, last_stable }
    }

    /// Whether it can follow `before` in the index of a segment that begins at `base`.
    pub(crate) fn is_sound(&self, base: Offset, before: Option<&Self>) -> bool {
        base <= self.marker
            && Offset::ZERO <= self.first
            && self.first < self.marker
            && before.is_none_or(|before| before.marker < self.marker)
    }
}

impl Entry for AbortedEntry {
    const BYTES: usize = 34;
    const KIND: Kind = Kind::TxnIndex;

    fn put(self, into: &mut Vec<u8>) {
        into.put_i16(VERSION);
        into.put_i64(self.producer.0);
        into.put_i64(self.first.0);
        into.put_i64(self.marker.0);
        into.put_i64(self.last_stable.0);
    }

    fn parse(bytes: &[u8]) -> Self {
        let mut rest = &bytes[2..];
        // Struct fields are evaluated in the order written, which is the order in the file.
        Self {
            producer: ProducerId(rest.get_i64()),
            first: Offset(rest.get_i64()),
            marker: Offset(rest.get_i64()),
            last_stable: Offset(rest.get_i64()),
        }
    }
}

/// The entries of a segment's file; `None` if it is missing or cannot be what was written.
///
/// With `durable_to`, only entries of markers below it are known to be durable, and only they are given: what a
/// power cut has left behind them may be anything.
pub(crate) fn load(
    place: &Place,
    base: Offset,
    durable_to: Option<Offset>,
) -> io::Result<Option<Vec<AbortedEntry>>> {
    let bytes = match place.disk.read(&place.file(base, Kind::TxnIndex)) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut entries: Vec<AbortedEntry> = Vec::new();
    for (at, chunk) in bytes.chunks(AbortedEntry::BYTES).enumerate() {
        match parse_whole(chunk).filter(|entry| entry.is_sound(base, entries.last())) {
            Some(entry) if durable_to.is_none_or(|durable_to| entry.marker < durable_to) => {
                entries.push(entry)
            }
            Some(_) => break,
            None => {
                let behind = bytes[at * AbortedEntry::BYTES..].chunks(AbortedEntry::BYTES);
                let is_torn = durable_to.is_some_and(|durable_to| {
                    !behind.filter_map(parse_whole).any(|entry| (base..durable_to).contains(&entry.marker))
                });
                return Ok(is_torn.then_some(entries));
            }
        }
    }
    Ok(Some(entries))
}

fn parse_whole(chunk: &[u8]) -> Option<AbortedEntry> {
    let is_ours = chunk.len() == AbortedEntry::BYTES && chunk.starts_with(&VERSION.to_be_bytes());
    is_ours.then(|| AbortedEntry::parse(chunk))
}

/// Replaces a segment's file, without a sync.
pub(crate) fn write(place: &Place, base: Offset, entries: &[AbortedEntry]) -> io::Result<()> {
    let mut bytes = Vec::with_capacity(entries.len() * AbortedEntry::BYTES);
    entries.iter().for_each(|entry| entry.put(&mut bytes));
    place.disk.write(&place.file(base, Kind::TxnIndex), &bytes)?;
    Ok(())
}

/// Adds the transactions of a segment that overlap the offsets of `range`; `pending` are entries that are not
/// in the file yet. Breaks if later segments have none that do.
pub(crate) fn collect(
    place: &Place,
    base: Offset,
    pending: &[AbortedEntry],
    range: &Range<Offset>,
    into: &mut Vec<AbortedTransaction>,
) -> io::Result<ControlFlow<()>> {
    if let Some(file) = index::open::<AbortedEntry>(place, base)? {
        let mut at = first_reaching(place, &file, range.start)?;
        let entries = place.disk.length(&file)? / AbortedEntry::BYTES as u64;
        while at < entries {
            let block = read_block(place, &file, at, entries)?;
            if take(&block, range, into).is_break() {
                return Ok(ControlFlow::Break(()));
            }
            at += block.len() as u64;
        }
    }
    let from = pending.partition_point(|entry| entry.marker < range.start);
    Ok(take(&pending[from..], range, into))
}

fn take(
    entries: &[AbortedEntry],
    range: &Range<Offset>,
    into: &mut Vec<AbortedTransaction>,
) -> ControlFlow<()> {
    for entry in entries {
        if entry.first < range.end {
            into.push(AbortedTransaction { producer: entry.producer, first_offset: entry.first });
        }
        if range.end <= entry.last_stable {
            return ControlFlow::Break(());
        }
    }
    ControlFlow::Continue(())
}

/// The number of the first entry whose marker is at `offset` or later.
fn first_reaching(place: &Place, file: &File, offset: Offset) -> io::Result<u64> {
    let (mut low, mut high) = (0, place.disk.length(file)? / AbortedEntry::BYTES as u64);
    while low < high {
        let middle = low + (high - low) / 2;
        if read_block(place, file, middle, middle + 1)?[0].marker < offset {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(low)
}

fn read_block(place: &Place, file: &File, from: u64, to: u64) -> io::Result<Vec<AbortedEntry>> {
    let count = usize::try_from((to - from).min(BLOCK_ENTRIES)).expect("a block is small");
    let mut bytes = vec![0; count * AbortedEntry::BYTES];
    place.disk.read_exact_at(file, &mut bytes, from * AbortedEntry::BYTES as u64)?;
    Ok(bytes.chunks_exact(AbortedEntry::BYTES).map(AbortedEntry::parse).collect())
}

const VERSION: i16 = 0;
const BLOCK_ENTRIES: u64 = 128;

#[cfg(test)]
mod tests;
