//! The broker's side of transactions: which shard a transactional id lives in, and commands as typed questions.
//!
//! ```text
//! EndTxn, a time-out, InitProducerId of an open transaction
//!   ─► Prepare… in the journal ─► markers in the logs, offsets in the groups ─► Complete… in the journal ─► answer
//!                                 └──────────────── finisher ──────────────┘
//! ```
//! Invariants: an id's shard depends on nothing but the id, with Kafka's formula over the 50 partitions of
//! `__transaction_state`, and never changes. What writes into a transaction is decided and written under the lock of its
//! shard, so that no end slips in between and leaves it open for ever; that lock is taken before those of partitions and
//! groups. Whatever ends a transaction, the finisher carries it out.

mod finisher;
mod opening;
#[cfg(test)]
mod tests;

use crate::config::BrokerConfig;
use crate::groups::{SHARDS, shard_of};
use crate::shard::{Asked, JournalRows, LoadError, Shard, Unavailable};
use ottla_base::{Env, ProducerEpoch, ProducerId};
use ottla_coordinator::transaction::{
    Add, Claim, Command, Describe, Described, End, Init, List, Participant, Reply, Settings,
    Transactions as Machine, Verify, Version,
};
use ottla_storage::Journal;
use ottla_wire::message::list_transactions_response::TransactionState;
use ottla_wire::message::{EndTxnRequest, EndTxnResponse, InitProducerIdRequest, InitProducerIdResponse};
use ottla_wire::{ErrorCode, Str};
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::sync::watch;

pub(crate) use opening::start;

/// Every transactional id of this broker.
pub(crate) struct Transactions {
    shards: Vec<Arc<Shard<Machine>>>,
    /// How many transactions the last life of this broker has left to finish, and nobody has tried to yet.
    unsettled: watch::Sender<usize>,
}

/// Where its rows lie in the journal: the shards of groups are 0 to 49.
pub(crate) const FIRST_JOURNAL_SHARD: u32 = 1_000;

/// What a producer needs to do something new: nothing, or an id that nobody has.
pub(crate) enum Outcome<R> {
    Answer(R),
    /// Ask again with a spare producer id.
    SpareNeeded,
}

/// Who writes into which transaction.
pub(crate) struct Writer {
    pub(crate) id: Str,
    pub(crate) claim: Claim,
    pub(crate) rule: Rule,
}

/// What a write must meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// Version 1: what it writes to takes part already.
    Verified,
    /// Version 2: it takes part from now on.
    Added,
}

impl Transactions {
    /// Loads all transactional ids.
    ///
    /// # Errors
    /// [`LoadError`] if the journal cannot be read; the broker must not start then.
    pub(crate) fn open(
        journal: &Journal,
        env: &Arc<dyn Env>,
        config: &BrokerConfig,
    ) -> Result<Self, LoadError> {
        let settings = settings(config);
        let shards = (0..SHARDS).map(|number| {
            let rows = Box::new(JournalRows::new(journal.clone(), FIRST_JOURNAL_SHARD + number));
            let settings = settings.clone();
            let start = Box::new(move || Command::Start(settings.clone()));
            Shard::open_reviewed(rows, Arc::clone(env), start)
        });
        Ok(Self { shards: shards.collect::<Result<_, _>>()?, unsettled: watch::Sender::new(0) })
    }

    fn shard(&self, id: &str) -> &Arc<Shard<Machine>> {
        &self.shards[shard_of(id)]
    }

    /// Resolves when nobody can write as a predecessor any more, and that is durable.
    pub(crate) async fn init(
        &self,
        request: InitProducerIdRequest,
        spare: Option<ProducerId>,
    ) -> Result<Outcome<InitProducerIdResponse>, ErrorCode> {
        let shard = self.shard(request.transactional_id.as_deref().unwrap_or_default());
        match shard.ask(|ticket| Command::Init(Init { ticket, request, spare })).await? {
            Reply::Init(response) => Ok(Outcome::Answer(response)),
            Reply::SpareNeeded => Ok(Outcome::SpareNeeded),
            other => Err(mixed_up(&other)),
        }
    }

    /// Resolves when the transaction has ended everywhere, or at once if it cannot end.
    pub(crate) async fn end(
        &self,
        request: EndTxnRequest,
        version: Version,
        spare: Option<ProducerId>,
    ) -> Result<Outcome<EndTxnResponse>, ErrorCode> {
        let shard = self.shard(&request.transactional_id);
        match shard.ask(|ticket| Command::End(End { ticket, request, version, spare })).await? {
            Reply::End(response) => Ok(Outcome::Answer(response)),
            Reply::SpareNeeded => Ok(Outcome::SpareNeeded),
            other => Err(mixed_up(&other)),
        }
    }

    /// Adds participants to a transaction: all of them or none. Resolves when that is durable.
    pub(crate) async fn add(
        &self,
        id: Str,
        claim: Claim,
        version: Version,
        participants: Vec<Participant>,
    ) -> Result<(), ErrorCode> {
        let shard = self.shard(&id);
        match shard.ask(|ticket| Command::Add(Add { ticket, id, claim, version, participants })).await? {
            Reply::Add(outcome) => outcome,
            other => Err(mixed_up(&other)),
        }
    }

    /// Whether each of `participants` takes part in the transaction.
    pub(crate) async fn verify(
        &self,
        id: Str,
        claim: Claim,
        participants: Vec<Participant>,
    ) -> Result<Vec<Result<(), ErrorCode>>, ErrorCode> {
        let shard = self.shard(&id);
        match shard.ask(|ticket| Command::Verify(Verify { ticket, id, claim, participants })).await? {
            Reply::Verify(outcomes) => Ok(outcomes),
            other => Err(mixed_up(&other)),
        }
    }

    /// Lets `write` write into a transaction, under the lock of its shard, with one answer for each of `participants`:
    /// where it may. What `write` gives is to be acknowledged when what this resolves to is fine, too.
    ///
    /// `None` if the shard's state is being loaded. Then nothing was written.
    pub(crate) fn write<T>(
        &self,
        writer: Writer,
        participants: Vec<Participant>,
        write: impl FnOnce(Vec<Result<(), ErrorCode>>) -> T,
    ) -> (Vouched, Option<T>) {
        let Writer { id, claim, rule } = writer;
        let count = participants.len();
        let shard = self.shard(&id);
        let command = |ticket| match rule {
            Rule::Verified => Command::Verify(Verify { ticket, id, claim, participants }),
            Rule::Added => Command::Add(Add { ticket, id, claim, version: Version::Two, participants }),
        };
        let (asked, written) = shard.ask_then(command, |reply| {
            write(match reply {
                Reply::Verify(outcomes) => outcomes.clone(),
                Reply::Add(outcome) => vec![*outcome; count],
                other => vec![Err(mixed_up(other)); count],
            })
        });
        (Vouched(asked), written)
    }

    /// `None` if there is no such id.
    pub(crate) async fn describe(&self, id: Str) -> Result<Option<Described>, ErrorCode> {
        let shard = self.shard(&id);
        match shard.ask(|ticket| Command::Describe(Describe { ticket, id })).await? {
            Reply::Describe(described) => Ok(described),
            other => Err(mixed_up(&other)),
        }
    }

    /// The ids that pass, shard by shard; see [`List`].
    pub(crate) async fn list(
        &self,
        states: BTreeSet<Str>,
        producers: BTreeSet<ProducerId>,
        duration_ms: i64,
    ) -> Result<Vec<TransactionState>, ErrorCode> {
        let (states, producers) = (Arc::new(states), Arc::new(producers));
        let list = |ticket| {
            let (states, producers) = (Arc::clone(&states), Arc::clone(&producers));
            List { ticket, states, producers, duration_ms }
        };
        let ask = |shard: &Arc<Shard<Machine>>| shard.ask(|ticket| Command::List(list(ticket)));
        let asked: Vec<_> = self.shards.iter().map(ask).collect();
        let mut found = Vec::new();
        for answer in asked {
            match answer.await? {
                Reply::List(listed) => found.extend(listed),
                other => return Err(mixed_up(&other)),
            }
        }
        Ok(found)
    }

    /// Resolves when the finisher has tried everything that the last life of this broker had left: what clients see then
    /// has no transaction half ended, but where a disk fails.
    pub(crate) async fn settled(&self) {
        // The sender lives as long as this does.
        let _ = self.unsettled.subscribe().wait_for(|left| *left == 0).await;
    }
}

/// Resolves when what a write relied on is durable: that its partitions take part in the transaction.
#[must_use = "a write is acknowledged when its transaction knows of it"]
pub(crate) struct Vouched(Asked<Reply>);

impl Vouched {
    /// # Errors
    /// [`Unavailable`] if the transaction may not know of the write. The client has to send it again.
    pub(crate) async fn durable(self) -> Result<(), Unavailable> {
        self.0.await.map(drop)
    }
}

/// Who a request says it comes from.
pub(crate) fn claim(producer_id: i64, producer_epoch: i16) -> Claim {
    Claim { producer: ProducerId(producer_id), epoch: ProducerEpoch(producer_epoch) }
}

/// Clients of the first versions of these APIs know no PRODUCER_FENCED (KIP-588).
pub(crate) fn for_version(code: ErrorCode, version: i16, first_with_fenced: i16) -> ErrorCode {
    if code == ErrorCode::PRODUCER_FENCED && version < first_with_fenced {
        ErrorCode::INVALID_PRODUCER_EPOCH
    } else {
        code
    }
}

/// A machine that answers one command with the reply to another is broken.
fn mixed_up(reply: &Reply) -> ErrorCode {
    tracing::error!(?reply, "a command about a transaction was answered by the reply to another one");
    ErrorCode::UNKNOWN_SERVER_ERROR
}

fn settings(config: &BrokerConfig) -> Settings {
    let producers = &config.producers;
    Settings {
        timeout_ms_max: producers.transaction_max_timeout_ms,
        id_expiration_ms: producers.transactional_id_expiration_ms.into(),
        expiry_check_interval_ms: producers.transaction_remove_expired_transaction_cleanup_interval_ms.into(),
    }
}
