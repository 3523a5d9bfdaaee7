//! Records on their way to the dead-letter topic.
//!
//! ```text
//!  a record ends ─► ARCHIVING is durable ─► the writer gets it ─► its position is durable ─► it is appended ─► done
//! ```
//! After a crash the writer gets again what is not done. What it had appended before stands behind the position, so that
//! it can look, and no letter is written twice. There is one writer.
//!
//! Offsets that are set anew take back what was on its way, and the same records may be given up once more. What the
//! writer has of before is none of theirs: a letter is known by its offset and by when it was decided.

use super::Id;
use super::reply::Reply;
use super::run::{Letter, State};
use super::stored::Position;
use super::turn::Turn;
use crate::machine::Ticket;
use ottla_base::limits::DEAD_LETTERS_MAX;
use ottla_base::{Offset, Timestamp};
use std::collections::BTreeSet;

/// What waits for the writer, or the writer that waits.
#[derive(Debug, Default)]
pub(super) struct Desk {
    idle: Option<Ticket>,
    work: BTreeSet<Id>,
}

impl Desk {
    pub(super) fn queue(&mut self, id: &Id) {
        if !self.work.contains(id) {
            self.work.insert(id.clone());
        }
    }

    pub(super) fn forget(&mut self, id: &Id) {
        self.work.remove(id);
    }
}

/// Records of one share-partition that must go to the dead-letter topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letters {
    /// Which share-partition.
    pub id: Id,
    /// Where to look whether they are there already.
    pub position: Option<Position>,
    /// First and last offset, and what is known of them.
    pub ranges: Vec<(Offset, Offset, Letter)>,
}

/// The writer is going to append behind this position. What it has been given may not be there to be written any more: it
/// was given twice, because the state was lost in between, or the share-partition was set anew. The answer tells.
#[derive(Clone, Debug)]
pub struct DeadLetterPosition {
    /// Who waits.
    pub ticket: Ticket,
    /// Dead letters of which share-partition.
    pub id: Id,
    /// Where the dead-letter partition ends.
    pub position: Position,
    /// First and last offsets of what it is going to write, and when each was decided ([`Letter::at`]).
    pub ranges: Vec<(Offset, Offset, Timestamp)>,
}

/// Records are in the dead-letter topic, or there is none any more.
#[derive(Clone, Debug)]
pub struct DeadLettered {
    /// Who waits.
    pub ticket: Ticket,
    /// Of which share-partition.
    pub id: Id,
    /// First and last offsets, and when each was decided ([`Letter::at`]).
    pub ranges: Vec<(Offset, Offset, Timestamp)>,
}

/// The writer has nothing to do. If a second one asks, the first goes home.
pub(super) fn wait(turn: &mut Turn<'_>, ticket: Ticket) {
    if let Some(before) = turn.desk.idle.replace(ticket) {
        turn.reply(before, Reply::DeadLetters(Vec::new()));
    }
}

pub(super) fn hand_out(turn: &mut Turn<'_>) {
    if turn.desk.idle.is_none() || turn.desk.work.is_empty() {
        return;
    }
    let mut letters = Vec::new();
    let mut room = DEAD_LETTERS_MAX;
    while let Some(id) = turn.desk.work.first().cloned().filter(|_| 0 < room) {
        let ranges = take(turn, &id, &mut room);
        if ranges.is_empty() {
            turn.desk.work.remove(&id);
            continue;
        }
        let position = turn.hard.find(&id).and_then(|stored| stored.header.dead_letters);
        letters.push(Letters { id, position, ranges });
    }
    if let Some(ticket) = turn.desk.idle.take_if(|_| !letters.is_empty()) {
        turn.reply(ticket, Reply::DeadLetters(letters));
    }
}

/// Takes some letters of one share-partition, as many records as there is room for, but at least one run.
fn take(turn: &mut Turn<'_>, id: &Id, room: &mut i64) -> Vec<(Offset, Offset, Letter)> {
    let live = turn.groups.get_mut(&id.group).and_then(|group| group.partitions.get_mut(&id.partition));
    let Some(live) = live else { return Vec::new() };
    let mut ranges = Vec::new();
    while let Some(first) = live.letters.first().copied().filter(|_| 0 < *room) {
        live.cut(first.plus(*room));
        live.change(first, |run| {
            let State::Archiving { letter, is_out } = &mut run.state else { return };
            *is_out = true;
            ranges.push((first, run.last, letter.clone()));
            *room -= run.size(first);
        });
    }
    ranges
}

pub(super) fn position(turn: &mut Turn<'_>, command: DeadLetterPosition) {
    let DeadLetterPosition { ticket, id, position, ranges } = command;
    let awaited = turn.edit(&id, |edit| {
        edit.book.set_position(position);
        let mut awaited = Vec::new();
        for (first, last, decided_at) in ranges {
            edit.live.cut(first);
            edit.live.cut(last.plus(1));
            for at in edit.live.between(first, last) {
                let run = &edit.live.runs[&at];
                if is_letter(&run.state, decided_at) {
                    awaited.push((at, run.last));
                }
            }
        }
        awaited
    });
    turn.reply(ticket, awaited.map_or(Reply::Absent, Reply::Awaited));
}

pub(super) fn done(turn: &mut Turn<'_>, command: &DeadLettered) {
    let DeadLettered { ticket, id, ranges } = command;
    let done = turn.edit(id, |edit| {
        for (first, last, decided_at) in ranges {
            edit.live.cut(*first);
            edit.live.cut(last.plus(1));
            for at in edit.live.between(*first, *last) {
                let is_letter = is_letter(&edit.live.runs[&at].state, *decided_at);
                let Some(run) = is_letter.then(|| edit.live.remove(at)).flatten() else { continue };
                edit.live.totals.dead_lettered += run.size(at);
                edit.book.done(at, run.last);
            }
        }
        if std::mem::take(&mut edit.live.is_starved) {
            edit.live.has_news = true;
        }
    });
    turn.reply(*ticket, done.map_or(Reply::Absent, |()| Reply::Done));
}

/// Whether the record is on its way to the dead-letter topic since that moment.
fn is_letter(state: &State, decided_at: Timestamp) -> bool {
    matches!(state, State::Archiving { letter, .. } if letter.at == decided_at)
}
