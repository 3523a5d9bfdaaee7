//! What the reads of a segment leave behind for those that follow: consumers read on where they stopped, so that where a
//! read ends the next one begins.
//!
//! It belongs to one open file, whose bytes do not change as far as they may be read, and goes with it: when the handle
//! is closed, when compaction puts another segment in its place, when the segment is removed. So a position in here is
//! right for as long as anybody can ask. Beside the places the last block of the offset index is kept, which covers the
//! next reads too.

use super::index::Block;
use super::walk::Found;
use ottla_base::Offset;
use parking_lot::Mutex;

/// A batch, as a read needs to know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BatchAt {
    /// The first offset for which it is the batch to read: it or the gap before it begins there.
    pub(crate) from: Offset,
    pub(crate) base: Offset,
    /// The offset behind it.
    pub(crate) next: Offset,
    pub(crate) position: u32,
    /// The position behind it.
    pub(crate) end: u32,
}

/// What is known of a batch without having read it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Known {
    /// The offset behind the batch before it.
    From(Offset),
    /// Its last offset: an index entry leads to it.
    Last(Offset),
}

/// Where reads of a segment have ended lately.
#[derive(Debug, Default)]
pub(crate) struct Trail(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    places: Vec<BatchAt>,
    /// Which of them is the oldest, once there is no more room.
    oldest: usize,
    block: Block,
    /// The length of the index file, once it grows no more.
    index_bytes: Option<u64>,
}

impl BatchAt {
    /// A batch that was looked for.
    pub(crate) fn found(found: &Found) -> Self {
        Self::from(found.header.base_offset, found)
    }

    /// A batch that was come to, unless its header does not agree with what is known of it: no checksum covers the base
    /// offset, and a wrong one must not lead anybody astray who would not have come by.
    pub(crate) fn of(found: &Found, known: Known) -> Option<Self> {
        match known {
            Known::From(from) if from <= found.header.base_offset => Some(Self::from(from, found)),
            Known::Last(last) if last == found.header.last_offset() => Some(Self::found(found)),
            Known::From(_) | Known::Last(_) => None,
        }
    }

    fn from(from: Offset, found: &Found) -> Self {
        let place = |position| u32::try_from(position).expect("a segment has less than 4 GiB");
        let (base, next) = (found.header.base_offset, found.header.next_offset());
        Self { from, base, next, position: place(found.position), end: place(found.end()) }
    }
}

impl Trail {
    /// The batch to read for exactly this offset, if a read has ended before it.
    pub(crate) fn find(&self, from: Offset) -> Option<BatchAt> {
        self.0.lock().places.iter().find(|place| place.from == from).copied()
    }

    /// A read has ended before this batch.
    pub(crate) fn keep(&self, place: BatchAt) {
        let kept = &mut *self.0.lock();
        if kept.places.contains(&place) {
            return;
        }
        if kept.places.len() < PLACES_MAX {
            kept.places.push(place);
            return;
        }
        kept.places[kept.oldest] = place;
        kept.oldest = (kept.oldest + 1) % PLACES_MAX;
    }

    /// What was read of the index; whoever takes it brings it, or what he has read instead, back.
    pub(crate) fn take_block(&self) -> (Block, Option<u64>) {
        let mut kept = self.0.lock();
        (std::mem::take(&mut kept.block), kept.index_bytes)
    }

    /// Brings back what was taken.
    pub(crate) fn put_block(&self, block: Block) {
        self.0.lock().block = block;
    }

    /// The index file grows no more.
    pub(crate) fn note_index_bytes(&self, bytes: u64) {
        self.0.lock().index_bytes = Some(bytes);
    }
}

/// So many consumers at different places of a segment find theirs; 512 bytes for a segment that is read.
const PLACES_MAX: usize = 16;

#[cfg(test)]
mod tests;
