//! What can only be judged by reading the records: keys on compacted topics, each record's timestamp.
//!
//! This unpacks the batch, so that callers ask for compressed ones only when a topic's settings need it. Of one that
//! is not compressed nothing is copied, and the walk allocates nothing.

use super::header::{BatchError, BatchHeader, TimestampType};
use super::reader::records;
use bytes::Bytes;
use ottla_base::{Offset, Timestamp};

/// What a topic demands of every record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordRules {
    /// Compacted topics demand keys.
    pub keys: KeyRule,
    /// Earliest and latest CreateTime allowed; -1 always passes. Ignored for batches with LogAppendTime.
    pub timestamps: Option<(Timestamp, Timestamp)>,
}

/// Whether a record needs a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyRule {
    /// It may have none.
    Optional,
    /// Compaction keeps the last value of a key, so there must be one.
    Required,
}

/// Why a topic refuses a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Kafka answers INVALID_RECORD.
    #[error("the record has no key, which a compacted topic demands")]
    NoKey,
    /// Kafka answers INVALID_TIMESTAMP.
    #[error("the record's timestamp {0} is outside of what the topic allows")]
    Timestamp(Timestamp),
}

/// What reading all records of a batch showed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inspection {
    /// Records that break a rule, by their index in the batch, each once. One of them makes Kafka refuse the whole batch.
    pub refused: Vec<(i32, Refusal)>,
    /// The largest timestamp; -1 if no record has one.
    pub max_timestamp: Timestamp,
    /// The first record with that timestamp; -1 for an empty batch.
    pub max_timestamp_offset: Offset,
}

/// Reads every record of `batch` and holds it against `rules`. Offsets must follow each other without a gap.
///
/// # Errors
/// What [`records`] and its iterator give; then Kafka answers INVALID_RECORD (CORRUPT_MESSAGE if it does not unpack).
pub fn inspect_records(
    header: BatchHeader,
    batch: &Bytes,
    rules: RecordRules,
) -> Result<Inspection, BatchError> {
    let mut found = Inspection {
        refused: Vec::new(),
        max_timestamp: Timestamp::NONE,
        max_timestamp_offset: Offset::NONE,
    };
    let mut records = records(header, batch)?;
    for index in 0.. {
        let read = records.next_with(|raw, _| (raw.offset, raw.timestamp, raw.key.is_some()));
        let Some(read) = read else { break };
        let (offset, timestamp, has_key) = read?;
        if offset != header.base_offset.plus(i64::from(index)) {
            let index = usize::try_from(index).unwrap_or(usize::MAX);
            return Err(BatchError::BadRecord {
                index,
                reason: "its offset does not follow its neighbour's",
            });
        }
        // One fault of a record is enough, and that of its key comes first.
        if rules.keys == KeyRule::Required && !has_key {
            found.refused.push((index, Refusal::NoKey));
        } else if let Some(refusal) = refuse_timestamp(header, timestamp, rules) {
            found.refused.push((index, refusal));
        }
        if found.max_timestamp < timestamp || found.max_timestamp_offset == Offset::NONE {
            found.max_timestamp = timestamp;
            found.max_timestamp_offset = offset;
        }
    }
    Ok(found)
}

fn refuse_timestamp(header: BatchHeader, timestamp: Timestamp, rules: RecordRules) -> Option<Refusal> {
    let (earliest, latest) = rules.timestamps?;
    let free = header.timestamp_type() == TimestampType::LogAppendTime || timestamp == Timestamp::NONE;
    (!free && (timestamp < earliest || latest < timestamp)).then_some(Refusal::Timestamp(timestamp))
}
