//! Removes old segments: by age, by size, and those below a log start that was moved.
//!
//! Only whole segments below the recovery point go, and so below the high watermark. If all records are too old, the active segment is rolled
//! first, so that a partition always has one. A removed file gets another name at once and then goes to the
//! [`Graveyard`]; readers that have it open are not disturbed.

use super::graveyard::Graveyard;
use super::names::{self, Kind};
use super::partition::{Engine, Partition, State, Status};
use super::place::Place;
use super::search;
use super::segment::Segment;
use ottla_base::{Offset, Timestamp};
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// What is to be removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// Only what lies below the log start.
    Trimmed,
    /// Also what the settings no longer keep.
    Any,
}

/// What was removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Removed {
    /// How many segments went.
    pub(crate) segments: usize,
    /// Whether more will go when the recovery point has moved.
    pub(crate) wants_checkpoint: bool,
}

/// Removes old segments, as far as the recovery point: afterwards only a snapshot knows what producers wrote in them,
/// and below the recovery point snapshots are durable.
pub(crate) fn enforce(
    partition: &Partition,
    engine: &Engine,
    graveyard: &Graveyard,
    reason: Reason,
) -> io::Result<Removed> {
    let mut state = partition.state.lock();
    // While compaction puts a segment in place, files have other names. The next round will do.
    if state.status != Status::Live || state.compaction.swapping {
        return Ok(Removed::default());
    }
    let now = engine.env.now();
    let mut count = below_log_start(&state);
    if reason == Reason::Any && state.settings.cleanup.delete {
        count = count.max(too_old(partition, engine, &mut state, now.wall)).max(too_many_bytes(&state));
    }
    if count == 0 {
        return Ok(Removed::default());
    }
    if count == state.segments.len() {
        let last = state.segments.last().expect("a partition has a segment");
        if last.size == 0 {
            count -= 1;
        } else {
            partition.resume_active(engine, &mut state, now.wall).map_err(|_| io::ErrorKind::InvalidData)?;
            partition.roll(engine, &mut state, now.wall)?;
        }
    }
    let next_bases = state.segments.iter().skip(1).map(|next| next.base);
    let segments = next_bases.take(count).take_while(|base| *base <= state.recovery_point).count();
    let removed = Removed { segments, wants_checkpoint: segments < count };
    if segments == 0 {
        return Ok(removed);
    }
    let place = partition.place(engine);
    let due = now.tick + Duration::from_millis(state.settings.file_delete_delay_ms);
    let mut buried = Vec::new();
    let all_are = bury_first(&mut state, segments, &place, &mut buried);
    state.log_start = state.log_start.max(state.segments[0].base);
    drop(state);
    // Otherwise a power cut may bring the old names back, and nothing of the files may be cut: the next start removes them.
    place.sync()?;
    buried.into_iter().for_each(|(path, log)| graveyard.put_file(due, path, log));
    all_are.map(|()| removed)
}

/// A file's new name, and the handle by which somebody may read it.
type Buried = (PathBuf, Option<Arc<File>>);

/// Takes the oldest segments out of the log, each together with its files.
fn bury_first(state: &mut State, count: usize, place: &Place, buried: &mut Vec<Buried>) -> io::Result<()> {
    for _ in 0..count {
        bury(place, &state.segments[0], buried)?;
        let segment = state.segments.remove(0);
        state.forget_unsynced(&segment);
    }
    Ok(())
}

/// How many segments lie wholly below the log start.
fn below_log_start(state: &State) -> usize {
    state.segments.iter().skip(1).take_while(|next| next.base <= state.log_start).count()
}

/// How many of the oldest segments have only records that are older than the limit.
fn too_old(partition: &Partition, engine: &Engine, state: &mut State, now: Timestamp) -> usize {
    let Some(retention_ms) = state.settings.retention_ms else { return 0 };
    let mut count = 0;
    while count < state.segments.len() && is_below_high_watermark(state, count) {
        // A segment that cannot be read stays; so do all after it.
        let Ok(newest) = search::newest(partition, engine, state, count) else { break };
        let timestamp = match newest.timestamp {
            // Without timestamps the file's own time has to do.
            Timestamp::NONE => modified(&partition.place(engine), state.segments[count].base),
            timestamp => timestamp,
        };
        let age_ms = u64::try_from(now.0.saturating_sub(timestamp.0)).unwrap_or(0);
        if age_ms <= retention_ms || state.segments[count].size == 0 {
            break;
        }
        count += 1;
    }
    count
}

/// How many of the oldest segments can go while the rest still has the size to keep. What a power cut could take is not
/// counted, or the rest would be too small after it.
fn too_many_bytes(state: &State) -> usize {
    let Some(retention_bytes) = state.settings.retention_bytes else { return 0 };
    let mark = state.high_mark;
    let before = state.segments.iter().take_while(|segment| segment.base < mark.base);
    let visible = before.map(|segment| u64::from(segment.size)).sum::<u64>() + u64::from(mark.position);
    let mut excess = visible.saturating_sub(retention_bytes);
    let mut count = 0;
    while count < state.segments.len() && is_below_high_watermark(state, count) {
        let size = u64::from(state.segments[count].size);
        if size == 0 || excess < size {
            break;
        }
        excess -= size;
        count += 1;
    }
    count
}

fn is_below_high_watermark(state: &State, at: usize) -> bool {
    let next = state.segments.get(at + 1).map_or(state.end, |next| next.base);
    next <= state.high_watermark
}

pub(crate) fn modified(place: &Place, base: Offset) -> Timestamp {
    match place.disk.metadata(&place.log(base)) {
        Ok(metadata) if metadata.modified != Timestamp::NONE => metadata.modified,
        // An unknown age is no reason to delete.
        _ => Timestamp(i64::MAX),
    }
}

/// Renames a segment's files. The log goes last: until then it is a segment.
fn bury(place: &Place, segment: &Segment, buried: &mut Vec<Buried>) -> io::Result<()> {
    for kind in Kind::OF_SEGMENTS {
        let path = place.file(segment.base, kind);
        let mut new = path.clone().into_os_string();
        new.push(names::DELETED_FILE_SUFFIX);
        let new = PathBuf::from(new);
        match place.disk.rename(&path, &new) {
            Ok(()) => buried.push((new, if kind == Kind::Log { segment.file.clone() } else { None })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
