//! A transaction gets participants, or is asked whether it has them.
//!
//! Adding comes from AddPartitionsToTxn and AddOffsetsToTxn, and under transaction version 2 from the first write
//! itself. Verifying is what a write of version 1 needs (KIP-890): without it, a record that comes late would open a
//! transaction in the log that nobody ever ends.

use super::record::Record;
use super::state::{Claim, Participant, Stored, Version};
use super::turn::{Timer, Turn};
use super::{Entry, Hard, Reply, State};
use crate::machine::Ticket;
use ottla_wire::{ErrorCode, Str};

/// Participants to add, all or none.
#[derive(Debug)]
pub struct Add {
    /// Who waits.
    pub ticket: Ticket,
    /// Whose transaction.
    pub id: Str,
    /// Who asks.
    pub claim: Claim,
    /// How this client ends transactions.
    pub version: Version,
    /// At least one.
    pub participants: Vec<Participant>,
}

/// Participants to look for.
#[derive(Debug)]
pub struct Verify {
    /// Who waits.
    pub ticket: Ticket,
    /// Whose transaction.
    pub id: Str,
    /// Who asks.
    pub claim: Claim,
    /// Any number.
    pub participants: Vec<Participant>,
}

pub(super) fn add(hard: &Hard, turn: &mut Turn<'_>, add: Add) {
    let ticket = add.ticket;
    let outcome = find(hard, &add.id, add.claim).map(|(id, entry)| join(turn, id, entry, &add));
    turn.reply(ticket, Reply::Add(outcome));
}

pub(super) fn verify(hard: &Hard, turn: &mut Turn<'_>, verify: Verify) {
    let Verify { ticket, id, claim, participants } = verify;
    let found = find(hard, &id, claim);
    let check = |participant: &Participant| match &found {
        Ok((_, entry)) if entry.participants.contains(participant) => Ok(()),
        Ok(_) => Err(ErrorCode::TRANSACTION_ABORTABLE),
        Err(code) => Err(*code),
    };
    turn.reply(ticket, Reply::Verify(participants.iter().map(check).collect()));
}

/// The id's entry, if who asks speaks for it and its transaction is not ending.
fn find<'h>(hard: &'h Hard, id: &str, claim: Claim) -> Result<(&'h Str, &'h Entry), ErrorCode> {
    if id.is_empty() {
        return Err(ErrorCode::INVALID_REQUEST);
    }
    let (id, entry) = hard.find(id).ok_or(ErrorCode::INVALID_PRODUCER_ID_MAPPING)?;
    if claim.producer != entry.stored.producer {
        return Err(ErrorCode::INVALID_PRODUCER_ID_MAPPING);
    }
    if claim.epoch != entry.stored.epoch {
        return Err(ErrorCode::PRODUCER_FENCED);
    }
    match entry.stored.state {
        State::Prepare(_) => Err(ErrorCode::CONCURRENT_TRANSACTIONS),
        State::Empty | State::Ongoing | State::Complete(_) => Ok((id, entry)),
    }
}

fn join(turn: &mut Turn<'_>, id: &Str, entry: &Entry, add: &Add) {
    begin(turn, id, entry, add.version);
    for participant in &add.participants {
        if !entry.participants.contains(participant) {
            turn.record(Record::Joined { id: id.clone(), participant: *participant });
        }
    }
}

/// Opens a transaction if none is open.
pub(super) fn begin(turn: &mut Turn<'_>, id: &Str, entry: &Entry, version: Version) {
    let before = entry.stored;
    match before.state {
        State::Ongoing if before.version == version => {}
        State::Ongoing => turn.store(id, Stored { version, ..before }),
        State::Empty | State::Complete(_) | State::Prepare(_) => {
            let now = turn.now.wall;
            turn.store(id, Stored { state: State::Ongoing, version, started: now, updated: now, ..before });
            turn.schedule(Timer::Timeout(id.clone()), before.timeout_ms.into());
        }
    }
}
