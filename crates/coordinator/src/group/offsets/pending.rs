//! Offsets that wait for the end of the transaction they were committed in.
//!
//! Invariants: a pending offset lives and dies with its group's entry in the hard state, as a committed one does;
//! no producer has an empty set of them. Several transactions may hold offsets of one partition: which commit
//! came last is told by [`Committed::position`], as a record's offset in `__consumer_offsets` tells it in Kafka.

use super::{Committed, Offsets};
use ottla_base::{PartitionIndex, ProducerEpoch, ProducerId};
use ottla_wire::Str;
use std::collections::BTreeMap;

/// What a transaction will commit for one partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingOffset {
    /// The epoch of the producer when it wrote this. Only a marker that is not older ends it.
    pub producer_epoch: ProducerEpoch,
    /// What is committed if the transaction is.
    pub committed: Committed,
}

/// The pending offsets of one group by producer, each of which has at most one transaction open.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Pending(BTreeMap<ProducerId, ByPartition>);

type ByPartition = BTreeMap<(Str, PartitionIndex), PendingOffset>;

impl Pending {
    pub(in crate::group) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(in crate::group) fn producers(&self) -> impl Iterator<Item = ProducerId> {
        self.0.keys().copied()
    }

    pub(in crate::group) fn has(&self, producer: ProducerId) -> bool {
        self.0.contains_key(&producer)
    }

    /// All of one producer.
    pub(super) fn of(
        &self,
        producer: ProducerId,
    ) -> impl Iterator<Item = (&Str, PartitionIndex, &PendingOffset)> {
        let all = self.0.get(&producer).into_iter().flatten();
        all.map(|((topic, partition), pending)| (topic, *partition, pending))
    }

    /// All of them, with their producers.
    pub(super) fn iter(&self) -> impl Iterator<Item = (ProducerId, &Str, PartitionIndex, &PendingOffset)> {
        let tell = |producer: &ProducerId| {
            let producer = *producer;
            self.of(producer).map(move |(topic, partition, pending)| (producer, topic, partition, pending))
        };
        self.0.keys().flat_map(tell)
    }

    /// Those of one partition, with their producers.
    pub(super) fn at(
        &self,
        topic: &Str,
        partition: PartitionIndex,
    ) -> impl Iterator<Item = (ProducerId, &PendingOffset)> {
        let key = (topic.clone(), partition);
        self.0.iter().filter_map(move |(producer, all)| Some((*producer, all.get(&key)?)))
    }

    /// Whether a transaction may be about to change the offset of a partition.
    pub(super) fn is_unstable(&self, topic: &Str, partition: PartitionIndex) -> bool {
        !self.0.is_empty() && self.at(topic, partition).next().is_some()
    }

    pub(in crate::group) fn set(
        &mut self,
        producer: ProducerId,
        topic: &Str,
        partition: PartitionIndex,
        pending: Option<PendingOffset>,
    ) {
        match pending {
            Some(pending) => {
                self.0.entry(producer).or_default().insert((topic.detached(), partition), pending);
            }
            None => {
                let Some(all) = self.0.get_mut(&producer) else { return };
                all.remove(&(topic.clone(), partition));
                if all.is_empty() {
                    self.0.remove(&producer);
                }
            }
        }
    }
}

/// The position of a commit outside of transactions: behind all that is pending for the partition. Nothing else
/// is ever compared with it, so that most commits have 0.
pub(super) fn position_plain(pending: &Pending, topic: &Str, partition: PartitionIndex) -> i64 {
    if pending.is_empty() {
        return FIRST;
    }
    let last = pending.at(topic, partition).map(|(_, pending)| pending.committed.position).max();
    last.map_or(FIRST, |last| last.saturating_add(1))
}

/// The position of a commit in a transaction: behind all that is pending or committed for the partition.
pub(super) fn position_pending(
    offsets: &Offsets,
    pending: &Pending,
    topic: &Str,
    partition: PartitionIndex,
) -> i64 {
    let committed = offsets.get(topic, partition).map_or(FIRST, |committed| committed.position);
    position_plain(pending, topic, partition).max(committed.saturating_add(1))
}

const FIRST: i64 = 0;
