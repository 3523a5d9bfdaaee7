//! The markers of a transaction are written: it is complete, and who ended it hears so.

use super::end;
use super::record::Record;
use super::state::{Claim, Stored};
use super::turn::Turn;
use super::{Hard, Reply, State};
use crate::machine::Ticket;
use ottla_base::{ProducerEpoch, ProducerId, Timestamp};
use ottla_wire::Str;
use ottla_wire::record::MarkerKind;

/// What the finisher has done.
#[derive(Debug)]
pub struct Complete {
    /// Who waits.
    pub ticket: Ticket,
    /// Whose transaction.
    pub id: Str,
    /// What the markers carried.
    pub claim: Claim,
}

/// Completes the transaction that was prepared so. Anything else is news of the past, after a state was lost and the
/// same work done twice, and changes nothing.
pub(super) fn complete(hard: &Hard, turn: &mut Turn<'_>, complete: Complete) {
    turn.reply(complete.ticket, Reply::Done);
    let Some((id, entry)) = hard.find(&complete.id) else { return };
    let State::Prepare(outcome) = entry.stored.state else { return };
    if entry.stored.claim() != complete.claim {
        return;
    }
    let stored = completed(&entry.stored, outcome, turn.now.wall);
    turn.store(id, stored);
    for participant in &entry.participants {
        turn.record(Record::Left { id: id.clone(), participant: *participant });
    }
    if let Some(ticket) = turn.ending.remove(id) {
        turn.reply(ticket, end::answer(&stored, stored.version));
    }
}

/// What is stored of an id whose transaction is complete.
pub(super) fn completed(stored: &Stored, outcome: MarkerKind, now: Timestamp) -> Stored {
    let ended = Stored { state: State::Complete(outcome), updated: now, ..*stored };
    match stored.next {
        ProducerId::NONE => ended,
        next => Stored {
            producer: next,
            epoch: ProducerEpoch(0),
            previous: stored.producer,
            next: ProducerId::NONE,
            ..ended
        },
    }
}
