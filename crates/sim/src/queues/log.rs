//! What producers were told, what members were given and what the topics have is the same.

use super::Kind;
use super::facts::Facts;
use crate::checker::Anomalies;

pub(super) fn judge(facts: &Facts, anomalies: &mut Anomalies<Kind>) {
    for (place, value) in &facts.sent {
        if facts.records.get(place).is_none_or(|record| record.value != *value) {
            anomalies.note(Kind::LostWrite, || format!("{value} was acknowledged at {}", facts.at(*place)));
        }
    }
    for (group, place) in facts.stories.keys() {
        let name = facts.group_names.name(*group);
        let Some(settings) = facts.groups.get(group) else {
            anomalies.note(Kind::InvalidHistory, || format!("nothing is known of group {name}"));
            continue;
        };
        let record = facts.records.get(place);
        let deliveries = facts.deliveries(*group, *place);
        for delivery in &deliveries {
            if record.is_none_or(|record| record.value != delivery.value) {
                anomalies.note(Kind::Phantom, || {
                    let member = facts.member_names.name(delivery.member);
                    format!("{member} was given {} at {}", delivery.value, facts.at(*place))
                });
            }
        }
        let foreign = record.and_then(|record| record.requeued_for.as_ref()).filter(|of| *of != name);
        if let (Some(of), false) = (foreign, deliveries.is_empty()) {
            anomalies
                .note(Kind::ForeignDelivery, || format!("{name} was given {} of {of}", facts.at(*place)));
        }
        let hides = settings.isolation == crate::history::Isolation::ReadCommitted;
        if hides && !deliveries.is_empty() && record.is_some_and(|record| !record.committed) {
            anomalies.note(Kind::UncommittedDelivery, || format!("{name} was given {}", facts.at(*place)));
        }
    }
}
