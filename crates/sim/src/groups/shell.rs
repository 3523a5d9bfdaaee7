//! A coordinator: one machine, its journal, and what a crash takes of it.
//!
//! As in the broker's shard a decision is applied at once, its replies wait until its records are durable, and after a
//! crash the state is loaded from the rows.

use ottla_base::{Now, Tick};
use ottla_coordinator::machine::{Entry, Machine, Ticket};
use std::collections::BTreeMap;

/// Decided, and not durable.
struct Batch<M: Machine> {
    entries: Vec<Entry>,
    replies: Vec<(Ticket, M::Reply)>,
}

pub(super) struct Shell<M: Machine> {
    hard: M::Hard,
    soft: M::Soft,
    rows: BTreeMap<Vec<u8>, Vec<u8>>,
    waiting: Vec<Batch<M>>,
    /// A planted bug: no deadline is known after a crash.
    pub(super) forgets_deadlines: bool,
    lives: u32,
}

impl<M: Machine> Shell<M>
where
    M::Hard: PartialEq,
{
    pub(super) fn new(now: Now, start: M::Command) -> Self {
        let mut shell = Self {
            hard: M::Hard::default(),
            soft: M::Soft::default(),
            rows: BTreeMap::new(),
            waiting: Vec::new(),
            forgets_deadlines: false,
            lives: 0,
        };
        shell.start(now, start);
        shell
    }

    fn start(&mut self, now: Now, start: M::Command) {
        self.lives += 1;
        let decision = M::decide(&self.hard, &mut self.soft, now, start);
        assert!(decision.records.is_empty(), "a start decides nothing");
    }

    /// Decides and applies. Nobody hears of it before [`commit`](Self::commit).
    pub(super) fn decide(&mut self, now: Now, command: M::Command) {
        let decision = M::decide(&self.hard, &mut self.soft, now, command);
        let apply = |record: &M::Record| {
            M::apply(&mut self.hard, record);
            M::encode(record)
        };
        let entries = decision.records.iter().map(apply).collect();
        self.waiting.push(Batch { entries, replies: decision.replies });
    }

    /// The reply to a ticket that was decided just now, which then nobody else gets.
    pub(super) fn take_reply(&mut self, ticket: Ticket) -> Option<M::Reply> {
        let replies = &mut self.waiting.last_mut()?.replies;
        let at = replies.iter().position(|(other, _)| *other == ticket)?;
        Some(replies.remove(at).1)
    }

    /// Asks what changes nothing.
    pub(super) fn see(&mut self, now: Now, ticket: Ticket, command: M::Command) -> Option<M::Reply> {
        self.decide(now, command);
        let reply = self.take_reply(ticket);
        self.waiting.pop_if(|batch| batch.entries.is_empty() && batch.replies.is_empty());
        reply
    }

    pub(super) fn put_reply(&mut self, ticket: Ticket, reply: M::Reply) {
        self.waiting.push(Batch { entries: Vec::new(), replies: vec![(ticket, reply)] });
    }

    /// What was decided last, on its way to whoever waits.
    pub(super) fn decided(&self) -> &[(Ticket, M::Reply)] {
        self.waiting.last().map_or(&[], |batch| &batch.replies)
    }

    pub(super) fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// How often the process has started.
    pub(super) fn lives(&self) -> u32 {
        self.lives
    }

    /// Everything decided becomes durable, and its replies go out.
    pub(super) fn commit(&mut self) -> Vec<(Ticket, M::Reply)> {
        let mut replies = Vec::new();
        for batch in self.waiting.drain(..) {
            for Entry { key, value } in batch.entries {
                match value {
                    Some(value) => _ = self.rows.insert(key, value),
                    None => _ = self.rows.remove(&key),
                }
            }
            replies.extend(batch.replies);
        }
        replies
    }

    /// The process dies and starts again: what was not durable has never been.
    pub(super) fn crash(&mut self, now: Now, start: M::Command) {
        self.waiting.clear();
        self.hard = self.replayed();
        self.soft = M::Soft::default();
        self.start(now, start);
    }

    /// Whether the rows stand for the state that lives. To be asked when nothing waits.
    pub(super) fn is_as_stored(&self) -> bool {
        self.replayed() == self.hard
    }

    pub(super) fn next_deadline(&self) -> Option<Tick> {
        if self.forgets_deadlines && 1 < self.lives { None } else { M::next_deadline(&self.soft) }
    }

    fn replayed(&self) -> M::Hard {
        let mut hard = M::Hard::default();
        for (key, value) in &self.rows {
            let record = M::decode(key, value).expect("a row that was just written can be read");
            M::apply(&mut hard, &record);
        }
        hard
    }
}
