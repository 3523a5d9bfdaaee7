//! Whether a correct queue could have shown this history to its clients: the judge of crash loops with share groups.
//!
//! The judge knows only what clients did and saw ([`event`]). Events may come in any order between clients:
//! [`Judge::add`] only collects, and [`Judge::finish`] judges, one file per question.
//!
//! **What is late proves nothing.** A client may hand out a record that it fetched long before: a broker that was killed
//! forgets who had what, gives the record to somebody else, and that one accepts it while the first client still has it in
//! its buffer. So a delivery counts against the broker only if it surely came after what it must not come after
//! ([`facts::Delivery::is_after`]): the member did not exist at that time, or what it said of the record later was
//! confirmed, or so much time has passed that no client keeps a record as long.
//!
//! Deliberately not judged: groups without dead letters, of whose exhausted records nobody can tell.

pub mod event;

mod count;
mod end;
mod facts;
mod letter;
mod log;
mod order;
mod pace;

#[cfg(test)]
mod tests;

use crate::checker::{Anomalies, Anomaly};
use event::Event;
use facts::Facts;
use serde::Serialize;
use std::fmt;

pub use count::Count;

/// What a correct queue never shows. Each has a test that plants it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Kind {
    /// The history contradicts itself: the program that wrote it is wrong, not the broker.
    InvalidHistory,
    /// A record was acknowledged to its producer, and is not in the topic.
    LostWrite,
    /// A member was given what is not in the topic, or is there with another value.
    Phantom,
    /// A group at `read_committed` was given a record that was never committed.
    UncommittedDelivery,
    /// A group was given a dead letter that went back to another one.
    ForeignDelivery,
    /// Nobody can have accepted the record, and there is no dead letter of it.
    Lost,
    /// A record was delivered after a member had been told that it is accepted or rejected.
    Redelivered,
    /// Two members, or one twice, were told that a record is done, or it is accepted and a dead letter.
    EndedTwice,
    /// A member was told that a record is rejected, and there is no dead letter of it.
    LetterMissing,
    /// Two dead letters of one group for one record.
    LetterTwice,
    /// A dead letter that nothing has led to, as far as its reason goes.
    LetterUncaused,
    /// A dead letter without a record, or with another key or value.
    LetterAltered,
    /// A dead letter was requeued twice, or is in its topic again without a receipt.
    RequeuedTwice,
    /// A dead letter has a receipt that says that it was requeued, and its topic does not have it.
    RequeueLost,
    /// A delivery count went down.
    CountWentDown,
    /// A record was delivered more often than its group allows.
    DeliveredTooOften,
    /// In order of keys, a record was delivered before an earlier one of its key was done.
    OutOfOrder,
    /// A record was delivered before it was due, or before its rest was over.
    TooEarly,
}

/// Collects a history.
#[derive(Debug, Default)]
pub struct Judge {
    facts: Facts,
    anomalies: Anomalies<Kind>,
}

/// What was found, and how much was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// How much was looked at.
    pub count: Count,
    /// How many anomalies there are.
    pub violations: u64,
    /// The first of each kind, a handful.
    pub anomalies: Vec<Anomaly<Kind>>,
}

impl Judge {
    /// A judge that has heard nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes one event.
    pub fn add(&mut self, event: Event) {
        self.facts.add(event, &mut self.anomalies);
    }

    /// Judges what was added.
    #[must_use]
    pub fn finish(self) -> Report {
        let Self { mut facts, mut anomalies } = self;
        facts.sort();
        log::judge(&facts, &mut anomalies);
        end::judge(&facts, &mut anomalies);
        letter::judge(&facts, &mut anomalies);
        pace::judge(&facts, &mut anomalies);
        order::judge(&facts, &mut anomalies);
        let count = Count::of(&facts);
        let (violations, anomalies) = anomalies.into_parts();
        Report { count, violations, anomalies }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.count)?;
        writeln!(f, "violations: {}", self.violations)?;
        self.anomalies.iter().try_for_each(|anomaly| writeln!(f, "  {anomaly}"))
    }
}
