//! Makes batches: for producers, for transaction markers, for compaction.

use super::codec::Compression;
use super::header::{
    CONTROL_BIT, DELETE_HORIZON_BIT, HEADER_BYTES, LOG_APPEND_TIME_BIT, MAGIC, PREFIX_BYTES,
    TRANSACTIONAL_BIT, TimestampType, set_crc,
};
use super::reader::Header;
use super::varint;
use bytes::Bytes;
use ottla_base::{LeaderEpoch, Offset, ProducerEpoch, ProducerId, Timestamp, limits};

/// What a batch says besides its records. The default is what a plain producer sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchOptions {
    /// How to compress.
    pub compression: Compression,
    /// Offset of the first record: 0 for producers.
    pub base_offset: Offset,
    /// Unknown for producers.
    pub leader_epoch: LeaderEpoch,
    /// None for producers without idempotence.
    pub producer_id: ProducerId,
    /// None for producers without idempotence.
    pub producer_epoch: ProducerEpoch,
    /// -1 for producers without idempotence.
    pub base_sequence: i32,
    /// Part of a transaction?
    pub scope: BatchScope,
    /// Producers leave CreateTime.
    pub timestamp_type: TimestampType,
    /// When compaction may drop tombstones and markers; takes the place of the base timestamp.
    pub delete_horizon: Option<Timestamp>,
}

/// Whether a batch belongs to a transaction, and whether it carries data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BatchScope {
    /// Data that stands on its own.
    #[default]
    Plain,
    /// Data of a transaction.
    Transactional,
    /// A marker that ends a transaction.
    Marker,
}

impl Default for BatchOptions {
    fn default() -> Self {
        Self {
            compression: Compression::None,
            base_offset: Offset::ZERO,
            leader_epoch: LeaderEpoch::NONE,
            producer_id: ProducerId::NONE,
            producer_epoch: ProducerEpoch::NONE,
            base_sequence: -1,
            scope: BatchScope::Plain,
            timestamp_type: TimestampType::CreateTime,
            delete_horizon: None,
        }
    }
}

/// Why a record is not in the batch. The batch is as it was before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// Build this batch and start another; a record that does not fit an empty batch fits none.
    #[error("the batch has no room for the record")]
    Full,
    /// Offsets must rise and stay within 2^31 of the base.
    #[error("offset {0} does not follow the batch's last")]
    OffsetOrder(Offset),
}

/// Collects records and makes one batch of them.
#[derive(Clone, Debug)]
pub struct BatchBuilder {
    options: BatchOptions,
    block: Vec<u8>,
    body: Vec<u8>,
    record_count: i32,
    last_delta: i32,
    base_timestamp: Timestamp,
    max_timestamp: Timestamp,
}

impl BatchBuilder {
    /// An empty batch.
    #[must_use]
    pub fn new(options: BatchOptions) -> Self {
        Self {
            options,
            block: Vec::new(),
            body: Vec::new(),
            record_count: 0,
            last_delta: -1,
            base_timestamp: options.delete_horizon.unwrap_or(Timestamp::NONE),
            max_timestamp: Timestamp::NONE,
        }
    }

    /// Says who produces and from which sequence number on, when that is known only after the records.
    pub fn set_producer(&mut self, id: ProducerId, epoch: ProducerEpoch, base_sequence: i32) {
        self.options.producer_id = id;
        self.options.producer_epoch = epoch;
        self.options.base_sequence = base_sequence;
    }

    /// Number of records.
    #[must_use]
    pub fn record_count(&self) -> i32 {
        self.record_count
    }

    /// Bytes of the batch if it were not compressed.
    #[must_use]
    pub fn uncompressed_bytes(&self) -> usize {
        HEADER_BYTES + self.block.len()
    }

    /// Adds a record at the next offset.
    ///
    /// # Errors
    /// `Full` at [`limits::BATCH_UNCOMPRESSED_BYTES_MAX`] or 2^31 records.
    pub fn append(
        &mut self,
        timestamp: Timestamp,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: &[Header],
    ) -> Result<(), AppendError> {
        let delta = self.last_delta.checked_add(1).ok_or(AppendError::Full)?;
        self.append_delta(delta, timestamp, (key, value), headers)
    }

    /// Adds a record at an offset of its own, for compaction.
    ///
    /// # Errors
    /// `OffsetOrder` if the offset is not beyond the last, or too far; `Full` as for [`Self::append`].
    pub fn append_at(
        &mut self,
        offset: Offset,
        timestamp: Timestamp,
        (key, value): (Option<&[u8]>, Option<&[u8]>),
        headers: &[Header],
    ) -> Result<(), AppendError> {
        let delta = self.delta_of(offset)?;
        self.append_delta(delta, timestamp, (key, value), headers)
    }

    /// Makes the batch end at `offset` although no record is there, for compaction, which must not change what
    /// offsets a batch covers.
    ///
    /// # Errors
    /// `OffsetOrder` if a record lies beyond `offset`, or it is too far.
    pub fn extend_to(&mut self, offset: Offset) -> Result<(), AppendError> {
        if offset == self.options.base_offset.plus(i64::from(self.last_delta)) {
            return Ok(());
        }
        self.last_delta = self.delta_of(offset)?;
        Ok(())
    }

    fn delta_of(&self, offset: Offset) -> Result<i32, AppendError> {
        let delta =
            offset.0.checked_sub(self.options.base_offset.0).and_then(|delta| i32::try_from(delta).ok());
        delta.filter(|delta| self.last_delta < *delta).ok_or(AppendError::OffsetOrder(offset))
    }

    fn append_delta(
        &mut self,
        delta: i32,
        timestamp: Timestamp,
        (key, value): (Option<&[u8]>, Option<&[u8]>),
        headers: &[Header],
    ) -> Result<(), AppendError> {
        if self.record_count == 0 && self.options.delete_horizon.is_none() {
            self.base_timestamp = timestamp;
        }
        let parts = |part: Option<&[u8]>| part.map_or(0, <[u8]>::len);
        let in_headers: usize =
            headers.iter().map(|header| header.key.len() + parts(header.value.as_deref()) + 10).sum();
        // Thirty bytes cover the varints of the record itself.
        let most = self.block.len() + parts(key) + parts(value) + in_headers + 30;
        if limits::BATCH_UNCOMPRESSED_BYTES_MAX < most {
            return Err(AppendError::Full);
        }
        let body = &mut self.body;
        body.clear();
        body.push(0);
        varint::put(body, timestamp.0.saturating_sub(self.base_timestamp.0));
        varint::put(body, i64::from(delta));
        put_nullable(body, key);
        put_nullable(body, value);
        put_length(body, headers.len());
        for header in headers {
            put_nullable(body, Some(&header.key));
            put_nullable(body, header.value.as_deref());
        }
        put_length(&mut self.block, body.len());
        self.block.extend_from_slice(body);
        self.record_count += 1;
        self.last_delta = delta;
        self.max_timestamp = self.max_timestamp.max(timestamp);
        Ok(())
    }

    /// Makes the batch: compresses, fills in the header, computes the checksum.
    #[must_use]
    pub fn build(self) -> Bytes {
        let Self { options, block, body: _, record_count, last_delta, base_timestamp, max_timestamp } = self;
        let block = match options.compression {
            // No record, nothing to compress: readers of such a batch do not even look.
            Compression::None => block,
            _ if record_count == 0 => block,
            codec => codec.compress(&block),
        };
        let length = HEADER_BYTES - PREFIX_BYTES + block.len();
        let length = i32::try_from(length).expect("1 GiB, compressed badly, is less than 2 GiB");
        let mut batch = Vec::with_capacity(HEADER_BYTES + block.len());
        batch.extend_from_slice(&options.base_offset.0.to_be_bytes());
        batch.extend_from_slice(&length.to_be_bytes());
        batch.extend_from_slice(&options.leader_epoch.0.to_be_bytes());
        batch.extend_from_slice(&MAGIC.to_be_bytes());
        batch.extend_from_slice(&[0; 4]);
        batch.extend_from_slice(&attributes(&options).to_be_bytes());
        batch.extend_from_slice(&last_delta.to_be_bytes());
        batch.extend_from_slice(&base_timestamp.0.to_be_bytes());
        batch.extend_from_slice(&max_timestamp.0.to_be_bytes());
        batch.extend_from_slice(&options.producer_id.0.to_be_bytes());
        batch.extend_from_slice(&options.producer_epoch.0.to_be_bytes());
        batch.extend_from_slice(&options.base_sequence.to_be_bytes());
        batch.extend_from_slice(&record_count.to_be_bytes());
        batch.extend_from_slice(&block);
        set_crc(&mut batch);
        batch.into()
    }
}

fn attributes(options: &BatchOptions) -> i16 {
    let time = match options.timestamp_type {
        TimestampType::CreateTime => 0,
        TimestampType::LogAppendTime => LOG_APPEND_TIME_BIT,
    };
    let scope = match options.scope {
        BatchScope::Plain => 0,
        BatchScope::Transactional => TRANSACTIONAL_BIT,
        BatchScope::Marker => TRANSACTIONAL_BIT | CONTROL_BIT,
    };
    let horizon = options.delete_horizon.map_or(0, |_| DELETE_HORIZON_BIT);
    options.compression as i16 | time | scope | horizon
}

fn put_length(into: &mut Vec<u8>, length: usize) {
    varint::put(into, i64::try_from(length).expect("no slice is longer than an i64 can count"));
}

fn put_nullable(into: &mut Vec<u8>, part: Option<&[u8]>) {
    match part {
        None => varint::put(into, -1),
        Some(part) => {
            put_length(into, part.len());
            into.extend_from_slice(part);
        }
    }
}

/// Bytes that a record takes in a batch, uncompressed, when its offset and timestamp deltas are small: for
/// deciding whether it fits before it is appended.
#[must_use]
pub fn record_bytes(key: Option<&[u8]>, value: Option<&[u8]>, headers: &[Header]) -> usize {
    let part = |part: Option<&[u8]>| part.map_or(1, |part| varint::size(length_of(part)) + part.len());
    let in_headers: usize =
        headers.iter().map(|header| part(Some(&header.key)) + part(header.value.as_deref())).sum();
    // Attributes, both deltas (up to 5 bytes each), header count.
    let body = 1 + 10 + part(key) + part(value) + 5 + in_headers;
    body + varint::size(i64::try_from(body).unwrap_or(i64::MAX))
}

fn length_of(part: &[u8]) -> i64 {
    i64::try_from(part.len()).unwrap_or(i64::MAX)
}
