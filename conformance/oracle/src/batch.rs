//! Batches as no honest producer would make them: a good one first, then any byte of it changed.

use bytes::Bytes;
use ottla_base::{ProducerEpoch, ProducerId, Timestamp};
use ottla_wire::record::{BatchBuilder, BatchOptions, BatchScope, Compression, Records};

/// A batch under construction.
#[derive(Clone, Debug)]
pub struct Batch(Vec<u8>);

/// Key and value of one record, and its time.
pub type Given<'a> = (Option<&'a str>, Option<&'a str>, i64);

/// An idempotent or transactional producer's signature.
#[derive(Clone, Copy, Debug)]
pub struct Signed {
    pub id: i64,
    pub epoch: i16,
    pub sequence: i32,
}

impl Batch {
    /// `count` records with keys, made now.
    pub fn plain(count: usize) -> Self {
        Self::timed(count, crate::side::now_ms())
    }

    /// `count` records with keys, all of one time.
    pub fn timed(count: usize, time: i64) -> Self {
        let records: Vec<Given> = (0..count).map(|_| (Some("k"), Some("v"), time)).collect();
        Self::of(&records, BatchOptions::default())
    }

    pub fn records(records: &[Given]) -> Self {
        Self::of(records, BatchOptions::default())
    }

    pub fn packed(records: &[Given], compression: Compression) -> Self {
        Self::of(records, BatchOptions { compression, ..BatchOptions::default() })
    }

    pub fn compressed(count: usize, compression: Compression) -> Self {
        let now = crate::side::now_ms();
        let records: Vec<Given> = (0..count).map(|_| (Some("k"), Some("v"), now)).collect();
        Self::of(&records, BatchOptions { compression, ..BatchOptions::default() })
    }

    pub fn signed(count: usize, signed: Signed) -> Self {
        Self::by(count, signed, BatchScope::Plain)
    }

    pub fn transactional(count: usize, signed: Signed) -> Self {
        Self::by(count, signed, BatchScope::Transactional)
    }

    /// One record with a value of this many bytes that do not compress.
    pub fn sized(bytes: usize) -> Self {
        let value: String =
            (0..bytes).map(|at| char::from(b'a' + u8::try_from(at * 7 % 26).unwrap_or(0))).collect();
        Self::of(&[(Some("k"), Some(&value), crate::side::now_ms())], BatchOptions::default())
    }

    fn by(count: usize, signed: Signed, scope: BatchScope) -> Self {
        let options = BatchOptions {
            producer_id: ProducerId(signed.id),
            producer_epoch: ProducerEpoch(signed.epoch),
            base_sequence: signed.sequence,
            scope,
            ..BatchOptions::default()
        };
        // A time that rises with the sequence: what is made within one millisecond here takes longer there.
        let time = 1_000_000 + i64::from(signed.sequence & 0xffff);
        let records: Vec<Given> = (0..count).map(|_| (Some("k"), Some("v"), time)).collect();
        Self::of(&records, options)
    }

    fn of(records: &[Given], options: BatchOptions) -> Self {
        let mut builder = BatchBuilder::new(options);
        for (key, value, time) in records {
            let (key, value) = (key.map(str::as_bytes), value.map(str::as_bytes));
            builder.append(Timestamp(*time), key, value, &[]).expect("small records fit");
        }
        Self(builder.build().to_vec())
    }

    /// Overwrites bytes behind the checksum, which is made right again.
    pub fn with(mut self, at: usize, bytes: &[u8]) -> Self {
        self.0[at..at + bytes.len()].copy_from_slice(bytes);
        let crc = crc_fast::crc32_iscsi(&self.0[ATTRIBUTES_AT..]);
        self.0[CRC_AT..ATTRIBUTES_AT].copy_from_slice(&crc.to_be_bytes());
        self
    }

    /// Overwrites bytes and leaves the checksum as it was.
    pub fn damaged(mut self, at: usize, bytes: &[u8]) -> Self {
        self.0[at..at + bytes.len()].copy_from_slice(bytes);
        self
    }

    /// Sets bits of the attributes.
    pub fn flagged(self, bits: i16) -> Self {
        let now = i16::from_be_bytes([self.0[ATTRIBUTES_AT], self.0[ATTRIBUTES_AT + 1]]);
        self.with(ATTRIBUTES_AT, &(now | bits).to_be_bytes())
    }

    pub fn length(&self) -> usize {
        self.0.len()
    }

    pub fn cut(mut self, length: usize) -> Self {
        self.0.truncate(length);
        self
    }

    pub fn then(mut self, other: &Self) -> Self {
        self.0.extend_from_slice(&other.0);
        self
    }

    pub fn wire(self) -> Option<Records> {
        Some(Records::from(Bytes::from(self.0)))
    }
}

pub const LENGTH_AT: usize = 8;
pub const MAGIC_AT: usize = 16;
pub const CRC_AT: usize = 17;
pub const ATTRIBUTES_AT: usize = 21;
pub const LAST_DELTA_AT: usize = 23;
pub const BASE_TIMESTAMP_AT: usize = 27;
pub const MAX_TIMESTAMP_AT: usize = 35;
pub const COUNT_AT: usize = 57;
/// The first record: a length byte, then its attributes.
pub const RECORD_AT: usize = 61;

pub const LOG_APPEND_TIME: i16 = 1 << 3;
pub const TRANSACTIONAL: i16 = 1 << 4;
pub const CONTROL: i16 = 1 << 5;
pub const DELETE_HORIZON: i16 = 1 << 6;
