//! Opens one partition's directory.
//!
//! After a clean stop nothing is read: the checkpoint tells where the log ends. After a crash everything below
//! the recovery point is known to be on stable storage, and the rest is read, batch by batch:
//!
//! ```text
//!            recovery point                 first bytes that are no batch
//!                  |                                |
//!  [===== kept ====|== checked, indexed, replayed ==|xxx cut xxx
//! ```
//! Damage below the recovery point is something else than a torn write: then nothing is cut, the partition is
//! readable up to there, and takes no appends. So is damage before whole batches, if the machine has not stopped since
//! they were written (`hole`).
//!
//! Where the machine runs on and has failed no write (`run`), all of it is there. Then the recovery point stays where it
//! is, and what lies behind it is synced by whoever syncs next, as if the process that wrote it still ran. Otherwise the
//! page cache is compared with the disk (`cached`), and everything is durable before anybody is served.

mod aborted;
mod behind;
mod cached;
mod check;
mod cut;
mod epoch;
mod files;
mod fit;
mod hole;
mod replay;
mod scan;

use super::compaction::Standing;
use super::epochs::Epochs;
use super::facts;
use super::names::Kind;
use super::partition::{Engine, Mark, Partition, State, Status};
use super::place::Place;
use super::producers::Producers;
use super::segment::{self, Active, Segment};
use super::tail::Tail;
use super::unstable::Unstable;
use super::walk::{Walk, WalkError};
use crate::error::OpenError;
use crate::report::{Damage, RecoveryReport};
use crate::settings::LogSettings;
use check::Scanned;
use files::Files;
use ottla_base::{LeaderEpoch, Offset, PartitionId, Timestamp, TopicName};
use ottla_wire::record::BatchHeader;
use std::fs::File;
use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;

/// What is known of a partition before its directory is looked at.
pub(crate) struct Known {
    pub(crate) id: PartitionId,
    pub(crate) topic: TopicName,
    /// Below it everything is durable; the end of the log after a clean stop.
    pub(crate) recovery_point: Option<Offset>,
    /// Where it was trimmed.
    pub(crate) log_start: Option<Offset>,
    /// Up to where it was compacted.
    pub(crate) compacted_to: Option<Offset>,
    /// Whether the last stop was orderly.
    pub(crate) clean: bool,
    /// Whether all that was written is there, synced or not.
    pub(crate) intact: bool,
    /// Whether everything is made durable before anybody is served.
    pub(crate) is_settled: bool,
}

/// Opens the partition; what was unusual goes into the report.
pub(crate) fn open(
    engine: &Engine,
    known: Known,
    settings: LogSettings,
    report: &mut RecoveryReport,
) -> Result<Arc<Partition>, OpenError> {
    let place = &engine.place(&known.topic, known.id.index);
    let files = Files::list(place, &known)?;
    let now = engine.env.now().wall;
    let epochs = Epochs::load(place);
    let epochs = epochs.map_err(|error| OpenError::io("reading the leader epochs in", &place.path, error))?;
    let are_epochs_lost = epochs.is_none();
    let newest_epoch = epochs.as_ref().map_or(LeaderEpoch(i32::MAX), Epochs::newest);
    let mut state = State {
        settings,
        status: Status::Live,
        log_start: known.log_start.unwrap_or_default(),
        high_watermark: Offset::ZERO,
        high_mark: Mark { base: Offset::ZERO, position: 0 },
        end: Offset::ZERO,
        recovery_point: Offset::ZERO,
        epochs: epochs.unwrap_or_else(Epochs::first),
        segments: files.segments,
        active: None,
        tail: Tail::default(),
        producers: Producers::with_snapshots(files.snapshots),
        unstable: Unstable::default(),
        compaction: Standing { compacted_to: known.compacted_to, ..Standing::default() },
        queued_in: 0,
        unsynced: Vec::new(),
        is_inherited: false,
        is_cut_back: false,
        directory_unsynced: false,
    };
    if state.segments.is_empty() {
        let base = state.log_start;
        segment::create_log(place, base).map_err(|error| OpenError::io("creating", &place.path, error))?;
        state.segments.push(Segment::new(base, 0));
    }
    let first = state.segments[0].base;
    state.log_start = state.log_start.max(first);
    let mut recovery = Recovery {
        place,
        known: &known,
        state: &mut state,
        report,
        now,
        replayed_to: first,
        newest_epoch,
        jump: None,
    };
    if are_epochs_lost {
        recovery.read_epochs()?;
    }
    let recovery_point = known.recovery_point.unwrap_or(first).max(first);
    let cuts_before = recovery.report.cuts.len();
    match known.recovery_point.filter(|end| known.clean && recovery.may_end_at(*end)) {
        Some(end) => recovery.trust(end, &files.indexes)?,
        None => {
            recovery.check(recovery_point, &files.indexes)?;
            // Files that have come and gone meanwhile.
            recovery.state.directory_unsynced = !known.is_settled;
        }
    }
    let was_cut = cuts_before < report.cuts.len();
    if state.end < state.log_start {
        start_over(place, &mut state).map_err(|error| OpenError::io("emptying", &place.path, error))?;
    }
    serve_from_here(&known, &mut state, (recovery_point, was_cut));
    Ok(Partition::new(known.id, known.topic, state))
}

/// The log was checked from `recovery_point` on, and goes on where it ends.
fn serve_from_here(known: &Known, state: &mut State, (recovery_point, was_cut): (Offset, bool)) {
    state.high_watermark = state.end;
    state.high_mark = state.end_mark();
    state.recovery_point = match state.status {
        Status::Live if known.is_settled => state.end,
        Status::Live => recovery_point.min(state.end),
        // So that the damage is found again until somebody has repaired it.
        Status::Failed | Status::Deleted => known.recovery_point.unwrap_or(state.end),
    };
    state.is_inherited = !known.is_settled && state.recovery_point < state.end;
    state.is_cut_back = !known.is_settled && was_cut;
}

struct Recovery<'a> {
    place: &'a Place<'a>,
    known: &'a Known,
    state: &'a mut State,
    report: &'a mut RecoveryReport,
    now: Timestamp,
    /// Up to here the producers' batches are taken into account already.
    replayed_to: Offset,
    /// No batch has been written in a later one.
    newest_epoch: LeaderEpoch,
    /// The last batch of this segment before which offsets are missing: where it begins, and what was expected.
    jump: Option<(u64, Offset)>,
}

impl Recovery<'_> {
    /// Whether a log with these segments can end at `end`.
    fn may_end_at(&self, end: Offset) -> bool {
        let last = self.state.segments.last().expect("open has made one");
        if last.size == 0 { end == last.base } else { last.base < end }
    }

    /// After a clean stop.
    fn trust(&mut self, end: Offset, indexes: &[(Offset, Kind)]) -> Result<(), OpenError> {
        self.state.end = end;
        self.load_aborted(self.state.segments.len(), None, indexes)?;
        for at in 0..self.state.segments.len() {
            if !has_indexes(&self.state.segments[at], indexes) {
                self.rebuild_indexes(at)?;
            }
        }
        let replay_from = self.load_producers(end)?;
        self.replay(replay_from, end)
    }

    fn rebuild_indexes(&mut self, at: usize) -> Result<(), OpenError> {
        let Segment { base, size, .. } = self.state.segments[at];
        // Removed, not emptied: if the log cannot be read, the next start must not take empty ones for whole.
        for kind in [Kind::Index, Kind::TimeIndex] {
            let removed = self.place.disk.remove_file_if_any(&self.place.file(base, kind));
            removed.map_err(|error| self.failed("removing the indexes in", error))?;
        }
        let segment = Segment::new(base, 0);
        let mut active = Active::new(base, self.now, 0);
        let file = self.open_log(base)?;
        let mut walk = Walk::new(self.place.disk, &file, 0, size.into());
        while let Some(found) = walk.next().map_err(|error| self.walk_failed(base, error))? {
            let position = u32::try_from(found.position).expect("inside a segment");
            active.note(&segment, &found.header, position, self.state.settings.index_interval_bytes);
        }
        active.finish(self.place, base).map_err(|error| self.failed("writing", error))?;
        self.report.indexes_rebuilt += 1;
        Ok(())
    }

    /// After a crash.
    fn check(&mut self, recovery_point: Offset, indexes: &[(Offset, Kind)]) -> Result<(), OpenError> {
        let first = self.state.segment_of(recovery_point).unwrap_or(0);
        self.load_aborted(first + 1, Some(recovery_point), indexes)?;
        // A segment that was rolled right at the recovery point wrote the ends of its indexes after that was synced.
        let rolled = first.checked_sub(1).filter(|_| self.state.segments[first].base == recovery_point);
        for at in 0..first {
            if !has_indexes(&self.state.segments[at], indexes) {
                self.rebuild_indexes(at)?;
            } else if rolled == Some(at) {
                self.rebuild_indexes(at)?;
                self.report.indexes_rebuilt -= 1;
            }
        }
        // Without indexes, the segment with the recovery point is read from its start, which makes them.
        let start = match &self.state.segments[first] {
            segment if has_indexes(segment, indexes) => recovery_point,
            segment => segment.base,
        };
        self.replayed_to = recovery_point;
        let replay_from = self.load_producers(recovery_point)?;
        self.state.end = self.state.segments[first].base;
        self.replay(replay_from, recovery_point)?;
        if self.check_segments(first, start, recovery_point)?.is_break() {
            return Ok(());
        }
        if self.state.end < recovery_point {
            self.damaged(recovery_point, "the log ends before what was known to be durable");
            return Ok(());
        }
        let base = self.last().base;
        if let Some(active) = &mut self.state.active {
            let saved = active.save(self.place, base);
            saved.map_err(|error| OpenError::io("writing the indexes in", &self.place.path, error))?;
        }
        if self.known.intact {
            // Nothing is gone that anybody can have seen, and the recovery point stays.
            return Ok(());
        }
        self.report.doubted.push((self.known.topic.clone(), self.known.id.index));
        self.save_producers()?;
        self.begin_epoch()
    }

    /// Checks the segments from `first` on, from the batch at `start` on. Breaks if what was known to be durable is
    /// damaged, and all is said about it.
    fn check_segments(
        &mut self,
        first: usize,
        start: Offset,
        recovery_point: Offset,
    ) -> Result<ControlFlow<()>, OpenError> {
        let later = self.state.segments.split_off(first + 1);
        let mut next = Some(self.state.segments.pop().expect("it was just found"));
        let mut later = later.into_iter();
        while let Some(segment) = next.take() {
            let (base, length) = (segment.base, segment.size);
            if length == 0 && base < self.state.end {
                // Left by a roll that did not happen.
                self.remove_empty(base)?;
                next = later.next();
                continue;
            }
            if recovery_point <= self.state.end && self.state.end < base {
                if !self.may_have_holes() {
                    self.end_before(std::iter::once(segment).chain(later))?;
                    break;
                }
                self.leave_hole(base, "the segment before it ends too early");
                self.state.segments.iter_mut().last().into_iter().for_each(|before| before.damaged = true);
            }
            let from = start.max(base);
            let is_active = later.len() == 0;
            match self.check_segment(base, length, from, is_active)? {
                Scanned::Whole => next = later.next(),
                Scanned::Damaged { position, reason } => {
                    if self.state.end < recovery_point {
                        self.damaged(recovery_point, &reason);
                        self.keep_behind((position, length), later, recovery_point)?;
                        return Ok(ControlFlow::Break(()));
                    }
                    let follows = later.as_slice().iter().find(|segment| 0 < segment.size);
                    if let Some(follows) = follows.filter(|_| self.may_have_holes()) {
                        self.leave_hole(follows.base, &reason);
                        self.last().damaged = true;
                        self.seal_last()?;
                        self.state.end = self.state.end.max(follows.base);
                        next = later.next();
                        continue;
                    }
                    self.cut(base, (position, length), &reason)?;
                    for lost in later {
                        self.set_aside(&lost, &reason)?;
                    }
                    break;
                }
            }
            let (end, holes) = (self.state.end, self.may_have_holes());
            if next
                .as_ref()
                .is_some_and(|next| next.base == end || (0 < next.size && (holes || next.base < end)))
            {
                self.seal_last()?;
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn last(&mut self) -> &mut Segment {
        self.state.segments.last_mut().expect("a partition has a segment")
    }

    fn take(&mut self, header: &BatchHeader, batch: &[u8]) {
        self.state.epochs.assign(header.partition_leader_epoch, header.base_offset);
        self.state.note(header);
        if self.replayed_to <= header.base_offset {
            let facts = facts::of_batch(header, batch);
            let applied = self.state.producers.apply(&facts, header.base_offset, self.now);
            if let Some(ended) = applied.and_then(|applied| applied.ended) {
                self.state.note_ended(&ended);
            }
        }
    }

    /// Ends the last segment, because another one follows.
    fn seal_last(&mut self) -> Result<(), OpenError> {
        let newest = self.state.newest_of_active();
        let base = self.last().base;
        self.last().newest = newest;
        if let Some(mut active) = self.state.active.take() {
            active.finish(self.place, base).map_err(|error| self.failed("writing the indexes in", error))?;
        }
        self.state.tail.clear();
        Ok(())
    }

    fn damaged(&mut self, durable_to: Offset, reason: &str) {
        let (topic, partition) = (self.known.topic.clone(), self.known.id.index);
        let readable_to = self.state.end;
        tracing::error!(%topic, %partition, %readable_to, %durable_to, reason, "a log is damaged");
        self.state.status = Status::Failed;
        let reason = reason.to_owned();
        self.report.damages.push(Damage { topic, partition, readable_to, durable_to, reason });
    }

    fn open_log(&self, base: Offset) -> Result<Arc<File>, OpenError> {
        segment::open_log(self.place, base)
            .map_err(|error| OpenError::io("opening", self.place.log(base), error))
    }

    fn failed(&self, doing: &'static str, error: io::Error) -> OpenError {
        OpenError::io(doing, &self.place.path, error)
    }

    fn walk_failed(&self, base: Offset, error: WalkError) -> OpenError {
        let path = self.place.log(base);
        match error {
            WalkError::Io(error) => OpenError::io("reading", path, error),
            WalkError::NotABatch { position, reason } => {
                OpenError::Damaged { path, reason: format!("byte {position}: {reason}") }
            }
        }
    }
}

/// The log ends before its start, because a power cut took what was not synced. Offsets never go back: the
/// log goes on, empty, at its start. With damage below the recovery point, nothing is touched.
fn start_over(place: &Place, state: &mut State) -> io::Result<()> {
    if state.status != Status::Live {
        state.log_start = state.end;
        return Ok(());
    }
    for segment in state.segments.drain(..) {
        for kind in Kind::INDEXES.into_iter().chain([Kind::Log]) {
            place.disk.remove_file_if_any(&place.file(segment.base, kind))?;
        }
    }
    segment::create_log(place, state.log_start)?;
    state.segments.push(Segment::new(state.log_start, 0));
    state.end = state.log_start;
    state.active = None;
    state.tail.clear();
    Ok(())
}

/// Whether both index files of the segment are there and have a possible length.
fn has_indexes(segment: &Segment, indexes: &[(Offset, Kind)]) -> bool {
    let is_whole = |kind| indexes.contains(&(segment.base, kind));
    segment.size == 0 || (is_whole(Kind::Index) && is_whole(Kind::TimeIndex))
}
