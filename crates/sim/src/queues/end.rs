//! Every record comes to one end, and nobody is given it after that.

use super::Kind;
use super::event::Verdict;
use super::facts::{Facts, Id, Place, Saying};
use crate::checker::Anomalies;

pub(super) fn judge(facts: &Facts, anomalies: &mut Anomalies<Kind>) {
    for (group, settings) in &facts.groups {
        for (place, _) in facts.expected(settings) {
            one_record(facts, (*group, place), anomalies);
        }
    }
}

fn one_record(facts: &Facts, (group, place): (Id, Place), anomalies: &mut Anomalies<Kind>) {
    let deliveries = facts.deliveries(group, place);
    let ends: Vec<Saying> =
        facts.sayings(group, place).filter(|saying| saying.is_end() && saying.confirmed.is_some()).collect();
    let has_letter = facts.letters.contains_key(&(group, place));
    let name = || format!("{} in {}", facts.at(place), facts.group_names.name(group));
    let who = |saying: &Saying| facts.member_names.name(saying.member).to_owned();
    if let [first, second, ..] = ends.as_slice() {
        anomalies.note(Kind::EndedTwice, || {
            format!(
                "{} by {} ({:?}) and {} ({:?})",
                name(),
                who(first),
                first.verdict,
                who(second),
                second.verdict
            )
        });
    }
    let accepted = ends.iter().find(|end| end.verdict == Verdict::Accept);
    if let (Some(end), true) = (accepted, has_letter) {
        anomalies.note(Kind::EndedTwice, || {
            format!("{} was accepted by {} and is a dead letter", name(), who(end))
        });
    }
    let first_end = ends.iter().min_by_key(|end| end.confirmed);
    if let Some((end, told)) = first_end.and_then(|end| Some((end, end.confirmed?)))
        && let Some(late) = deliveries.iter().find(|delivery| delivery.is_after(told))
    {
        anomalies.note(Kind::Redelivered, || {
            let to = facts.member_names.name(late.member);
            format!("{} came to {to} after {} had ended it ({:?})", name(), who(end), end.verdict)
        });
    }
    // What nobody was told may have counted, unless the record was given away after it.
    let may_be_accepted = |saying: Saying| {
        saying.verdict == Verdict::Accept && !deliveries.iter().any(|delivery| delivery.is_after(saying.at))
    };
    if !has_letter && accepted.is_none() && !facts.sayings(group, place).any(may_be_accepted) {
        anomalies.note(Kind::Lost, || format!("{}, delivered {} times", name(), deliveries.len()));
    }
}
