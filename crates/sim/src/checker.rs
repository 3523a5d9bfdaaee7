//! Whether a correct log could have shown this history to its clients.
//!
//! The definitions are those of Jepsen's Kafka workload, with exactly-once processing, committed offsets and the
//! watermark beside them; [`Kind`] has one doc sentence each. A log gives every record its place, so the order of
//! all writes is seen and need not be searched for: the check is linear in the history but for sorting.
//!
//! Events may come in any order between clients. [`Checker::add`] only collects; what needs the whole history is
//! judged by [`Checker::finish`], one file per question.
//!
//! Deliberately not judged: which records retention may remove (a history of such topics says `trim`), whether a plain producer's retries stored a record twice, which it was never promised, and whether every group
//! processed everything when it commits outside transactions.

mod anomaly;
mod facts;
mod group;
mod keys;
mod place;
mod reader;
mod transaction;
mod watermark;

pub use anomaly::{Anomaly, Kind};

use crate::history::Event;
pub(crate) use anomaly::Anomalies;
use facts::Facts;
use keys::Keys;
use serde::Serialize;
use std::fmt;

/// Collects a history.
#[derive(Debug, Default)]
pub struct Checker {
    facts: Facts,
    anomalies: Anomalies,
}

/// What was found, and how much was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// How much was looked at.
    pub count: Count,
    /// How many anomalies there are.
    pub violations: u64,
    /// The first of each kind, a handful.
    pub anomalies: Vec<Anomaly>,
}

/// How much a history holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Count {
    /// Records whose writing was acknowledged, transactions that committed included.
    pub acknowledged: u64,
    /// Records of which nobody knows.
    pub unknown: u64,
    /// Records that were surely not written, or are in aborted transactions.
    pub refused: u64,
    /// Different records that were seen by a reader.
    pub seen: u64,
    /// Records given by polls, each as often as it was given.
    pub polled: u64,
    /// Records stored more than once for plain producers, who were promised nothing else.
    pub repeated: u64,
    /// Transactions that committed.
    pub committed: u64,
    /// Transactions that aborted.
    pub aborted: u64,
    /// Transactions of whose end the client did not know.
    pub undecided: u64,
    /// Commits of group offsets, transactional ones included, that were acknowledged.
    pub offsets: u64,
}

impl Checker {
    /// A checker that has seen nothing.
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
        let Self { facts, mut anomalies } = self;
        let keys = Keys::new(&facts);
        place::judge(&facts, &keys, &mut anomalies);
        transaction::judge(&facts, &keys, &mut anomalies);
        reader::judge(&facts, &keys, &mut anomalies);
        keys::judge(&facts, &keys, &mut anomalies);
        group::judge(&facts, &mut anomalies);
        watermark::judge(&facts, &mut anomalies);
        let (violations, anomalies) = anomalies.into_parts();
        Report { count: facts.count(), violations, anomalies }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Count {
            acknowledged,
            unknown,
            refused,
            seen,
            polled,
            repeated,
            committed,
            aborted,
            undecided,
            offsets,
        } = self.count;
        writeln!(
            f,
            "records: {acknowledged} acknowledged, {unknown} unknown, {refused} refused or aborted; {seen} seen in \
             {polled} reads, {repeated} stored again by plain retries"
        )?;
        writeln!(f, "transactions: {committed} committed, {aborted} aborted, {undecided} unknown")?;
        writeln!(f, "group offsets: {offsets} committed")?;
        writeln!(f, "violations: {}", self.violations)?;
        self.anomalies.iter().try_for_each(|anomaly| writeln!(f, "  {anomaly}"))
    }
}

#[cfg(test)]
mod tests;
