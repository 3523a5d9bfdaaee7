//! Committed offsets of groups: the answer is one that was committed, and none that was replaced before the question.
//!
//! Each group's offset of a partition is a register. Commits overlap in time, so an answer `c` is right if it was
//! asked for before the question was answered, and no other commit lies wholly between `c` and the question.

use super::anomaly::{Anomalies, Kind};
use super::facts::Facts;
use crate::history::{Committed, Ending, Outcome};
use std::collections::BTreeMap;

/// A commit that happened or may have happened.
#[derive(Debug, Clone, Copy)]
struct Commit {
    offset: i64,
    start: u64,
    /// Nothing if nobody knows whether and when it took effect.
    end: Option<u64>,
}

/// One group's commits of one partition.
#[derive(Debug, Default)]
struct Register {
    by_offset: BTreeMap<i64, Vec<Commit>>,
    /// End of each known commit, rising, with the greatest start of it and all before.
    settled: Vec<(u64, u64)>,
}

pub(super) fn judge(facts: &Facts, anomalies: &mut Anomalies) {
    let registers = registers(facts);
    let nothing = Register::default();
    for answer in &facts.committed {
        let register = registers.get(&(&*answer.group, &*answer.partition)).unwrap_or(&nothing);
        judge_answer(register, answer, anomalies);
    }
}

fn registers(facts: &Facts) -> BTreeMap<(&str, &str), Register> {
    let mut registers: BTreeMap<(&str, &str), Register> = BTreeMap::new();
    let plain = facts.commits.iter().filter(|commit| commit.outcome != Outcome::Failed).map(|commit| {
        let end = (commit.outcome == Outcome::Ok).then_some(commit.end);
        (&*commit.group, &*commit.partition, Commit { offset: commit.offset, start: commit.start, end })
    });
    let transactional = facts.transactions.iter().filter_map(|(transaction, _, _)| {
        let end = match transaction.outcome {
            Ending::Aborted => return None,
            Ending::Committed => Some(transaction.finished),
            Ending::Unknown => None,
        };
        let (group, start) = (transaction.group.as_deref()?, transaction.ended);
        let commit = move |offset| Commit { offset, start, end };
        Some(transaction.reads.iter().map(move |range| (group, &*range.partition, commit(range.next))))
    });
    for (group, partition, commit) in plain.chain(transactional.flatten()) {
        let register = registers.entry((group, partition)).or_default();
        register.by_offset.entry(commit.offset).or_default().push(commit);
        register.settled.extend(commit.end.map(|end| (end, commit.start)));
    }
    for register in registers.values_mut() {
        register.settled.sort_unstable();
        let mut latest = 0;
        for (_, start) in &mut register.settled {
            latest = latest.max(*start);
            *start = latest;
        }
    }
    registers
}

fn judge_answer(register: &Register, answer: &Committed, anomalies: &mut Anomalies) {
    let before = register.settled.partition_point(|(end, _)| *end < answer.start);
    // The latest start of a commit that was over before the question: what ended before it is replaced.
    let replaced_before = before.checked_sub(1).map(|at| register.settled[at].1);
    let told = |offset: i64| {
        let Committed { client, group, partition, .. } = answer;
        format!("{client} was told {offset} for {group} on {partition}")
    };
    let Some(offset) = answer.offset else {
        if replaced_before.is_some() {
            let Committed { client, group, partition, .. } = answer;
            anomalies.note(Kind::GroupOffsetRegress, || {
                format!("{client} was told that {group} committed nothing on {partition}, but it had")
            });
        }
        return;
    };
    let same = register.by_offset.get(&offset).map_or(&[][..], Vec::as_slice);
    let mut begun = same.iter().filter(|commit| commit.start <= answer.end).peekable();
    if begun.peek().is_none() {
        anomalies.note(Kind::OffsetFromNowhere, || format!("{}, which nobody had committed", told(offset)));
    } else if begun.all(|commit| commit.end.is_some_and(|end| Some(end) < replaced_before)) {
        anomalies.note(Kind::GroupOffsetRegress, || {
            format!("{}, which a later commit had replaced", told(offset))
        });
    }
}
