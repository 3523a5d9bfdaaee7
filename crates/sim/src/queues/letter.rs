//! Each dead letter is there once, has a cause and holds its record; and goes back to its topic once.

use super::Kind;
use super::event::{Group, Letter, Outcome, Reason, Verdict};
use super::facts::{Facts, Id, Place};
use crate::checker::Anomalies;
use std::collections::BTreeMap;

pub(super) fn judge(facts: &Facts, anomalies: &mut Anomalies<Kind>) {
    for (group, place) in facts.stories.keys() {
        let mut sayings = facts.sayings(*group, *place);
        let is_rejected = sayings.any(|said| said.verdict == Verdict::Reject && said.confirmed.is_some());
        if is_rejected && !facts.letters.contains_key(&(*group, *place)) {
            anomalies.note(Kind::LetterMissing, || {
                format!("{} in {}", facts.at(*place), facts.group_names.name(*group))
            });
        }
    }
    for ((group, place), letters) in &facts.letters {
        let Some(settings) = facts.groups.get(group) else { continue };
        if let [first, second, ..] = letters.as_slice() {
            anomalies.note(Kind::LetterTwice, || {
                format!("{} in {}: {} and {}", facts.at(*place), settings.group, first.letter, second.letter)
            });
        }
        for letter in letters {
            one_letter(facts, settings, letter, (*group, *place), anomalies);
        }
    }
    requeued_once(facts, anomalies);
}

fn one_letter(
    facts: &Facts,
    settings: &Group,
    letter: &Letter,
    (group, place): (Id, Place),
    anomalies: &mut Anomalies<Kind>,
) {
    let record = facts.records.get(&place);
    if record.is_none_or(|record| (record.value, &record.key) != (letter.value, &letter.key)) {
        anomalies.note(Kind::LetterAltered, || format!("{} of {}", letter.letter, facts.at(place)));
    }
    let is_caused = match letter.reason {
        Reason::Rejected => facts.sayings(group, place).any(|said| said.verdict == Verdict::Reject),
        Reason::Exhausted => letter.deliveries == settings.deliveries_max,
        // No history has records whose time is over.
        Reason::Expired => false,
    };
    if !is_caused {
        anomalies.note(Kind::LetterUncaused, || {
            let Letter { letter, deliveries, reason, .. } = letter;
            format!("{letter} of {}: {reason:?} after {deliveries} deliveries", facts.at(place))
        });
    }
}

/// A receipt and the record in its topic are one transaction.
fn requeued_once(facts: &Facts, anomalies: &mut Anomalies<Kind>) {
    let letters: BTreeMap<&str, &Letter> =
        facts.letters.values().flatten().map(|letter| (letter.letter.as_str(), letter)).collect();
    let mut receipts: BTreeMap<(&str, u64), u64> = BTreeMap::new();
    let mut settled: BTreeMap<&str, u64> = BTreeMap::new();
    for (letter, outcome) in &facts.receipts {
        *settled.entry(letter.as_str()).or_default() += 1;
        match (outcome, letters.get(letter.as_str())) {
            (Outcome::Requeued, Some(Letter { group, value, .. })) => {
                *receipts.entry((group, *value)).or_default() += 1;
            }
            (Outcome::Discarded, Some(_)) => {}
            (Outcome::Requeued | Outcome::Discarded, None) => {
                anomalies
                    .note(Kind::InvalidHistory, || format!("a receipt for {letter}, which is no letter"));
            }
        }
    }
    for (letter, _) in settled.iter().filter(|(_, count)| 1 < **count) {
        anomalies.note(Kind::RequeuedTwice, || format!("{letter} was settled twice"));
    }
    let mut copies: BTreeMap<(&str, u64), u64> = BTreeMap::new();
    for record in facts.records.values().filter(|record| record.committed) {
        if let Some(group) = &record.requeued_for {
            *copies.entry((group, record.value)).or_default() += 1;
        }
    }
    for key in receipts.keys().chain(copies.keys().filter(|key| !receipts.contains_key(*key))) {
        let count = |all: &BTreeMap<_, u64>| all.get(key).copied().unwrap_or(0);
        let (receipts, copies) = (count(&receipts), count(&copies));
        let evidence = || format!("{} of {}: {receipts} receipts, {copies} in its topic", key.1, key.0);
        if receipts < copies {
            anomalies.note(Kind::RequeuedTwice, evidence);
        } else if copies < receipts {
            anomalies.note(Kind::RequeueLost, evidence);
        }
    }
}
