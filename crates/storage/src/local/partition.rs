//! One partition: its segments, its offsets, its producers, behind one short lock.
//!
//! ```text
//!   log start        last stable   high watermark            end
//!       |                 |              |                    |
//!  -----[=================|==============|~~~~~~~~~~~~~~~~~~~~)
//!    gone   readable       open transactions   written, not yet durable
//! ```
//! Invariants: `log_start ≤ last_stable ≤ high_watermark ≤ end`; the high watermark never passes what is
//! durable under the partition's setting; segments are sorted and never empty of entries; only the last grows.

use super::compaction::Standing;
use super::epochs::Epochs;
use super::handles::Handles;
use super::names;
use super::offline::Offline;
use super::place::Place;
use super::producers::Producers;
use super::run::{Run, Turn};
use super::segment::{self, Active, Newest, Segment};
use super::tail::Tail;
use super::unstable::Unstable;
use super::walk::WalkError;
use crate::disk::{Disk, Mode};
use crate::settings::{Durability, LogSettings};
use ottla_base::{Env, LeaderEpoch, Offset, PartitionId, PartitionIndex, Timestamp, TopicName};
use parking_lot::Mutex;
use std::collections::HashSet;
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

/// A partition's offsets, read together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offsets {
    /// The first offset that can be read.
    pub log_start: Offset,
    /// The first offset that consumers cannot see yet.
    pub high_watermark: Offset,
    /// The first offset of the oldest transaction that is open or whose marker is not below the high
    /// watermark; the high watermark if there is none.
    pub last_stable: Offset,
    /// The offset after the last record.
    pub end: Offset,
    /// The newest leader epoch.
    pub leader_epoch: LeaderEpoch,
}

/// Where an offset lies: a segment and a byte in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Mark {
    pub(crate) base: Offset,
    pub(crate) position: u32,
}

/// The data directory, open since before the first write and once for each who syncs the whole file system:
/// each hears of every failure, and none hears it in place of another.
#[derive(Debug)]
pub(crate) struct Roots {
    pub(crate) commits: File,
    pub(crate) checkpoints: File,
    pub(crate) creations: File,
}

/// What partitions share.
pub(crate) struct Engine {
    pub(crate) data: PathBuf,
    pub(crate) roots: Roots,
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) env: Arc<dyn Env>,
    pub(crate) handles: Handles,
    /// Partitions that are gone and that the checkpoints may still speak of, by name. One that is made anew under
    /// such a name must not find them there: it would be taken for a damaged one.
    pub(crate) gone: Mutex<HashSet<(TopicName, PartitionIndex)>>,
    /// Partitions that are here and could not be opened.
    pub(crate) offline: Offline,
    /// A sync of everything has failed. What it lost is unknown, and no later one tells.
    pub(crate) has_lost_writes: AtomicBool,
    pub(crate) run: Run,
}

#[derive(Debug)]
pub(crate) struct Partition {
    pub(crate) id: PartitionId,
    pub(crate) topic: TopicName,
    pub(crate) state: Mutex<State>,
    /// For the handle cache, which must not keep a deleted partition alive.
    me: Weak<Partition>,
}

/// Whether a partition can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Live,
    /// A write or sync failed: the end of the log is unknown until it is opened anew. Reads go on.
    Failed,
    Deleted,
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) settings: LogSettings,
    pub(crate) status: Status,
    pub(crate) log_start: Offset,
    pub(crate) high_watermark: Offset,
    /// Where the high watermark lies.
    pub(crate) high_mark: Mark,
    pub(crate) end: Offset,
    /// Below it, all log and index bytes are known to be on stable storage.
    pub(crate) recovery_point: Offset,
    pub(crate) epochs: Epochs,
    pub(crate) segments: Vec<Segment>,
    /// `None` until the first append after a start.
    pub(crate) active: Option<Box<Active>>,
    pub(crate) tail: Tail,
    pub(crate) producers: Producers,
    pub(crate) unstable: Unstable,
    pub(crate) compaction: Standing,
    /// The sync group that this partition waits in.
    pub(crate) queued_in: u64,
    /// Logs of segments that were rolled with bytes that no sync has covered.
    pub(crate) unsynced: Vec<Arc<File>>,
    /// What lies behind the recovery point comes from an earlier process, and no sync of the logs by this one has told that
    /// it is well. A sync of the whole file system does not: the earlier one may have died with its answer.
    pub(crate) is_inherited: bool,
    /// The active log was cut back, after a failed write or a start, and no sync has covered that.
    pub(crate) is_cut_back: bool,
    /// Files were created or removed since the directory's last sync.
    pub(crate) directory_unsynced: bool,
}

/// What a sync has to cover, taken under the lock.
pub(crate) struct Capture {
    pub(crate) files: Vec<Arc<File>>,
    pub(crate) directory: bool,
    /// Only a sync of each file tells what became of it.
    pub(crate) is_inherited: bool,
    pub(crate) end: Offset,
    pub(crate) mark: Mark,
}

impl Engine {
    /// Where the partition lies.
    pub(crate) fn place(&self, topic: &TopicName, index: PartitionIndex) -> Place<'_> {
        Place::new(&*self.disk, self.data.join(names::directory(topic, index)))
    }

    /// Makes everything that is written durable, for whoever is about to note so in a checkpoint. Once it has failed it
    /// fails until the directory is opened anew: the kernel tells of a lost page once, and a sync that succeeds
    /// afterwards only pretends. The checkpoints stay where they are, so that the next start looks.
    pub(crate) fn sync_everything(&self) -> io::Result<()> {
        if self.has_lost_writes.load(Ordering::Acquire) {
            return Err(io::Error::other("an earlier sync has failed: restart, so that the log is checked"));
        }
        let synced = self.disk.sync_file_system(&self.roots.checkpoints);
        synced.inspect_err(|_| {
            self.has_lost_writes.store(true, Ordering::Release);
            self.run.doubt();
        })
    }
}

impl Partition {
    pub(crate) fn new(id: PartitionId, topic: TopicName, state: State) -> Arc<Self> {
        Arc::new_cyclic(|me| Self { id, topic, state: Mutex::new(state), me: me.clone() })
    }

    /// Its directory.
    pub(crate) fn place<'a>(&self, engine: &'a Engine) -> Place<'a> {
        engine.place(&self.topic, self.id.index)
    }

    /// Closes the segment's files unless they were used since the last call. `None` if the partition is busy.
    pub(crate) fn try_close(&self, base: Offset) -> Option<bool> {
        let mut state = self.state.try_lock()?;
        if state.compaction.swapping {
            // What is open cannot be opened by its name just now.
            return Some(false);
        }
        let Ok(at) = state.segments.binary_search_by_key(&base, |segment| segment.base) else {
            return Some(true);
        };
        let segment = &mut state.segments[at];
        if std::mem::take(&mut segment.touched) {
            return Some(false);
        }
        let is_active = at + 1 == state.segments.len();
        if is_active && (state.high_watermark < state.end || state.is_cut_back) {
            // A sync needs the very file that was written, or it would not hear of a failed write-back.
            return Some(false);
        }
        // All handles of a log are clones of one, by which it can be seen whether anybody reads it; closing one that
        // somebody holds would free nothing.
        if is_read(&state.segments[at]) {
            return Some(false);
        }
        state.segments[at].file = None;
        state.segments[at].index = None;
        state.segments[at].trail = None;
        if is_active {
            state.tail.clear();
        }
        Some(true)
    }

    /// The open log of a segment.
    pub(crate) fn open_log(&self, engine: &Engine, state: &mut State, at: usize) -> io::Result<Arc<File>> {
        let segment = &mut state.segments[at];
        segment.touched = true;
        if let Some(file) = &segment.file {
            return Ok(file.clone());
        }
        let file = segment::open_log(&self.place(engine), segment.base)?;
        segment.file = Some(file.clone());
        engine.handles.opened(self.me.clone(), segment.base);
        Ok(file)
    }

    /// Counts a file of a segment that somebody else has opened.
    pub(crate) fn adopt(&self, engine: &Engine, base: Offset) {
        engine.handles.opened(self.me.clone(), base);
    }

    /// What the active segment's growth needs, read from its files at the first append after a start.
    pub(crate) fn resume_active(
        &self,
        engine: &Engine,
        state: &mut State,
        now: Timestamp,
    ) -> Result<(), WalkError> {
        if state.active.is_some() {
            return Ok(());
        }
        let last = state.segments.len() - 1;
        let file = self.open_log(engine, state, last).map_err(WalkError::Io)?;
        let active = Active::resume(&self.place(engine), &state.segments[last], &file, now)?;
        state.active = Some(Box::new(active));
        Ok(())
    }

    /// Ends the active segment and begins a new one at the end of the log. After an error the active segment
    /// is still active.
    pub(crate) fn roll(&self, engine: &Engine, state: &mut State, now: Timestamp) -> io::Result<()> {
        // What was cut back may be whole batches: they must be gone before the same offsets are in the new segment.
        // Under `os` nobody waits for a sync, but a marker does, and it covers all that lies before it.
        let is_behind = state.high_watermark < state.end || state.settings.durability == Durability::Os;
        let last = state.segments.len() - 1;
        let unsynced = match state.is_cut_back || is_behind {
            // Opened again if need be: under `os` it may have been closed before it was synced.
            true => Some(self.open_log(engine, state, last)?),
            false => None,
        };
        let place = self.place(engine);
        let file = segment::create_log(&place, state.end)?;
        if let Err(error) = state.seal(&place) {
            // A second segment with offsets of the active one must not be found later.
            engine.disk.remove_file(&place.log(state.end))?;
            return Err(error);
        }
        state.is_cut_back = false;
        state.unsynced.extend(unsynced);
        state.directory_unsynced = true;
        state.tail.clear();
        let jitter_ms = match state.settings.segment_jitter_ms {
            0 => 0,
            jitter_ms => engine.env.random() % jitter_ms,
        };
        state.active = Some(Box::new(Active::new(state.end, now, jitter_ms)));
        let mut segment = Segment::new(state.end, 0);
        segment.file = Some(file);
        segment.touched = true;
        state.segments.push(segment);
        engine.handles.opened(self.me.clone(), state.end);
        Ok(())
    }

    /// What a sync has to cover now, in this turn; an error tells why the partition is not to be synced any more.
    pub(crate) fn capture(&self, engine: &Engine, _: &Turn) -> Result<Capture, Status> {
        let mut state = self.state.lock();
        if state.status != Status::Live {
            return Err(state.status);
        }
        // Under `os` it may have been closed since something was written that must be synced.
        let last = state.segments.len() - 1;
        let active = self.open_log(engine, &mut state, last).map_err(|error| {
            self.fail(&mut state, "opening the log to sync it", &error);
            state.status
        })?;
        let mut files = std::mem::take(&mut state.unsynced);
        let is_inherited = state.is_inherited;
        if is_inherited {
            let place = self.place(engine);
            let before =
                state.behind_recovery_point().filter(|segment| segment.base != state.segments[last].base);
            let opened: io::Result<Vec<_>> =
                before.map(|segment| segment::open_log(&place, segment.base)).collect();
            match opened {
                Ok(opened) => files.extend(opened),
                Err(error) => {
                    self.fail(&mut state, "opening a log to sync it", &error);
                    return Err(state.status);
                }
            }
        }
        let directory = std::mem::take(&mut state.directory_unsynced);
        state.is_cut_back = false;
        files.push(active);
        Ok(Capture { files, directory, is_inherited, end: state.end, mark: state.end_mark() })
    }

    /// Makes durable what `capture` covers. The caller notes that it is under way, and a failure.
    pub(crate) fn sync(&self, engine: &Engine, capture: &Capture) -> io::Result<()> {
        for file in &capture.files {
            engine.disk.sync_data(file)?;
        }
        if capture.directory {
            self.place(engine).sync()?;
        }
        Ok(())
    }

    /// A sync of `capture` has succeeded. Returns whether the high watermark moved.
    pub(crate) fn synced(&self, capture: &Capture) -> bool {
        let mut state = self.state.lock();
        state.is_inherited &= !capture.is_inherited;
        state.raise_high_watermark(capture.end, capture.mark)
    }

    /// A sync of everything has failed, and did not say whose pages were lost: the logs that it was to cover are asked one
    /// by one. Where records are acknowledged from the page cache, nobody else would hear of it, and what is appended
    /// behind a hole is lost with it.
    pub(crate) fn look_for_losses(&self, engine: &Engine) {
        self.look_at_logs(engine, &engine.run.turn());
    }

    /// A sync of everything has succeeded, and earlier processes have left something that it was to cover: each log tells
    /// whether the system could write it. When this returns, whoever else has asked them has said what he heard.
    pub(crate) fn look_at_inheritance(&self, engine: &Engine) {
        let is_inherited = || self.state.lock().is_inherited;
        // Of nearly all it is known, and there is no need to wait for anybody.
        if !is_inherited() {
            return;
        }
        let turn = engine.run.turn();
        if is_inherited() {
            self.look_at_logs(engine, &turn);
            self.state.lock().is_inherited = false;
        }
    }

    fn look_at_logs(&self, engine: &Engine, turn: &Turn) {
        let logs: Vec<_> = {
            let state = self.state.lock();
            state.behind_recovery_point().map(|segment| self.place(engine).log(segment.base)).collect()
        };
        // Handles of its own: most logs are not open.
        let sync = |path: PathBuf| match engine.disk.open(&path, Mode::Read) {
            Ok(file) => engine.disk.sync_data(&file),
            // Removed meanwhile.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        };
        turn.while_syncing(&[self.id], || {
            if let Err(error) = logs.into_iter().try_for_each(sync) {
                engine.run.doubt();
                self.fail(&mut self.state.lock(), "syncing the log", &error);
            }
        });
    }

    /// A sync or write failed: no append is taken any more. For a deleted partition that is no news.
    pub(crate) fn fail(&self, state: &mut State, what: &str, error: &io::Error) {
        if state.status == Status::Deleted {
            return;
        }
        tracing::error!(
            topic = %self.topic, partition = %self.id.index, %error,
            "{what} failed: the partition is offline until a restart"
        );
        state.status = Status::Failed;
    }
}

fn is_read(segment: &Segment) -> bool {
    segment.file.as_ref().is_some_and(|file| 1 < Arc::strong_count(file))
}

impl State {
    /// Writes what the active segment still owes before it becomes an old one: its indexes, and what is known
    /// of producers at its end.
    fn seal(&mut self, place: &Place) -> io::Result<()> {
        if self.producers.is_worth_saving() {
            self.producers.save(place, self.end, self.recovery_point)?;
        }
        let newest = self.newest_of_active();
        let last = self.segments.last_mut().expect("a partition has a segment");
        last.newest = newest;
        match &mut self.active {
            Some(active) => active.finish(place, last.base),
            None => Ok(()),
        }
    }

    /// A segment was taken out of the log, of which everything is on stable storage, be it in another one: no sync has to
    /// cover it any more, and its room is free once nobody reads it.
    pub(crate) fn forget_unsynced(&mut self, segment: &Segment) {
        if let Some(log) = &segment.file {
            self.unsynced.retain(|unsynced| !Arc::ptr_eq(unsynced, log));
        }
    }

    pub(crate) fn offsets(&self) -> Offsets {
        let undecided = self.producers.state().first_open_transaction();
        let first = undecided.into_iter().chain(self.unstable.first()).min();
        // A transaction may have begun in what was trimmed since.
        let bound = first.map_or(self.high_watermark, |first| first.max(self.log_start));
        Offsets {
            log_start: self.log_start,
            high_watermark: self.high_watermark,
            last_stable: bound.min(self.high_watermark),
            end: self.end,
            leader_epoch: self.epochs.newest(),
        }
    }

    /// Moves the high watermark up to `offset`, which lies at `mark`; never down. Returns whether it moved.
    pub(crate) fn raise_high_watermark(&mut self, offset: Offset, mark: Mark) -> bool {
        assert!(offset <= self.end, "only written records become visible");
        if offset <= self.high_watermark {
            return false;
        }
        self.high_watermark = offset;
        self.high_mark = mark;
        self.unstable.settle(offset);
        true
    }

    /// Where the log ends.
    pub(crate) fn end_mark(&self) -> Mark {
        let last = self.segments.last().expect("a partition has a segment");
        Mark { base: last.base, position: last.size }
    }

    /// The segments that have, or may have, what is not known to be on stable storage.
    pub(crate) fn behind_recovery_point(&self) -> impl Iterator<Item = &Segment> {
        self.segments[self.segment_of(self.recovery_point).unwrap_or(0)..].iter()
    }

    /// The segment that `offset` lies in: the last that begins at or before it.
    pub(crate) fn segment_of(&self, offset: Offset) -> Option<usize> {
        self.segments.partition_point(|segment| segment.base <= offset).checked_sub(1)
    }

    /// Bytes of all segments.
    pub(crate) fn bytes(&self) -> u64 {
        self.segments.iter().map(|segment| u64::from(segment.size)).sum()
    }

    /// The largest timestamp of the active segment, if that is known without reading.
    pub(crate) fn newest_of_active(&self) -> Option<Newest> {
        self.active.as_ref().map(|active| active.newest())
    }
}
