//! InitProducerId with a transactional id: whoever asks takes the id over, and everybody before it is fenced.
//!
//! A producer that goes on after an error says who it was (KIP-360); it gets a new epoch only if nobody has taken the
//! id over meanwhile, and the same answer again if it did not hear the first one.

use super::fence;
use super::state::{Claim, Stored, after, is_exhausted};
use super::turn::Turn;
use super::{Hard, Reply, State};
use crate::machine::Ticket;
use ottla_base::{ProducerEpoch, ProducerId, Timestamp};
use ottla_wire::ErrorCode;
use ottla_wire::message::{InitProducerIdRequest, InitProducerIdResponse};

/// An initialisation to decide.
#[derive(Debug)]
pub struct Init {
    /// Who waits.
    pub ticket: Ticket,
    /// What was asked, with a transactional id.
    pub request: InitProducerIdRequest,
    /// A producer id that nobody has, if the broker has drawn one.
    pub spare: Option<ProducerId>,
}

/// Why there is no new incarnation.
enum Obstacle {
    Refused(ErrorCode),
    SpareNeeded,
}

impl From<ErrorCode> for Obstacle {
    fn from(code: ErrorCode) -> Self {
        Self::Refused(code)
    }
}

pub(super) fn init(hard: &Hard, turn: &mut Turn<'_>, init: Init) {
    let ticket = init.ticket;
    let reply = match decide(hard, turn, init) {
        Ok(Claim { producer, epoch }) => InitProducerIdResponse {
            producer_id: producer.0,
            producer_epoch: epoch.0,
            ..InitProducerIdResponse::default()
        }
        .into(),
        Err(Obstacle::Refused(error_code)) => refused(error_code).into(),
        Err(Obstacle::SpareNeeded) => Reply::SpareNeeded,
    };
    turn.reply(ticket, reply);
}

fn refused(error_code: ErrorCode) -> InitProducerIdResponse {
    InitProducerIdResponse {
        error_code,
        producer_id: ProducerId::NONE.0,
        producer_epoch: ProducerEpoch::NONE.0,
        ..InitProducerIdResponse::default()
    }
}

fn decide(hard: &Hard, turn: &mut Turn<'_>, init: Init) -> Result<Claim, Obstacle> {
    let Init { request, spare, ticket: _ } = init;
    let asked_id = request.transactional_id.as_ref().filter(|id| !id.is_empty());
    let asked_id = asked_id.ok_or(ErrorCode::INVALID_REQUEST)?;
    let timeout_ms = request.transaction_timeout_ms;
    if !(1..=turn.settings.timeout_ms_max).contains(&timeout_ms) {
        return Err(ErrorCode::INVALID_TRANSACTION_TIMEOUT.into());
    }
    let expected = expected(&request)?;
    let now = turn.now.wall;
    let Some((id, entry)) = hard.find(asked_id) else {
        let stored = Stored::new(spare.ok_or(Obstacle::SpareNeeded)?, timeout_ms, now);
        turn.store(&asked_id.detached(), stored);
        return Ok(stored.claim());
    };
    let before = &entry.stored;
    if expected.is_some_and(|expected| !may_go_on(before, expected)) {
        return Err(ErrorCode::PRODUCER_FENCED.into());
    }
    match before.state {
        State::Prepare(_) => Err(ErrorCode::CONCURRENT_TRANSACTIONS.into()),
        State::Ongoing => {
            fence::take_over(turn, id, entry, expected);
            Err(ErrorCode::CONCURRENT_TRANSACTIONS.into())
        }
        State::Empty | State::Complete(_) => {
            let next = next_incarnation(before, expected, spare)?;
            let stored =
                Stored { timeout_ms, state: State::Empty, started: Timestamp::NONE, updated: now, ..next };
            turn.store(id, stored);
            Ok(stored.claim())
        }
    }
}

/// Who the producer says it was; producer and epoch come together or not at all.
fn expected(request: &InitProducerIdRequest) -> Result<Option<Claim>, ErrorCode> {
    let (producer, epoch) = (ProducerId(request.producer_id), ProducerEpoch(request.producer_epoch));
    match (producer, epoch) {
        (ProducerId::NONE, ProducerEpoch::NONE) => Ok(None),
        (ProducerId::NONE, _) | (_, ProducerEpoch::NONE) => Err(ErrorCode::INVALID_REQUEST),
        (producer, epoch) => Ok(Some(Claim { producer, epoch })),
    }
}

/// The producer is the present one, or was it and did not hear what it has become. Kafka looks at the epoch only when
/// no transaction is open, so that a producer that was fenced long ago can abort the present one's transaction.
fn may_go_on(stored: &Stored, expected: Claim) -> bool {
    let is_same = expected.producer == stored.producer || stored.is_rotated_from(expected);
    expected == stored.claim() || (is_same && stored.was_given_up(expected.epoch))
}

fn next_incarnation(
    stored: &Stored,
    expected: Option<Claim>,
    spare: Option<ProducerId>,
) -> Result<Stored, Obstacle> {
    let is_present = |expected: &Claim| *expected == stored.claim();
    let last_epoch = expected.filter(is_present).map_or(ProducerEpoch::NONE, |_| stored.epoch);
    match expected {
        // A repetition of what brought the present epoch: it is told the same.
        Some(expected) if !is_present(&expected) => Ok(*stored),
        None | Some(_) if is_exhausted(stored.epoch) => Ok(Stored {
            producer: spare.ok_or(Obstacle::SpareNeeded)?,
            epoch: ProducerEpoch(0),
            last_epoch,
            previous: stored.producer,
            ..*stored
        }),
        None | Some(_) => Ok(Stored { epoch: after(stored.epoch), last_epoch, ..*stored }),
    }
}
