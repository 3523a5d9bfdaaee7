//! Batches that compaction leaves: some of the records of a batch, and all that its header says of its producer.

use super::builder::{BatchBuilder, BatchOptions, BatchScope};
use super::codec::Compression;
use super::header::{BatchHeader, set_crc, set_max_timestamp};
use super::reader::Record;
use bytes::{Bytes, BytesMut};
use ottla_base::{LeaderEpoch, Offset, Timestamp};

/// The batch of `header` with only these of its `records`, in order, and perhaps with a delete horizon.
///
/// It covers the same offsets, has the same producer, epoch and first sequence number, and is compressed in the
/// same way. A batch without records is not compressed and keeps its largest timestamp, as Kafka's does.
///
/// # Panics
/// If `records` are not records of that batch in their order.
#[must_use]
pub fn rebuild(header: &BatchHeader, records: &[Record], delete_horizon: Option<Timestamp>) -> Bytes {
    let mut builder = BatchBuilder::new(BatchOptions {
        // Without records there is nothing to unpack, and clients fail if they try.
        compression: match header.compression() {
            Ok(compression) if !records.is_empty() => compression,
            _ => Compression::None,
        },
        base_offset: header.base_offset,
        leader_epoch: header.partition_leader_epoch,
        producer_id: header.producer_id,
        producer_epoch: header.producer_epoch,
        base_sequence: header.base_sequence,
        scope: match (header.is_transactional(), header.is_control()) {
            (_, true) => BatchScope::Marker,
            (true, false) => BatchScope::Transactional,
            (false, false) => BatchScope::Plain,
        },
        timestamp_type: header.timestamp_type(),
        delete_horizon,
    });
    for record in records {
        let (key, value) = (record.key.as_deref(), record.value.as_deref());
        builder
            .append_at(record.offset, record.timestamp, (key, value), &record.headers)
            .expect("they were in one batch before");
    }
    builder.extend_to(header.last_offset()).expect("no record is behind the batch's last offset");
    if !records.is_empty() {
        return builder.build();
    }
    let mut batch = BytesMut::from(&builder.build()[..]);
    set_max_timestamp(&mut batch, header.max_timestamp);
    set_crc(&mut batch);
    batch.freeze()
}

/// A batch that covers one offset and has no records. It tells how far a compacted segment reaches whose last records
/// are gone.
#[must_use]
pub fn placeholder(offset: Offset, leader_epoch: LeaderEpoch) -> Bytes {
    let mut builder =
        BatchBuilder::new(BatchOptions { base_offset: offset, leader_epoch, ..BatchOptions::default() });
    builder.extend_to(offset).expect("it is the first offset");
    builder.build()
}

#[cfg(test)]
mod tests;
