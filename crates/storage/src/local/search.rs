//! Finds records by time. Timestamps are the records' own and need not ascend.

use super::index::{self, Lookup, Share, TimeEntry};
use super::partition::{Engine, Partition, State};
use super::reader::{bound_offset, check};
use super::segment::Newest;
use super::view::{View, view};
use super::walk::{self, Found, Walk, WalkError};
use crate::error::ReadError;
use crate::log::{ReadBound, TimedOffset};
use bytes::Bytes;
use ottla_base::{Offset, Timestamp};
use ottla_wire::record::{self, TimestampType};

/// The first record below `bound` whose timestamp is `at` or later.
pub(crate) fn by_time(
    partition: &Partition,
    engine: &Engine,
    at: Timestamp,
    bound: ReadBound,
) -> Result<Option<TimedOffset>, ReadError> {
    let mut next = Some(Offset::NONE);
    while let Some(from) = next {
        let mut state = partition.state.lock();
        let log_start = state.log_start;
        let offsets = check(partition, &state, log_start)?;
        let bound = bound_offset(&offsets, bound);
        let place = place_of(&state, from);
        let base = state.segments[place].base;
        if bound <= base {
            break;
        }
        next = state.segments.get(place + 1).map(|segment| segment.base);
        if newest(partition, engine, &mut state, place)?.timestamp < at {
            continue;
        }
        let view = view(partition, engine, &mut state, place, bound)
            .map_err(|source| ReadError::Io { path: partition.place(engine).log(base), source })?;
        drop(state);
        if let Some(found) = view.by_time(at, log_start, bound)? {
            return Ok((found.offset < bound).then_some(found));
        }
    }
    Ok(None)
}

/// The record below `bound` with the largest timestamp, the first of them if there are several.
pub(crate) fn newest_record(
    partition: &Partition,
    engine: &Engine,
    bound: ReadBound,
) -> Result<Option<TimedOffset>, ReadError> {
    let mut newest_at = Timestamp::NONE;
    {
        let mut state = partition.state.lock();
        check(partition, &state, state.log_start)?;
        for at in 0..state.segments.len() {
            newest_at = newest_at.max(newest(partition, engine, &mut state, at)?.timestamp);
        }
    }
    if newest_at == Timestamp::NONE {
        return Ok(None);
    }
    match by_time(partition, engine, newest_at, bound)? {
        Some(found) => Ok(Some(found)),
        // The newest record is not visible or is trimmed: go through the headers of what is visible.
        None => newest_by_walk(partition, engine, bound),
    }
}

fn newest_by_walk(
    partition: &Partition,
    engine: &Engine,
    bound: ReadBound,
) -> Result<Option<TimedOffset>, ReadError> {
    let (mut best, mut next) = (None, Some(Offset::NONE));
    while let Some(from) = next {
        let mut state = partition.state.lock();
        let log_start = state.log_start;
        let offsets = check(partition, &state, log_start)?;
        let bound = bound_offset(&offsets, bound);
        let place = place_of(&state, from);
        let base = state.segments[place].base;
        if bound <= base {
            break;
        }
        next = state.segments.get(place + 1).map(|segment| segment.base);
        let view = view(partition, engine, &mut state, place, bound)
            .map_err(|source| ReadError::Io { path: partition.place(engine).log(base), source })?;
        drop(state);
        best = view.newest_record(best, log_start, bound)?;
    }
    Ok(best)
}

/// The segment with which to go on from `from`, the start of the one that came next a moment ago. It may begin earlier
/// by now, because compaction has joined it to the one before.
fn place_of(state: &State, from: Offset) -> usize {
    state.segment_of(from).unwrap_or(0)
}

/// The largest timestamp of a segment; read once from the end of its time index.
pub(crate) fn newest(
    partition: &Partition,
    engine: &Engine,
    state: &mut State,
    at: usize,
) -> Result<Newest, ReadError> {
    let path = partition.place(engine).log(state.segments[at].base);
    if at + 1 == state.segments.len() {
        let now = engine.env.now().wall;
        partition.resume_active(engine, state, now).map_err(|error| match error {
            WalkError::Io(source) => ReadError::Io { path, source },
            WalkError::NotABatch { position, reason } => ReadError::Damaged { path, position, reason },
        })?;
        return Ok(state.newest_of_active().expect("it was just resumed"));
    }
    let segment = &mut state.segments[at];
    if let Some(newest) = segment.newest {
        return Ok(newest);
    }
    let base = segment.base;
    let last = index::last::<TimeEntry>(&partition.place(engine), base)
        .map_err(|source| ReadError::Io { path, source })?;
    let newest = last.map_or(Newest::none(base), |entry| Newest {
        timestamp: entry.timestamp,
        offset: base.plus(i64::from(entry.relative)),
    });
    segment.newest = Some(newest);
    Ok(newest)
}

impl View<'_> {
    /// The first record of this segment from `log_start` on whose timestamp is `at` or later.
    fn by_time(
        &self,
        at: Timestamp,
        log_start: Offset,
        bound: Offset,
    ) -> Result<Option<TimedOffset>, ReadError> {
        let mut walk =
            Walk::new(self.disk(), &self.file, self.before(at)?, self.limit).with_chunk(LONG_WALK_BYTES);
        while let Some(found) = walk.next().map_err(|error| self.error(error))? {
            if bound <= found.header.base_offset {
                break;
            }
            if found.header.max_timestamp < at || found.header.last_offset() < log_start {
                continue;
            }
            if let Some(record) = self.record_in(&found, at, log_start)? {
                return Ok(Some(record));
            }
        }
        Ok(None)
    }

    /// The first record from `log_start` to `bound` that is newer than `best` and all others here.
    fn newest_record(
        &self,
        best: Option<TimedOffset>,
        log_start: Offset,
        bound: Offset,
    ) -> Result<Option<TimedOffset>, ReadError> {
        let mut best = best;
        let mut walk = Walk::new(self.disk(), &self.file, 0, self.limit).with_chunk(LONG_WALK_BYTES);
        while let Some(found) = walk.next().map_err(|error| self.error(error))? {
            let newest = best.map_or(Timestamp::NONE, |best| best.timestamp);
            let is_visible = log_start <= found.header.last_offset() && found.header.base_offset < bound;
            if !is_visible || found.header.max_timestamp <= newest {
                continue;
            }
            // One after the other, because the header's timestamp may be that of a trimmed record.
            while let Some(newer) = {
                let newest = best.map_or(Timestamp::NONE, |best| best.timestamp);
                self.record_in(&found, Timestamp(newest.0 + 1), log_start)?
            } {
                best = Some(newer);
            }
        }
        Ok(best)
    }

    /// A position before which no record is as new as `at`.
    fn before(&self, at: Timestamp) -> Result<u64, ReadError> {
        let file = index::open::<TimeEntry>(&self.place(), self.base);
        let Some(file) = file.map_err(|error| self.error(WalkError::Io(error)))? else { return Ok(0) };
        // All records up to the batch of this entry are older than `at`.
        let entry = Lookup::new(self.disk(), file)
            .and_then(|mut lookup| {
                lookup.last_before(Share::UNKNOWN, |entry: &TimeEntry| entry.timestamp < at)
            })
            .map_err(|error| self.error(WalkError::Io(error)))?;
        let Some(TimeEntry { relative, .. }) = entry else { return Ok(0) };
        self.floor(self.share_of(relative), |offset| offset.relative <= relative)
    }

    fn record_in(
        &self,
        found: &Found,
        at: Timestamp,
        log_start: Offset,
    ) -> Result<Option<TimedOffset>, ReadError> {
        let damaged = |reason| self.error(WalkError::NotABatch { position: found.position, reason });
        if found.header.max_timestamp < at {
            return Ok(None);
        }
        let is_whole = i64::from(found.header.record_count) == i64::from(found.header.last_offset_delta) + 1;
        if is_whole && found.header.timestamp_type() == TimestampType::LogAppendTime {
            let offset = found.header.base_offset.max(log_start);
            return Ok(Some(self.timed(found, offset, found.header.max_timestamp)));
        }
        let mut bytes = Vec::new();
        walk::read_batch(self.disk(), &self.file, found, &mut bytes)
            .map_err(|error| self.error(WalkError::Io(error)))?;
        for record in record::records(found.header, &Bytes::from(bytes)).map_err(damaged)? {
            let record = record.map_err(damaged)?;
            if at <= record.timestamp && log_start <= record.offset {
                return Ok(Some(self.timed(found, record.offset, record.timestamp)));
            }
        }
        Ok(None)
    }

    #[expect(clippy::unused_self, reason = "reads as what the view has found")]
    fn timed(&self, found: &Found, offset: Offset, timestamp: Timestamp) -> TimedOffset {
        TimedOffset { offset, timestamp, leader_epoch: found.header.partition_leader_epoch }
    }
}

/// A search by time passes many batches.
const LONG_WALK_BYTES: usize = 64 << 10;
