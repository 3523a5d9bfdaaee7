//! A partition's end never goes back: what a reader was shown or told stays below it for ever, or until a power cut
//! takes what was not durable and need not be.
//!
//! Both ends are monotonic: the high watermark, and the last stable offset, because a transaction begins at or
//! above the watermark. A poll is evidence too, of the end that its isolation reads up to.

use super::anomaly::{Anomalies, Kind};
use super::facts::Facts;
use crate::history::{End, Isolation};
use std::collections::BTreeMap;

pub(super) fn judge(facts: &Facts, anomalies: &mut Anomalies) {
    let mut asked: BTreeMap<(&str, Isolation), Vec<&End>> = BTreeMap::new();
    for end in &facts.ends {
        asked.entry((&end.partition, end.isolation)).or_default().push(end);
    }
    for ((partition, isolation), mut asked) in asked {
        let polls = facts.known(partition).and_then(|name| facts.polls.get(&(name, isolation)));
        let answers = asked.iter().map(|end| (end.end, end.offset));
        let mut shown: Vec<(u64, i64)> = answers.chain(polls.into_iter().flatten().copied()).collect();
        shown.sort_unstable();
        asked.sort_by_key(|end| end.start);
        let losses = facts.known(partition).and_then(|name| facts.partitions.get(&name));
        let losses = losses.map_or(&[][..], |partition| &partition.losses);
        let mut from = 0;
        for until in losses.iter().copied().chain([u64::MAX]) {
            let (asked_until, shown_until) = (
                asked.partition_point(|end| end.start < until),
                shown.partition_point(|(over, _)| *over < until),
            );
            let shown_from = shown.partition_point(|(over, _)| *over < from);
            never_back(&asked[..asked_until], &shown[shown_from..shown_until], anomalies);
            asked.drain(..asked_until);
            from = until;
        }
    }
}

/// Walks the questions in the order of their starts beside what was shown in the order of its ends.
fn never_back(asked: &[&End], shown: &[(u64, i64)], anomalies: &mut Anomalies) {
    let mut over = shown.iter().peekable();
    let mut greatest = i64::MIN;
    for end in asked {
        while let Some((_, offset)) = over.next_if(|(over, _)| *over < end.start) {
            greatest = greatest.max(*offset);
        }
        if end.offset < greatest {
            let End { client, isolation, partition, offset, .. } = end;
            anomalies.note(Kind::WatermarkRegress, || {
                format!("{client} was told that {partition} ends at {offset} ({isolation}), before it went to {greatest}")
            });
        }
    }
}
