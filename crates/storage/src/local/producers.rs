//! What a partition knows of its producers, and its file `<offset>.snapshot`, in Kafka's format, version 1:
//!
//! ```text
//!  0 i16 version = 1
//!  2 u32 CRC-32C of all that follows
//!  6 i32 number of entries, then for each 46 bytes:
//!        i64 producer id, i16 epoch, i32 last sequence, i64 last offset, i32 offset delta, i64 timestamp of
//!        the newest batch or marker, i32 coordinator epoch, i64 first offset of the open transaction or -1
//!  … Ottla's own, which Kafka does not read: "OTLB", then for each entry in the same order
//!        u8 number of remembered batches, then for each, oldest first, 24 bytes:
//!        i32 last sequence, i64 last offset, i32 offset delta, i64 timestamp
//! ```
//! Kafka forgets all but the last batch over a restart, and that one's timestamp if a marker came after it;
//! with the addition a repetition of any of the last five is answered as before also then. A damaged snapshot
//! is ignored, and more of the log is read instead.

use super::names::Kind;
use super::place::Place;
use crate::sequencer::{Applied, BatchFacts, WINDOW};
use crate::sequencer::{PartitionProducers, Producer, RememberedBatch, Undo};
use bytes::{Buf, BufMut};
use ottla_base::{Offset, ProducerEpoch, ProducerId, Timestamp};
use std::io;

/// The producers of a partition and which snapshots there are.
#[derive(Debug, Default)]
pub(crate) struct Producers {
    state: PartitionProducers,
    /// Offsets of the snapshots on disk, ascending.
    snapshots: Vec<Offset>,
    /// Changed since the newest snapshot.
    changed: bool,
}

impl Producers {
    /// Nothing is known but which snapshots there are.
    pub(crate) fn with_snapshots(snapshots: Vec<Offset>) -> Self {
        Self { snapshots, ..Self::default() }
    }

    pub(crate) fn state(&self) -> &PartitionProducers {
        &self.state
    }

    pub(crate) fn apply(
        &mut self,
        batch: &BatchFacts,
        base_offset: Offset,
        now: Timestamp,
    ) -> Option<Applied> {
        let applied = self.state.apply(batch, base_offset, now);
        self.changed |= applied.is_some();
        applied
    }

    pub(crate) fn undo(&mut self, undo: Undo) {
        self.state.undo(undo);
    }

    /// A producer of whom nothing is known begins here, with sequence number 0. Nothing changes if it is known.
    pub(crate) fn expect(&mut self, id: ProducerId, epoch: ProducerEpoch, now: Timestamp) {
        if id != ProducerId::NONE && self.state.get(id).is_none() {
            self.state.restore(id, Producer::restored(epoch, &[], now));
        }
    }

    pub(crate) fn expire(&mut self, now: Timestamp, expiration_ms: u64) -> usize {
        let expired = self.state.expire(now, expiration_ms);
        self.changed |= 0 < expired;
        expired
    }

    /// Whether a snapshot would say something that the newest one does not.
    pub(crate) fn is_worth_saving(&self) -> bool {
        self.changed
    }

    /// Takes up what was known at `offset`: the newest snapshot that is not later. Later ones, which may
    /// tell of batches that are gone, are removed. Returns from where on the log has to be read up to
    /// `offset`, because a newer snapshot was damaged; normally that is `offset` itself.
    ///
    /// A damaged one stays, so that the next start, too, sees that the one before it is not enough. One that cannot be
    /// read is an error: of what it knows, the log may have nothing any more.
    pub(crate) fn load(&mut self, place: &Place, offset: Offset, now: Timestamp) -> io::Result<Offset> {
        let mut covered = offset;
        while let Some(newest) = self.snapshots.last().copied() {
            if newest <= offset {
                let bytes = place.disk.read(&place.file(newest, Kind::Snapshot))?;
                if let Some(state) = decode(&bytes, now) {
                    self.state = state;
                    return Ok(if covered < offset { newest } else { offset });
                }
                tracing::warn!(directory = %place.path.display(), %newest, "a producer snapshot is damaged");
                covered = Offset::ZERO;
            } else {
                // If it cannot be removed, it will be passed over again.
                let _ = place.disk.remove_file(&place.file(newest, Kind::Snapshot));
            }
            self.snapshots.pop();
        }
        Ok(covered)
    }

    /// Writes a snapshot of everything below `end`, without a sync. Removes those that are older than the
    /// newest one below `recovery_point`: recovery needs none of them, unless that one is torn.
    pub(crate) fn save(&mut self, place: &Place, end: Offset, recovery_point: Offset) -> io::Result<()> {
        place.disk.write(&place.file(end, Kind::Snapshot), &encode(&self.state))?;
        self.changed = false;
        if self.snapshots.last() != Some(&end) {
            self.snapshots.push(end);
        }
        let needed = self.snapshots.partition_point(|offset| *offset <= recovery_point).saturating_sub(2);
        for oldest in self.snapshots.drain(..needed) {
            // One that stays is only a small file too much.
            let _ = place.disk.remove_file(&place.file(oldest, Kind::Snapshot));
        }
        Ok(())
    }
}

fn encode(state: &PartitionProducers) -> Vec<u8> {
    let producers: Vec<(ProducerId, &Producer)> = state.iter().collect();
    let mut bytes = Vec::with_capacity(16 + producers.len() * (ENTRY_BYTES + 1));
    bytes.put_i16(VERSION);
    bytes.put_u32(0);
    bytes.put_i32(i32::try_from(producers.len()).expect("producers fit in memory"));
    for (id, producer) in &producers {
        let last = producer.last().copied().unwrap_or(NO_BATCH);
        bytes.put_i64(id.0);
        bytes.put_i16(producer.epoch.0);
        bytes.put_i32(last.last_sequence);
        bytes.put_i64(last.last_offset.0);
        bytes.put_i32(last.offset_delta);
        bytes.put_i64(producer.last_timestamp.0);
        bytes.put_i32(producer.coordinator_epoch);
        bytes.put_i64(producer.transaction_start.unwrap_or(Offset::NONE).0);
    }
    bytes.put_slice(ADDITION);
    for (_, producer) in &producers {
        let window = producer.window();
        bytes.put_u8(u8::try_from(window.len()).expect("no more than the window"));
        for batch in window {
            bytes.put_i32(batch.last_sequence);
            bytes.put_i64(batch.last_offset.0);
            bytes.put_i32(batch.offset_delta);
            bytes.put_i64(batch.timestamp.0);
        }
    }
    let crc = crc_fast::crc32_iscsi(&bytes[CRC_FROM..]);
    bytes[2..CRC_FROM].copy_from_slice(&crc.to_be_bytes());
    bytes
}

/// `None` if the bytes are damaged or of another version.
pub(crate) fn decode(bytes: &[u8], now: Timestamp) -> Option<PartitionProducers> {
    let mut rest = bytes;
    if rest.try_get_i16().ok()? != VERSION {
        return None;
    }
    let crc = rest.try_get_u32().ok()?;
    if crc_fast::crc32_iscsi(rest) != crc {
        return None;
    }
    let count = usize::try_from(rest.try_get_i32().ok()?).ok()?;
    if rest.len() / ENTRY_BYTES < count {
        return None;
    }
    let mut entries = rest;
    rest.advance(count * ENTRY_BYTES);
    let has_addition = rest.starts_with(ADDITION);
    if has_addition {
        rest.advance(ADDITION.len());
    }
    let mut state = PartitionProducers::default();
    for _ in 0..count {
        let id = ProducerId(entries.get_i64());
        let epoch = ProducerEpoch(entries.get_i16());
        let last = get_batch(&mut entries);
        let coordinator_epoch = entries.get_i32();
        let start = entries.get_i64();
        let mut window: Vec<RememberedBatch> = Vec::with_capacity(WINDOW);
        if has_addition {
            for _ in 0..rest.try_get_u8().ok()? {
                window.push((BATCH_BYTES <= rest.len()).then(|| get_batch(&mut rest))?);
            }
        } else {
            window.extend((Offset::ZERO <= last.last_offset).then_some(last));
        }
        let mut producer = Producer::restored(epoch, &window, now);
        producer.last_timestamp = last.timestamp;
        producer.coordinator_epoch = coordinator_epoch;
        producer.transaction_start = (0 <= start).then_some(Offset(start));
        state.restore(id, producer);
    }
    Some(state)
}

/// Reads 24 bytes, which the caller has seen to be there.
fn get_batch(bytes: &mut &[u8]) -> RememberedBatch {
    RememberedBatch {
        last_sequence: bytes.get_i32(),
        last_offset: Offset(bytes.get_i64()),
        offset_delta: bytes.get_i32(),
        timestamp: Timestamp(bytes.get_i64()),
    }
}

const VERSION: i16 = 1;
const CRC_FROM: usize = 6;
const ENTRY_BYTES: usize = 46;
const BATCH_BYTES: usize = 24;
const ADDITION: &[u8] = b"OTLB";
/// What Kafka writes for a producer that has only sent markers.
const NO_BATCH: RememberedBatch = RememberedBatch {
    last_sequence: -1,
    last_offset: Offset::NONE,
    offset_delta: 0,
    timestamp: Timestamp::NONE,
};

#[cfg(test)]
mod tests;
