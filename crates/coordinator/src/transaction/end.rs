//! EndTxn: the producer commits or aborts. Answered when the transaction is complete.
//!
//! - Version 1: the epoch stays. The same end of a transaction that has ended already is a repetition.
//! - Version 2: the answer brings a new epoch, and a new producer id if epochs are exhausted. A repetition is told by
//!   the epoch that the producer gave up with it; the present epoch means the next transaction, which may be aborted
//!   although it is empty, but not committed.

use super::complete;
use super::state::{Claim, Stored, Version, after, is_exhausted};
use super::turn::Turn;
use super::{Entry, Hard, Reply, State};
use crate::machine::Ticket;
use ottla_base::{ProducerEpoch, ProducerId};
use ottla_wire::message::{EndTxnRequest, EndTxnResponse};
use ottla_wire::record::MarkerKind;
use ottla_wire::{ErrorCode, Str};

/// An end to decide.
#[derive(Debug)]
pub struct End {
    /// Who waits.
    pub ticket: Ticket,
    /// What was asked.
    pub request: EndTxnRequest,
    /// Whether the client takes a new epoch with the answer.
    pub version: Version,
    /// A producer id that nobody has, if the broker has drawn one.
    pub spare: Option<ProducerId>,
}

/// What an end that is in order comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// The transaction ends now.
    Ends,
    /// It has ended so already.
    Repeated,
}

pub(super) fn end(hard: &Hard, turn: &mut Turn<'_>, end: End) {
    match check(hard, &end) {
        Err(error_code) => turn.reply(end.ticket, refused(error_code)),
        Ok((_, entry, Verdict::Repeated)) => turn.reply(end.ticket, answer(&entry.stored, end.version)),
        Ok((id, entry, Verdict::Ends)) => carry_out(turn, id, entry, &end),
    }
}

fn refused(error_code: ErrorCode) -> EndTxnResponse {
    EndTxnResponse {
        error_code,
        producer_id: ProducerId::NONE.0,
        producer_epoch: ProducerEpoch::NONE.0,
        ..EndTxnResponse::default()
    }
}

/// Who the producer is from now on; under version 1 it knows.
pub(super) fn answer(stored: &Stored, version: Version) -> EndTxnResponse {
    let told = match version {
        Version::One => Claim { producer: ProducerId::NONE, epoch: ProducerEpoch::NONE },
        Version::Two => stored.claim(),
    };
    EndTxnResponse { producer_id: told.producer.0, producer_epoch: told.epoch.0, ..EndTxnResponse::default() }
}

fn check<'h>(hard: &'h Hard, end: &End) -> Result<(&'h Str, &'h Entry, Verdict), ErrorCode> {
    let EndTxnRequest { transactional_id, producer_id, producer_epoch, committed } = &end.request;
    if transactional_id.is_empty() {
        return Err(ErrorCode::INVALID_REQUEST);
    }
    let (id, entry) = hard.find(transactional_id).ok_or(ErrorCode::INVALID_PRODUCER_ID_MAPPING)?;
    let claim = Claim { producer: ProducerId(*producer_id), epoch: ProducerEpoch(*producer_epoch) };
    let asked = if *committed { MarkerKind::Commit } else { MarkerKind::Abort };
    let verdict = match end.version {
        Version::One => check_one(&entry.stored, claim, asked)?,
        Version::Two => check_two(&entry.stored, claim, asked)?,
    };
    Ok((id, entry, verdict))
}

fn check_one(stored: &Stored, claim: Claim, asked: MarkerKind) -> Result<Verdict, ErrorCode> {
    if claim.producer != stored.producer {
        return Err(ErrorCode::INVALID_PRODUCER_ID_MAPPING);
    }
    if claim.epoch != stored.epoch {
        return Err(ErrorCode::PRODUCER_FENCED);
    }
    match stored.state {
        State::Ongoing => Ok(Verdict::Ends),
        State::Complete(done) if done == asked => Ok(Verdict::Repeated),
        State::Prepare(done) if done == asked => Err(ErrorCode::CONCURRENT_TRANSACTIONS),
        State::Empty | State::Complete(_) | State::Prepare(_) => Err(ErrorCode::INVALID_TXN_STATE),
    }
}

fn check_two(stored: &Stored, claim: Claim, asked: MarkerKind) -> Result<Verdict, ErrorCode> {
    if claim.producer != stored.producer && !stored.is_rotated_from(claim) {
        return Err(ErrorCode::INVALID_PRODUCER_ID_MAPPING);
    }
    // An epoch that only fences is never given to a client.
    let is_present = claim == stored.claim() && claim.epoch.0 != i16::MAX;
    let is_repeated = stored.was_given_up(claim.epoch);
    match (stored.state, asked) {
        (State::Ongoing, _) if is_present => Ok(Verdict::Ends),
        (State::Empty, MarkerKind::Abort) if is_present => Ok(Verdict::Ends),
        (State::Empty, MarkerKind::Commit) if is_present => Err(ErrorCode::INVALID_TXN_STATE),
        (State::Prepare(done), asked) if is_repeated => match done == asked {
            true => Err(ErrorCode::CONCURRENT_TRANSACTIONS),
            false => Err(ErrorCode::INVALID_TXN_STATE),
        },
        (State::Complete(done), asked) if is_repeated => match done == asked {
            true => Ok(Verdict::Repeated),
            false => Err(ErrorCode::INVALID_TXN_STATE),
        },
        (State::Complete(_), MarkerKind::Abort) if is_present => Ok(Verdict::Ends),
        (State::Complete(_), MarkerKind::Commit) if is_present => Err(ErrorCode::INVALID_TXN_STATE),
        (State::Empty | State::Ongoing | State::Prepare(_) | State::Complete(_), _) => {
            Err(ErrorCode::PRODUCER_FENCED)
        }
    }
}

fn carry_out(turn: &mut Turn<'_>, id: &Str, entry: &Entry, end: &End) {
    let before = entry.stored;
    let version = end.version;
    let then = match version {
        Version::One => Stored { version, ..before },
        Version::Two => {
            let next = match (is_exhausted(before.epoch), end.spare) {
                (false, _) => ProducerId::NONE,
                (true, Some(spare)) => spare,
                (true, None) => return turn.reply(end.ticket, Reply::SpareNeeded),
            };
            let epoch = after(before.epoch);
            Stored { version, epoch, last_epoch: before.epoch, next, ..before }
        }
    };
    let outcome = if end.request.committed { MarkerKind::Commit } else { MarkerKind::Abort };
    if entry.participants.is_empty() {
        // An empty transaction: nobody has to hear of its end.
        let then = Stored { started: turn.now.wall, ..then };
        let stored = complete::completed(&then, outcome, turn.now.wall);
        turn.store(id, stored);
        return turn.reply(end.ticket, answer(&stored, version));
    }
    turn.prepare(id, entry, outcome, then);
    turn.ending.insert(id.clone(), end.ticket);
}
