//! What a produced batch must be before the log takes it. Pure; each rule names Kafka's code for breaking it.
//!
//! The batch's header, checksum and shape are always checked, and its records are read where they lie. Compressed
//! ones are unpacked only where the topic's settings need it: compacted topics (every record needs a key), and
//! batches whose timestamp range leaves what the topic allows (to name the records that do). So a producer that packs
//! nonsense is not found out here, where Apache Kafka unpacks everything.

#[cfg(test)]
mod tests;

use bytes::{Bytes, BytesMut};
use ottla_base::Timestamp;
use ottla_coordinator::transaction::Claim;
use ottla_storage::{AppendError, LogSettings};
use ottla_wire::Str;
use ottla_wire::error_code::ErrorCode;
use ottla_wire::message::produce_response::BatchIndexAndErrorMessage;
use ottla_wire::record::{
    self, BatchError, BatchHeader, ClientRule, Compression, KeyRule, RecordRules, Records,
};

/// Why a batch was not appended, as the client is told.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Refusal {
    pub(crate) code: ErrorCode,
    /// Cause and cure.
    pub(crate) message: Option<String>,
    /// The records that are to blame.
    pub(crate) records: Vec<BatchIndexAndErrorMessage>,
    pub(crate) by: RefusedBy,
}

/// Who says no. In Kafka it is the log that judges a batch's content, and then its answer tells where the log starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum RefusedBy {
    /// Whoever reads the request: the log was never asked, or failed.
    #[default]
    Request,
    /// The log, which is well.
    Log,
}

impl From<ErrorCode> for Refusal {
    fn from(code: ErrorCode) -> Self {
        Self { code, ..Self::default() }
    }
}

impl From<AppendError> for Refusal {
    fn from(error: AppendError) -> Self {
        let refusal = Self::new(crate::error::of_append(&error), error.to_string());
        match error {
            AppendError::OutOfOrderSequence { .. }
            | AppendError::InvalidProducerEpoch { .. }
            | AppendError::InvalidTransactionState => refusal.by_log(),
            AppendError::NotFound(_)
            | AppendError::Storage(_)
            | AppendError::NoSpace(_)
            | AppendError::TooLarge { .. }
            | AppendError::FencedCoordinator { .. }
            | AppendError::Malformed(_)
            | AppendError::Closed => refusal,
        }
    }
}

impl Refusal {
    pub(crate) fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: Some(message.into()), ..Self::default() }
    }

    /// What is damaged is never judged by its content.
    fn by_log(self) -> Self {
        let by = match self.code {
            ErrorCode::CORRUPT_MESSAGE => RefusedBy::Request,
            _ => RefusedBy::Log,
        };
        Self { by, ..self }
    }
}

impl From<BatchError> for Refusal {
    fn from(error: BatchError) -> Self {
        let code = match error {
            BatchError::CrcMismatch { .. }
            | BatchError::Damaged { .. }
            // A length that no batch can have.
            | BatchError::LengthMismatch { .. } => ErrorCode::CORRUPT_MESSAGE,
            // The old formats are known and refused; other numbers are damage.
            BatchError::UnsupportedMagic { magic } if !matches!(magic, 0 | 1) => ErrorCode::CORRUPT_MESSAGE,
            BatchError::UnsupportedMagic { .. }
            // Kafka sees no batch in a part of one.
            | BatchError::TooShort { .. }
            | BatchError::CountMismatch { .. }
            | BatchError::BadRange { .. }
            | BatchError::TooLarge { .. }
            | BatchError::BadRecord { .. } => ErrorCode::INVALID_RECORD,
            BatchError::UnknownCompression { .. } => ErrorCode::UNSUPPORTED_COMPRESSION_TYPE,
        };
        Self::new(code, error.to_string())
    }
}

/// What is known of the request that carries a batch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Produced {
    pub(crate) version: i16,
    pub(crate) now: Timestamp,
}

/// A batch that the log may take.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Checked {
    pub(crate) batch: Bytes,
    /// Whose transaction it says it is part of, if of any.
    pub(crate) transaction: Option<Claim>,
}

/// The one batch of a partition's records, if the topic may take it.
///
/// # Errors
/// What the client is to be told.
pub(crate) fn check(
    records: Option<&Records>,
    settings: &LogSettings,
    produced: Produced,
) -> Result<Checked, Refusal> {
    let (header, batch) = only_batch(records)?;
    if header.compression() == Ok(Compression::Zstd) && produced.version < FIRST_VERSION_WITH_ZSTD {
        let why = "zstd needs Produce version 7 or later: upgrade the client or choose another compression";
        return Err(Refusal::new(ErrorCode::UNSUPPORTED_COMPRESSION_TYPE, why));
    }
    let bytes_max = usize::try_from(settings.message_bytes_max).unwrap_or(usize::MAX);
    if batch.len() > bytes_max {
        let why =
            format!("the batch has {} bytes, the topic's max.message.bytes is {bytes_max}", batch.len());
        return Err(Refusal::new(ErrorCode::MESSAGE_TOO_LARGE, why));
    }
    let batch = check_content(header, batch, settings, produced.now).map_err(Refusal::by_log)?;
    let claim = Claim { producer: header.producer_id, epoch: header.producer_epoch };
    Ok(Checked { batch, transaction: header.is_transactional().then_some(claim) })
}

/// Since record format 2 a producer sends one batch per partition and request.
fn only_batch(records: Option<&Records>) -> Result<(BatchHeader, Bytes), Refusal> {
    let bytes = records.and_then(Records::as_bytes).filter(|bytes| !bytes.is_empty());
    let Some(bytes) = bytes else {
        let why = "there is no record batch for this partition";
        return Err(Refusal::new(ErrorCode::INVALID_RECORD, why));
    };
    let header = BatchHeader::parse(bytes)?;
    if bytes.len() < header.size() {
        return Err(BatchError::TooShort { needed: header.size(), available: bytes.len() }.into());
    }
    if bytes.len() > header.size() {
        let why = "there is more than one record batch for this partition; a producer may send one";
        return Err(Refusal::new(ErrorCode::INVALID_RECORD, why));
    }
    Ok((header, bytes.clone()))
}

/// What Kafka's log looks at; as [`check_records`].
fn check_content(
    header: BatchHeader,
    batch: Bytes,
    settings: &LogSettings,
    now: Timestamp,
) -> Result<Bytes, Refusal> {
    header.validate(&batch)?;
    header.check_client_rules().map_err(|rule| Refusal::new(of_client_rule(rule), rule.to_string()))?;
    check_records(header, batch, settings, now)
}

/// The batch, with its largest timestamp set right if its producer was wrong about it.
fn check_records(
    header: BatchHeader,
    batch: Bytes,
    settings: &LogSettings,
    now: Timestamp,
) -> Result<Bytes, Refusal> {
    let keys = if settings.cleanup.compact { KeyRule::Required } else { KeyRule::Optional };
    let range = match settings.timestamp_type {
        record::TimestampType::LogAppendTime => None,
        record::TimestampType::CreateTime => {
            let before = i64::try_from(settings.timestamp_before_max_ms).unwrap_or(i64::MAX);
            let after = i64::try_from(settings.timestamp_after_max_ms).unwrap_or(i64::MAX);
            Some((Timestamp(now.0.saturating_sub(before)), Timestamp(now.0.saturating_add(after))))
        }
    };
    let is_free = |at: Timestamp| {
        at == Timestamp::NONE || range.is_none_or(|(earliest, latest)| earliest <= at && at <= latest)
    };
    let is_within = is_free(header.base_timestamp) && is_free(header.max_timestamp);
    let is_packed = header.compression() != Ok(Compression::None);
    // The header tells the newest record's time, not the oldest's.
    let is_past_free =
        range.is_none() || i64::try_from(settings.timestamp_before_max_ms).unwrap_or(i64::MAX) == i64::MAX;
    if is_packed && keys == KeyRule::Optional && is_within && is_past_free {
        return Ok(batch);
    }
    let rules = RecordRules { keys, timestamps: range };
    let record::Inspection { refused, max_timestamp, .. } = record::inspect_records(header, &batch, rules)?;
    let is_timestamp = |refusal: &record::Refusal| matches!(refusal, record::Refusal::Timestamp(_));
    let code = match refused.as_slice() {
        [] if max_timestamp == header.max_timestamp => return Ok(batch),
        [] => return Ok(with_max_timestamp(&batch, max_timestamp)),
        refused if refused.iter().any(|(_, refusal)| is_timestamp(refusal)) => ErrorCode::INVALID_TIMESTAMP,
        _ => ErrorCode::INVALID_RECORD,
    };
    let records = refused.into_iter().map(|(batch_index, refusal)| BatchIndexAndErrorMessage {
        batch_index,
        batch_index_error_message: Some(Str::from(refusal.to_string())),
    });
    let why = match code {
        ErrorCode::INVALID_TIMESTAMP => {
            "timestamps outside of what message.timestamp.before.max.ms and message.timestamp.after.max.ms allow"
        }
        _ => "every record of a compacted topic needs a key",
    };
    Err(Refusal { records: records.collect(), ..Refusal::new(code, why) })
}

/// Searches by time rely on it.
fn with_max_timestamp(batch: &Bytes, max_timestamp: Timestamp) -> Bytes {
    let mut own = BytesMut::from(&batch[..]);
    record::correct_max_timestamp(&mut own, max_timestamp);
    own.freeze()
}

fn of_client_rule(rule: ClientRule) -> ErrorCode {
    match rule {
        ClientRule::BaseOffset(_) | ClientRule::Control | ClientRule::Sequence(_) => {
            ErrorCode::INVALID_RECORD
        }
        ClientRule::LogAppendTime => ErrorCode::INVALID_TIMESTAMP,
    }
}

const FIRST_VERSION_WITH_ZSTD: i16 = 7;
