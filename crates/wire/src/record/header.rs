//! The 61 bytes before the records of a batch: read, checked, and patched in place.
//!
//! Reading never looks past the header, so that a log can be walked without its records. The checks are split
//! by who asks: [`check_integrity`] is what any stored batch must pass (compaction leaves batches with fewer
//! records than offsets), [`validate`] is what a whole batch from a producer must pass, and
//! [`BatchHeader::check_client_rules`] is what only a client must obey.

use super::codec::Compression;
use bytes::{Buf, Bytes};
use ottla_base::{LeaderEpoch, Offset, ProducerEpoch, ProducerId, Timestamp};

/// Size of the header; records start here.
pub const HEADER_BYTES: usize = 61;

/// The only batch format that is accepted.
pub(super) const MAGIC: i8 = 2;
/// Base offset and length: what the length field does not count.
pub(super) const PREFIX_BYTES: usize = 12;
const LEADER_EPOCH_AT: usize = 12;
const MAGIC_AT: usize = 16;
const CRC_AT: usize = 17;
/// The checksum covers everything from here to the end.
pub(super) const ATTRIBUTES_AT: usize = 21;
const MAX_TIMESTAMP_AT: usize = 35;

pub(super) const COMPRESSION_BITS: i16 = 0b111;
pub(super) const LOG_APPEND_TIME_BIT: i16 = 1 << 3;
pub(super) const TRANSACTIONAL_BIT: i16 = 1 << 4;
pub(super) const CONTROL_BIT: i16 = 1 << 5;
pub(super) const DELETE_HORIZON_BIT: i16 = 1 << 6;

/// Why bytes are not a record batch that can be kept or read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    /// Fewer bytes than a header, or than the header announces: a torn or partial batch.
    #[error("the batch needs {needed} bytes, but {available} are there")]
    TooShort {
        /// Bytes that a whole batch would take.
        needed: usize,
        /// Bytes that are there.
        available: usize,
    },
    /// Formats 0 and 1 are no longer accepted, others unknown.
    #[error("record format {magic} is not supported, only format 2")]
    UnsupportedMagic {
        /// The format found.
        magic: i8,
    },
    /// The length field is too small for a header, or other bytes follow the batch.
    #[error("the batch says that it has {declared} bytes after its length field, but {available} follow")]
    LengthMismatch {
        /// What the length field says.
        declared: i32,
        /// Bytes behind the length field.
        available: usize,
    },
    /// The bytes changed on the way or on the disk.
    #[error("the batch's checksum is {computed:#010x}, not {stored:#010x} as it says")]
    CrcMismatch {
        /// What the header says.
        stored: u32,
        /// What the bytes give.
        computed: u32,
    },
    /// The number of records is not positive, or not the number of offsets, or not the number found.
    #[error("the batch says that it has {declared} records, but {found} are there")]
    CountMismatch {
        /// What the record count says.
        declared: i32,
        /// What the last offset delta says or the records give.
        found: i64,
    },
    /// An offset, timestamp or sequence range that cannot be.
    #[error("the batch's {field} is {value}, which cannot be")]
    BadRange {
        /// The header's field.
        field: &'static str,
        /// Its value.
        value: i64,
    },
    /// Compression types 5 to 7 are not assigned.
    #[error("compression type {code} is unknown")]
    UnknownCompression {
        /// The number in the attributes.
        code: i16,
    },
    /// The records cannot be decompressed.
    #[error("the {codec} block of the batch is damaged: {reason}")]
    Damaged {
        /// How it claims to be compressed.
        codec: &'static str,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The records unpack to more than the limit.
    #[error("the batch unpacks to more than {limit} bytes")]
    TooLarge {
        /// Most bytes allowed.
        limit: usize,
    },
    /// A record inside the batch is malformed.
    #[error("record {index} of the batch: {reason}")]
    BadRecord {
        /// Which record, from 0.
        index: usize,
        /// What is wrong with it.
        reason: &'static str,
    },
}

/// What only a broker may write, so that a client's batch must not have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClientRule {
    /// Producers count from 0; the broker assigns offsets. Kafka answers INVALID_RECORD.
    #[error("a producer's batch must have base offset 0, not {0}")]
    BaseOffset(Offset),
    /// Control batches are written by brokers. Kafka answers INVALID_RECORD.
    #[error("only brokers write control batches")]
    Control,
    /// LogAppendTime is the broker's mark. Kafka answers INVALID_TIMESTAMP.
    #[error("a producer's batch must not claim to have its timestamp from the broker")]
    LogAppendTime,
    /// A producer id needs a sequence number. Kafka answers INVALID_RECORD.
    #[error("a batch with a producer id must have a sequence number of 0 or more, not {0}")]
    Sequence(i32),
}

/// Who set a record's timestamp.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TimestampType {
    /// The producer, for each record.
    #[default]
    CreateTime,
    /// The broker, one for the whole batch.
    LogAppendTime,
}

/// The header of a batch, decoded. The accessors interpret `attributes`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchHeader {
    /// Offset of the first record; it stays when compaction removes that record.
    pub base_offset: Offset,
    /// Bytes after the length field; at least 49.
    pub length: i32,
    /// Under which leader the batch was written.
    pub partition_leader_epoch: LeaderEpoch,
    /// Always 2.
    pub magic: i8,
    /// CRC-32C of everything from the attributes on.
    pub crc: u32,
    /// Bits 0–2 compression, 3 timestamp type, 4 transactional, 5 control, 6 delete horizon.
    pub attributes: i16,
    /// Last offset minus base offset.
    pub last_offset_delta: i32,
    /// Records store their timestamps relative to this; the delete horizon if that bit is set.
    pub base_timestamp: Timestamp,
    /// Largest timestamp, or the broker's for LogAppendTime.
    pub max_timestamp: Timestamp,
    /// Who produced, or [`ProducerId::NONE`].
    pub producer_id: ProducerId,
    /// Which incarnation, or [`ProducerEpoch::NONE`].
    pub producer_epoch: ProducerEpoch,
    /// Sequence number of the first record, or -1.
    pub base_sequence: i32,
    /// Number of records; compaction may leave fewer than offsets, down to 0.
    pub record_count: i32,
}

impl BatchHeader {
    /// Reads the header at the start of `bytes`; the records need not be there.
    ///
    /// # Errors
    /// `TooShort` if there is no whole header, `UnsupportedMagic`, or `LengthMismatch` if the length is less
    /// than a header's.
    pub fn parse(bytes: &[u8]) -> Result<Self, BatchError> {
        match bytes.get(MAGIC_AT) {
            None | Some(2) => {}
            Some(magic) => return Err(BatchError::UnsupportedMagic { magic: magic.cast_signed() }),
        }
        let Some(mut header) = bytes.get(..HEADER_BYTES) else {
            return Err(BatchError::TooShort { needed: HEADER_BYTES, available: bytes.len() });
        };
        // Struct fields are evaluated in the order written, which is the order on the wire.
        let header = Self {
            base_offset: Offset(header.get_i64()),
            length: header.get_i32(),
            partition_leader_epoch: LeaderEpoch(header.get_i32()),
            magic: header.get_i8(),
            crc: header.get_u32(),
            attributes: header.get_i16(),
            last_offset_delta: header.get_i32(),
            base_timestamp: Timestamp(header.get_i64()),
            max_timestamp: Timestamp(header.get_i64()),
            producer_id: ProducerId(header.get_i64()),
            producer_epoch: ProducerEpoch(header.get_i16()),
            base_sequence: header.get_i32(),
            record_count: header.get_i32(),
        };
        debug_assert_eq!(header.magic, MAGIC);
        if usize::try_from(header.length).is_ok_and(|length| HEADER_BYTES <= PREFIX_BYTES + length) {
            return Ok(header);
        }
        Err(BatchError::LengthMismatch { declared: header.length, available: bytes.len() - PREFIX_BYTES })
    }

    /// Bytes of the whole batch, header included.
    #[must_use]
    pub fn size(&self) -> usize {
        PREFIX_BYTES + usize::try_from(self.length).expect("parse refuses a negative length")
    }

    /// How the records are compressed.
    ///
    /// # Errors
    /// `UnknownCompression` for the three unassigned numbers.
    pub fn compression(&self) -> Result<Compression, BatchError> {
        let code = self.attributes & COMPRESSION_BITS;
        let found = Compression::ALL.into_iter().find(|codec| *codec as i16 == code);
        found.ok_or(BatchError::UnknownCompression { code })
    }

    /// Who set the timestamps.
    #[must_use]
    pub fn timestamp_type(&self) -> TimestampType {
        match self.attributes & LOG_APPEND_TIME_BIT {
            0 => TimestampType::CreateTime,
            _ => TimestampType::LogAppendTime,
        }
    }

    /// Whether the batch belongs to a transaction.
    #[must_use]
    pub fn is_transactional(&self) -> bool {
        self.attributes & TRANSACTIONAL_BIT != 0
    }

    /// Whether its records are markers for brokers and clients, not data.
    #[must_use]
    pub fn is_control(&self) -> bool {
        self.attributes & CONTROL_BIT != 0
    }

    /// When tombstones and markers of this batch may go, if compaction has seen it already.
    #[must_use]
    pub fn delete_horizon(&self) -> Option<Timestamp> {
        (self.attributes & DELETE_HORIZON_BIT != 0).then_some(self.base_timestamp)
    }

    /// Offset of the last record, also if compaction has removed it.
    #[must_use]
    pub fn last_offset(&self) -> Offset {
        self.base_offset.plus(i64::from(self.last_offset_delta))
    }

    /// Offset after the batch.
    #[must_use]
    pub fn next_offset(&self) -> Offset {
        self.last_offset().plus(1)
    }

    /// Sequence number of the last record (-1 without a producer id); after the largest number comes 0.
    #[must_use]
    pub fn last_sequence(&self) -> i32 {
        if self.base_sequence < 0 {
            return self.base_sequence;
        }
        (self.base_sequence.wrapping_add(self.last_offset_delta)) & i32::MAX
    }

    /// Checks what a producer may not do although the batch is well formed.
    ///
    /// # Errors
    /// The first [`ClientRule`] that is broken.
    pub fn check_client_rules(&self) -> Result<(), ClientRule> {
        if self.base_offset != Offset::ZERO {
            return Err(ClientRule::BaseOffset(self.base_offset));
        }
        if self.is_control() {
            return Err(ClientRule::Control);
        }
        if self.timestamp_type() == TimestampType::LogAppendTime {
            return Err(ClientRule::LogAppendTime);
        }
        if self.producer_id != ProducerId::NONE && self.base_sequence < 0 {
            return Err(ClientRule::Sequence(self.base_sequence));
        }
        Ok(())
    }

    /// [`validate`](validate()), for whoever has read the header of `batch` already.
    ///
    /// # Errors
    /// As there.
    pub fn validate(&self, batch: &[u8]) -> Result<(), BatchError> {
        self.check_bytes(batch)?;
        self.check_shape()
    }

    /// That `batch` is as long as the header says, and undamaged.
    fn check_bytes(&self, batch: &[u8]) -> Result<(), BatchError> {
        if batch.len() < self.size() {
            return Err(BatchError::TooShort { needed: self.size(), available: batch.len() });
        }
        if self.size() < batch.len() {
            return Err(BatchError::LengthMismatch {
                declared: self.length,
                available: batch.len() - PREFIX_BYTES,
            });
        }
        verify_crc(batch)
    }

    /// Record count and offset range of a batch as a producer makes it: at least one record, no gap.
    fn check_shape(&self) -> Result<(), BatchError> {
        if self.last_offset_delta < 0 {
            return Err(BatchError::BadRange {
                field: "last offset delta",
                value: i64::from(self.last_offset_delta),
            });
        }
        if self.base_offset.0 < 0
            || self.base_offset.0.checked_add(i64::from(self.last_offset_delta) + 1).is_none()
        {
            return Err(BatchError::BadRange { field: "base offset", value: self.base_offset.0 });
        }
        if self.producer_id.0 < ProducerId::NONE.0 {
            return Err(BatchError::BadRange { field: "producer id", value: self.producer_id.0 });
        }
        let offsets = i64::from(self.last_offset_delta) + 1;
        if self.record_count <= 0 || i64::from(self.record_count) != offsets {
            return Err(BatchError::CountMismatch { declared: self.record_count, found: offsets });
        }
        self.compression().map(drop)
    }
}

/// Checks that `batch` is one whole, undamaged batch, as recovery must before it trusts a log.
///
/// # Errors
/// `TooShort` for a torn batch, `UnsupportedMagic`, `LengthMismatch` (also if bytes follow), `CrcMismatch`.
pub fn check_integrity(batch: &[u8]) -> Result<BatchHeader, BatchError> {
    let header = BatchHeader::parse(batch)?;
    header.check_bytes(batch)?;
    Ok(header)
}

/// Checks a whole batch as a producer sends it: [`check_integrity`], then record count, offset range and
/// compression type. Its records are not looked at.
///
/// # Errors
/// Those of [`check_integrity`], then `BadRange`, `CountMismatch`, `UnknownCompression`.
pub fn validate(batch: &[u8]) -> Result<BatchHeader, BatchError> {
    let header = BatchHeader::parse(batch)?;
    header.validate(batch)?;
    Ok(header)
}

/// Compares the checksum of `batch`, which must be exactly one batch, with its header.
///
/// # Errors
/// `TooShort` without a whole header, `CrcMismatch`.
pub fn verify_crc(batch: &[u8]) -> Result<(), BatchError> {
    if batch.len() < HEADER_BYTES {
        return Err(BatchError::TooShort { needed: HEADER_BYTES, available: batch.len() });
    }
    let stored = (&batch[CRC_AT..]).get_u32();
    let computed = crc_fast::crc32_iscsi(&batch[ATTRIBUTES_AT..]);
    if stored != computed {
        return Err(BatchError::CrcMismatch { stored, computed });
    }
    Ok(())
}

/// Stamps the offset of the first record. The checksum does not cover it.
///
/// # Panics
/// If `batch` is shorter than a header.
pub fn set_base_offset(batch: &mut [u8], offset: Offset) {
    batch[..8].copy_from_slice(&offset.0.to_be_bytes());
}

/// Stamps the leader epoch. The checksum does not cover it.
///
/// # Panics
/// If `batch` is shorter than a header.
pub fn set_leader_epoch(batch: &mut [u8], epoch: LeaderEpoch) {
    batch[LEADER_EPOCH_AT..MAGIC_AT].copy_from_slice(&epoch.0.to_be_bytes());
}

/// Marks the batch as timed by the broker at `time` and computes its checksum anew, which reads all of it.
///
/// # Panics
/// If `batch` is shorter than a header.
pub fn set_log_append_time(batch: &mut [u8], time: Timestamp) {
    let attributes = (&batch[ATTRIBUTES_AT..]).get_i16() | LOG_APPEND_TIME_BIT;
    batch[ATTRIBUTES_AT..ATTRIBUTES_AT + 2].copy_from_slice(&attributes.to_be_bytes());
    set_max_timestamp(batch, time);
    set_crc(batch);
}

/// Writes the largest timestamp; the checksum is wrong afterwards.
pub(super) fn set_max_timestamp(batch: &mut [u8], time: Timestamp) {
    batch[MAX_TIMESTAMP_AT..MAX_TIMESTAMP_AT + 8].copy_from_slice(&time.0.to_be_bytes());
}

/// Says that `time` is the largest timestamp of the batch and computes its checksum anew, which reads all of it.
///
/// # Panics
/// If `batch` is shorter than a header.
pub fn correct_max_timestamp(batch: &mut [u8], time: Timestamp) {
    set_max_timestamp(batch, time);
    set_crc(batch);
}

/// Computes the checksum of `batch`, exactly one batch, and writes it into the header.
pub(super) fn set_crc(batch: &mut [u8]) {
    let crc = crc_fast::crc32_iscsi(&batch[ATTRIBUTES_AT..]);
    batch[CRC_AT..ATTRIBUTES_AT].copy_from_slice(&crc.to_be_bytes());
}

/// Cuts `bytes` into batches without looking at checksums or records.
///
/// The walk ends at the end of `bytes` or with the first error. A `TooShort` at the end of a Fetch answer is
/// normal: a broker may cut the last batch.
#[must_use]
pub fn batches(bytes: &Bytes) -> Batches {
    Batches { rest: bytes.clone() }
}

/// The iterator of [`batches`].
#[derive(Clone, Debug)]
pub struct Batches {
    rest: Bytes,
}

impl Iterator for Batches {
    type Item = Result<(BatchHeader, Bytes), BatchError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let rest = std::mem::take(&mut self.rest);
        let header = match BatchHeader::parse(&rest) {
            Ok(header) => header,
            Err(error) => return Some(Err(error)),
        };
        if rest.len() < header.size() {
            return Some(Err(BatchError::TooShort { needed: header.size(), available: rest.len() }));
        }
        self.rest = rest;
        let batch = self.rest.split_to(header.size());
        Some(Ok((header, batch)))
    }
}
