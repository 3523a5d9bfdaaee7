//! What each reader was given between its first and its last position: all that its isolation lets it see.

use super::anomaly::{Anomalies, Kind};
use super::facts::{Facts, Map, Name, Session};
use super::keys::Keys;
use crate::history::Isolation;

pub(super) fn judge(facts: &Facts, keys: &Keys, anomalies: &mut Anomalies) {
    let known = known_places(facts);
    for session in &facts.sessions {
        let Some(places) = known.get(&session.partition) else { continue };
        nothing_is_skipped(facts, keys, session, places, anomalies);
    }
}

/// Offset and value of everything that anybody saw, rising.
fn known_places(facts: &Facts) -> Map<Name, Vec<(i64, u64)>> {
    let sorted = facts.partitions.iter().map(|(name, partition)| {
        let mut places: Vec<_> = partition.places.iter().map(|(offset, value)| (*offset, *value)).collect();
        places.sort_unstable();
        (*name, places)
    });
    sorted.collect()
}

/// Walks the known places beside what the reader was given; both rise, so this is linear.
fn nothing_is_skipped(
    facts: &Facts,
    keys: &Keys,
    session: &Session,
    places: &[(i64, u64)],
    anomalies: &mut Anomalies,
) {
    let first = session.first.unwrap_or(session.next).max(facts.partitions[&session.partition].trimmed);
    let from = places.partition_point(|(offset, _)| *offset < first);
    let mut given = session.offsets.iter().copied().peekable();
    for (offset, value) in places[from..].iter().take_while(|(offset, _)| *offset < session.next) {
        while given.next_if(|given| *given < *offset).is_some() {}
        if given.peek() == Some(offset) || !is_due(facts, keys, session.isolation, *value) {
            continue;
        }
        anomalies.note(Kind::SkippedRecord, || {
            let (client, partition) = (facts.text(session.client), facts.text(session.partition));
            format!("{client} at {} passed {partition}@{offset} ({value})", session.isolation)
        });
    }
}

/// Whether a reader that passes the record's place must be given it.
fn is_due(facts: &Facts, keys: &Keys, isolation: Isolation, value: u64) -> bool {
    let Some(written) = facts.by_value.get(&value).map(|at| &facts.written[*at]) else { return true };
    if keys.may_be_gone(facts, written) {
        return false;
    }
    match isolation {
        Isolation::ReadUncommitted => true,
        Isolation::ReadCommitted => {
            written.transaction.is_none_or(|transaction| facts.took_effect(transaction))
        }
    }
}
