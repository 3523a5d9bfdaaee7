//! Looks at a partition to see whether there is something to compact.

use super::choice::{LogFacts, SegmentFacts, Target};
use crate::local::partition::{Engine, Partition, State, Status};
use crate::local::walk::Walk;
use crate::local::{retention, search};
use ottla_base::{Now, Timestamp};
use std::io;

/// What could be compacted; `None` if nothing can, or may be.
pub(crate) fn survey(partition: &Partition, engine: &Engine, now: Now) -> io::Result<Option<Target>> {
    let mut state = partition.state.lock();
    let is_wanted = state.status == Status::Live && state.settings.cleanup.compact;
    if !is_wanted || state.compaction.claimed || now.tick < state.compaction.not_before {
        return Ok(None);
    }
    if state.settings.compaction.lag_ms_max < u64::MAX {
        roll_if_overdue(partition, engine, &mut state, now.wall)?;
    }
    if state.segments.len() == 1 {
        return Ok(None);
    }
    let mut facts = facts(partition, engine, &mut state);
    drop(state);
    if facts.lag_ms_max < u64::MAX {
        find_first_timestamps(partition, engine, &mut facts)?;
    }
    Ok(facts.target(now.wall))
}

/// A record must not escape its largest lag because nobody writes after it.
fn roll_if_overdue(
    partition: &Partition,
    engine: &Engine,
    state: &mut State,
    now: Timestamp,
) -> io::Result<()> {
    if state.segments.last().is_none_or(|active| active.size == 0) {
        return Ok(());
    }
    partition.resume_active(engine, state, now).map_err(|_| io::ErrorKind::InvalidData)?;
    let first = state.active.as_ref().and_then(|active| active.first()).unwrap_or(Timestamp::NONE);
    let age_ms = u64::try_from(now.0.saturating_sub(first.0)).unwrap_or(0);
    if Timestamp(0) < first && state.settings.compaction.lag_ms_max < age_ms {
        partition.roll(engine, state, now)?;
    }
    Ok(())
}

fn facts(partition: &Partition, engine: &Engine, state: &mut State) -> LogFacts {
    let settings = state.settings.compaction;
    let offsets = state.offsets();
    let mut segments = Vec::with_capacity(state.segments.len());
    for at in 0..state.segments.len() {
        let newest = match settings.lag_ms_min {
            0 => Timestamp::NONE,
            // One that cannot be read counts as young.
            _ => match search::newest(partition, engine, state, at) {
                Err(_) => Timestamp(i64::MAX),
                Ok(newest) if newest.timestamp == Timestamp::NONE => {
                    retention::modified(&partition.place(engine), state.segments[at].base)
                }
                Ok(newest) => newest.timestamp,
            },
        };
        let segment = &state.segments[at];
        segments.push(SegmentFacts {
            base: segment.base,
            bytes: segment.size,
            newest,
            first: Timestamp::NONE,
        });
    }
    LogFacts {
        log_start: offsets.log_start,
        last_stable: offsets.last_stable,
        end: offsets.end,
        compacted_to: state.compaction.compacted_to,
        segments,
        lag_ms_min: settings.lag_ms_min,
        lag_ms_max: settings.lag_ms_max,
        dirty_ratio_min: f64::from(settings.dirty_millionths_min) / 1e6,
    }
}

/// Reads the first batch header of every dirty segment but the active one.
fn find_first_timestamps(partition: &Partition, engine: &Engine, facts: &mut LogFacts) -> io::Result<()> {
    let first_dirty = facts.first_dirty();
    let from = facts.segments.partition_point(|segment| segment.base <= first_dirty).saturating_sub(1);
    let until = facts.segments.len() - 1;
    for segment in &mut facts.segments[from.min(until)..until] {
        let file = {
            let mut state = partition.state.lock();
            let found = state.segments.binary_search_by_key(&segment.base, |segment| segment.base);
            let Ok(at) = found else { continue };
            partition.open_log(engine, &mut state, at)?
        };
        // Damage is found by whoever compacts it.
        if let Ok(Some(found)) = Walk::new(&*engine.disk, &file, 0, segment.bytes.into()).next() {
            segment.first = found.header.max_timestamp;
        }
    }
    Ok(())
}
