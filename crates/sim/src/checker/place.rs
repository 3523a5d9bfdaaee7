//! Every record at its place: acknowledged ones are there, once, in order, and where the acknowledgement said.

use super::anomaly::{Anomalies, Kind};
use super::facts::{Facts, Map, Name, Partition, Written};
use super::keys::Keys;
use crate::history::{Isolation, Outcome};
use std::collections::BTreeMap;

const READ_UNCOMMITTED: usize = Isolation::ReadUncommitted as usize;
const READ_COMMITTED: usize = Isolation::ReadCommitted as usize;

pub(super) fn judge(facts: &Facts, keys: &Keys, anomalies: &mut Anomalies) {
    nobody_was_shown_what_nobody_sent(facts, anomalies);
    once(facts, anomalies);
    there(facts, keys, anomalies);
    where_it_was_said(facts, anomalies);
    in_order(facts, anomalies);
}

fn nobody_was_shown_what_nobody_sent(facts: &Facts, anomalies: &mut Anomalies) {
    for (name, partition) in &facts.partitions {
        let all = partition.places.iter().map(|(offset, value)| (*offset, *value));
        for (offset, value) in all.chain(partition.lost.iter().copied()) {
            let place = || format!("{}@{offset}", facts.text(*name));
            match facts.by_value.get(&value).map(|at| &facts.written[*at]) {
                None => {
                    anomalies.note(Kind::Phantom, || format!("{} is {value}, which nobody sent", place()))
                }
                Some(written) if written.partition != *name => anomalies.note(Kind::Phantom, || {
                    format!("{} is {value}, which was sent to {}", place(), facts.text(written.partition))
                }),
                Some(written) if written.outcome == Outcome::Failed => {
                    anomalies.note(Kind::AbortedRead, || {
                        format!(
                            "{} is {value}, whose sending by {} failed",
                            place(),
                            facts.text(written.client)
                        )
                    })
                }
                Some(_) => {}
            }
        }
    }
}

fn once(facts: &Facts, anomalies: &mut Anomalies) {
    for (name, partition) in &facts.partitions {
        for (value, offset) in &partition.repeats {
            if facts.by_value.get(value).is_some_and(|at| !facts.written[*at].is_plain) {
                let first = facts.seen[value].offset;
                anomalies.note(Kind::Duplicate, || {
                    let (sender, partition) = (facts.sender(*value), facts.text(*name));
                    format!("{value} of {sender} is at {partition}@{first} and @{offset}")
                });
            }
        }
    }
}

/// Who reads everything at `read_committed` reads all that was acknowledged; a transaction that hangs would hide the
/// rest of its partition. A record that was acknowledged and then aborted is still there for who reads at
/// `read_uncommitted`. Records of transactions that show in part are told by [`transaction`](super::transaction).
fn there(facts: &Facts, keys: &Keys, anomalies: &mut Anomalies) {
    let missing = |written: &&Written| {
        let drained = facts.partitions[&written.partition].drained;
        let is_hidden = drained[READ_COMMITTED] && !facts.shows_committed(written.value);
        let is_unseen = !facts.seen.contains_key(&written.value);
        match written.outcome {
            Outcome::Ok => is_hidden || is_unseen,
            Outcome::Unknown => is_unseen && written.offset.is_some() && drained[READ_UNCOMMITTED],
            Outcome::Failed => false,
        }
    };
    for written in facts.written.iter().filter(missing) {
        let partition = &facts.partitions[&written.partition];
        let is_trimmed = written.offset.is_some_and(|offset| offset < partition.trimmed);
        let is_torn = written.transaction.is_some_and(|at| {
            let (_, from, to) = &facts.transactions[at];
            facts.written[*from..*to].iter().any(|written| facts.shows_committed(written.value))
        });
        if is_trimmed || is_torn || keys.may_be_gone(facts, written) {
            continue;
        }
        let kind = if was_passed(partition, written) { Kind::LostWrite } else { Kind::Unseen };
        anomalies.note(kind, || {
            let offset = written.offset.map_or("?".to_owned(), |offset| offset.to_string());
            let (sender, partition) = (facts.text(written.client), facts.text(written.partition));
            format!("{} of {sender} was acknowledged at {partition}@{offset}", written.value)
        });
    }
}

fn was_passed(partition: &Partition, written: &Written) -> bool {
    let Partition { passed, drained, .. } = partition;
    let below = |passed: i64| written.offset.is_some_and(|offset| offset < passed);
    drained[READ_UNCOMMITTED]
        || drained[READ_COMMITTED]
        || below(passed[READ_UNCOMMITTED])
        || below(passed[READ_COMMITTED])
}

/// What acknowledgements say agrees with what readers see, and with other acknowledgements.
fn where_it_was_said(facts: &Facts, anomalies: &mut Anomalies) {
    let mut said: Map<(Name, i64), u64> = Map::default();
    for written in &facts.written {
        let Some(offset) = written.offset else { continue };
        let value = written.value;
        let place = || format!("{}@{offset}", facts.text(written.partition));
        if let Some(other) = said.insert((written.partition, offset), value) {
            anomalies.note(Kind::InconsistentOffset, || {
                format!("{} was acknowledged for {other} and for {value}", place())
            });
        }
        let is_elsewhere = facts.seen.contains_key(&value)
            && facts.partitions[&written.partition].places.get(&offset) != Some(&value)
            && facts.partitions[&written.partition].trimmed <= offset;
        if is_elsewhere {
            let real = facts.seen[&value].offset;
            anomalies.note(Kind::OffsetFromNowhere, || {
                format!(
                    "{value} of {} was acknowledged at {} and is at @{real}",
                    facts.sender(value),
                    place()
                )
            });
        }
    }
}

/// The values of one client rise as it sends, so at one partition their offsets do.
fn in_order(facts: &Facts, anomalies: &mut Anomalies) {
    let mut sent: BTreeMap<(Name, Name), Vec<(u64, i64)>> = BTreeMap::new();
    for written in facts.written.iter().filter(|written| !written.is_plain && !written.is_lost) {
        let seen = facts.seen.get(&written.value).map(|seen| seen.offset);
        if let Some(offset) = seen.or(written.offset) {
            sent.entry((written.client, written.partition)).or_default().push((written.value, offset));
        }
    }
    for ((client, partition), mut sent) in sent {
        sent.sort_unstable();
        for pair in sent.windows(2).filter(|pair| pair[1].1 <= pair[0].1) {
            anomalies.note(Kind::Reordered, || {
                let (client, partition) = (facts.text(client), facts.text(partition));
                let [(first, first_offset), (second, second_offset)] = [pair[0], pair[1]];
                format!(
                    "{client} sent {first} before {second}, but {partition} has them @{first_offset} and @{second_offset}"
                )
            });
        }
    }
}
