//! What can only be judged by reading the records: keys on compacted topics, each record's timestamp.
//!
//! This unpacks the batch, so that callers ask for compressed ones only when a topic's settings need it. Of one that
//! is not compressed nothing is copied, and the walk allocates nothing.

use super::codec::Compression;
use super::header::{BatchError, BatchHeader, HEADER_BYTES, TimestampType};
use super::reader::records;
use super::usual;
use bytes::Bytes;
use ottla_base::Timestamp;

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
    match inspect_usual(header, batch, rules) {
        Some(found) => Ok(found),
        None => inspect_each(header, batch, rules),
    }
}

/// The same by a quick look, if it is enough: nothing is compressed, all records have the usual form, and none breaks a
/// rule.
pub(super) fn inspect_usual(header: BatchHeader, batch: &[u8], rules: RecordRules) -> Option<Inspection> {
    let (Ok(Compression::None), TimestampType::CreateTime) = (header.compression(), header.timestamp_type())
    else {
        return None;
    };
    if header.last_offset_delta < header.record_count.checked_sub(1)? {
        return None;
    }
    let block = batch.get(HEADER_BYTES..header.size())?;
    let found = usual::look(block, u32::try_from(header.record_count).ok()?)?;
    let at = |delta: i32| header.base_timestamp.0.checked_add(delta.into()).map(Timestamp);
    let (oldest, newest) = (at(found.oldest)?, at(found.newest)?);
    let are_timely = rules.timestamps.is_none_or(|(earliest, latest)| earliest <= oldest && newest <= latest);
    let have_keys = rules.keys == KeyRule::Optional || found.have_keys;
    (are_timely && have_keys).then(|| Inspection { refused: Vec::new(), max_timestamp: newest })
}

/// The same record by record.
pub(super) fn inspect_each(
    header: BatchHeader,
    batch: &Bytes,
    rules: RecordRules,
) -> Result<Inspection, BatchError> {
    let mut found = Inspection::default();
    let mut max_timestamp = None;
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
        max_timestamp = max_timestamp.max(Some(timestamp));
    }
    found.max_timestamp = max_timestamp.unwrap_or(Timestamp::NONE);
    Ok(found)
}

fn refuse_timestamp(header: BatchHeader, timestamp: Timestamp, rules: RecordRules) -> Option<Refusal> {
    let (earliest, latest) = rules.timestamps?;
    let free = header.timestamp_type() == TimestampType::LogAppendTime || timestamp == Timestamp::NONE;
    (!free && (timestamp < earliest || latest < timestamp)).then_some(Refusal::Timestamp(timestamp))
}
