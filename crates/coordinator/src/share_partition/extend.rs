//! The log was read on: what was found becomes known.
//!
//! After a crash the same records are found again. The stored rows say which of them are done and how often the others
//! were delivered.

use super::Id;
use super::config::{Config, Order};
use super::history::History;
use super::reply::Reply;
use super::run::{Batch, Facts, Reason, Run, State};
use super::scanned::{Scanned, ScannedBatch};
use super::stored::{Mark, Row};
use super::turn::{Edit, Turn};
use crate::machine::Ticket;
use ottla_base::limits::ARCHIVING_RECORDS_MAX;
use ottla_base::{Offset, Timestamp};
use ottla_wire::Str;
use std::sync::Arc;

/// The broker has read on in the log.
#[derive(Clone, Debug)]
pub struct Extend {
    /// Who waits.
    pub ticket: Ticket,
    /// For which share-partition.
    pub id: Id,
    /// The group's settings now.
    pub config: Arc<Config>,
    /// What it found. Of no use, and ignored, if it begins after the first offset that is not known; what is known
    /// already is ignored, too.
    pub scanned: Scanned,
}

pub(super) fn extend(turn: &mut Turn<'_>, command: Extend) {
    let Extend { ticket, id, config, scanned } = command;
    turn.configure(&id.group, config);
    let done = turn.edit(&id, |edit| admit(edit, scanned));
    turn.reply(ticket, done.map_or(Reply::Absent, |()| Reply::Done));
}

fn admit(edit: &mut Edit<'_>, scanned: Scanned) {
    let Scanned { from, to, batches } = scanned;
    if edit.live.next < from {
        return;
    }
    for batch in batches {
        let (first, last) = (batch.first.max(edit.live.next), batch.last.min(to.plus(-1)));
        if last < first {
            continue;
        }
        if is_full(edit) {
            return;
        }
        gap(edit, first);
        match &batch.records {
            None => plain(edit, &batch, first, last),
            Some(records) => each(edit, &batch, records, (first, last)),
        }
    }
    gap(edit, to);
}

/// Whoever scanned was told how much; a second one may have come at the same time.
fn is_full(edit: &Edit<'_>) -> bool {
    let counts = edit.live.counts;
    i64::from(edit.config.record_locks_max) <= counts.window()
        || i64::from(edit.config.delayed_records_max) <= counts.parked()
        || ARCHIVING_RECORDS_MAX <= counts.archiving
}

/// There is nothing to deliver before `to`. What was available there is not in the log any more.
fn gap(edit: &mut Edit<'_>, to: Offset) {
    let from = edit.live.next;
    if to <= from {
        return;
    }
    edit.live.next = to;
    let stale = |(_, row): &(Offset, &Row)| matches!(row.mark, Mark::Available { .. });
    let stale: Vec<(Offset, Offset)> = edit
        .stored
        .overlapping(from, to.plus(-1))
        .filter(stale)
        .map(|(first, row)| (first, row.last))
        .collect();
    for (first, last) in stale {
        edit.book.done(first.max(from), last.min(to.plus(-1)));
    }
}

fn plain(edit: &mut Edit<'_>, batch: &ScannedBatch, first: Offset, last: Offset) {
    let batch = of(batch);
    known(edit, first, last, batch, Facts::default());
}

fn of(batch: &ScannedBatch) -> Batch {
    Batch { first: batch.first, size: batch.last.0 - batch.first.0 + 1, bytes: batch.bytes.into() }
}

/// Neighbours that say the same are one run; a record with a key is alone.
fn each(
    edit: &mut Edit<'_>,
    batch: &ScannedBatch,
    records: &[(Offset, Facts)],
    (first, last): (Offset, Offset),
) {
    let of = of(batch);
    let mut records = records.iter().filter(|(offset, _)| first <= *offset && *offset <= last).peekable();
    while let Some((offset, facts)) = records.next() {
        if *offset < edit.live.next {
            continue;
        }
        gap(edit, *offset);
        let mut end = *offset;
        while let Some((after, _)) =
            records.next_if(|(after, its)| facts.key.is_none() && *after == end.plus(1) && its == facts)
        {
            end = *after;
        }
        known(edit, *offset, end, of, respected(edit.config, *facts));
    }
    gap(edit, last.plus(1));
}

/// The facts that the settings allow records to have.
fn respected(config: &Config, facts: Facts) -> Facts {
    let priority = facts.priority.min(super::PRIORITY_MAX);
    let has_lifetime = config.ttl || 0 <= config.ttl_ms;
    Facts {
        due: if config.delay { facts.due } else { Timestamp::NONE },
        expires: if has_lifetime { facts.expires } else { Timestamp::NONE },
        priority: if config.priority { priority } else { super::PRIORITY_DEFAULT },
        key: facts.key.filter(|_| config.order == Order::Key),
    }
}

/// These records are there. The rows say what has happened to them before.
///
/// What is known grows piece by piece: whatever lies between two runs of the known is taken for done.
fn known(edit: &mut Edit<'_>, first: Offset, last: Offset, batch: Batch, facts: Facts) {
    let mut from = first;
    let rows: Vec<(Offset, Row)> =
        edit.stored.overlapping(first, last).map(|(first, row)| (first, row.clone())).collect();
    for (at, row) in rows {
        let (at, end) = (at.max(first), row.last.min(last));
        if from < at {
            waits(edit, from, at.plus(-1), batch, (facts, Told::default()));
        }
        match row.mark {
            Mark::Available { delivery_count: count, due, history } => {
                waits(edit, at, end, batch, (facts, Told { count, due, history }));
            }
            // What is on the way to the dead-letter topic has been here since the start.
            Mark::Done | Mark::Archiving(_) => edit.live.next = end.plus(1),
        }
        from = end.plus(1);
    }
    if from <= last {
        waits(edit, from, last, batch, (facts, Told::default()));
    }
}

/// What a row tells of available records.
struct Told {
    count: i16,
    due: Timestamp,
    history: History,
}

impl Default for Told {
    fn default() -> Self {
        Self { count: 0, due: Timestamp::NONE, history: History::default() }
    }
}

fn waits(
    edit: &mut Edit<'_>,
    first: Offset,
    last: Offset,
    batch: Batch,
    (facts, Told { count, due, history }): (Facts, Told),
) {
    edit.live.next = last.plus(1);
    // A clock that was set back must not make a rest longer than the longest.
    let rest = match due {
        Timestamp::NONE => 0,
        due => due.0.saturating_sub(edit.now.wall.0).clamp(0, edit.config.backoff.max_ms.max(0)),
    };
    let state = edit.place(&facts, count, rest.unsigned_abs());
    let run = Run { last, state, count, facts, batch, member: Str::default(), history };
    if facts.is_expired(edit.now.wall) {
        return edit.end(first, run, Reason::Expired);
    }
    if edit.config.delivery_count_limit <= count {
        return edit.end(first, run, Reason::Exhausted);
    }
    match run.state {
        State::Scheduled | State::Retrying(_) | State::Ready | State::Blocked => edit.live.insert(first, run),
        State::Acquired(_) | State::Archiving { .. } => {}
    }
}
