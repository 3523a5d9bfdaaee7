//! Finds which bytes of which file answer a read. The bytes themselves are not touched: the answer is a region
//! that the caller sends from the page cache.
//!
//! Readers at the end of the log find their position in memory (`tail`). Others look into the offset index and
//! walk the few batches behind its entry, outside the partition's lock.

use super::index::{self, Lookup, OffsetEntry, Share};
use super::names::Kind;
use super::partition::{Engine, Offsets, Partition, State, Status};
use super::place::Place;
use super::resync;
use super::txnindex;
use super::walk::{Found, Walk, WalkError};
use crate::error::ReadError;
use crate::log::{AbortedTransaction, ReadBound, ReadResult, Rest, WholeFirst};
use ottla_base::Offset;
use ottla_wire::record::{BatchError, BatchHeader, FileRegion, HEADER_BYTES, Records};
use std::cell::RefCell;
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request {
    pub(crate) from: Offset,
    pub(crate) bytes_max: usize,
    pub(crate) bound: ReadBound,
    pub(crate) whole_first: WholeFirst,
}

/// What of a segment may be looked at without the partition's lock.
pub(crate) struct View<'a> {
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
    is_damaged: bool,
    /// The index file; `None` if it has no entry.
    index: Option<Arc<File>>,
    lookup: RefCell<Option<Lookup<'a>>>,
    /// Index entries that are not in the file yet.
    pending: Vec<OffsetEntry>,
    place: Place<'a>,
}

/// A part of a segment that answers a read, an offset that none of its records reaches, and what is left behind it.
struct Part {
    region: FileRegion,
    upper: Offset,
    rest: Rest,
}

/// Answers a read.
pub(crate) fn read(
    partition: &Partition,
    engine: &Engine,
    mut request: Request,
) -> Result<ReadResult, ReadError> {
    let mut state = partition.state.lock();
    let offsets = check(partition, &state, request.from)?;
    let bound = bound_offset(&offsets, request.bound);
    let nothing =
        || ReadResult { records: Records::default(), offsets, aborted: Vec::new(), rest: Rest::Nothing };
    let answer =
        |part: Part, aborted| ReadResult { records: records(part.region), aborted, rest: part.rest, offsets };
    if bound <= request.from {
        return Ok(nothing());
    }
    let mut at = state.segment_of(request.from).expect("the log start lies in a segment");
    if let Some(part) = part_from_tail(partition, engine, &mut state, (at, bound), request)
        .map_err(|source| io_error(partition, engine, &state, at, source))?
    {
        let aborted = aborted(partition, engine, &state, (at, &part), request)?;
        return Ok(answer(part, aborted));
    }
    loop {
        let view = view(partition, engine, &mut state, at, bound)
            .map_err(|source| io_error(partition, engine, &state, at, source))?;
        drop(state);
        let mut part = match view.part(request, bound) {
            Err(error @ ReadError::Damaged { .. }) => {
                note_damage(partition, &view, &error);
                return Err(error);
            }
            other => other?,
        };
        if let Some(part) = part.take_if(|_| request.bound != ReadBound::LastStable) {
            return Ok(answer(part, Vec::new()));
        }
        state = partition.state.lock();
        if let Some(part) = part {
            check(partition, &state, request.from)?;
            if let Some(at) = view.find_again(&state) {
                let aborted = aborted(partition, engine, &state, (at, &part), request)?;
                return Ok(answer(part, aborted));
            }
            // Compaction has put another segment in its place, and what it knows of aborts fits that one.
            at = state.segment_of(request.from).expect("the log start lies in a segment");
            continue;
        }
        // Compaction may have left no batch between the offset and the next segment.
        let Some(next) = view.next.filter(|_| state.status != Status::Deleted) else { return Ok(nothing()) };
        if view.is_damaged && request.from < next {
            // Or these are the offsets that were damaged.
            let reason = BatchError::TooShort { needed: HEADER_BYTES, available: 0 };
            return Err(view.error(WalkError::NotABatch { position: view.limit, reason }));
        }
        request.from = request.from.max(next);
        // Not simply the next one: meanwhile compaction may have joined it to this one.
        let Some(found) = state.segment_of(request.from) else { return Ok(nothing()) };
        at = found;
    }
}

/// The file of the segment in which an offset lies.
pub(crate) fn file_at(
    partition: &Partition,
    engine: &Engine,
    offset: Offset,
) -> Result<Arc<File>, ReadError> {
    let mut state = partition.state.lock();
    check(partition, &state, offset)?;
    let at = state.segment_of(offset).expect("the log start lies in a segment");
    let opened = partition.open_log(engine, &mut state, at);
    opened.map_err(|source| io_error(partition, engine, &state, at, source))
}

/// From now on no read runs over the damage.
fn note_damage(partition: &Partition, view: &View, error: &ReadError) {
    let mut state = partition.state.lock();
    if let Some(at) = view.find_again(&state)
        && !std::mem::replace(&mut state.segments[at].damaged, true)
    {
        let (topic, index) = (&partition.topic, partition.id.index);
        tracing::error!(%topic, partition = %index, %error, "a log is damaged; 'ottla log repair' takes the damage out");
    }
}

/// The aborted transactions that overlap what is returned.
fn aborted(
    partition: &Partition,
    engine: &Engine,
    state: &State,
    (at, part): (usize, &Part),
    request: Request,
) -> Result<Vec<AbortedTransaction>, ReadError> {
    let mut found = Vec::new();
    if request.bound != ReadBound::LastStable || part.region.length == 0 {
        return Ok(found);
    }
    let place = partition.place(engine);
    let range = request.from..part.upper;
    for (at, segment) in state.segments.iter().enumerate().skip(at).filter(|(_, segment)| 0 < segment.aborted)
    {
        let pending = match &state.active {
            Some(active) if at + 1 == state.segments.len() => active.aborts.pending(),
            _ => &[],
        };
        let collected = txnindex::collect(&place, segment.base, pending, &range, &mut found);
        let path = || place.file(segment.base, Kind::TxnIndex);
        if collected.map_err(|source| ReadError::Io { path: path(), source })?.is_break() {
            break;
        }
    }
    Ok(found)
}

/// A segment up to `bound`, for readers of any kind.
pub(crate) fn view<'a>(
    partition: &Partition,
    engine: &'a Engine,
    state: &mut State,
    at: usize,
    bound: Offset,
) -> io::Result<View<'a>> {
    let file = partition.open_log(engine, state, at)?;
    let place = partition.place(engine);
    let is_active = at + 1 == state.segments.len();
    let pending = match &state.active {
        Some(active) if is_active => active.offsets.pending().to_vec(),
        _ => Vec::new(),
    };
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
        segment.index = index::open::<OffsetEntry>(&place, segment.base)?;
    }
    let (base, index, is_damaged) = (segment.base, segment.index.clone(), segment.damaged);
    let upper = next.map_or(bound, |next| next.min(bound));
    let end = next.unwrap_or(state.end);
    Ok(View {
        base,
        next,
        end,
        file,
        limit: limit.into(),
        exact,
        upper,
        is_damaged,
        index,
        lookup: RefCell::default(),
        pending,
        place,
    })
}

impl View<'_> {
    /// Where this segment is now; `None` if it is gone, another has taken its place, or its file was closed.
    fn find_again(&self, state: &State) -> Option<usize> {
        let at = state.segments.binary_search_by_key(&self.base, |segment| segment.base).ok()?;
        let is_same = state.segments[at].file.as_ref().is_some_and(|file| Arc::ptr_eq(file, &self.file));
        is_same.then_some(at)
    }

    /// The part that answers `request`; `None` if no batch here reaches its offset.
    fn part(&self, request: Request, bound: Offset) -> Result<Option<Part>, ReadError> {
        let Some(start) = self.locate(request.from)? else { return Ok(None) };
        if bound <= start.header.base_offset {
            return Ok(Some(Part { region: self.cut(0, 0), upper: bound, rest: Rest::Nothing }));
        }
        let (end, upper) = self.end_of(&start, request, bound)?;
        let rest = match () {
            () if bound <= upper => Rest::Nothing,
            () if self.next == Some(upper) => Rest::NextSegment,
            () => Rest::DidNotFit,
        };
        Ok(Some(Part { region: self.cut(start.position, end - start.position), upper, rest }))
    }

    fn cut(&self, position: u64, length: u64) -> FileRegion {
        let length = u32::try_from(length).expect("a segment has less than 4 GiB");
        FileRegion { file: self.file.clone(), position, length }
    }

    /// The first batch that ends at or after `offset`.
    pub(crate) fn locate(&self, offset: Offset) -> Result<Option<Found>, ReadError> {
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
        let (disk, file) = (self.place.disk, &*self.file);
        let mut walk = Walk::new(disk, file, position, self.limit);
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
            let behind = resync::batch_after(disk, file, (position, self.limit), &fits);
            match behind.map_err(WalkError::Io)? {
                Some(found) if found.header.base_offset <= offset => {
                    walk = Walk::new(disk, file, found.position, self.limit);
                }
                Some(_) | None => return Err(WalkError::NotABatch { position, reason }),
            }
        }
    }

    /// Where to stop, and an offset that is not reached: whole batches within the wished size that begin
    /// before `bound`.
    fn end_of(&self, start: &Found, request: Request, bound: Offset) -> Result<(u64, Offset), ReadError> {
        let target = start.position.saturating_add(request.bytes_max as u64);
        let first_end = match request.whole_first {
            WholeFirst::Yes => start.end(),
            WholeFirst::No if start.end() <= target => start.end(),
            WholeFirst::No => return Ok((start.position, start.header.base_offset)),
        };
        if self.is_damaged {
            // Neither the rest of the segment nor what an index entry skips is known to be whole.
            return self.walk_while_whole(first_end, target, bound).map_err(|error| self.error(error));
        }
        if self.limit <= target && self.exact {
            return Ok((self.limit, self.upper));
        }
        let relative = u32::try_from(bound.0 - self.base.0).unwrap_or(u32::MAX);
        let likely = Share { part: target.min(self.limit), whole: self.limit };
        let floor =
            self.floor(likely, |entry| u64::from(entry.position) <= target && entry.relative < relative)?;
        let from = first_end.max(floor);
        match self.walk_while_whole(from, target, bound) {
            // As in `locate`: the index does not fit the log.
            Err(WalkError::NotABatch { position, .. }) if position == floor => {
                self.walk_while_whole(first_end, target, bound)
            }
            other => other,
        }
        .map_err(|error| self.error(error))
    }

    /// The end of the last batch from `position` on that ends within `target` and begins before `bound`, and
    /// where the next one begins.
    fn walk_while_whole(
        &self,
        position: u64,
        target: u64,
        bound: Offset,
    ) -> Result<(u64, Offset), WalkError> {
        let mut end = position;
        let mut walk = Walk::new(self.place.disk, &self.file, position, self.limit);
        loop {
            match walk.next() {
                Ok(Some(found)) if target < found.end() || bound <= found.header.base_offset => {
                    return Ok((end, found.header.base_offset));
                }
                Ok(Some(found)) => end = found.end(),
                Ok(None) => return Ok((end, self.upper)),
                // Whoever reads on from there hears of it.
                Err(WalkError::NotABatch { .. }) if position < end || self.is_damaged => {
                    return Ok((end, self.upper));
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// How far into the segment an offset is to be expected.
    pub(crate) fn share_of(&self, relative: u32) -> Share {
        let whole = u64::try_from(self.end.0 - self.base.0).unwrap_or(0);
        Share { part: relative.into(), whole }
    }

    /// Position of the last index entry for which `is_before` holds, or the start.
    pub(crate) fn floor(
        &self,
        likely: Share,
        is_before: impl Fn(&OffsetEntry) -> bool,
    ) -> Result<u64, ReadError> {
        let is_usable = |entry: &OffsetEntry| u64::from(entry.position) < self.limit && is_before(entry);
        let pending = self.pending.partition_point(&is_usable);
        if let Some(last) = pending.checked_sub(1) {
            return Ok(u64::from(self.pending[last].position));
        }
        let entry = self.find(likely, is_usable).map_err(|error| self.error(WalkError::Io(error)))?;
        Ok(entry.map_or(0, |entry| u64::from(entry.position)))
    }

    fn find(
        &self,
        likely: Share,
        is_before: impl Fn(&OffsetEntry) -> bool,
    ) -> io::Result<Option<OffsetEntry>> {
        let Some(file) = &self.index else { return Ok(None) };
        let mut lookup = self.lookup.borrow_mut();
        if lookup.is_none() {
            *lookup = Some(Lookup::new(self.place.disk, file.clone())?);
        }
        lookup.as_mut().expect("made above").last_before(likely, is_before)
    }

    pub(crate) fn place(&self) -> &Place<'_> {
        &self.place
    }

    fn path(&self) -> PathBuf {
        self.place.log(self.base)
    }

    pub(crate) fn error(&self, error: WalkError) -> ReadError {
        let path = self.path();
        match error {
            WalkError::Io(source) => ReadError::Io { path, source },
            WalkError::NotABatch { position, reason } => ReadError::Damaged { path, position, reason },
        }
    }
}

/// The offsets now, if `from` may be read.
pub(crate) fn check(partition: &Partition, state: &State, from: Offset) -> Result<Offsets, ReadError> {
    if state.status == Status::Deleted {
        return Err(ReadError::NotFound(partition.id));
    }
    let offsets = state.offsets();
    if from < offsets.log_start || offsets.end < from {
        return Err(ReadError::OutOfRange { asked: from, log_start: offsets.log_start, end: offsets.end });
    }
    Ok(offsets)
}

/// The first offset that a read may not reach.
pub(crate) fn bound_offset(offsets: &Offsets, bound: ReadBound) -> Offset {
    match bound {
        ReadBound::HighWatermark => offsets.high_watermark,
        ReadBound::LastStable => offsets.last_stable,
        ReadBound::End => offsets.end,
    }
}

/// Answers from memory if the newest batches of the active segment are concerned; reads nothing.
fn part_from_tail(
    partition: &Partition,
    engine: &Engine,
    state: &mut State,
    (at, bound): (usize, Offset),
    request: Request,
) -> io::Result<Option<Part>> {
    if at + 1 != state.segments.len() {
        return Ok(None);
    }
    let Some(start) = state.tail.find(request.from) else { return Ok(None) };
    let limit = match bound {
        end if end == state.end => state.segments[at].size,
        high if high == state.high_watermark && state.high_mark.base == state.segments[at].base => {
            state.high_mark.position
        }
        other => match state.tail.find(other) {
            Some(position) => position,
            None => return Ok(None),
        },
    };
    let target = u64::from(start) + request.bytes_max as u64;
    let mut end = if u64::from(limit) <= target {
        limit
    } else {
        state.tail.boundary(target).expect("start is a boundary before it")
    };
    if end == start && request.whole_first == WholeFirst::Yes {
        end = state.tail.boundary_after(start.into()).unwrap_or(state.segments[at].size);
    }
    let file = partition.open_log(engine, state, at)?;
    let upper = state.tail.offset_at(end).unwrap_or(bound);
    let region = FileRegion { file, position: start.into(), length: end - start };
    let rest = if bound <= upper { Rest::Nothing } else { Rest::DidNotFit };
    Ok(Some(Part { region, upper, rest }))
}

fn records(region: FileRegion) -> Records {
    if region.length == 0 { Records::default() } else { region.into() }
}

fn io_error(
    partition: &Partition,
    engine: &Engine,
    state: &State,
    at: usize,
    source: io::Error,
) -> ReadError {
    ReadError::Io { path: partition.place(engine).log(state.segments[at].base), source }
}
