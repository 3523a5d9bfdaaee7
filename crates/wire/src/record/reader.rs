//! The records inside a batch, one after the other, as slices of one buffer.
//!
//! ```text
//! length varint | attributes i8 = 0 | timestamp delta varint | offset delta varint
//! key length varint (-1 null) | key | value length varint (-1 null) | value
//! header count varint | each: key length varint | key | value length varint (-1 null) | value
//! ```
//!
//! Invariants: reading a record takes memory in proportion to its bytes at most, offsets rise strictly inside the
//! batch's range, and a batch whose records do not fill it exactly ends with an error.

use super::codec::Compression;
use super::header::{BatchError, BatchHeader, HEADER_BYTES, TimestampType};
use super::varint;
use bytes::Bytes;
use ottla_base::{Offset, Timestamp, limits};
use std::borrow::Cow;

/// One record of a batch. Its parts share the batch's memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// Where it is in its partition.
    pub offset: Offset,
    /// When it was made or, with LogAppendTime, appended.
    pub timestamp: Timestamp,
    /// What decides its partition and, under compaction, what it replaces.
    pub key: Option<Bytes>,
    /// Its content; none is a tombstone under compaction.
    pub value: Option<Bytes>,
    /// In the order sent; a key may come several times.
    pub headers: Vec<Header>,
}

/// One header of a record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// UTF-8 by convention; no client checks it.
    pub key: Bytes,
    /// Any bytes, or null.
    pub value: Option<Bytes>,
}

impl Header {
    /// A header with a value.
    #[must_use]
    pub fn new(key: impl Into<Bytes>, value: impl Into<Bytes>) -> Self {
        Self { key: key.into(), value: Some(value.into()) }
    }

    /// The key as text; bytes that are not UTF-8 are replaced.
    #[must_use]
    pub fn key_text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.key)
    }
}

/// The records of `batch`, which is exactly the batch of `header`, unpacked to at most
/// [`limits::BATCH_UNCOMPRESSED_BYTES_MAX`].
///
/// The checksum is not verified here. An uncompressed batch costs no copy.
///
/// # Errors
/// `TooShort` or `LengthMismatch` if `batch` is not one whole batch, and what decompression gives.
pub fn records(header: BatchHeader, batch: &Bytes) -> Result<RecordIter, BatchError> {
    records_within(header, batch, limits::BATCH_UNCOMPRESSED_BYTES_MAX)
}

/// [`records`] with the caller's limit of unpacked bytes.
///
/// # Errors
/// As [`records`].
pub fn records_within(header: BatchHeader, batch: &Bytes, limit: usize) -> Result<RecordIter, BatchError> {
    if batch.len() < header.size() {
        return Err(BatchError::TooShort { needed: header.size(), available: batch.len() });
    }
    let block = batch.slice(HEADER_BYTES..header.size());
    let declared = header.record_count;
    let Ok(count) = usize::try_from(declared) else {
        return Err(BatchError::CountMismatch { declared, found: 0 });
    };
    let data = match header.compression()? {
        Compression::None => block,
        // Compaction may leave a batch without records, and then nothing was compressed.
        _ if block.is_empty() && count == 0 => block,
        codec => codec.decompress(&block, limit)?.into(),
    };
    Ok(RecordIter { header, data, position: 0, index: 0, count, last_delta: -1 })
}

/// The iterator of [`records`]: ends after the last record or with the first error.
#[derive(Clone, Debug)]
pub struct RecordIter {
    header: BatchHeader,
    data: Bytes,
    position: usize,
    index: usize,
    /// Records to read; set to `index` after an error, so that the walk ends.
    count: usize,
    last_delta: i32,
}

impl RecordIter {
    /// All records, unpacked.
    pub(super) fn unpacked(&self) -> Bytes {
        self.data.clone()
    }

    /// Bytes of all records, unpacked.
    #[must_use]
    pub fn unpacked_bytes(&self) -> usize {
        self.data.len()
    }

    /// Whether there is neither a record nor an error left.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.index == self.count && self.position == self.data.len()
    }

    fn read(&mut self) -> Result<Record, &'static str> {
        let mut input = Input { data: &self.data, rest: &self.data[self.position..] };
        let length = input.number().ok_or("its length is cut off or too long")?;
        let length = usize::try_from(length).map_err(|_| "its length is negative")?;
        let body = input.rest.get(..length).ok_or("it ends beyond the batch")?;
        let end = self.data.len() - input.rest.len() + length;
        input.rest = body;
        let (_attributes, body) = body.split_first().ok_or("it has no attributes")?;
        input.rest = body;
        let timestamp_delta =
            varint::take_i64(&mut input.rest).ok_or("its timestamp is cut off or too long")?;
        let offset_delta = input.number().ok_or("its offset is cut off or too long")?;
        if offset_delta <= self.last_delta || self.header.last_offset_delta < offset_delta {
            return Err("its offset is not between its neighbours'");
        }
        let timestamp = match self.header.timestamp_type() {
            TimestampType::CreateTime => {
                Timestamp(self.header.base_timestamp.0.saturating_add(timestamp_delta))
            }
            TimestampType::LogAppendTime => self.header.max_timestamp,
        };
        let key = input.nullable().ok_or("its key is cut off")?;
        let value = input.nullable().ok_or("its value is cut off")?;
        let headers = input.headers().ok_or("its headers are cut off or malformed")?;
        if !input.rest.is_empty() {
            return Err("it is longer than its parts");
        }
        self.position = end;
        self.last_delta = offset_delta;
        Ok(Record {
            offset: self.header.base_offset.plus(i64::from(offset_delta)),
            timestamp,
            key,
            value,
            headers,
        })
    }
}

impl Iterator for RecordIter {
    type Item = Result<Record, BatchError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.index == self.count {
            if self.position == self.data.len() {
                return None;
            }
            self.position = self.data.len();
            return Some(Err(BatchError::BadRecord {
                index: self.index,
                reason: "more bytes follow than records",
            }));
        }
        match self.read() {
            Ok(record) => {
                self.index += 1;
                Some(Ok(record))
            }
            Err(reason) => {
                let index = self.index;
                let missing = self.position == self.data.len();
                self.count = index;
                self.position = self.data.len();
                if missing {
                    let found = i64::try_from(index).unwrap_or(i64::MAX);
                    return Some(Err(BatchError::CountMismatch {
                        declared: self.header.record_count,
                        found,
                    }));
                }
                Some(Err(BatchError::BadRecord { index, reason }))
            }
        }
    }
}

/// What is left of one record, and the buffer that its parts are cut from.
struct Input<'a> {
    data: &'a Bytes,
    rest: &'a [u8],
}

impl Input<'_> {
    fn number(&mut self) -> Option<i32> {
        varint::take_i32(&mut self.rest)
    }

    fn bytes(&mut self, length: i32) -> Option<Bytes> {
        let length = usize::try_from(length).ok()?;
        let (part, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(self.data.slice_ref(part))
    }

    /// The outer `None` means malformed, the inner one null.
    fn nullable(&mut self) -> Option<Option<Bytes>> {
        match self.number()? {
            length if length < 0 => Some(None),
            length => self.bytes(length).map(Some),
        }
    }

    fn headers(&mut self) -> Option<Vec<Header>> {
        let count = usize::try_from(self.number()?).ok()?;
        // A header takes two bytes at least, so that a lie about the count cannot take memory.
        if self.rest.len() / 2 < count {
            return None;
        }
        let mut headers = Vec::with_capacity(count);
        for _ in 0..count {
            let length = self.number()?;
            headers.push(Header { key: self.bytes(length)?, value: self.nullable()? });
        }
        Some(headers)
    }
}
