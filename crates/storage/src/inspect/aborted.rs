//! The index of aborted transactions, and what of a log it must have.

use crate::local::facts;
use crate::local::index::Entry;
use crate::local::txnindex::AbortedEntry;
use crate::sequencer::PartitionProducers;
use bytes::Buf;
use ottla_base::{Offset, ProducerId, Timestamp};
use ottla_wire::record::{BatchHeader, MarkerKind};

/// An entry: a transaction that was aborted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AbortedIndexEntry {
    /// Whose.
    pub producer_id: ProducerId,
    /// Its first offset in the partition.
    pub first_offset: Offset,
    /// Where its marker is.
    pub last_offset: Offset,
    /// The last stable offset when the marker was written.
    pub last_stable_offset: Offset,
}

impl From<AbortedEntry> for AbortedIndexEntry {
    fn from(entry: AbortedEntry) -> Self {
        let AbortedEntry { producer, first, marker, last_stable } = entry;
        Self {
            producer_id: producer,
            first_offset: first,
            last_offset: marker,
            last_stable_offset: last_stable,
        }
    }
}

/// All entries of the bytes of the file of segment `base`, and the byte from which on it makes no sense.
pub(super) fn parse(bytes: &[u8], base: Offset) -> (Vec<AbortedEntry>, Option<u64>) {
    let mut found: Vec<AbortedEntry> = Vec::new();
    for (number, chunk) in bytes.chunks(AbortedEntry::BYTES).enumerate() {
        let wrong = (found.len(), Some((number * AbortedEntry::BYTES) as u64));
        let is_whole = chunk.len() == AbortedEntry::BYTES && (&chunk[..2]).get_i16() == 0;
        let entry = is_whole.then(|| AbortedEntry::parse(chunk));
        match entry.filter(|entry| entry.is_sound(base, found.last())) {
            Some(entry) => found.push(entry),
            None => return (found, wrong.1),
        }
    }
    (found, None)
}

/// Follows a log's transactions, to know which were aborted.
#[derive(Debug, Default)]
pub(super) struct Transactions(PartitionProducers);

impl Transactions {
    /// Takes a batch into account. Gives the transaction that it aborts, if its beginning was seen.
    pub(super) fn take(&mut self, header: &BatchHeader, batch: &[u8]) -> Option<AbortedEntry> {
        if !header.is_transactional() && !header.is_control() {
            return None;
        }
        let facts = facts::of_batch(header, batch);
        let ended = self.0.apply(&facts, header.base_offset, Timestamp::NONE)?.ended?;
        (ended.kind == MarkerKind::Abort).then(|| AbortedEntry::of(&ended))
    }
}
