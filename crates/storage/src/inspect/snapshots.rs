//! Producer snapshots as an operator sees them.

use crate::local::producers;
use crate::sequencer::Producer;
use ottla_base::{Offset, ProducerEpoch, ProducerId, Timestamp};

/// What a snapshot knows of a producer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnapshotEntry {
    /// Who.
    pub producer_id: ProducerId,
    /// Its newest epoch.
    pub epoch: ProducerEpoch,
    /// Sequence number of its last record, or -1.
    pub last_sequence: i32,
    /// Offset of its last record, or -1.
    pub last_offset: Offset,
    /// Records of its last batch, minus one.
    pub offset_delta: i32,
    /// When it wrote that.
    pub timestamp: Timestamp,
    /// Of its last marker, or -1.
    pub coordinator_epoch: i32,
    /// Where its open transaction begins.
    pub transaction_start: Option<Offset>,
    /// How many of its batches are remembered.
    pub batches: usize,
}

/// The entries, by producer; `None` if the snapshot is damaged or of another version.
pub(super) fn parse(bytes: &[u8]) -> Option<Vec<SnapshotEntry>> {
    let state = producers::decode(bytes, Timestamp::NONE)?;
    let mut entries: Vec<_> = state.iter().map(|(id, producer)| entry(id, producer)).collect();
    entries.sort_by_key(|entry| entry.producer_id.0);
    Some(entries)
}

fn entry(producer_id: ProducerId, producer: &Producer) -> SnapshotEntry {
    let last = producer.last();
    SnapshotEntry {
        producer_id,
        epoch: producer.epoch,
        last_sequence: last.map_or(-1, |last| last.last_sequence),
        last_offset: last.map_or(Offset::NONE, |last| last.last_offset),
        offset_delta: last.map_or(0, |last| last.offset_delta),
        timestamp: last.map_or(Timestamp::NONE, |last| last.timestamp),
        coordinator_epoch: producer.coordinator_epoch,
        transaction_start: producer.transaction_start,
        batches: producer.window().len(),
    }
}
