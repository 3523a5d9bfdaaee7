//! Decides whether a producer's batch is next, a repetition, out of order or from an old incarnation, and
//! whether a marker may end a transaction.
//!
//! Pure: state + facts → decision, and a separate [`PartitionProducers::apply`] that live appends and recovery
//! both use. Every log engine calls the same code, under whatever serialises its appends.
//!
//! Rules for data (Kafka's, reference 4.3):
//! - The last [`WINDOW`] batches of each producer are remembered. The same epoch and the same first and last
//!   sequence number mean a repetition, which is answered with the first one's offset.
//! - Otherwise the next sequence number is last + 1, and 0 after 2147483647.
//! - A new epoch starts at 0; an older epoch is fenced.
//! - A producer of whom nothing is known may start anywhere, because retention may have removed its past. Only
//!   in a transaction of version 2 it must start at 0: there every transaction does, so that anything else is
//!   a late part of one that has ended (KAFKA-18202).
//! - While a producer has a transaction open here, it may write nothing outside of it.
//!
//! Rules for markers:
//! - Version 1: the marker's epoch is the producer's or newer. Version 2: it is newer, because every end of a
//!   transaction raises the epoch; the same epoch passes only if no transaction is open, as the repetition of a
//!   marker that is here already (KAFKA-19999). It is written again, which changes nothing for readers.
//! - A coordinator that an earlier marker's coordinator has replaced is fenced.
//! - After a marker the producer's epoch is the marker's. If that is a new one, sequence numbers restart at 0.
//!
//! What differs from Kafka: a producer expires by when it was last *seen*, not by the timestamps in its
//! records; loading records from last year must not forget their producer on the spot.

mod producer;

pub use producer::{Producer, RememberedBatch, WINDOW};

use foldhash::HashMap;
use ottla_base::{Offset, ProducerEpoch, ProducerId, Timestamp};
use ottla_wire::record::{Marker, MarkerKind};
use std::collections::BTreeSet;

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
    /// What it is to a transaction.
    pub content: Content,
}

/// What a batch is to a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// Data that stands on its own.
    Plain,
    /// Data of a transaction.
    Transactional,
    /// It ends a transaction.
    Marker(Marker),
    /// A control batch that says nothing: compaction has removed its marker, or its kind is unknown.
    EmptyControl,
}

/// Which version of Kafka's transactions a batch or a marker follows. What has no transaction follows
/// [`TransactionVersion::V1`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransactionVersion {
    /// A producer keeps its epoch from transaction to transaction. Kafka's versions 0 and 1 are alike here.
    V1,
    /// Every end of a transaction gives the producer a new epoch (KIP-890).
    V2,
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
    /// Refuse the marker: a newer incarnation of the coordinator has written one.
    FencedCoordinator {
        /// The newest one's epoch.
        current: i32,
    },
}

/// What one partition knows of its producers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartitionProducers {
    producers: HashMap<ProducerId, Box<Producer>>,
    /// First offsets of open transactions, and whose they are.
    open: BTreeSet<(Offset, ProducerId)>,
}

/// What [`PartitionProducers::apply`] has done.
#[derive(Clone, Copy, Debug)]
pub struct Applied {
    /// How to take it back.
    pub undo: Undo,
    /// The transaction that this marker has ended.
    pub ended: Option<EndedTransaction>,
}

/// What [`PartitionProducers::apply`] changed, for [`PartitionProducers::undo`].
#[derive(Clone, Copy, Debug)]
pub struct Undo {
    id: ProducerId,
    before: Option<Producer>,
}

/// A transaction that had data in this partition and has its marker now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndedTransaction {
    /// Whose it was.
    pub producer: ProducerId,
    /// Offset of its first record.
    pub first: Offset,
    /// Offset of its marker.
    pub marker: Offset,
    /// How it ended.
    pub kind: MarkerKind,
    /// All transactions that began below this offset have ended by now.
    pub last_stable: Offset,
}

/// Decides on one batch. Reads only.
#[must_use]
pub fn decide(producers: &PartitionProducers, batch: &BatchFacts, version: TransactionVersion) -> Decision {
    if batch.producer == ProducerId::NONE {
        return Decision::Accept;
    }
    let producer = producers.get(batch.producer);
    match (batch.content, producer) {
        (Content::Plain | Content::Transactional, None) if batch.epoch < ProducerEpoch::NONE => {
            Decision::FencedEpoch { current: ProducerEpoch::NONE }
        }
        (Content::EmptyControl | Content::Marker(_) | Content::Plain, None) => Decision::Accept,
        (Content::Transactional, None) => match version {
            TransactionVersion::V2 if batch.first_sequence != 0 => Decision::OutOfOrder { expected: 0 },
            TransactionVersion::V1 | TransactionVersion::V2 => Decision::Accept,
        },
        (Content::EmptyControl, Some(_)) => Decision::Accept,
        (Content::Marker(marker), Some(producer)) => decide_on_marker(producer, batch.epoch, marker, version),
        (Content::Plain | Content::Transactional, Some(producer)) => decide_on_data(producer, batch),
    }
}

fn decide_on_data(producer: &Producer, batch: &BatchFacts) -> Decision {
    if batch.epoch < producer.epoch {
        return Decision::FencedEpoch { current: producer.epoch };
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
    // Whoever has a newer epoch has left the open transaction behind: what is in it must not be committed with the
    // next one, but wait for the marker that aborts it.
    let goes_on = batch.content == Content::Transactional && batch.epoch == producer.epoch;
    if producer.transaction_start.is_some() && !goes_on {
        return Decision::InvalidTransactionState;
    }
    Decision::Accept
}

fn decide_on_marker(
    producer: &Producer,
    epoch: ProducerEpoch,
    marker: Marker,
    version: TransactionVersion,
) -> Decision {
    let is_current = match version {
        TransactionVersion::V1 => producer.epoch <= epoch,
        TransactionVersion::V2 => {
            producer.epoch < epoch || (producer.epoch == epoch && producer.transaction_start.is_none())
        }
    };
    if !is_current {
        return Decision::FencedEpoch { current: producer.epoch };
    }
    if marker.coordinator_epoch < producer.coordinator_epoch {
        return Decision::FencedCoordinator { current: producer.coordinator_epoch };
    }
    Decision::Accept
}

impl PartitionProducers {
    /// Takes a written batch into account; the same for a live append and for one found by recovery. `now` is
    /// the wall clock. `None` if there was nothing to change.
    pub fn apply(&mut self, batch: &BatchFacts, base_offset: Offset, now: Timestamp) -> Option<Applied> {
        if batch.producer == ProducerId::NONE || batch.content == Content::EmptyControl {
            return None;
        }
        let before = self.get(batch.producer).copied();
        let mut after = before.unwrap_or_else(|| Producer::restored(batch.epoch, &[], now));
        after.enter(batch.epoch);
        after.seen = now;
        after.last_timestamp = batch.timestamp;
        match batch.content {
            Content::Marker(marker) => {
                after.transaction_start = None;
                after.coordinator_epoch = marker.coordinator_epoch;
            }
            Content::Plain | Content::Transactional | Content::EmptyControl => {
                after.remember(RememberedBatch {
                    last_sequence: batch.last_sequence(),
                    last_offset: base_offset.plus(i64::from(batch.offset_delta)),
                    offset_delta: batch.offset_delta,
                    timestamp: batch.timestamp,
                });
                if batch.content == Content::Transactional {
                    after.transaction_start.get_or_insert(base_offset);
                }
            }
        }
        self.replace(batch.producer, before.as_ref(), Some(after));
        let ended = match (batch.content, before.and_then(|before| before.transaction_start)) {
            (Content::Marker(marker), Some(first)) => Some(EndedTransaction {
                producer: batch.producer,
                first,
                marker: base_offset,
                kind: marker.kind,
                last_stable: self.first_open_transaction().unwrap_or(base_offset.plus(1)),
            }),
            _ => None,
        };
        Some(Applied { undo: Undo { id: batch.producer, before }, ended })
    }

    /// Takes back the newest [`apply`](Self::apply) that has not been undone.
    pub fn undo(&mut self, undo: Undo) {
        let current = self.get(undo.id).copied();
        self.replace(undo.id, current.as_ref(), undo.before);
    }

    /// Puts a producer in, as a snapshot has it.
    pub fn restore(&mut self, id: ProducerId, producer: Producer) {
        let current = self.get(id).copied();
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

    /// What is known of a producer.
    #[must_use]
    pub fn get(&self, id: ProducerId) -> Option<&Producer> {
        self.producers.get(&id).map(|producer| &**producer)
    }

    /// Who has an open transaction, the oldest first.
    pub fn open_transactions(&self) -> impl Iterator<Item = ProducerId> {
        self.open.iter().map(|(_, id)| *id)
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
