//! A member says what became of records that it has. All of it counts, or nothing.

use super::Id;
use super::config::Config;
use super::history::Ending;
use super::reply::{Refusal, Reply};
use super::run::{Reason, State};
use super::turn::{Edit, Turn};
use crate::machine::Ticket;
use ottla_base::Offset;
use ottla_wire::{ErrorCode, Str};
use std::sync::Arc;

/// Acknowledgements of one share-partition.
#[derive(Clone, Debug)]
pub struct Acknowledge {
    /// Who waits.
    pub ticket: Ticket,
    /// Of which share-partition.
    pub id: Id,
    /// Whose.
    pub member: Str,
    /// The group's settings now.
    pub config: Arc<Config>,
    /// Whether the request may ask for more time.
    pub renew: Renew,
    /// Ascending and not overlapping.
    pub batches: Vec<AcknowledgeBatch>,
}

/// Whether a request may ask for more time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renew {
    /// It says `IsRenewAck`.
    Allowed,
    /// It does not, or its version has no such field.
    Refused,
}

/// What became of neighbouring records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcknowledgeBatch {
    /// The first of them.
    pub first: Offset,
    /// The last of them.
    pub last: Offset,
    /// One for all, or one for each: 0 gap, 1 accept, 2 release, 3 reject, 4 renew.
    pub types: Vec<i8>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// Accepted, or not in the log any more.
    Accept,
    Release,
    Reject,
    Renew,
}

/// Neighbouring records with the same verdict.
type Judged = (Offset, Offset, Verdict);

pub(super) fn acknowledge(turn: &mut Turn<'_>, command: &Acknowledge) {
    let Acknowledge { ticket, id, member, config, renew, batches } = command;
    turn.configure(&id.group, Arc::clone(config));
    let result = turn.edit(id, |edit| {
        let judged = judge(batches, *renew)?;
        allowed(edit, member, &judged)?;
        judged.into_iter().for_each(|judged| carry_out(edit, judged));
        Ok(())
    });
    turn.reply(*ticket, result.map_or(Reply::Absent, Reply::Acknowledged));
}

/// Reads what the request says, without a look at the records.
fn judge(batches: &[AcknowledgeBatch], renew: Renew) -> Result<Vec<Judged>, Refusal> {
    let mut judged: Vec<Judged> = Vec::with_capacity(batches.len());
    let mut end = None;
    for AcknowledgeBatch { first, last, types } in batches {
        if *last < *first || first.0 < 0 {
            return Err(REVERSED);
        }
        if end.is_some_and(|end| *first <= end) {
            return Err(OVERLAPPING);
        }
        end = Some(*last);
        let size = last.0.checked_sub(first.0).and_then(|size| usize::try_from(size).ok());
        let is_each = size.and_then(|size| size.checked_add(1)) == Some(types.len());
        if types.len() != 1 && !is_each {
            return Err(TYPES);
        }
        for (offset, kind) in (first.0..).zip(types) {
            let verdict = verdict(*kind, renew)?;
            let offset = Offset(offset);
            let until = if types.len() == 1 { *last } else { offset };
            match judged.last_mut() {
                Some((_, before, same)) if *same == verdict && before.plus(1) == offset => *before = until,
                Some(_) | None => judged.push((offset, until, verdict)),
            }
        }
    }
    Ok(judged)
}

fn verdict(kind: i8, renew: Renew) -> Result<Verdict, Refusal> {
    match (kind, renew) {
        (0 | 1, _) => Ok(Verdict::Accept),
        (2, _) => Ok(Verdict::Release),
        (3, _) => Ok(Verdict::Reject),
        (4, Renew::Allowed) => Ok(Verdict::Renew),
        (4, Renew::Refused) => Err(RENEW_UNASKED),
        (_, Renew::Allowed | Renew::Refused) => Err(TYPE_UNKNOWN),
    }
}

/// Whether the member has all of these records. What the log has no more is archived, and nobody minds. What is done for
/// another reason was somebody's, and is refused wherever the start is: who is late must not be told that its word counts.
/// Apache Kafka lets everything before the start pass, and so tells two members of one record that it is theirs.
fn allowed(edit: &Edit<'_>, member: &Str, judged: &[Judged]) -> Result<(), Refusal> {
    let live = &edit.live;
    let start = edit.stored.header.start.max(live.log_start);
    for (first, last, verdict) in judged.iter().filter(|(_, last, _)| live.log_start <= *last) {
        if live.acquired_end <= start {
            return Err(NOT_ACQUIRED);
        }
        if live.acquired_end <= *last {
            return Err(PAST);
        }
        if *verdict == Verdict::Renew && !edit.config.renew {
            return Err(RENEW_DISABLED);
        }
        let first = (*first).max(live.log_start);
        let before = live.runs.range(..first).next_back().filter(|(_, run)| first <= run.last);
        let mut from = first;
        for (at, run) in before.into_iter().chain(live.runs.range(first..=*last)) {
            if from < *at || !matches!(run.state, State::Acquired(_)) {
                return Err(NOT_ACQUIRED);
            }
            if run.member != *member {
                return Err(NOT_OWNER);
            }
            from = run.last.plus(1);
        }
        if from <= *last {
            return Err(NOT_ACQUIRED);
        }
    }
    Ok(())
}

fn carry_out(edit: &mut Edit<'_>, (first, last, verdict): Judged) {
    let first = first.max(edit.live.log_start);
    if last < first {
        return;
    }
    edit.live.cut(first);
    edit.live.cut(last.plus(1));
    let runs = edit.live.between(first, last);
    match verdict {
        Verdict::Accept => {
            for at in runs {
                let run = edit.take_back(at);
                edit.live.totals.accepted += run.size(at);
            }
            edit.book.done(first, last);
        }
        Verdict::Release => {
            for at in runs {
                edit.live.totals.released += edit.live.runs[&at].size(at);
                edit.give_back(at, Ending::Released);
            }
        }
        Verdict::Reject => {
            for at in runs {
                let run = edit.take_back_for(at, Ending::Rejected);
                edit.end(at, run, Reason::Rejected);
            }
        }
        Verdict::Renew => {
            let until = edit.config.lock_end(edit.now.tick);
            for at in runs {
                edit.live.change(at, |run| {
                    let State::Acquired(lock) = &mut run.state else { return };
                    (lock.until, lock.renewals) = (until, lock.renewals.saturating_add(1));
                });
            }
        }
    }
}

const fn malformed(message: &'static str) -> Refusal {
    Refusal { code: ErrorCode::INVALID_REQUEST, message }
}

const fn wrong_state(message: &'static str) -> Refusal {
    Refusal { code: ErrorCode::INVALID_RECORD_STATE, message }
}

const REVERSED: Refusal =
    malformed("an acknowledgement batch ends before it begins, or begins before offset 0");
const OVERLAPPING: Refusal =
    malformed("acknowledgement batches overlap or are out of order: send them ascending by offset");
const TYPES: Refusal =
    malformed("an acknowledgement batch needs one type for all of its offsets, or one for each");
const TYPE_UNKNOWN: Refusal =
    malformed("acknowledgement types are 0 gap, 1 accept, 2 release, 3 reject and 4 renew");
const RENEW_UNASKED: Refusal = malformed("acknowledgement type 4, renew, needs a request with IsRenewAck");
const RENEW_DISABLED: Refusal =
    wrong_state("locks of this group cannot be renewed: share.renew.acknowledge.enable is false");
const NOT_ACQUIRED: Refusal =
    wrong_state("a record is not acquired: its lock has timed out, or it was acknowledged before");
const NOT_OWNER: Refusal =
    wrong_state("a record is acquired by another member: the lock of this one has timed out");
const PAST: Refusal = malformed("an acknowledgement batch goes past the last record that was acquired");
