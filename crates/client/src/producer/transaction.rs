//! Writes in transactions: records of many partitions and the offsets of groups count together or not at all.
//!
//! ```text
//! TransactionalProducer ──begin──► Transaction ──send, commit_offsets──► commit or abort ──► …
//! ```
//! Against a broker that has finalized `transaction.version` 2 a partition joins a transaction by being written to,
//! and every end gives the producer a new epoch (KIP-890); against others partitions are added before, and the epoch
//! stays.
//!
//! Invariants: a transaction in which a record failed cannot be committed; one that was left open is aborted before
//! the next begins; a producer whose place somebody else has taken never writes again.

mod coordinator;
#[cfg(test)]
mod tests;

use super::accumulator::Identity;
use super::{Delivery, Idempotence, ProduceError, Producer, ProducerOptions, ProducerRecord};
use crate::client::Client;
use crate::error::{Refused, RequestError};
use crate::group::committed::{Committed, Member};
use crate::metadata::TopicPartition;
use coordinator::{End, fence_of};
use ottla_wire::Str;
use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Who a transactional producer is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransactionOptions {
    /// Its name for ever: whoever starts under it takes the place of whoever had it, and ends what that left open.
    pub id: String,
    /// The broker aborts a transaction that is open for longer.
    pub timeout: Duration,
}

/// Why a transaction is not what the caller wanted.
#[derive(Clone, Debug, thiserror::Error)]
pub enum TransactionError {
    /// A record of it was not written. It can only be aborted.
    #[error("the transaction cannot be committed, because a record of it was not written: {0}")]
    Record(ProduceError),
    /// The coordinator did not answer, or refused. Unless it said no to a commit, nobody knows how it ended.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// Another producer has started under the same id, or the broker gave the transaction up. Nothing more is
    /// written by this one; start a new producer.
    #[error("{0}: another producer has taken the place of this one, or its transaction has timed out")]
    Fenced(Refused),
}

/// How a transaction and its broker speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    /// Partitions are added by a request of their own.
    One,
    /// Partitions are added by writing to them.
    Two,
}

/// The last version of Produce in which partitions must have been added before.
const PRODUCE_VERSION_ONE_MAX: i16 = 11;

impl Version {
    /// The highest version of Produce.
    pub(super) fn produce_max(self) -> i16 {
        match self {
            Self::One => PRODUCE_VERSION_ONE_MAX,
            Self::Two => i16::MAX,
        }
    }
}

/// What the producer's sender has to know of transactions.
pub(super) struct Scope {
    pub(super) id: Str,
    pub(super) version: Version,
    touched: Mutex<Touched>,
}

/// What the open transaction has reached.
#[derive(Debug, Default)]
struct Touched {
    /// The coordinator may know of it.
    anything: bool,
    /// Partitions that were added.
    partitions: BTreeSet<TopicPartition>,
}

impl Scope {
    /// No invariant spans a panic here that would not show at once.
    fn touched(&self) -> MutexGuard<'_, Touched> {
        self.touched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes these partitions part of the transaction, if writing to them does not.
    pub(super) async fn add(
        &self,
        client: &Client,
        identity: Identity,
        partitions: impl Iterator<Item = TopicPartition>,
    ) -> Result<(), RequestError> {
        let new: Vec<TopicPartition> = {
            let mut touched = self.touched();
            touched.anything = true;
            match self.version {
                Version::One => partitions.filter(|one| !touched.partitions.contains(one)).collect(),
                Version::Two => Vec::new(),
            }
        };
        if !new.is_empty() {
            coordinator::add_partitions(client, &self.id, identity, &new).await?;
            self.touched().partitions.extend(new);
        }
        Ok(())
    }
}

/// Where the producer stands between transactions.
enum State {
    /// The next may begin.
    Ready,
    /// One was begun.
    Open,
    /// How the last one ended is not known: the coordinator has to be asked for a new epoch.
    Uncertain,
    /// Somebody else has its place.
    Fenced(Refused),
}

/// Writes records in transactions.
pub struct TransactionalProducer {
    producer: Producer,
    timeout: Duration,
    identity: Identity,
    state: State,
}

impl TransactionalProducer {
    /// Starts a producer under its transactional id: what an earlier one left open is aborted, and it can write no
    /// more.
    ///
    /// # Errors
    /// If the coordinator cannot be found, or refuses.
    pub async fn new(
        client: &Client,
        options: ProducerOptions,
        transaction: TransactionOptions,
    ) -> Result<Self, TransactionError> {
        let TransactionOptions { id, timeout } = transaction;
        let client = client.fork();
        let id = Str::from(id);
        let version = coordinator::version(&client, &id).await?;
        let identity = coordinator::init(&client, &id, timeout, None).await?;
        let scope = Scope { id, version, touched: Mutex::default() };
        let options = ProducerOptions { idempotence: Idempotence::On, acks: super::Acks::All, ..options };
        let producer = Producer::start(client, options, Some(identity), Some(scope));
        Ok(Self { producer, timeout, identity, state: State::Ready })
    }

    /// Begins a transaction; one that was dropped open is aborted first.
    ///
    /// # Errors
    /// If that fails, or if this producer is fenced.
    pub async fn begin(&mut self) -> Result<Transaction<'_>, TransactionError> {
        match &self.state {
            State::Ready => {}
            State::Open => self.finish(End::Abort).await?,
            State::Uncertain => self.renew().await?,
            State::Fenced(refused) => return Err(TransactionError::Fenced(refused.clone())),
        }
        self.state = State::Open;
        Ok(Transaction { producer: self })
    }

    fn scope(&self) -> &Scope {
        self.producer.shared.scope.as_ref().expect("made with one")
    }

    /// Ends the open transaction. Everything in it was flushed.
    async fn finish(&mut self, end: End) -> Result<(), TransactionError> {
        let shared = &self.producer.shared;
        let failed = match end {
            End::Commit => {
                self.producer.flush().await;
                shared.accumulator().broken()
            }
            End::Abort => {
                // What was not sent yet need not be.
                let freed = shared.accumulator().give_up(ProduceError::Aborted);
                shared.room.add_permits(freed);
                self.producer.flush().await;
                None
            }
        };
        if let Some(error) = failed {
            return Err(match &error {
                ProduceError::Refused(refused) if fence_of(refused.code) => self.fence(refused.clone()),
                _ => TransactionError::Record(error),
            });
        }
        self.state = State::Uncertain;
        let is_touched = std::mem::take(&mut *self.scope().touched()).anything;
        if is_touched {
            let (client, id) = (&self.producer.shared.client, &self.scope().id);
            match coordinator::end(client, id, self.identity, (end, self.scope().version)).await {
                Ok(identity) => self.identity = identity.unwrap_or(self.identity),
                Err(RequestError::Refused(refused)) if fence_of(refused.code) => {
                    return Err(self.fence(refused));
                }
                // That there was nothing to abort is as good; whatever else it is, the next epoch settles it.
                Err(_) if end == End::Abort => return self.renew().await,
                Err(error) => return Err(error.into()),
            }
        }
        if end == End::Abort && self.scope().version == Version::One {
            // A record whose answer was lost may still be on its way, and must not fall into the next transaction.
            return self.renew().await;
        }
        self.producer.shared.accumulator().go_on(self.identity);
        self.state = State::Ready;
        Ok(())
    }

    /// Gets the next epoch, which ends whatever is still open.
    async fn renew(&mut self) -> Result<(), TransactionError> {
        self.state = State::Uncertain;
        let (client, id) = (&self.producer.shared.client, &self.scope().id);
        match coordinator::init(client, id, self.timeout, Some(self.identity)).await {
            Ok(identity) => self.identity = identity,
            Err(RequestError::Refused(refused)) if fence_of(refused.code) => return Err(self.fence(refused)),
            Err(error) => return Err(error.into()),
        }
        *self.scope().touched() = Touched::default();
        self.producer.shared.accumulator().go_on(self.identity);
        self.state = State::Ready;
        Ok(())
    }

    fn fence(&mut self, refused: Refused) -> TransactionError {
        self.state = State::Fenced(refused.clone());
        TransactionError::Fenced(refused)
    }
}

/// An open transaction. Dropping it leaves it open until the next begins, or the broker gives it up.
pub struct Transaction<'p> {
    producer: &'p mut TransactionalProducer,
}

impl Transaction<'_> {
    /// Writes a record, as [`Producer::send`] does.
    ///
    /// # Errors
    /// As [`Producer::send`]; the error of an earlier record, once one has failed.
    pub async fn send(&self, record: ProducerRecord) -> Result<Delivery, ProduceError> {
        self.producer.producer.send(record).await
    }

    /// Sends everything now and waits until it is acknowledged or has failed.
    pub async fn flush(&self) {
        self.producer.producer.flush().await;
    }

    /// Lets these offsets of a group count if the transaction is committed.
    ///
    /// # Errors
    /// What the coordinators say; the transaction should be aborted then.
    pub async fn commit_offsets(
        &self,
        group: &str,
        member: Option<Member<'_>>,
        offsets: &[(TopicPartition, Committed)],
    ) -> Result<(), TransactionError> {
        if offsets.is_empty() {
            return Ok(());
        }
        let TransactionalProducer { producer, identity, .. } = &*self.producer;
        let scope = self.producer.scope();
        scope.touched().anything = true;
        let who = coordinator::Who { id: &scope.id, identity: *identity, version: scope.version };
        coordinator::commit_offsets(&producer.shared.client, who, (group, member), offsets).await?;
        Ok(())
    }

    /// Waits until every record is acknowledged, and lets all of it count. When this resolves, consumers that read
    /// committed records see it.
    ///
    /// # Errors
    /// [`TransactionError::Record`] if a record has failed: nothing counts, and the transaction is still to be
    /// aborted, at the latest by the next [`TransactionalProducer::begin`]. After another error nobody knows.
    pub async fn commit(self) -> Result<(), TransactionError> {
        self.producer.finish(End::Commit).await
    }

    /// Takes everything back.
    ///
    /// # Errors
    /// If the coordinator does not answer; then the broker does it when the transaction's time is up.
    pub async fn abort(self) -> Result<(), TransactionError> {
        self.producer.finish(End::Abort).await
    }
}
