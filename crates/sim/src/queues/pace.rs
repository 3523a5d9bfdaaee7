//! Deliveries are counted, and none comes before its time.

use super::Kind;
use super::event::{Group, Verdict};
use super::facts::{Delivery, Facts, Id, Place};
use crate::checker::Anomalies;

pub(super) fn judge(facts: &Facts, anomalies: &mut Anomalies<Kind>) {
    for (group, settings) in &facts.groups {
        for (place, record) in facts.expected(settings) {
            let deliveries = facts.deliveries(*group, place);
            let name = || format!("{} in {}", facts.at(place), settings.group);
            counted(settings, &deliveries, name, anomalies);
            let due = record.due.filter(|_| settings.has_delays);
            if let Some((early, due)) =
                due.and_then(|due| Some((deliveries.iter().find(|delivery| delivery.wall < due)?, due)))
            {
                anomalies.note(Kind::TooEarly, || format!("{} by {} ms", name(), due - early.wall));
            }
            rested(facts, settings, (*group, place), &deliveries, anomalies);
        }
    }
}

fn counted(
    settings: &Group,
    deliveries: &[Delivery],
    name: impl Fn() -> String,
    anomalies: &mut Anomalies<Kind>,
) {
    let mut highest: Option<&Delivery> = None;
    for delivery in deliveries {
        if settings.deliveries_max < delivery.count {
            anomalies.note(Kind::DeliveredTooOften, || format!("{}: delivery {}", name(), delivery.count));
        }
        match highest {
            Some(before) if delivery.count < before.count && delivery.is_after(before.at) => {
                anomalies.note(Kind::CountWentDown, || {
                    format!("{} from {} to {}", name(), before.count, delivery.count)
                });
            }
            // It is late.
            Some(before) if delivery.count < before.count => {}
            Some(_) | None => highest = Some(delivery),
        }
    }
}

/// What was released rests, by a clock of whole milliseconds. A rest begins when the release is decided, which is after it
/// was said.
fn rested(
    facts: &Facts,
    settings: &Group,
    (group, place): (Id, Place),
    deliveries: &[Delivery],
    anomalies: &mut Anomalies<Kind>,
) {
    for saying in facts.sayings(group, place).filter(|saying| saying.verdict == Verdict::Release) {
        let Some(told) = saying.confirmed else { continue };
        let mut before = deliveries.iter().filter(|delivery| delivery.at <= saying.at);
        let Some(released) = before.rfind(|delivery| delivery.member == saying.member) else { continue };
        let number = usize::try_from(released.count.saturating_sub(1)).unwrap_or(usize::MAX);
        let Some(rest_ms) = settings.rests_ms.get(number).or(settings.rests_ms.last()) else { continue };
        let over = saying.at.saturating_add(rest_ms.saturating_sub(1) * 1_000_000);
        if let Some(early) = deliveries.iter().find(|next| next.at < over && next.is_after(told)) {
            anomalies.note(Kind::TooEarly, || {
                let by = (over - early.at) / 1_000_000;
                format!("{} in {} rested {by} ms less than {rest_ms} ms", facts.at(place), settings.group)
            });
        }
    }
}
