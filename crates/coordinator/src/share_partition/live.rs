//! A share-partition as it lives: the runs that are neither done nor unknown, and every order in which they are asked for.
//!
//! Invariants: runs do not overlap; every index holds exactly the runs that it is for; a run with a key is one record; of
//! one key at most one run is ready or acquired, and it is the first of its line. Every operation is O(log n) for each
//! run it touches.

use super::run::{Run, State};
use ottla_base::{Now, Offset, Tick, Timestamp};
use ottla_wire::Str;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

/// Number of priorities.
const PRIORITIES: usize = super::PRIORITY_MAX as usize + 1;

/// While something waits for a time of day, that clock is looked at this often at least: it may be set.
const CLOCK_LOOK_MS: i64 = 1_000;

/// The soft state of one share-partition.
#[derive(Debug)]
pub(super) struct Live {
    /// The first offset that nobody has looked at.
    pub(super) next: Offset,
    /// The offset after the last one that was ever acquired.
    pub(super) acquired_end: Offset,
    /// What lies before has left the log, as far as is known. Dead letters may hold the start back before it.
    pub(super) log_start: Offset,
    /// By first offset.
    pub(super) runs: BTreeMap<Offset, Run>,
    pub(super) counts: Counts,
    /// Who has what.
    pub(super) owners: BTreeMap<Str, BTreeSet<Offset>>,
    /// What the writer of dead letters has not been told of.
    pub(super) letters: BTreeSet<Offset>,
    /// Most urgent first.
    ready: [BTreeSet<Offset>; PRIORITIES],
    scheduled: BTreeSet<(Timestamp, Offset)>,
    retrying: BTreeSet<(Tick, Offset)>,
    expiring: BTreeSet<(Timestamp, Offset)>,
    locks: BTreeSet<(Tick, Offset)>,
    keys: HashMap<u64, Line>,
    /// Records that were handed out before the oldest ready one, since one that was the oldest was handed out.
    pub(super) overtaken: i64,
    /// A member got nothing, or less than it wanted, because there was no room.
    pub(super) is_starved: bool,
    /// Something may be available that was not.
    pub(super) has_news: bool,
    /// The deadline that is set.
    pub(super) armed: Option<Tick>,
    pub(super) totals: super::Totals,
}

/// Records by what they are doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) ready: i64,
    pub(super) blocked: i64,
    pub(super) scheduled: i64,
    pub(super) retrying: i64,
    pub(super) acquired: i64,
    pub(super) archiving: i64,
}

impl Counts {
    /// What counts against the window.
    pub(super) fn window(self) -> i64 {
        self.ready + self.blocked + self.acquired
    }

    /// What waits for its time.
    pub(super) fn parked(self) -> i64 {
        self.scheduled + self.retrying
    }

    pub(super) fn all(self) -> i64 {
        self.window() + self.parked() + self.archiving
    }
}

/// The records of one key that are due and not done.
#[derive(Debug, Default)]
struct Line {
    records: BTreeSet<Offset>,
    is_held: bool,
    ready: Option<Offset>,
}

impl Live {
    pub(super) fn new(start: Offset) -> Self {
        Self {
            next: start,
            acquired_end: start,
            log_start: Offset::ZERO,
            runs: BTreeMap::new(),
            counts: Counts::default(),
            owners: BTreeMap::new(),
            letters: BTreeSet::new(),
            ready: Default::default(),
            scheduled: BTreeSet::new(),
            retrying: BTreeSet::new(),
            expiring: BTreeSet::new(),
            locks: BTreeSet::new(),
            keys: HashMap::new(),
            overtaken: 0,
            is_starved: false,
            has_news: false,
            armed: None,
            totals: super::Totals::default(),
        }
    }

    /// Adds a run as it is. One that waits behind its key becomes ready if it is its turn.
    pub(super) fn insert(&mut self, first: Offset, run: Run) {
        let key = run.key_in_line();
        self.put(first, run);
        if let Some(key) = key {
            self.refresh(key);
        }
    }

    /// Takes a run out. Whoever waited behind its key may be ready now.
    pub(super) fn remove(&mut self, first: Offset) -> Option<Run> {
        let run = self.pull(first)?;
        if let Some(key) = run.key_in_line() {
            self.refresh(key);
        }
        Some(run)
    }

    /// Changes a run whose place in the line of its key stays the same.
    pub(super) fn change(&mut self, first: Offset, change: impl FnOnce(&mut Run)) {
        if let Some(mut run) = self.pull(first) {
            change(&mut run);
            self.put(first, run);
        }
    }

    /// Makes `at` the beginning of a run, if it is inside one.
    pub(super) fn cut(&mut self, at: Offset) {
        let Some((first, _)) = self.runs.range(..at).next_back().filter(|(_, run)| at <= run.last) else {
            return;
        };
        let first = *first;
        let Some(mut left) = self.pull(first) else { return };
        assert!(left.facts.key.is_none(), "a run with a key is one record");
        let right = left.clone();
        left.last = at.plus(-1);
        self.put(first, left);
        self.put(at, right);
    }

    /// The runs that lie in `first..=last` entirely, after both ends were cut.
    pub(super) fn between(&self, first: Offset, last: Offset) -> Vec<Offset> {
        if last < first {
            return Vec::new();
        }
        self.runs.range(first..=last).map(|(first, _)| *first).collect()
    }

    /// The offsets around `first..=last`, which has no run, that have none either.
    pub(super) fn hole_around(&self, first: Offset, last: Offset, start: Offset) -> (Offset, Offset) {
        let below = self.runs.range(..first).next_back().map_or(start, |(_, run)| run.last.plus(1));
        let above = self.runs.range(last.plus(1)..).next().map_or(self.next, |(above, _)| *above);
        (below.max(start).min(first), above.min(self.next).plus(-1).max(last))
    }

    /// The most urgent ready run, and the oldest.
    pub(super) fn first_ready(&self) -> Option<(Offset, Offset)> {
        let urgent = *self.ready.iter().find_map(|ready| ready.first())?;
        let oldest = *self.ready.iter().filter_map(|ready| ready.first()).min()?;
        Some((urgent, oldest))
    }

    /// The next ready run of the same priority at or after an offset.
    pub(super) fn ready_from(&self, priority: u8, from: Offset) -> Option<Offset> {
        self.ready[slot(priority)].range(from..).next().copied()
    }

    /// A lock whose time is over.
    pub(super) fn timed_out(&self, now: Tick) -> Option<Offset> {
        self.locks.first().filter(|(until, _)| *until <= now).map(|(_, first)| *first)
    }

    /// Makes ready what is due.
    pub(super) fn wake_due(&mut self, now: Now) {
        while let Some((_, first)) = self.scheduled.first().copied().filter(|(due, _)| *due <= now.wall) {
            self.make_available(first);
        }
        while let Some((_, first)) = self.retrying.first().copied().filter(|(at, _)| *at <= now.tick) {
            self.make_available(first);
        }
    }

    fn make_available(&mut self, first: Offset) {
        let run = self.remove(first).expect("what is indexed is there");
        let state = if run.facts.key.is_some() { State::Blocked } else { State::Ready };
        self.insert(first, Run { state, ..run });
        self.has_news = true;
    }

    /// Whether something waits for a time that has come.
    pub(super) fn is_due(&self, now: Now) -> bool {
        let scheduled = self.scheduled.first().is_some_and(|(due, _)| *due <= now.wall);
        scheduled || self.retrying.first().is_some_and(|(at, _)| *at <= now.tick)
    }

    /// A waiting run whose time to live is over.
    pub(super) fn expired(&self, wall: Timestamp) -> Option<Offset> {
        self.expiring.first().filter(|(at, _)| *at <= wall).map(|(_, first)| *first)
    }

    /// When something happens by itself. Times of day are turned into ticks, never more than a second away.
    pub(super) fn deadline(&self, now: Now) -> Option<Tick> {
        let day = |at: Timestamp| {
            let rest = at.0.saturating_sub(now.wall.0).clamp(1, CLOCK_LOOK_MS);
            now.tick + Duration::from_millis(rest.unsigned_abs())
        };
        let lock = self.locks.first().map(|(until, _)| *until);
        let retry = self.retrying.first().map(|(at, _)| *at);
        let due = self.scheduled.first().map(|(at, _)| day(*at));
        let expiry = self.expiring.first().map(|(at, _)| day(*at));
        [lock, retry, due, expiry].into_iter().flatten().min()
    }

    /// Decides anew which record of a key is ready.
    fn refresh(&mut self, key: u64) {
        let Some(line) = self.keys.get(&key) else { return };
        if line.records.is_empty() {
            self.keys.remove(&key);
            return;
        }
        let first = line.records.first().copied().filter(|_| !line.is_held);
        let is_available = |first: &Offset| match self.runs[first].state {
            State::Ready | State::Blocked => true,
            State::Scheduled | State::Retrying(_) | State::Acquired(_) | State::Archiving { .. } => false,
        };
        let (ready, before) = (first.filter(is_available), line.ready);
        if ready == before {
            return;
        }
        if let Some(before) = before {
            self.change(before, |run| run.state = State::Blocked);
        }
        if let Some(ready) = ready {
            self.change(ready, |run| run.state = State::Ready);
            self.has_news = true;
        }
    }

    /// Adds a run, and nothing is made of it yet for others of its key: for one whose place in the line of its key was
    /// [kept](Self::pull).
    pub(super) fn put(&mut self, first: Offset, run: Run) {
        debug_assert!(self.runs.range(..=run.last).next_back().is_none_or(|(_, before)| before.last < first));
        *self.count(&run.state) += run.size(first);
        match &run.state {
            State::Ready => _ = self.ready[slot(run.facts.priority)].insert(first),
            State::Blocked => {}
            State::Scheduled => _ = self.scheduled.insert((run.facts.due, first)),
            State::Retrying(at) => _ = self.retrying.insert((*at, first)),
            State::Acquired(lock) => {
                self.locks.insert((lock.until, first));
                match self.owners.get_mut(&run.member) {
                    Some(owned) => _ = owned.insert(first),
                    None => _ = self.owners.insert(run.member.clone(), BTreeSet::from([first])),
                }
            }
            State::Archiving { is_out: false, .. } => _ = self.letters.insert(first),
            State::Archiving { is_out: true, .. } => {}
        }
        if run.is_waiting() && run.facts.expires != Timestamp::NONE {
            self.expiring.insert((run.facts.expires, first));
        }
        if let Some(key) = run.key_in_line() {
            let line = self.keys.entry(key).or_default();
            line.records.insert(first);
            match run.state {
                State::Acquired(_) => line.is_held = true,
                State::Ready => line.ready = Some(first),
                State::Blocked | State::Scheduled | State::Retrying(_) | State::Archiving { .. } => {}
            }
        }
        self.runs.insert(first, run);
    }

    /// Takes a run out that is [put](Self::put) back before anything happens to others of its key.
    pub(super) fn pull(&mut self, first: Offset) -> Option<Run> {
        let run = self.runs.remove(&first)?;
        *self.count(&run.state) -= run.size(first);
        match &run.state {
            State::Ready => _ = self.ready[slot(run.facts.priority)].remove(&first),
            State::Blocked => {}
            State::Scheduled => _ = self.scheduled.remove(&(run.facts.due, first)),
            State::Retrying(at) => _ = self.retrying.remove(&(*at, first)),
            State::Acquired(lock) => {
                self.locks.remove(&(lock.until, first));
                if let Some(owned) = self.owners.get_mut(&run.member) {
                    owned.remove(&first);
                    if owned.is_empty() {
                        self.owners.remove(&run.member);
                    }
                }
            }
            State::Archiving { .. } => _ = self.letters.remove(&first),
        }
        if run.is_waiting() && run.facts.expires != Timestamp::NONE {
            self.expiring.remove(&(run.facts.expires, first));
        }
        if let Some(line) = run.key_in_line().and_then(|key| self.keys.get_mut(&key)) {
            line.records.remove(&first);
            match run.state {
                State::Acquired(_) => line.is_held = false,
                State::Ready => line.ready = None,
                State::Blocked | State::Scheduled | State::Retrying(_) | State::Archiving { .. } => {}
            }
        }
        Some(run)
    }

    fn count(&mut self, state: &State) -> &mut i64 {
        match state {
            State::Ready => &mut self.counts.ready,
            State::Blocked => &mut self.counts.blocked,
            State::Scheduled => &mut self.counts.scheduled,
            State::Retrying(_) => &mut self.counts.retrying,
            State::Acquired(_) => &mut self.counts.acquired,
            State::Archiving { .. } => &mut self.counts.archiving,
        }
    }
}

fn slot(priority: u8) -> usize {
    PRIORITIES - 1 - usize::from(priority).min(PRIORITIES - 1)
}
