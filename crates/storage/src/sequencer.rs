//! Decides whether a producer's batch is next, a repetition, out of order or from an old incarnation.
//!
//! Pure: state + facts → decision, and a separate [`PartitionProducers::apply`] that live appends and recovery
//! both use. Every log engine calls the same code, under whatever serialises its appends.
//!
//! Rules (Kafka's, reference 4.3):
//! - The last [`WINDOW`] batches of each producer are remembered. The same epoch and the same first and last
//!   sequence number mean a repetition, which is answered with the first one's offset.
//! - Otherwise the next sequence number is last + 1, and 0 after 2147483647.
//! - A new epoch starts at 0; an older epoch is fenced.
//! - A producer of whom nothing is known may start anywhere, because retention may have removed its past.
//!
//! Transactions: the first transactional batch of a producer opens its transaction, a control batch ends it;
//! [`PartitionProducers::first_open_transaction`] bounds the last stable offset.
//!
//! What differs from Kafka: a producer expires by when it was last *seen*, not by the timestamps in its
//! records; loading records from last year must not forget their producer on the spot.

use foldhash::HashMap;
use ottla_base::{Offset, ProducerEpoch, ProducerId, Timestamp};
use std::collections::BTreeSet;

/// How many batches of a producer are remembered: the most that an idempotent client keeps in flight.
pub const WINDOW: usize = 5;

/// What the sequencer needs to know of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchFacts {
    /// Who sent it. [`ProducerId::NONE`] is always accepted.
    pub producer: ProducerId,
    /// The sender's incarnation.
    pub epoch: ProducerEpoch,
    /// Sequence number of the first record; -1 in control batches.
    pub first_sequence: i32,
    /// Last offset minus first offset, 0 or more.
    pub offset_delta: i32,
    /// Largest timestamp, which a repetition is answered with.
    pub timestamp: Timestamp,
    /// Whether it is part of a transaction.
    pub transactional: bool,
    /// Whether it is a marker that ends a transaction.
    pub control: bool,
}

impl BatchFacts {
    /// Sequence number of the last record.
    #[must_use]
    pub fn last_sequence(&self) -> i32 {
        sequence_after(self.first_sequence, self.offset_delta)
    }
}

/// What to do with a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Write it, then [`PartitionProducers::apply`] it.
    Accept,
    /// It is in the log already: write nothing, answer as for the first time.
    Duplicate {
        /// Where its first record is.
        base_offset: Offset,
        /// Where its last record is.
        last_offset: Offset,
        /// The timestamp that it was stored with.
        timestamp: Timestamp,
    },
    /// Refuse: something is missing before it.
    OutOfOrder {
        /// The sequence number that would have been accepted.
        expected: i32,
    },
    /// Refuse: a newer incarnation has written here.
    FencedEpoch {
        /// The newest epoch.
        current: ProducerEpoch,
    },
    /// Refuse: the producer has an open transaction here that this batch is not part of.
    InvalidTransactionState,
}

/// One remembered batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RememberedBatch {
    /// Sequence number of its last record.
    pub last_sequence: i32,
    /// Offset of its last record.
    pub last_offset: Offset,
    /// Last offset minus first offset.
    pub offset_delta: i32,
    /// Its largest timestamp.
    pub timestamp: Timestamp,
}

impl RememberedBatch {
    /// Sequence number of its first record.
    #[must_use]
    pub fn first_sequence(&self) -> i32 {
        match self.last_sequence.checked_sub(self.offset_delta) {
            Some(first) if 0 <= first => first,
            // The batch crosses the wrap: count back from 2147483647.
            _ => i32::MAX - (self.offset_delta - self.last_sequence - 1),
        }
    }

    /// Offset of its first record.
    #[must_use]
    pub fn base_offset(&self) -> Offset {
        self.last_offset.plus(-i64::from(self.offset_delta))
    }
}

/// What is known of one producer in one partition. Copied before a change, so that a failed write can undo it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Producer {
    /// Its newest incarnation.
    pub epoch: ProducerEpoch,
    /// Of the coordinator that wrote the last marker; -1 if none did.
    pub coordinator_epoch: i32,
    /// First offset of its open transaction.
    pub transaction_start: Option<Offset>,
    /// When it last wrote here, by this process's wall clock.
    pub seen: Timestamp,
    /// The newest batches of `epoch`, oldest first; `window[..remembered]` counts.
    window: [RememberedBatch; WINDOW],
    remembered: u8,
}

impl Producer {
    /// A producer as a snapshot knows it; `window` is its newest batches, oldest first, and empty if it has
    /// only sent markers.
    #[must_use]
    pub fn restored(epoch: ProducerEpoch, window: &[RememberedBatch], seen: Timestamp) -> Self {
        let mut producer = Self {
            epoch,
            coordinator_epoch: -1,
            transaction_start: None,
            seen,
            window: [RememberedBatch::default(); WINDOW],
            remembered: 0,
        };
        window.iter().for_each(|batch| producer.remember(*batch));
        producer
    }

    /// The remembered batches of the newest epoch, oldest first.
    #[must_use]
    pub fn window(&self) -> &[RememberedBatch] {
        &self.window[..usize::from(self.remembered)]
    }

    /// The newest batch of the newest epoch.
    #[must_use]
    pub fn last(&self) -> Option<&RememberedBatch> {
        self.window().last()
    }

    fn remember(&mut self, batch: RememberedBatch) {
        let remembered = usize::from(self.remembered);
        if remembered == WINDOW {
            self.window.rotate_left(1);
            self.window[WINDOW - 1] = batch;
        } else {
            self.window[remembered] = batch;
            self.remembered += 1;
        }
    }
}

/// What one partition knows of its producers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartitionProducers {
    producers: HashMap<ProducerId, Box<Producer>>,
    /// First offsets of open transactions, and whose they are.
    open: BTreeSet<(Offset, ProducerId)>,
}

/// What [`PartitionProducers::apply`] changed, for [`PartitionProducers::undo`].
#[derive(Clone, Copy, Debug)]
pub struct Undo {
    id: ProducerId,
    before: Option<Producer>,
}

/// Decides on one batch. Reads only.
#[must_use]
pub fn decide(producers: &PartitionProducers, batch: &BatchFacts) -> Decision {
    let Some(producer) = producers.producers.get(&batch.producer) else {
        return Decision::Accept;
    };
    if batch.epoch < producer.epoch {
        return Decision::FencedEpoch { current: producer.epoch };
    }
    if batch.control {
        return Decision::Accept;
    }
    if batch.epoch == producer.epoch {
        let repeated = producer.window().iter().find(|known| {
            known.first_sequence() == batch.first_sequence && known.last_sequence == batch.last_sequence()
        });
        if let Some(known) = repeated {
            return Decision::Duplicate {
                base_offset: known.base_offset(),
                last_offset: known.last_offset,
                timestamp: known.timestamp,
            };
        }
    }
    let expected = match producer.last() {
        Some(last) if batch.epoch == producer.epoch => sequence_after(last.last_sequence, 1),
        _ => 0,
    };
    if batch.first_sequence != expected {
        return Decision::OutOfOrder { expected };
    }
    if producer.transaction_start.is_some() && !batch.transactional {
        return Decision::InvalidTransactionState;
    }
    Decision::Accept
}

impl PartitionProducers {
    /// Takes a written batch into account; the same for a live append and for one found by recovery. `now` is
    /// the wall clock. Returns how to undo it; `None` if there was nothing to change.
    pub fn apply(&mut self, batch: &BatchFacts, base_offset: Offset, now: Timestamp) -> Option<Undo> {
        if batch.producer == ProducerId::NONE {
            return None;
        }
        let before = self.producers.get(&batch.producer).map(|producer| **producer);
        let mut after = before.unwrap_or_else(|| Producer::restored(batch.epoch, &[], now));
        if after.epoch != batch.epoch {
            after.epoch = batch.epoch;
            after.remembered = 0;
        }
        after.seen = now;
        if batch.control {
            after.transaction_start = None;
        } else {
            after.remember(RememberedBatch {
                last_sequence: batch.last_sequence(),
                last_offset: base_offset.plus(i64::from(batch.offset_delta)),
                offset_delta: batch.offset_delta,
                timestamp: batch.timestamp,
            });
            if batch.transactional && after.transaction_start.is_none() {
                after.transaction_start = Some(base_offset);
            }
        }
        self.replace(batch.producer, before.as_ref(), Some(after));
        Some(Undo { id: batch.producer, before })
    }

    /// Takes back the newest [`apply`](Self::apply) that has not been undone.
    pub fn undo(&mut self, undo: Undo) {
        let current = self.producers.get(&undo.id).map(|producer| **producer);
        self.replace(undo.id, current.as_ref(), undo.before);
    }

    /// Puts a producer in, as a snapshot has it.
    pub fn restore(&mut self, id: ProducerId, producer: Producer) {
        let current = self.producers.get(&id).map(|producer| **producer);
        self.replace(id, current.as_ref(), Some(producer));
    }

    /// Forgets producers that have not written for `expiration_ms` and have no open transaction. Returns how
    /// many.
    pub fn expire(&mut self, now: Timestamp, expiration_ms: u64) -> usize {
        let before = self.producers.len();
        self.producers.retain(|_, producer| {
            let idle_ms = u64::try_from(now.0.saturating_sub(producer.seen.0)).unwrap_or(0);
            producer.transaction_start.is_some() || idle_ms < expiration_ms
        });
        before - self.producers.len()
    }

    /// Where the oldest open transaction starts.
    #[must_use]
    pub fn first_open_transaction(&self) -> Option<Offset> {
        self.open.first().map(|(offset, _)| *offset)
    }

    /// All producers, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (ProducerId, &Producer)> {
        self.producers.iter().map(|(id, producer)| (*id, &**producer))
    }

    /// How many producers are known.
    #[must_use]
    pub fn len(&self) -> usize {
        self.producers.len()
    }

    /// Whether no producer is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.producers.is_empty()
    }

    fn replace(&mut self, id: ProducerId, before: Option<&Producer>, after: Option<Producer>) {
        let start_before = before.and_then(|producer| producer.transaction_start);
        let start_after = after.and_then(|producer| producer.transaction_start);
        if start_before != start_after {
            start_before.map(|start| self.open.remove(&(start, id)));
            start_after.map(|start| self.open.insert((start, id)));
        }
        match after {
            None => {
                self.producers.remove(&id);
            }
            Some(after) => match self.producers.get_mut(&id) {
                Some(slot) => **slot = after,
                None => {
                    self.producers.insert(id, Box::new(after));
                }
            },
        }
    }
}

/// The sequence number `count` after `sequence`: after 2147483647 comes 0.
fn sequence_after(sequence: i32, count: i32) -> i32 {
    sequence.wrapping_add(count) & i32::MAX
}

#[cfg(test)]
mod tests;
