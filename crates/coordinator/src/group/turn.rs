//! What a verb works with while one command is decided: the settings, the clock, and what it wants to happen.

use super::record::Record;
use super::{Reply, Settings};
use crate::machine::Ticket;
use crate::timers::Timers;
use ottla_base::Now;
use ottla_wire::Str;
use std::time::Duration;

/// What a deadline is for. One of each name exists at a time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Timer {
    /// A member, or one that was asked to join again with its id, was silent for too long.
    Session { group: Str, member: Str },
    /// A member had enough time to give back what it shall not have any more.
    Rebalance { group: Str, member: Str },
    /// The members had enough time to join.
    Join { group: Str },
    /// The members had enough time to ask for their assignment.
    Sync { group: Str },
    /// Look for expired offsets.
    Expiry,
}

/// One command being decided.
pub(super) struct Turn<'a> {
    pub(super) settings: &'a Settings,
    pub(super) now: Now,
    pub(super) timers: &'a mut Timers<Timer>,
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

    /// Sets a deadline `after_ms` from now, at least one millisecond: what a deadline sets off may set it
    /// again, and one tick must come to an end.
    pub(super) fn schedule(&mut self, timer: Timer, after_ms: i64) {
        let after = Duration::from_millis(u64::try_from(after_ms).unwrap_or(0).max(1));
        self.timers.set(timer, self.now.tick + after);
    }

    pub(super) fn is_scheduled(&self, timer: &Timer) -> bool {
        self.timers.is_set(timer)
    }

    pub(super) fn cancel(&mut self, timer: &Timer) {
        self.timers.cancel(timer);
    }
}
