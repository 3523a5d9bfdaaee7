//! Where the batches lie that scans have come by: what is acquired next is most often in them, and need not be looked for.
//!
//! These are hints. Nothing here keeps a file open, so that what retention and compaction replace is freed as ever; whoever
//! uses a spot asks the log whether the file is still its own, and looks the batch up if there is no spot for it.

use foldhash::HashMap;
use ottla_base::{Offset, PartitionId};
use ottla_coordinator::share_partition::{Id, Range};
use ottla_storage::{Log, ReadError};
use ottla_wire::record::{FileRegion, Placed, Region};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::fs::File;
use std::sync::{Arc, Weak};

/// The spots of all share-partitions of a broker.
#[derive(Debug, Default)]
pub(super) struct Spots(Mutex<All>);

#[derive(Debug, Default)]
struct All {
    /// By first offset of their batches.
    partitions: HashMap<Id, BTreeMap<Offset, Spot>>,
    /// How many there are, of all share-partitions.
    count: usize,
}

/// Where one batch lies.
#[derive(Clone, Debug)]
struct Spot {
    last: Offset,
    file: Weak<File>,
    position: u64,
    length: u32,
}

impl Spots {
    /// Remembers where batches lie. At the limit everything else is forgotten.
    pub(super) fn put(&self, id: &Id, placed: &[Placed]) {
        let spots: Vec<_> = placed.iter().filter_map(spot).collect();
        if spots.is_empty() {
            return;
        }
        let mut all = self.0.lock();
        if SPOTS_MAX < all.count + spots.len() {
            *all = All::default();
        }
        let All { partitions, count } = &mut *all;
        let known = match partitions.get_mut(id) {
            Some(known) => known,
            None => partitions.entry(id.clone()).or_default(),
        };
        let before = known.len();
        known.extend(spots);
        *count = *count + known.len() - before;
    }

    /// The spots of the batches that these ranges lie in, as far as they are known. Those that end in a range are
    /// forgotten: it is rare that their records are acquired once more.
    pub(super) fn take(&self, id: &Id, ranges: &[Range]) -> Known {
        let mut taken = Vec::new();
        let mut all = self.0.lock();
        let All { partitions, count } = &mut *all;
        let Some(known) = partitions.get_mut(id) else { return Known::default() };
        for range in ranges {
            let around = known.range(..range.first).next_back();
            let around = around.filter(|(_, spot)| range.first <= spot.last).map(|(first, _)| *first);
            let mut next = around.or_else(|| first_in(known, range));
            while let Some(first) = next {
                if known[&first].last <= range.last {
                    taken.extend(known.remove_entry(&first));
                    *count -= 1;
                } else {
                    taken.push((first, known[&first].clone()));
                    break;
                }
                next = first_in(known, range);
            }
        }
        if known.is_empty() {
            partitions.remove(id);
        }
        Known { spots: taken, current: None }
    }

    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        let all = self.0.lock();
        assert_eq!(all.count, all.partitions.values().map(BTreeMap::len).sum::<usize>());
        all.count
    }
}

fn first_in(known: &BTreeMap<Offset, Spot>, range: &Range) -> Option<Offset> {
    known.range(range.first..=range.last).next().map(|(first, _)| *first)
}

fn spot(placed: &Placed) -> Option<(Offset, Spot)> {
    let Region::File(FileRegion { file, position, length }) = &placed.region else { return None };
    let (position, length) = (*position, *length);
    let (first, last) = (placed.header.base_offset, placed.header.last_offset());
    Some((first, Spot { last, file: Arc::downgrade(file), position, length }))
}

/// Spots for one answer, ascending.
#[derive(Debug, Default)]
pub(super) struct Known {
    spots: Vec<(Offset, Spot)>,
    /// The file that the log was asked for last.
    current: Option<Arc<File>>,
}

impl Known {
    /// The batch that the offset is in, and the offset behind it, if it is known and there still.
    ///
    /// # Errors
    /// [`ReadError`], as for reading the log.
    pub(super) fn at(
        &mut self,
        log: &Log,
        partition: PartitionId,
        offset: Offset,
    ) -> Result<Option<(Region, Offset)>, ReadError> {
        let at = self.spots.partition_point(|(_, spot)| spot.last < offset);
        let Some((_, spot)) = self.spots.get(at).filter(|(first, _)| *first <= offset) else {
            return Ok(None);
        };
        let current = match self.current.take().filter(|file| spot.is_in(file)) {
            Some(current) => current,
            None => log.file_at(partition, offset)?,
        };
        let is_there = spot.is_in(&current);
        let file = Arc::clone(self.current.insert(current));
        let Spot { last, file: _, position, length } = *spot;
        Ok(is_there.then_some((Region::File(FileRegion { file, position, length }), last.plus(1))))
    }
}

impl Spot {
    /// The address stays taken as long as there is a spot, so that no other file has it.
    fn is_in(&self, file: &Arc<File>) -> bool {
        std::ptr::eq(Arc::as_ptr(file), self.file.as_ptr())
    }
}

/// Of all share-partitions; about 5 MB.
const SPOTS_MAX: usize = 50_000;

#[cfg(test)]
mod tests;
