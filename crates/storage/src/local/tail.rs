//! Where the newest batches of a partition begin, in memory: consumers at the end of a log find their
//! position without reading anything.
//!
//! ```text
//! active segment  [ … older … | b0 | b1 | b2 | b3 )  end
//! entries                       ^    ^    ^    ^        (offset, position), at most ENTRIES_MAX
//! ```
//! Invariant: the entries are consecutive batches up to the end of the active segment.

use ottla_base::Offset;
use std::collections::VecDeque;

#[derive(Debug, Default)]
pub(crate) struct Tail {
    entries: VecDeque<(Offset, u32)>,
}

impl Tail {
    /// A batch was appended at the end.
    pub(crate) fn push(&mut self, base_offset: Offset, position: u32) {
        debug_assert!(self.entries.back().is_none_or(|(last, _)| *last < base_offset));
        if self.entries.len() == ENTRIES_MAX {
            self.entries.pop_front();
        }
        self.entries.push_back((base_offset, position));
    }

    /// The batch that contains `offset`, if it is among the newest: the last one that begins at or before it.
    pub(crate) fn find(&self, offset: Offset) -> Option<u32> {
        let after = self.entries.partition_point(|(base, _)| *base <= offset);
        Some(self.entries[after.checked_sub(1)?].1)
    }

    /// The first offset of the batch that begins at `position`, if it is among the newest.
    pub(crate) fn offset_at(&self, position: u32) -> Option<Offset> {
        let at = self.entries.binary_search_by_key(&position, |(_, start)| *start).ok()?;
        Some(self.entries[at].0)
    }

    /// The last start of a batch at or before `position`, if it is among the newest.
    pub(crate) fn boundary(&self, position: u64) -> Option<u32> {
        let after = self.entries.partition_point(|(_, start)| u64::from(*start) <= position);
        Some(self.entries[after.checked_sub(1)?].1)
    }

    /// The first start of a batch after `position`, if both it and one at or before are among the newest.
    pub(crate) fn boundary_after(&self, position: u64) -> Option<u32> {
        let after = self.entries.partition_point(|(_, start)| u64::from(*start) <= position);
        self.entries.get(after).filter(|_| 0 < after).map(|(_, start)| *start)
    }

    /// Forgets everything and gives the memory back: a new segment has begun, or nobody writes any more.
    pub(crate) fn clear(&mut self) {
        self.entries = VecDeque::new();
    }
}

/// 128 batches of 16 bytes: 2 KiB for a partition that is written to.
const ENTRIES_MAX: usize = 128;
