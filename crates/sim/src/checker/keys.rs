//! Compacted partitions: of each key the last record stays, and what is gone never comes back.
//!
//! A record may be gone if a later one of its key took effect, if it is a tombstone itself, or if its transaction took no
//! effect. A tombstone of which
//! nobody knows whether it was written may have taken its key's records with it before it went.

use super::anomaly::{Anomalies, Kind};
use super::facts::{Facts, Look, Map, Name, Written};
use crate::history::{Ending, Outcome};
use std::collections::BTreeMap;

/// What is known of each key of each partition.
#[derive(Debug, Default)]
pub(super) struct Keys(Map<(Name, u64), Known>);

#[derive(Debug, Default)]
struct Known {
    /// Where the last record of the key is that took effect.
    last: Option<i64>,
    /// Values by place.
    places: BTreeMap<i64, Record>,
    /// There may be a tombstone that nobody has seen.
    may_be_deleted: bool,
}

#[derive(Debug, Clone, Copy)]
struct Record {
    value: u64,
    deletes: bool,
    took_effect: bool,
}

impl Keys {
    pub(super) fn new(facts: &Facts) -> Self {
        let mut keys = Self::default();
        for written in facts.written.iter().filter(|written| !written.is_lost) {
            let Some(key) = written.key else { continue };
            let known = keys.0.entry((written.partition, key.number)).or_default();
            let Some(place) = place(facts, written) else {
                known.may_be_deleted |= key.deletes && may_be_there(facts, written);
                continue;
            };
            let took_effect = written.transaction.is_none_or(|at| facts.took_effect(at));
            if took_effect {
                known.last = known.last.max(Some(place));
            }
            known.places.insert(place, Record { value: written.value, deletes: key.deletes, took_effect });
        }
        keys
    }

    /// Whether compaction may have removed the record.
    pub(super) fn may_be_gone(&self, facts: &Facts, written: &Written) -> bool {
        let Some(key) = written.key else { return false };
        let known = &self.0.get(&(written.partition, key.number));
        let is_replaced = known.is_some_and(|known| {
            known.may_be_deleted || place(facts, written).is_some_and(|place| Some(place) < known.last)
        });
        let took_effect = written.transaction.is_none_or(|at| facts.took_effect(at));
        key.deletes || is_replaced || !took_effect
    }
}

/// Where the record is or was.
fn place(facts: &Facts, written: &Written) -> Option<i64> {
    let seen = facts.seen.get(&written.value).filter(|seen| seen.partition == written.partition);
    seen.map(|seen| seen.offset).or(written.offset)
}

fn may_be_there(facts: &Facts, written: &Written) -> bool {
    let ending = written.transaction.map(|at| facts.transactions[at].0.outcome);
    written.outcome != Outcome::Failed && ending != Some(Ending::Aborted)
}

pub(super) fn judge(facts: &Facts, keys: &Keys, anomalies: &mut Anomalies) {
    for ((name, number), known) in &keys.0 {
        let Some(looks) = facts.looks.get(name) else { continue };
        let mut gone_before = u64::MAX;
        // From the last record to the first: what has gone once takes what is before a tombstone with it.
        for (offset, record) in known.places.iter().rev() {
            let gone = first_without(looks, *offset);
            let shown = last_with(looks, *offset);
            if gone.min(gone_before) < shown {
                anomalies.note(Kind::Resurrected, || {
                    let partition = facts.text(*name);
                    format!(
                        "{} of key {number} at {partition}@{offset} is there again at {shown}, after it or the \
                         tombstone of its key had gone",
                        record.value
                    )
                });
            }
            if record.deletes && record.took_effect {
                gone_before = gone_before.min(gone);
            }
        }
    }
}

/// When a reader had first passed the place without being given the record.
fn first_without(looks: &[Look], offset: i64) -> u64 {
    let without = looks
        .iter()
        .filter(|look| look.range.contains(&offset) && look.offsets.binary_search(&offset).is_err());
    without.map(|look| look.end).min().unwrap_or(u64::MAX)
}

/// When a reader asked who was given the record, at the latest.
fn last_with(looks: &[Look], offset: i64) -> u64 {
    let with = looks.iter().filter(|look| look.offsets.binary_search(&offset).is_ok());
    with.map(|look| look.start).max().unwrap_or(0)
}
