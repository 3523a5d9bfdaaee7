//! Finds which bytes of which file answer a read. The bytes themselves are not touched: the answer is a region
//! that the caller sends from the page cache.
//!
//! Readers at the end of the log find their position in memory (`tail`). Others look for it outside the partition's
//! lock (`view`).

use super::names::Kind;
use super::partition::{Engine, Offsets, Partition, State, Status};
use super::txnindex;
use super::view::{Part, View, view};
use super::walk::WalkError;
use crate::error::ReadError;
use crate::log::{AbortedTransaction, ReadBound, ReadResult, Rest, WholeFirst};
use ottla_base::Offset;
use ottla_wire::record::{BatchError, FileRegion, HEADER_BYTES, Records};
use std::fs::File;
use std::io;
use std::sync::Arc;

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request {
    pub(crate) from: Offset,
    pub(crate) bytes_max: usize,
    pub(crate) bound: ReadBound,
    pub(crate) whole_first: WholeFirst,
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
        // What was aborted before a stable offset was known when the segment was looked at.
        if let Some(part) = part.take_if(|_| request.bound != ReadBound::LastStable || !view.has_aborts) {
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
