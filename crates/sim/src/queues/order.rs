//! In order of keys, no record is delivered before all earlier ones of its key are done.
//!
//! So nobody was given an earlier record after a later one had come to anybody, and nobody still had it then: that no two
//! records of a key are in flight at once follows. A delayed record takes its place only when it is due, and holds nobody
//! up before.

use super::Kind;
use super::event::Order;
use super::facts::{Facts, Id, Place};
use crate::checker::Anomalies;
use std::collections::BTreeMap;

pub(super) fn judge(facts: &Facts, anomalies: &mut Anomalies<Kind>) {
    for (group, settings) in facts.groups.iter().filter(|(_, settings)| settings.order == Order::Key) {
        let mut keys: BTreeMap<(Id, &str), Vec<(Place, bool)>> = BTreeMap::new();
        for (place, record) in facts.expected(settings) {
            let Some(key) = &record.key else { continue };
            let is_delayed = settings.has_delays && record.due.is_some();
            keys.entry((place.partition, key)).or_default().push((place, is_delayed));
        }
        for ((_, key), places) in keys {
            one_key(facts, *group, (key, &places), anomalies);
        }
    }
}

fn one_key(
    facts: &Facts,
    group: Id,
    (key, places): (&str, &[(Place, bool)]),
    anomalies: &mut Anomalies<Kind>,
) {
    // The earliest delivery of any later record.
    let mut overtaker: Option<(u64, Place)> = None;
    for (place, is_delayed) in places.iter().rev() {
        let deliveries = facts.deliveries(group, *place);
        if let (Some((at, later)), false) = (overtaker, is_delayed)
            && deliveries.iter().any(|delivery| delivery.is_after(at))
        {
            anomalies.note(Kind::OutOfOrder, || {
                let name = facts.group_names.name(group);
                format!(
                    "{} of key {key} in {name} came before {} was done",
                    facts.at(later),
                    facts.at(*place)
                )
            });
        }
        let first = deliveries.iter().map(|delivery| (delivery.at, *place)).min();
        overtaker = overtaker.into_iter().chain(first).min();
    }
}
