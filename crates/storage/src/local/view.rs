//! What of a segment may be looked at without the partition's lock, and how an offset and an end are found in it: where
//! the last reads ended (`trail`), or else in the offset index and the few batches behind its entry.

mod indexed;

use super::index::{self, Lookup, OffsetEntry, Share};
use super::partition::{Engine, Partition, State};
use super::place::Place;
use super::reader::Request;
use super::trail::{BatchAt, Known, Trail};
use super::walk::{Found, Walk, WalkError};
use crate::disk::Disk;
use crate::error::ReadError;
use crate::log::{Rest, WholeFirst};
use indexed::Length;
use ottla_base::Offset;
use ottla_wire::record::{BatchError, BatchHeader, FileRegion};
use std::cell::RefCell;
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

/// A segment as it is at one time, for whoever does not hold the partition's lock.
pub(crate) struct View<'a> {
    partition: &'a Partition,
    engine: &'a Engine,
    pub(crate) base: Offset,
    /// Where the next segment begins; `None` behind the last one.
    pub(crate) next: Option<Offset>,
    /// No offset in here reaches it.
    end: Offset,
    pub(crate) file: Arc<File>,
    /// Bytes of whole batches that may be read; a boundary between batches.
    pub(crate) limit: u64,
    /// All batches up to `limit` are below the bound.
    exact: bool,
    /// The bound, or the end of the segment if that is before it.
    upper: Offset,
    /// Some of its bytes are known to be no batch.
    pub(crate) is_damaged: bool,
    /// Transactions have been aborted by markers in this segment or behind it.
    pub(crate) has_aborts: bool,
    trail: Arc<Trail>,
    /// The index file; `None` if it has no entry.
    index: Option<Arc<File>>,
    index_length: Length,
    lookup: RefCell<Option<Lookup<'a>>>,
    /// Index entries that are not in the file yet.
    pending: Vec<OffsetEntry>,
}

/// A part of a segment that answers a read, an offset that none of its records reaches, and what is left behind it.
pub(crate) struct Part {
    pub(crate) region: FileRegion,
    pub(crate) upper: Offset,
    pub(crate) rest: Rest,
}

/// Where a part ends.
struct End {
    position: u64,
    upper: Offset,
    /// The batch behind it, if it was looked at.
    behind: Option<BatchAt>,
}

/// A segment up to `bound`, for readers of any kind.
pub(crate) fn view<'a>(
    partition: &'a Partition,
    engine: &'a Engine,
    state: &mut State,
    at: usize,
    bound: Offset,
) -> io::Result<View<'a>> {
    let file = partition.open_log(engine, state, at)?;
    let is_active = at + 1 == state.segments.len();
    let (pending, index_length) = match &state.active {
        _ if !is_active => (Vec::new(), Length::Final),
        Some(active) => (active.offsets.pending().to_vec(), Length::Known(active.offsets.flushed_bytes())),
        None => (Vec::new(), Length::Now),
    };
    let has_aborts = state.segments[at..].iter().any(|segment| 0 < segment.aborted);
    let (high_watermark, mark) = (state.high_watermark, state.high_mark);
    let next = state.segments.get(at + 1).map(|next| next.base);
    let exact = high_watermark <= bound || next.is_some_and(|next| next <= bound);
    let segment = &mut state.segments[at];
    // A bound above the high watermark is the end of the log; one below it is cut when its batch is met.
    let limit = match () {
        () if high_watermark < bound || segment.base < mark.base => segment.size,
        () if segment.base == mark.base => mark.position,
        () => 0,
    };
    if segment.index.is_none() {
        segment.index = index::open::<OffsetEntry>(&partition.place(engine), segment.base)?;
        if segment.index.is_some() {
            partition.adopt(engine, segment.base);
        }
    }
    let (base, index, is_damaged) = (segment.base, segment.index.clone(), segment.damaged);
    let trail = Arc::clone(segment.trail.get_or_insert_default());
    let upper = next.map_or(bound, |next| next.min(bound));
    let end = next.unwrap_or(state.end);
    Ok(View {
        partition,
        engine,
        base,
        next,
        end,
        file,
        limit: limit.into(),
        exact,
        upper,
        is_damaged,
        has_aborts,
        trail,
        index,
        index_length,
        lookup: RefCell::default(),
        pending,
    })
}

impl<'a> View<'a> {
    /// Where this segment is now; `None` if it is gone, another has taken its place, or its file was closed.
    pub(crate) fn find_again(&self, state: &State) -> Option<usize> {
        let at = state.segments.binary_search_by_key(&self.base, |segment| segment.base).ok()?;
        let is_same = state.segments[at].file.as_ref().is_some_and(|file| Arc::ptr_eq(file, &self.file));
        is_same.then_some(at)
    }

    /// The part that answers `request`; `None` if no batch here reaches its offset.
    pub(crate) fn part(&self, request: Request, bound: Offset) -> Result<Option<Part>, ReadError> {
        let Some(start) = self.start(request.from)? else { return Ok(None) };
        if bound <= start.base {
            return Ok(Some(Part { region: self.cut(0, 0), upper: bound, rest: Rest::Nothing }));
        }
        let End { position: end, upper, behind } = self.end_of(&start, request, bound)?;
        // As in `walk_to`: a base offset behind the end is damage, of which its own reader shall hear.
        if let Some(behind) = behind.filter(|behind| behind.base < self.end) {
            self.trail.keep(behind);
        }
        let rest = match () {
            () if bound <= upper => Rest::Nothing,
            () if self.next == Some(upper) => Rest::NextSegment,
            () => Rest::DidNotFit,
        };
        let position = u64::from(start.position);
        Ok(Some(Part { region: self.cut(position, end - position), upper, rest }))
    }

    /// The first batch that ends at or after `offset`, found where a read has ended or looked for.
    fn start(&self, offset: Offset) -> Result<Option<BatchAt>, ReadError> {
        // In damaged bytes nothing is relied on but what is read now.
        let kept = if self.is_damaged { None } else { self.trail.find(offset) };
        if let Some(batch) = kept.filter(|batch| u64::from(batch.end) <= self.limit) {
            return Ok(Some(batch));
        }
        Ok(self.locate(offset)?.map(|found| BatchAt::found(&found)))
    }

    fn cut(&self, position: u64, length: u64) -> FileRegion {
        let length = u32::try_from(length).expect("a segment has less than 4 GiB");
        FileRegion { file: self.file.clone(), position, length }
    }

    /// The first batch that ends at or after `offset`.
    fn locate(&self, offset: Offset) -> Result<Option<Found>, ReadError> {
        // Before the base: the offset lies in a gap behind the segment before this one.
        let relative = u32::try_from((offset.0 - self.base.0).max(0)).unwrap_or(u32::MAX);
        let floor = self.floor(self.share_of(relative), |entry| entry.relative <= relative)?;
        let found = self.walk_to(floor, offset);
        let is_wrong = match &found {
            Err(WalkError::NotABatch { position, .. }) => *position == floor,
            // A right entry leads to a batch that begins at the offset or before it.
            Ok(Some(found)) => found.position == floor && offset < found.header.base_offset,
            Ok(None) | Err(WalkError::Io(_)) => false,
        };
        if is_wrong && 0 < floor {
            // The index does not fit the log. It only saves time, so that the answer is still right.
            tracing::warn!(path = %self.path().display(), "an index entry is wrong; reading from the start");
            return self.walk_to(0, offset).map_err(|error| self.error(error));
        }
        found.map_err(|error| self.error(error))
    }

    /// The first batch from `position` on that ends at or after `offset`. Damaged bytes on the way do not matter if
    /// the batch behind them begins at the offset or before it; otherwise the offset may lie in them.
    fn walk_to(&self, position: u64, offset: Offset) -> Result<Option<Found>, WalkError> {
        let mut walk = Walk::new(self.disk(), &self.file, position, self.limit);
        loop {
            let (position, reason) = match walk.next() {
                // No checksum covers it.
                Ok(Some(found)) if self.end <= found.header.base_offset => {
                    let value = found.header.base_offset.0;
                    (found.position, BatchError::BadRange { field: "base offset", value })
                }
                Ok(Some(found)) if found.header.last_offset() < offset => continue,
                Err(WalkError::NotABatch { position, reason }) => (position, reason),
                other => return other,
            };
            let fits = |header: &BatchHeader| self.base <= header.base_offset;
            match walk.pass_damage(position, &fits).map_err(WalkError::Io)? {
                Some(behind) if behind.header.base_offset <= offset => {}
                Some(_) | None => return Err(WalkError::NotABatch { position, reason }),
            }
        }
    }

    /// Where to stop, and an offset that is not reached: whole batches within the wished size that begin
    /// before `bound`.
    fn end_of(&self, start: &BatchAt, request: Request, bound: Offset) -> Result<End, ReadError> {
        let position = u64::from(start.position);
        let first_end = u64::from(start.end);
        let target = position.saturating_add(request.bytes_max as u64);
        if request.whole_first == WholeFirst::No && target < first_end {
            return Ok(End { position, upper: start.base, behind: None });
        }
        let behind_first = Known::From(start.next);
        if self.is_damaged {
            // Neither the rest of the segment nor what an index entry skips is known to be whole.
            let end = self.walk_while_whole(start, (first_end, behind_first), target, bound);
            return end.map_err(|error| self.error(error));
        }
        if self.limit <= target && self.exact {
            return Ok(End { position: self.limit, upper: self.upper, behind: None });
        }
        let relative = u32::try_from(bound.0 - self.base.0).unwrap_or(u32::MAX);
        let likely = Share { part: target.min(self.limit), whole: self.limit };
        let is_before =
            |entry: &OffsetEntry| u64::from(entry.position) <= target && entry.relative < relative;
        let entry = self.last_entry(likely, is_before)?;
        let indexed = entry
            .map(|entry| (u64::from(entry.position), Known::Last(self.base.plus(i64::from(entry.relative)))));
        let from = indexed.filter(|(floor, _)| first_end < *floor).unwrap_or((first_end, behind_first));
        match self.walk_while_whole(start, from, target, bound) {
            // As in `locate`: the index does not fit the log.
            Err(WalkError::NotABatch { position, .. }) if first_end < position && position == from.0 => {
                self.walk_while_whole(start, (first_end, behind_first), target, bound)
            }
            other => other,
        }
        .map_err(|error| self.error(error))
    }

    /// The end of the last batch, from the one at `position` on, that ends within `target` and begins before `bound`.
    /// The batches are probably as large as the one at `start`.
    fn walk_while_whole(
        &self,
        start: &BatchAt,
        (position, mut known): (u64, Known),
        target: u64,
        bound: Offset,
    ) -> Result<End, WalkError> {
        let mut end = position;
        let likely_bytes = (start.end - start.position) as usize;
        let mut walk = Walk::new(self.disk(), &self.file, position, self.limit).expecting(likely_bytes);
        loop {
            match walk.next() {
                Ok(Some(found)) if target < found.end() || bound <= found.header.base_offset => {
                    let behind = BatchAt::of(&found, known);
                    return Ok(End { position: end, upper: found.header.base_offset, behind });
                }
                Ok(Some(found)) => {
                    end = found.end();
                    known = Known::From(found.header.next_offset());
                }
                Ok(None) => return Ok(End { position: end, upper: self.upper, behind: None }),
                // Whoever reads on from there hears of it.
                Err(WalkError::NotABatch { .. }) if position < end || self.is_damaged => {
                    return Ok(End { position: end, upper: self.upper, behind: None });
                }
                Err(error) => return Err(error),
            }
        }
    }

    pub(crate) fn disk(&self) -> &'a dyn Disk {
        &*self.engine.disk
    }

    pub(crate) fn place(&self) -> Place<'a> {
        self.partition.place(self.engine)
    }

    fn path(&self) -> PathBuf {
        self.place().log(self.base)
    }

    pub(crate) fn error(&self, error: WalkError) -> ReadError {
        let path = self.path();
        match error {
            WalkError::Io(source) => ReadError::Io { path, source },
            WalkError::NotABatch { position, reason } => ReadError::Damaged { path, position, reason },
        }
    }
}

impl Drop for View<'_> {
    fn drop(&mut self) {
        if let Some(lookup) = self.lookup.take() {
            self.trail.put_block(lookup.into_block());
        }
    }
}
