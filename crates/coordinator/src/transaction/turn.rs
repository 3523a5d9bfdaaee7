//! What a verb works with while one command is decided: the settings, the clock, and what it wants to happen.

use super::record::Record;
use super::state::{Claim, Ending, Stored};
use super::{Entry, Reply, Settings, State};
use crate::machine::Ticket;
use crate::timers::Timers;
use ottla_base::Now;
use ottla_wire::Str;
use ottla_wire::record::MarkerKind;
use std::collections::HashMap;
use std::time::Duration;

/// What a deadline is for. One of each name exists at a time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Timer {
    /// The transaction of this id was open for too long.
    Timeout(Str),
    /// Look for expired ids.
    Expiry,
}

/// What waits for the finisher, or the finisher that waits.
#[derive(Debug, Default)]
pub(super) struct Work {
    pub(super) endings: Vec<Ending>,
    idle: Option<Ticket>,
}

impl Work {
    pub(super) fn queue(&mut self, ending: Ending) {
        self.endings.push(ending);
    }
}

/// One command being decided.
pub(super) struct Turn<'a> {
    pub(super) settings: &'a Settings,
    pub(super) now: Now,
    pub(super) timers: &'a mut Timers<Timer>,
    pub(super) work: &'a mut Work,
    /// Who waits for the end of a transaction.
    pub(super) ending: &'a mut HashMap<Str, Ticket>,
    pub(super) records: Vec<Record>,
    pub(super) replies: Vec<(Ticket, Reply)>,
}

impl Turn<'_> {
    pub(super) fn reply(&mut self, ticket: Ticket, reply: impl Into<Reply>) {
        self.replies.push((ticket, reply.into()));
    }

    pub(super) fn record(&mut self, record: Record) {
        self.records.push(record);
    }

    /// What is stored of an id is now this.
    pub(super) fn store(&mut self, id: &Str, stored: Stored) {
        self.record(Record::Id { id: id.clone(), stored: Some(stored) });
    }

    /// Sets a deadline `after_ms` from now, at least one millisecond: what a deadline sets off may set it again, and
    /// one tick must come to an end.
    pub(super) fn schedule(&mut self, timer: Timer, after_ms: i64) {
        let after = Duration::from_millis(u64::try_from(after_ms).unwrap_or(0).max(1));
        self.timers.set(timer, self.now.tick + after);
    }

    /// The finisher has nothing to do. There is one; if a second one asks, the first goes home.
    pub(super) fn wait_for_work(&mut self, ticket: Ticket) {
        if let Some(before) = self.work.idle.replace(ticket) {
            self.reply(before, Reply::Endings(Vec::new()));
        }
    }

    pub(super) fn hand_out_work(&mut self) {
        if self.work.endings.is_empty() {
            return;
        }
        if let Some(ticket) = self.work.idle.take() {
            let endings = std::mem::take(&mut self.work.endings);
            self.reply(ticket, Reply::Endings(endings));
        }
    }

    /// Decides how the transaction of an id ends. `then` is what is stored of it, with the epoch that markers carry.
    pub(super) fn prepare(&mut self, id: &Str, entry: &Entry, outcome: MarkerKind, then: Stored) {
        let Stored { producer, epoch, version, .. } = then;
        self.store(id, Stored { state: State::Prepare(outcome), updated: self.now.wall, ..then });
        self.timers.cancel(&Timer::Timeout(id.clone()));
        self.work.queue(Ending {
            id: id.clone(),
            claim: Claim { producer, epoch },
            outcome,
            version,
            participants: entry.participants.iter().copied().collect(),
        });
    }
}
