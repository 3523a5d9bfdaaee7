//! The records that wait, by partition. Pure: no I/O, no waiting; the time is an argument.

use super::{Delivery, ProduceError, ProducerOptions, ProducerRecord, partitioner};
use crate::metadata::Topic;
use bytes::Bytes;
use ottla_base::{Env, Offset, PartitionIndex, ProducerEpoch, ProducerId, Timestamp};
use ottla_wire::record::{BatchBuilder, BatchOptions, BatchScope};
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use tokio::sync::watch;
use tokio::time::Instant;

/// What the broker said of a batch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ack {
    pub(super) base_offset: Option<Offset>,
    pub(super) log_append_time: Option<Timestamp>,
}

pub(super) type Outcome = Result<Ack, ProduceError>;

/// Who numbers batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) id: ProducerId,
    pub(super) epoch: ProducerEpoch,
}

/// Records of one partition that travel together.
pub(super) struct Batch {
    pub(super) topic: Arc<str>,
    pub(super) partition: PartitionIndex,
    pub(super) builder: BatchBuilder,
    pub(super) created: Instant,
    pub(super) attempts: u32,
    /// Permits to give back when it is done.
    pub(super) bytes: usize,
    /// What is sent, once it has been made.
    pub(super) built: Option<Bytes>,
    /// Its number, with idempotence.
    pub(super) stamp: Option<(Identity, i32)>,
    pub(super) outcome: watch::Sender<Option<Outcome>>,
}

/// What waits for one partition.
#[derive(Default)]
struct Queue {
    open: Option<Batch>,
    sealed: VecDeque<Batch>,
    /// The outcome of the batch on its way.
    travelling: Option<watch::Receiver<Option<Outcome>>>,
    /// Not before then, after a failure.
    retry_at: Option<Instant>,
    /// Who numbers the partition's batches, and from which number on.
    numbering: Option<(Identity, i32)>,
    /// Numbers of this identity are no longer certain: wait for another one.
    spoilt: Option<Identity>,
}

#[derive(Default)]
struct TopicQueues {
    /// Where records without a key go until that batch is sealed.
    sticky: Option<usize>,
    partitions: Vec<Queue>,
}

pub(super) struct Accumulator {
    options: ProducerOptions,
    topics: HashMap<Arc<str>, TopicQueues>,
    /// The newest identity; none without idempotence.
    identity: Option<Identity>,
    renewal: Renewal,
    /// Whether batches are part of transactions.
    scope: BatchScope,
    /// Why nothing more is written in this transaction.
    broken: Option<ProduceError>,
}

/// Whether a new identity is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Renewal {
    NotNeeded,
    Needed,
    Asked,
}

/// What [`Accumulator::append`] did.
pub(super) struct Appended {
    pub(super) delivery: Delivery,
    /// Whether the sender has to look: a new batch lingers, or one is full.
    pub(super) work: bool,
}

/// How a batch ended, for the partition's numbering.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// It is in the log.
    Written,
    /// It is not in the log.
    NotWritten,
    /// Nobody knows.
    Unknown,
}

impl Accumulator {
    pub(super) fn new(options: ProducerOptions, identity: Option<Identity>, scope: BatchScope) -> Self {
        let renewal = Renewal::NotNeeded;
        Self { options, topics: HashMap::new(), identity, renewal, scope, broken: None }
    }

    /// Puts a record into the open batch of its partition.
    pub(super) fn append(
        &mut self,
        record: ProducerRecord,
        bytes: usize,
        (topic, now): (&Topic, Timestamp),
        env: &dyn Env,
    ) -> Result<Appended, ProduceError> {
        if let Some(error) = &self.broken {
            return Err(error.clone());
        }
        let (options, scope) = (&self.options, self.scope);
        let queues = self.topics.entry(Arc::clone(&topic.name)).or_default();
        if queues.partitions.len() < topic.partitions.len() {
            queues.partitions.resize_with(topic.partitions.len(), Queue::default);
        }
        let (index, sticky) = queues.choose(&record, topic, env)?;
        let queue = &mut queues.partitions[index];
        let mut work = false;
        if queue
            .open
            .as_ref()
            .is_some_and(|open| options.batch_bytes < open.builder.uncompressed_bytes() + bytes)
        {
            queue.sealed.extend(queue.open.take());
            work = true;
            if sticky {
                queues.sticky = None;
            }
        }
        let partition = PartitionIndex(i32::try_from(index).expect("partitions are numbered by i32"));
        let open = queues.partitions[index].open.get_or_insert_with(|| {
            work = true;
            Batch::new(Arc::clone(&topic.name), partition, (options, scope))
        });
        let position = i64::from(open.builder.record_count());
        let timestamp = record.timestamp.unwrap_or(now);
        let (key, value) = (record.key.as_deref(), record.value.as_deref());
        let appended = open.builder.append(timestamp, key, value, &record.headers);
        appended.map_err(|_| ProduceError::TooLarge { bytes, limit: options.record_bytes_max })?;
        open.bytes += bytes;
        let outcome = open.outcome.subscribe();
        let delivery = Delivery { topic: Arc::clone(&topic.name), partition, index: position, outcome };
        Ok(Appended { delivery, work })
    }

    /// Closes every open batch; the outcomes of all batches that are not done.
    pub(super) fn seal_all(&mut self) -> Vec<watch::Receiver<Option<Outcome>>> {
        let mut outcomes = Vec::new();
        for queue in self.queues() {
            queue.sealed.extend(queue.open.take());
            outcomes.extend(queue.sealed.iter().map(|batch| batch.outcome.subscribe()));
            outcomes.extend(queue.travelling.clone());
        }
        outcomes
    }

    /// Takes the next batch of every partition that may send one now.
    pub(super) fn take_ready(&mut self, now: Instant) -> Ready {
        let Self { options, topics, identity, renewal, .. } = self;
        let mut ready = Ready { batches: Vec::new(), next: None, renew: false };
        for queue in topics.values_mut().flat_map(|topic| topic.partitions.iter_mut()) {
            if queue.travelling.is_some() {
                continue;
            }
            match queue.due_at(options) {
                None => continue,
                Some(due) if now < due => {
                    ready.next = Some(ready.next.map_or(due, |next: Instant| next.min(due)));
                    continue;
                }
                Some(_) => {}
            }
            if identity.is_some() && queue.spoilt == *identity {
                *renewal = (*renewal).max(Renewal::Needed);
                continue;
            }
            if queue.sealed.is_empty() {
                queue.sealed.extend(queue.open.take());
            }
            let Some(mut batch) = queue.sealed.pop_front() else { continue };
            queue.number(&mut batch, *identity);
            queue.travelling = Some(batch.outcome.subscribe());
            ready.batches.push(batch);
        }
        if *renewal == Renewal::Needed {
            *renewal = Renewal::Asked;
            ready.renew = true;
        }
        ready
    }

    /// A new identity has come, or has not: then the next [`Self::take_ready`] asks again.
    pub(super) fn renewed(&mut self, identity: Option<Identity>) {
        self.renewal = Renewal::NotNeeded;
        self.identity = identity.or(self.identity);
    }

    /// Nothing more is written in this transaction, because of `error` or an earlier one: what has not been sent
    /// fails. The permits that this frees.
    pub(super) fn give_up(&mut self, error: ProduceError) -> usize {
        let error = self.broken.get_or_insert(error).clone();
        let mut freed = 0;
        for queue in self.queues() {
            for batch in queue.sealed.drain(..).chain(queue.open.take()) {
                freed += batch.bytes;
                batch.outcome.send_replace(Some(Err(error.clone())));
            }
        }
        freed
    }

    /// Why nothing more is written in this transaction.
    pub(super) fn broken(&self) -> Option<ProduceError> {
        self.broken.clone()
    }

    /// The next transaction begins, under this identity. Nothing is on its way.
    pub(super) fn go_on(&mut self, identity: Identity) {
        self.broken = None;
        if self.identity != Some(identity) {
            self.identity = Some(identity);
            for queue in self.queues() {
                (queue.numbering, queue.spoilt) = (None, None);
            }
        }
    }

    /// A batch is to be sent again, not before `retry_at`.
    pub(super) fn put_back(&mut self, batch: Batch, retry_at: Instant) {
        let queue = self.queue(&batch.topic, batch.partition);
        queue.travelling = None;
        queue.retry_at = Some(retry_at);
        queue.sealed.push_front(batch);
    }

    /// A batch has come to its end, which is told to all who wait for it.
    pub(super) fn finish(&mut self, batch: Batch, ending: Ending, outcome: Outcome) {
        let queue = self.queue(&batch.topic, batch.partition);
        queue.travelling = None;
        queue.retry_at = None;
        match (ending, batch.stamp) {
            (_, None) | (Ending::Written, Some(_)) => {}
            // The broker has not seen its number, which the next batch gets.
            (Ending::NotWritten, Some(stamp)) => queue.numbering = Some(stamp),
            (Ending::Unknown, Some((identity, _))) => queue.spoilt = Some(identity),
        }
        batch.outcome.send_replace(Some(outcome));
    }

    fn queue(&mut self, topic: &Arc<str>, partition: PartitionIndex) -> &mut Queue {
        let queues = self.topics.get_mut(topic).expect("queues are never removed");
        let index = usize::try_from(partition.0).expect("made from an index");
        &mut queues.partitions[index]
    }

    fn queues(&mut self) -> impl Iterator<Item = &mut Queue> {
        self.topics.values_mut().flat_map(|topic| topic.partitions.iter_mut())
    }
}

/// What [`Accumulator::take_ready`] found.
pub(super) struct Ready {
    pub(super) batches: Vec<Batch>,
    /// When another batch becomes due by time alone.
    pub(super) next: Option<Instant>,
    /// A new identity is to be had now.
    pub(super) renew: bool,
}

impl Batch {
    fn new(
        topic: Arc<str>,
        partition: PartitionIndex,
        (options, scope): (&ProducerOptions, BatchScope),
    ) -> Self {
        let compression = options.compression;
        Self {
            topic,
            partition,
            builder: BatchBuilder::new(BatchOptions { compression, scope, ..BatchOptions::default() }),
            created: Instant::now(),
            attempts: 0,
            bytes: 0,
            built: None,
            stamp: None,
            outcome: watch::Sender::new(None),
        }
    }

    /// The batch as it is sent, the same in every attempt.
    pub(super) fn bytes(&mut self) -> Bytes {
        let Self { builder, built, stamp, .. } = self;
        let make = || {
            let mut builder = std::mem::replace(builder, BatchBuilder::new(BatchOptions::default()));
            if let Some((identity, sequence)) = stamp {
                builder.set_producer(identity.id, identity.epoch, *sequence);
            }
            builder.build()
        };
        built.get_or_insert_with(make).clone()
    }
}

impl Queue {
    /// When the next batch may go; `None` if there is none.
    fn due_at(&self, options: &ProducerOptions) -> Option<Instant> {
        let due = match (self.sealed.front(), &self.open) {
            (Some(sealed), _) => sealed.created,
            (None, Some(open)) if options.batch_bytes <= open.builder.uncompressed_bytes() => open.created,
            (None, Some(open)) => open.created + options.linger,
            (None, None) => return None,
        };
        Some(self.retry_at.map_or(due, |retry_at| retry_at.max(due)))
    }

    /// Gives a batch its number when it goes out for the first time.
    fn number(&mut self, batch: &mut Batch, newest: Option<Identity>) {
        let Some(newest) = newest else { return };
        if batch.stamp.is_some() {
            return;
        }
        let spoilt = self.spoilt.take();
        let (identity, sequence) = match self.numbering {
            Some(numbering) if spoilt.is_none() => numbering,
            _ => (newest, 0),
        };
        batch.stamp = Some((identity, sequence));
        // After the largest number comes 0.
        let next = sequence.wrapping_add(batch.builder.record_count()) & i32::MAX;
        self.numbering = Some((identity, next));
    }
}

impl TopicQueues {
    /// The partition of a record, and whether the topic's sticky choice decided it.
    fn choose(
        &mut self,
        record: &ProducerRecord,
        topic: &Topic,
        env: &dyn Env,
    ) -> Result<(usize, bool), ProduceError> {
        let count = topic.partitions.len();
        let missing =
            |partition| ProduceError::NoPartition { topic: Arc::clone(&topic.name), partition, count };
        if let Some(partition) = record.partition {
            let index = usize::try_from(partition.0).ok().filter(|index| *index < count);
            return index.map(|index| (index, false)).ok_or_else(|| missing(partition));
        }
        if count == 0 {
            return Err(missing(PartitionIndex(0)));
        }
        if let Some(key) = &record.key {
            return Ok((partitioner::partition_of(key, count), false));
        }
        if let Some(sticky) = self.sticky.filter(|index| self.partitions[*index].open.is_some()) {
            return Ok((sticky, true));
        }
        let led: Vec<_> = (0..count).filter(|index| topic.partitions[*index].leader.is_some()).collect();
        let choices = if led.is_empty() { (0..count).collect() } else { led };
        let drawn = env.random() % u64::try_from(choices.len()).expect("a count of partitions is small");
        let chosen = choices[usize::try_from(drawn).expect("less than the count")];
        self.sticky = Some(chosen);
        Ok((chosen, true))
    }
}
