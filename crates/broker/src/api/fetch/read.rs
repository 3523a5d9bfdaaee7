//! One partition's part of a fetch.

use crate::api::Context;
use crate::config::kinds::Compression;
use crate::fetch_session::{Key, Reported, TopicKey, Wanted};
use crate::image::Topic;
use ottla_base::{LeaderEpoch, Offset, PartitionId};
use ottla_storage::{ReadBound, ReadError, ReadResult, Rest, WholeFirst};
use ottla_wire::error_code::ErrorCode;
use ottla_wire::message::fetch_response::{AbortedTransaction, EpochEndOffset, PartitionData};
use ottla_wire::record::Records;
use std::sync::Arc;

/// Which records a consumer may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Isolation {
    /// All below the high watermark.
    ReadUncommitted,
    /// All below the first open transaction; the client drops what was aborted.
    ReadCommitted,
}

impl Isolation {
    pub(super) fn of(level: i8) -> Self {
        if level == 1 { Self::ReadCommitted } else { Self::ReadUncommitted }
    }
}

/// The bytes that an answer may still take.
#[derive(Debug)]
pub(super) struct Budget {
    left: usize,
    /// No partition has returned anything yet: the first to do so returns a whole batch.
    first: bool,
}

impl Budget {
    /// What the client takes, but no more than the broker gives.
    pub(super) fn new(asked: i32, limit: usize) -> Self {
        Self { left: usize::try_from(asked).unwrap_or(0).min(limit), first: true }
    }
}

/// What a partition answers.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) data: PartitionData,
    rest: Rest,
    bytes_max: usize,
}

impl Outcome {
    pub(super) fn bytes(&self) -> usize {
        self.data.records.as_ref().map_or(0, Records::len)
    }

    /// What counts towards `MinBytes`: all that is there to be fetched, up to the limit of the partition. It may be
    /// more than the answer can hold. As in Kafka, a segment that ends is enough: waiting would not bring more of it.
    pub(super) fn waiting_bytes(&self) -> usize {
        match self.rest {
            Rest::Nothing => self.bytes(),
            Rest::DidNotFit => self.bytes().max(self.bytes_max),
            Rest::NextSegment => usize::MAX,
        }
    }

    pub(super) fn diverges(&self) -> bool {
        self.data.diverging_epoch != EpochEndOffset::default()
    }

    pub(super) fn reported(&self) -> Reported {
        Reported {
            has_records: self.bytes() > 0,
            is_error: self.data.error_code != ErrorCode::NONE,
            has_notice: self.diverges(),
            high_watermark: self.data.high_watermark,
            log_start: self.data.log_start_offset,
        }
    }
}

/// Finds the partition that a client named.
pub(super) fn resolve(context: &Context, key: &Key) -> Result<(Arc<Topic>, PartitionId), ErrorCode> {
    let image = &context.broker.image;
    let topic = match &key.topic {
        TopicKey::Id(id) => image.topic_by_id(*id).ok_or(ErrorCode::UNKNOWN_TOPIC_ID)?,
        TopicKey::Name(name) => image.topic(name).ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)?,
    };
    let id = topic.partition(key.partition).ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)?;
    Ok((topic, id))
}

/// Reads what fits of a partition, or says why it cannot.
pub(super) fn read(context: &Context, wanted: &Wanted, isolation: Isolation, budget: &mut Budget) -> Outcome {
    let (data, rest) = match try_read(context, wanted, isolation, budget) {
        Ok(read) => read,
        Err(error_code) => (refused(context.version, error_code), Rest::Nothing),
    };
    let data = PartitionData { partition_index: wanted.key.partition, ..data };
    Outcome { data, rest, bytes_max: usize::try_from(wanted.bytes_max).unwrap_or(0) }
}

fn refused(version: i16, error_code: ErrorCode) -> PartitionData {
    PartitionData {
        error_code: for_version(version, error_code),
        high_watermark: -1,
        last_stable_offset: -1,
        log_start_offset: -1,
        // As Kafka: none for what does not exist, null for what cannot be read.
        aborted_transactions: is_unknown(error_code).then(Vec::new),
        records: Some(Records::default()),
        ..Default::default()
    }
}

fn try_read(
    context: &Context,
    wanted: &Wanted,
    isolation: Isolation,
    budget: &mut Budget,
) -> Result<(PartitionData, Rest), ErrorCode> {
    let log = &context.broker.log;
    let (topic, id) = resolve(context, &wanted.key)?;
    if context.version < FIRST_VERSION_WITH_ZSTD && topic.config.compression_type == Compression::Zstd {
        return Err(ErrorCode::UNSUPPORTED_COMPRESSION_TYPE);
    }
    let bytes_max = usize::try_from(wanted.bytes_max).unwrap_or(0).min(budget.left);
    let whole_first = if budget.first { WholeFirst::Yes } else { WholeFirst::No };
    let bound = match isolation {
        Isolation::ReadUncommitted => ReadBound::HighWatermark,
        Isolation::ReadCommitted => ReadBound::LastStable,
    };
    // Before what else might be wrong: what was read tells the offsets, too, and nearly always nothing is.
    let read = log.read(id, Offset(wanted.offset), bytes_max, bound, whole_first);
    let offsets = match &read {
        Ok(read) => read.offsets,
        Err(_) => log.offsets(id).map_err(code)?,
    };
    // As Kafka: here every negative epoch means that the client knows none.
    let claimed = LeaderEpoch(wanted.leader_epoch).max(LeaderEpoch::NONE);
    context.broker.check_leader_epoch(claimed, offsets.leader_epoch)?;
    if offsets.leader_epoch < LeaderEpoch(wanted.last_fetched_epoch) {
        // Nothing can have been fetched in an epoch that is still to come.
        return Err(ErrorCode::OFFSET_OUT_OF_RANGE);
    }
    if let Some(diverging_epoch) = divergence(context, id, wanted) {
        let (records, rest) = (Records::default(), Rest::Nothing);
        let (data, rest) = found(ReadResult { records, offsets, aborted: Vec::new(), rest }, isolation);
        return Ok((PartitionData { diverging_epoch, ..data }, rest));
    }
    let read = read.map_err(code)?;
    budget.left = budget.left.saturating_sub(read.records.len());
    budget.first &= read.records.is_empty();
    Ok(found(read, isolation))
}

fn found(read: ReadResult, isolation: Isolation) -> (PartitionData, Rest) {
    let ReadResult { records, offsets, aborted, rest } = read;
    let aborted = aborted.into_iter().map(|aborted| AbortedTransaction {
        producer_id: aborted.producer.0,
        first_offset: aborted.first_offset.0,
    });
    let data = PartitionData {
        high_watermark: offsets.high_watermark.0,
        last_stable_offset: offsets.last_stable.0,
        log_start_offset: offsets.log_start.0,
        // Null where the client does not care.
        aborted_transactions: (isolation == Isolation::ReadCommitted).then(|| aborted.collect()),
        records: Some(records),
        ..Default::default()
    };
    (data, rest)
}

/// Where the client's log and ours part, if the client says what it read last (KIP-595).
fn divergence(context: &Context, id: PartitionId, wanted: &Wanted) -> Option<EpochEndOffset> {
    let last_fetched = LeaderEpoch(wanted.last_fetched_epoch);
    if last_fetched < LeaderEpoch(0) {
        return None;
    }
    let (epoch, end) = context.broker.log.epoch_end(id, last_fetched)?;
    let diverges = epoch < last_fetched || end < Offset(wanted.offset);
    diverges.then_some(EpochEndOffset { epoch: epoch.0, end_offset: end.0 })
}

fn code(error: ReadError) -> ErrorCode {
    crate::error::of_read(&error)
}

fn is_unknown(code: ErrorCode) -> bool {
    matches!(code, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION | ErrorCode::UNKNOWN_TOPIC_ID)
}

/// Clients before v6 know KAFKA_STORAGE_ERROR only as another broker's leadership.
fn for_version(version: i16, code: ErrorCode) -> ErrorCode {
    if version <= 5 && code == ErrorCode::KAFKA_STORAGE_ERROR {
        ErrorCode::NOT_LEADER_OR_FOLLOWER
    } else {
        code
    }
}

/// Older clients would take what they get for damaged.
const FIRST_VERSION_WITH_ZSTD: i16 = 10;
