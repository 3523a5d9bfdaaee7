//! What a verb works with while one command is decided, and one share-partition while it is changed.

use super::book::Book;
use super::config::Config;
use super::dead_letter::Desk;
use super::group::Group;
use super::history::{Delivery, Ending};
use super::live::Live;
use super::record::Record;
use super::run::{Facts, Letter, Lock, Reason, Run, State};
use super::stored::{Mark, Stored};
use super::{Hard, Id, Reply, Soft, watch};
use crate::machine::Ticket;
use crate::timers::Timers;
use ottla_base::{Now, Offset, Timestamp};
use ottla_wire::Str;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

/// What a deadline is for.
pub(super) type Timer = Id;

/// One command being decided.
pub(super) struct Turn<'a> {
    pub(super) hard: &'a Hard,
    pub(super) now: Now,
    pub(super) groups: &'a mut BTreeMap<Str, Group>,
    pub(super) timers: &'a mut Timers<Timer>,
    pub(super) desk: &'a mut Desk,
    pub(super) records: Vec<Record>,
    pub(super) replies: Vec<(Ticket, Reply)>,
}

impl<'a> Turn<'a> {
    pub(super) fn new(hard: &'a Hard, now: Now, soft: &'a mut Soft) -> Self {
        let Soft { groups, timers, desk } = soft;
        Self { hard, now, groups, timers, desk, records: Vec::new(), replies: Vec::new() }
    }

    pub(super) fn reply(&mut self, ticket: Ticket, reply: Reply) {
        self.replies.push((ticket, reply));
    }

    /// The group's settings are these now.
    pub(super) fn configure(&mut self, group: &str, config: Arc<Config>) {
        let Some(group) = self.groups.get_mut(group) else { return };
        let before = std::mem::replace(&mut group.config, config);
        if before.paused && !group.config.paused {
            watch::wake_all(group, &mut self.replies);
        }
    }

    /// Changes one share-partition: lets happen what is due, then `edit`, and then what follows from both. Once for each
    /// share-partition in one command, because the records of it are not applied before the command is over.
    ///
    /// `None` if there is none of that name.
    pub(super) fn edit<T>(&mut self, id: &Id, edit: impl FnOnce(&mut Edit<'_>) -> T) -> Option<T> {
        let stored = self.hard.find(id)?;
        let group = self.groups.get_mut(&id.group)?;
        let Group { config, partitions, held, watches } = group;
        let live = partitions.get_mut(&id.partition)?;
        let config: &Config = config;
        let (now, book) = (self.now, Book::new(stored));
        let mut change = Edit { now, config, stored, live, held, book, freed: Vec::new() };
        change.pass_time();
        let result = edit(&mut change);
        let Edit { book, freed, live, held, .. } = change;
        book.finish(id, live, &mut self.records);
        let deadline = live.deadline(self.now);
        if live.armed != deadline {
            live.armed = deadline;
            match deadline {
                Some(at) => self.timers.set(id.clone(), at),
                None => self.timers.cancel(id),
            }
        }
        if !live.letters.is_empty() {
            self.desk.queue(id);
        }
        if std::mem::take(&mut live.has_news) {
            let is_capped = |member: &Str| watch::is_capped(config, held.get(member).copied().unwrap_or(0));
            watch::wake(watches, id.partition, is_capped, &mut self.replies);
        }
        if 0 < config.member_in_flight_max {
            freed.iter().for_each(|member| watch::wake_member(watches, member, &mut self.replies));
        }
        Some(result)
    }
}

/// One share-partition being changed.
pub(super) struct Edit<'a> {
    pub(super) now: Now,
    pub(super) config: &'a Config,
    pub(super) stored: &'a Stored,
    pub(super) live: &'a mut Live,
    pub(super) held: &'a mut HashMap<Str, i64>,
    pub(super) book: Book<'a>,
    /// Members that have fewer records than before.
    freed: Vec<Str>,
}

impl Edit<'_> {
    /// What is due becomes ready, and what has expired ends. Locks are for the timer alone.
    fn pass_time(&mut self) {
        while let Some(first) = self.live.expired(self.now.wall) {
            let run = self.live.remove(first).expect("what is indexed is there");
            self.end(first, run, Reason::Expired);
        }
        self.live.wake_due(self.now);
    }

    /// Where a record that is not with anybody has its place. Once delivered it is not delayed again, even if the clock was
    /// set back before its time.
    pub(super) fn place(&self, facts: &Facts, count: i16, rest_ms: u64) -> State {
        if count == 0 && !facts.is_due(self.now.wall) {
            State::Scheduled
        } else if 0 < rest_ms {
            State::Retrying(self.now.tick + Duration::from_millis(rest_ms))
        } else if facts.key.is_some() {
            State::Blocked
        } else {
            State::Ready
        }
    }

    /// Takes an acquired run from its member.
    pub(super) fn take_back(&mut self, first: Offset) -> Run {
        let run = self.live.remove(first).expect("the caller has just seen it");
        assert!(matches!(run.state, State::Acquired(_)), "only what is acquired is taken back");
        Group::count(self.held, &run.member, -run.size(first));
        if self.freed.last() != Some(&run.member) {
            self.freed.push(run.member.clone());
        }
        if std::mem::take(&mut self.live.is_starved) {
            self.live.has_news = true;
        }
        run
    }

    /// Takes an acquired run, which was not accepted, from its member. Its history grows if a letter may tell of it.
    pub(super) fn take_back_for(&mut self, first: Offset, ending: Ending) -> Run {
        let run = self.take_back(first);
        let (State::Acquired(Lock { since, renewals, .. }), true) = (&run.state, self.config.dead_letters)
        else {
            return run;
        };
        let (member, until) = (run.member.clone(), self.now.wall);
        let delivery = Delivery { member, at: *since, until, renewals: *renewals, ending };
        Run { history: run.history.with(delivery), ..run }
    }

    /// An acquired run was not accepted: it is available again, or has ended.
    pub(super) fn give_back(&mut self, first: Offset, ending: Ending) {
        let run = self.take_back_for(first, ending);
        if run.facts.is_expired(self.now.wall) {
            return self.end(first, run, Reason::Expired);
        }
        if self.config.delivery_count_limit <= run.count {
            return self.end(first, run, Reason::Exhausted);
        }
        let rest_ms = self.config.backoff.after(run.count);
        let due = match rest_ms {
            0 => Timestamp::NONE,
            rest => Timestamp(self.now.wall.0.saturating_add(i64::try_from(rest).unwrap_or(i64::MAX))),
        };
        let history = run.history.clone();
        self.book.set(first, run.last, Mark::Available { delivery_count: run.count, due, history });
        let state = self.place(&run.facts, run.count, rest_ms);
        self.live.insert(first, Run { state, ..run });
        self.live.has_news = true;
    }

    /// A run that was taken out is not delivered any more, though nobody has accepted it.
    pub(super) fn end(&mut self, first: Offset, run: Run, reason: Reason) {
        self.live.totals.ended(reason, run.size(first));
        if !self.config.dead_letters {
            self.book.done(first, run.last);
            return;
        }
        let (member, history) = (run.member.clone(), run.history.clone());
        let letter = Letter { delivery_count: run.count, reason, member, at: self.now.wall, history };
        self.book.set(first, run.last, Mark::Archiving(letter.clone()));
        self.live.insert(first, Run { state: State::Archiving { letter, is_out: false }, ..run });
    }

    /// Forgets what lies before `start`: the log has it no more. Dead letters stay, for they were promised.
    pub(super) fn trim(&mut self, start: Offset) {
        if start <= self.live.log_start {
            return;
        }
        self.live.log_start = start;
        if start <= self.stored.header.start {
            return;
        }
        self.live.cut(start);
        for first in self.live.between(Offset::ZERO, start.plus(-1)) {
            match self.live.runs[&first].state {
                State::Acquired(_) => _ = self.take_back(first),
                State::Archiving { .. } => continue,
                State::Ready | State::Blocked | State::Scheduled | State::Retrying(_) => {
                    self.live.remove(first);
                }
            }
        }
        if self.live.next < start {
            self.live.next = start;
        }
        self.live.acquired_end = self.live.acquired_end.max(start);
        self.clear_before(start);
    }

    /// What lies before `start` and is not on the way to the dead-letter topic is done.
    fn clear_before(&mut self, start: Offset) {
        let mut from = self.stored.header.start;
        let kept: Vec<(Offset, Offset)> =
            self.live.runs.range(..start).map(|(first, run)| (*first, run.last)).collect();
        for (first, last) in kept {
            if from < first {
                self.book.done(from, first.plus(-1));
            }
            from = last.plus(1);
        }
        if from < start {
            self.book.done(from, start.plus(-1));
        }
    }
}
