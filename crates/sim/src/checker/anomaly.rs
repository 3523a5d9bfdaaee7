//! The kinds of anomalies, and the ones that were found.

use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;

/// What a correct log never shows. Each has a test that plants it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Kind {
    /// The history contradicts itself: the program that wrote it is wrong, not the broker.
    InvalidHistory,
    /// A record was acknowledged, readers passed its place or read everything, and nobody was given it.
    LostWrite,
    /// A record was acknowledged, and no reader ever came as far.
    Unseen,
    /// A record of an idempotent or transactional producer stands at two places.
    Duplicate,
    /// Two records of one idempotent producer stand in another order than they were sent.
    Reordered,
    /// Readers or acknowledgements name two records for one place.
    InconsistentOffset,
    /// An offset was told that nothing stands behind: a record's place where it is not, a group's offset that
    /// nobody committed.
    OffsetFromNowhere,
    /// A reader was given a value that nobody sent.
    Phantom,
    /// A reader was given a record that surely was not written, or at `read_committed` one that was aborted.
    AbortedRead,
    /// A reader at `read_committed` was given a record before the commit was asked for.
    UncommittedRead,
    /// A part of a transaction shows at `read_committed`, and another part never does.
    TornTransaction,
    /// A reader's position went back, or a poll gave records out of order.
    NonMonotonicPoll,
    /// A reader passed a record that it should have been given.
    SkippedRecord,
    /// A record that compaction had removed, or whose key was deleted, is there again.
    Resurrected,
    /// Two committed transactions consumed the same input.
    Reprocessed,
    /// Input between two committed transactions of a group was never consumed.
    Unprocessed,
    /// A group's committed offset was an older one than the last commit's, or gone.
    GroupOffsetRegress,
    /// A partition's end was below what had been shown before.
    WatermarkRegress,
}

/// One anomaly with its evidence; the kinds are those of one judge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Anomaly<K = Kind> {
    /// What it is.
    pub kind: K,
    /// Who, where, which values.
    pub evidence: String,
}

impl<K: fmt::Debug> fmt::Display for Anomaly<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.kind, self.evidence)
    }
}

/// All that were found: the count of each kind, and the first [`EXAMPLES_MAX`] in full.
#[derive(Debug)]
pub(crate) struct Anomalies<K = Kind> {
    found: BTreeMap<K, (u64, Vec<String>)>,
}

/// A broken log shows the same thing thousands of times; a handful tells as much.
const EXAMPLES_MAX: usize = 10;

impl<K> Default for Anomalies<K> {
    fn default() -> Self {
        Self { found: BTreeMap::new() }
    }
}

impl<K: Copy + Ord> Anomalies<K> {
    /// Notes one. The evidence is written only if it is kept.
    pub(crate) fn note(&mut self, kind: K, evidence: impl FnOnce() -> String) {
        let (count, examples) = self.found.entry(kind).or_default();
        *count += 1;
        if examples.len() < EXAMPLES_MAX {
            examples.push(evidence());
        }
    }

    pub(crate) fn into_parts(self) -> (u64, Vec<Anomaly<K>>) {
        let total = self.found.values().map(|(count, _)| count).sum();
        let all = self.found.into_iter().flat_map(|(kind, (count, examples))| {
            let left = count - examples.len() as u64;
            let more = (left > 0).then(|| format!("and {left} more"));
            examples.into_iter().chain(more).map(move |evidence| Anomaly { kind, evidence })
        });
        (total, all.collect())
    }
}
