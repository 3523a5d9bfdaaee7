//! Transactions as a whole: no part of an aborted one shows, all of a committed one does, and each input that they
//! consume is consumed by one of them.

use super::anomaly::{Anomalies, Kind};
use super::facts::{Facts, Written};
use super::keys::Keys;
use crate::history::{Ending, Isolation, Range, Transaction};
use std::collections::BTreeMap;

const READ_COMMITTED: usize = Isolation::ReadCommitted as usize;

pub(super) fn judge(facts: &Facts, keys: &Keys, anomalies: &mut Anomalies) {
    for (transaction, from, to) in &facts.transactions {
        let records = &facts.written[*from..*to];
        match transaction.outcome {
            Ending::Aborted => aborted(facts, transaction, records, anomalies),
            Ending::Committed | Ending::Unknown => {
                not_before_its_time(facts, transaction, records, anomalies);
                whole(facts, keys, transaction, records, anomalies);
            }
        }
    }
    input_is_consumed_once(facts, anomalies);
}

fn aborted(facts: &Facts, transaction: &Transaction, records: &[Written], anomalies: &mut Anomalies) {
    for written in records.iter().filter(|written| facts.shows_committed(written.value)) {
        anomalies.note(Kind::AbortedRead, || {
            let partition = facts.text(written.partition);
            format!(
                "{} of an aborted transaction of {} shows in {partition}",
                written.value, transaction.client
            )
        });
    }
}

fn not_before_its_time(
    facts: &Facts,
    transaction: &Transaction,
    records: &[Written],
    anomalies: &mut Anomalies,
) {
    for written in records {
        let shown = facts.shown.get(&written.value);
        if let Some(shown) = shown.filter(|shown| **shown < transaction.ended) {
            let Transaction { client, ended, .. } = transaction;
            let (value, partition) = (written.value, facts.text(written.partition));
            anomalies.note(Kind::UncommittedRead, || {
                format!(
                    "{value} shows in {partition} at {shown}, but {client} asked for the commit at {ended}"
                )
            });
        }
    }
}

/// A part shows; then what was passed without showing is torn off.
fn whole(
    facts: &Facts,
    keys: &Keys,
    transaction: &Transaction,
    records: &[Written],
    anomalies: &mut Anomalies,
) {
    let Some(shown) = records.iter().find(|written| facts.shows_committed(written.value)) else { return };
    let is_due = |written: &&Written| {
        !facts.shows_committed(written.value) && !written.is_lost && !keys.may_be_gone(facts, written)
    };
    for written in records.iter().filter(is_due) {
        let partition = &facts.partitions[&written.partition];
        let is_passed = partition.drained[READ_COMMITTED]
            || written.offset.is_some_and(|offset| offset < partition.passed[READ_COMMITTED]);
        let is_trimmed = written.offset.is_some_and(|offset| offset < partition.trimmed);
        if is_passed && !is_trimmed {
            let (client, name) = (&transaction.client, facts.text(written.partition));
            anomalies.note(Kind::TornTransaction, || {
                format!(
                    "of a transaction of {client} {} shows, but {} in {name} does not",
                    shown.value, written.value
                )
            });
        }
    }
}

/// The ranges that the transactions of a group consumed join without a gap and without an overlap.
fn input_is_consumed_once(facts: &Facts, anomalies: &mut Anomalies) {
    let mut consumed: BTreeMap<(&str, &str), Vec<(&Range, &str)>> = BTreeMap::new();
    for (index, (transaction, _, _)) in facts.transactions.iter().enumerate() {
        let Some(group) = transaction.group.as_deref().filter(|_| facts.took_effect(index)) else { continue };
        for range in &transaction.reads {
            consumed.entry((group, &range.partition)).or_default().push((range, &transaction.client));
        }
    }
    for ((group, partition), mut ranges) in consumed {
        ranges.sort_by_key(|(range, _)| (range.first, range.next));
        for pair in ranges.windows(2) {
            let [(before, one), (after, other)] = [pair[0], pair[1]];
            let kind = match after.first.cmp(&before.next) {
                std::cmp::Ordering::Less => Kind::Reprocessed,
                std::cmp::Ordering::Equal => continue,
                std::cmp::Ordering::Greater => Kind::Unprocessed,
            };
            anomalies.note(kind, || {
                format!(
                    "group {group} consumed {partition} {}..{} by {one}, then {}..{} by {other}",
                    before.first, before.next, after.first, after.next
                )
            });
        }
    }
}
