//! The records inside a batch, one after the other, as slices of one buffer.
//!
//! Invariants: reading a record takes memory in proportion to its bytes at most, offsets rise strictly inside the
//! batch's range, and a batch whose records do not fill it exactly ends with an error.

use super::codec::Compression;
use super::header::{BatchError, BatchHeader, HEADER_BYTES};
use super::raw::Raw;
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

    /// The next record as `take` sees it in the batch's memory; as [`Iterator::next`], but nothing is allocated.
    #[inline]
    pub(super) fn next_with<T>(
        &mut self,
        take: impl FnOnce(&Raw, &Self) -> T,
    ) -> Option<Result<T, BatchError>> {
        if self.index == self.count {
            if self.position == self.data.len() {
                return None;
            }
            self.position = self.data.len();
            let reason = "more bytes follow than records";
            return Some(Err(BatchError::BadRecord { index: self.index, reason }));
        }
        match Raw::parse(&self.data, self.position, &self.header, self.last_delta) {
            Ok((raw, end)) => {
                let (delta, taken) = (raw.offset_delta, take(&raw, self));
                self.position = end;
                self.last_delta = delta;
                self.index += 1;
                Some(Ok(taken))
            }
            Err(reason) => {
                let index = self.index;
                let missing = self.position == self.data.len();
                self.count = index;
                self.position = self.data.len();
                if missing {
                    let found = i64::try_from(index).unwrap_or(i64::MAX);
                    let declared = self.header.record_count;
                    return Some(Err(BatchError::CountMismatch { declared, found }));
                }
                Some(Err(BatchError::BadRecord { index, reason }))
            }
        }
    }
}

impl Iterator for RecordIter {
    type Item = Result<Record, BatchError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_with(|raw, iter| {
            let own = |part: &[u8]| iter.data.slice_ref(part);
            Record {
                offset: raw.offset,
                timestamp: raw.timestamp,
                key: raw.key.map(own),
                value: raw.value.map(own),
                headers: raw.headers(own),
            }
        })
    }
}
