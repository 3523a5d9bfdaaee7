//! Writes records to topics.
//!
//! ```text
//! send ──► open batch of the partition ──(full, lingered, flushed)──► sealed batches ──► one request per leader
//! ```
//!
//! Invariants: a partition has at most one batch on its way, so that order holds through every retry, with or without
//! idempotence, and the next batch fills while the last one travels; a record's outcome is told exactly once; at most
//! [`ProducerOptions::buffer_bytes`] of records wait, then [`Producer::send`] waits.

mod accumulator;
mod error;
pub mod partitioner;
mod sender;
#[cfg(test)]
mod tests;
mod transaction;

pub use error::ProduceError;
pub use transaction::{Transaction, TransactionError, TransactionOptions, TransactionalProducer};

use crate::client::Client;
use crate::error::{Refused, RequestError};
use accumulator::{Accumulator, Appended, Identity, Outcome};
use bytes::Bytes;
use ottla_base::{Offset, PartitionIndex, ProducerEpoch, ProducerId, Timestamp};
use ottla_wire::message::InitProducerIdRequest;
use ottla_wire::record::{BatchScope, Compression, Header, record_bytes};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, Semaphore, watch};
use tokio::task::JoinHandle;

/// When the broker answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(i16)]
pub enum Acks {
    /// Never: a lost record goes unnoticed, and offsets stay unknown.
    None = 0,
    /// When the leader has the batch.
    Leader = 1,
    /// When it is as safe as the topic demands.
    #[default]
    All = -1,
}

/// How a producer batches, compresses and retries.
#[derive(Clone, Copy, Debug)]
pub struct ProducerOptions {
    /// When the broker answers.
    pub acks: Acks,
    /// How batches are compressed.
    pub compression: Compression,
    /// How long a batch that is not full waits for more records.
    pub linger: Duration,
    /// A batch with this many uncompressed bytes is full. A larger record gets a batch of its own.
    pub batch_bytes: usize,
    /// Most bytes of one record.
    pub record_bytes_max: usize,
    /// Most bytes of records that wait to be sent or answered.
    pub buffer_bytes: u32,
    /// Most bytes of one request, unless a single batch is larger.
    pub request_bytes_max: usize,
    /// A batch that is not acknowledged this long after its first record fails.
    pub delivery_timeout: Duration,
    /// Whether the broker shall drop what a retry sends twice. Needs [`Acks::All`].
    pub idempotence: Idempotence,
}

/// Whether retries may write a batch twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Idempotence {
    /// Batches are numbered, and the broker drops those that it has.
    #[default]
    On,
    /// After a lost answer a batch may be there twice.
    Off,
}

impl Default for ProducerOptions {
    /// Safe and, for a single partition on a local broker, fast: larger batches than Kafka's, because a partition has
    /// only one on its way.
    fn default() -> Self {
        Self {
            acks: Acks::All,
            compression: Compression::None,
            linger: Duration::from_millis(5),
            batch_bytes: 512 << 10,
            record_bytes_max: 1 << 20,
            buffer_bytes: 32 << 20,
            request_bytes_max: 4 << 20,
            delivery_timeout: Duration::from_secs(120),
            idempotence: Idempotence::On,
        }
    }
}

/// A record to be written.
#[derive(Clone, Debug, Default)]
pub struct ProducerRecord {
    /// Where to.
    pub topic: Arc<str>,
    /// Into which partition; by default the key's or, without a key, one that changes with every batch.
    pub partition: Option<PartitionIndex>,
    /// Its key.
    pub key: Option<Bytes>,
    /// Its content.
    pub value: Option<Bytes>,
    /// Its headers.
    pub headers: Vec<Header>,
    /// Its time; by default now.
    pub timestamp: Option<Timestamp>,
}

/// Where a record is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivered {
    /// In which topic.
    pub topic: Arc<str>,
    /// In which partition.
    pub partition: PartitionIndex,
    /// At which offset; unknown with [`Acks::None`], and when a retry found the batch written long ago.
    pub offset: Option<Offset>,
    /// When the broker appended it, if the topic keeps that time.
    pub log_append_time: Option<Timestamp>,
}

/// The outcome of a record that is on its way. May be dropped; the record is sent all the same.
#[derive(Clone, Debug)]
pub struct Delivery {
    topic: Arc<str>,
    partition: PartitionIndex,
    index: i64,
    outcome: watch::Receiver<Option<Outcome>>,
}

impl Delivery {
    /// Into which partition the record goes.
    #[must_use]
    pub fn partition(&self) -> PartitionIndex {
        self.partition
    }

    /// Waits until the broker has acknowledged or refused the record, or time is up. Cancel safe.
    ///
    /// # Errors
    /// Why it was not acknowledged.
    pub async fn outcome(&mut self) -> Result<Delivered, ProduceError> {
        let outcome = match self.outcome.wait_for(Option::is_some).await {
            Ok(outcome) => outcome.clone(),
            Err(_) => return Err(ProduceError::Closed),
        };
        let ack = outcome.expect("waited until there is one")?;
        Ok(Delivered {
            topic: Arc::clone(&self.topic),
            partition: self.partition,
            offset: ack.base_offset.map(|base| base.plus(self.index)),
            log_append_time: ack.log_append_time,
        })
    }
}

/// Writes records. Dropping it gives up what is still on its way; [`Self::flush`] first.
pub struct Producer {
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

struct Shared {
    client: Client,
    options: ProducerOptions,
    /// One permit for each byte that may wait.
    room: Semaphore,
    accumulator: Mutex<Accumulator>,
    /// Only of a transactional producer.
    scope: Option<transaction::Scope>,
    /// There may be something to send.
    wake: Notify,
}

impl Producer {
    /// Starts a producer; with idempotence it gets its producer id now.
    ///
    /// # Errors
    /// If the broker gives no producer id.
    pub async fn new(client: &Client, options: ProducerOptions) -> Result<Self, ProduceError> {
        if options.idempotence == Idempotence::On && options.acks != Acks::All {
            return Err(ProduceError::IdempotenceNeedsAcks);
        }
        let client = client.fork();
        let identity = match options.idempotence {
            Idempotence::On => Some(new_identity(&client).await?),
            Idempotence::Off => None,
        };
        Ok(Self::start(client, options, identity, None))
    }

    fn start(
        client: Client,
        options: ProducerOptions,
        identity: Option<Identity>,
        scope: Option<transaction::Scope>,
    ) -> Self {
        let of_batches = if scope.is_some() { BatchScope::Transactional } else { BatchScope::Plain };
        let shared = Arc::new(Shared {
            client,
            options,
            room: Semaphore::new(options.buffer_bytes as usize),
            accumulator: Mutex::new(Accumulator::new(options, identity, of_batches)),
            scope,
            wake: Notify::new(),
        });
        let task = tokio::spawn(sender::run(Arc::clone(&shared)));
        Self { shared, task }
    }

    /// Puts `record` into a batch; resolves when there is room for it. Records of one partition keep the order in
    /// which their sends resolve. Cancel safe: a dropped send has not sent.
    ///
    /// # Errors
    /// If the record cannot be sent at all: too large, no such topic or partition.
    pub async fn send(&self, record: ProducerRecord) -> Result<Delivery, ProduceError> {
        let shared = &self.shared;
        let bytes = record_bytes(record.key.as_deref(), record.value.as_deref(), &record.headers);
        let limit = shared.options.record_bytes_max.min(shared.options.buffer_bytes as usize);
        if limit < bytes {
            return Err(ProduceError::TooLarge { bytes, limit });
        }
        let topic = match shared.client.fresh_topic(&record.topic) {
            Some(topic) => topic,
            None => shared.client.topic_or_create(&record.topic).await?,
        };
        let permits = u32::try_from(bytes).expect("not above a u32 limit");
        let room = match shared.room.try_acquire_many(permits) {
            Ok(room) => room,
            Err(_) => shared.room.acquire_many(permits).await.map_err(|_| ProduceError::Closed)?,
        };
        let now = shared.client.env().now().wall;
        let appended = {
            let mut accumulator = shared.accumulator();
            accumulator.append(record, bytes, (&topic, now), &**shared.client.env())?
        };
        // Given back when the batch is done.
        room.forget();
        let Appended { delivery, work } = appended;
        if work {
            shared.wake.notify_one();
            // On a single thread the sender gets its turn here, not only when the buffer is full.
            tokio::task::yield_now().await;
        }
        Ok(delivery)
    }

    /// Sends everything now and waits until it is acknowledged or has failed.
    pub async fn flush(&self) {
        let outcomes = self.shared.accumulator().seal_all();
        self.shared.wake.notify_one();
        for mut outcome in outcomes {
            // A closed channel is an outcome, too.
            let _ = outcome.wait_for(Option::is_some).await;
        }
    }
}

impl Drop for Producer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    /// No invariant spans a panic here that would not show at once.
    fn accumulator(&self) -> MutexGuard<'_, Accumulator> {
        self.accumulator.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A new producer id: without a transactional id any broker gives one.
async fn new_identity(client: &Client) -> Result<Identity, RequestError> {
    let request = InitProducerIdRequest {
        transactional_id: None,
        transaction_timeout_ms: 60_000,
        ..Default::default()
    };
    let mut retry = client.retry();
    loop {
        let response = client.call_any(&request).await?;
        if response.error_code.is_retriable() && retry.pause().await {
            continue;
        }
        Refused::check("producer id", response.error_code, None)?;
        return Ok(Identity {
            id: ProducerId(response.producer_id),
            epoch: ProducerEpoch(response.producer_epoch),
        });
    }
}
