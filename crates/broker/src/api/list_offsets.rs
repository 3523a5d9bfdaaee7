//! ListOffsets, key 2, versions 1–11: offsets by time, and the ends of a log.
//!
//! | timestamp | from | answer |
//! |---|---|---|
//! | ≥ 0 | v1 | the first record that is at least as young; -1 and no error if none is below the bound |
//! | -1 | v1 | the high watermark, or under read_committed the last stable offset |
//! | -2 | v1 | the log's start |
//! | -3 | v7 | the record with the largest timestamp; -1 if it is not below the bound |
//! | -4 | v8 | the log's start: nothing is tiered |
//! | -5, -6 | v9, v11 | -1: nothing is tiered |
//!
//! Another negative timestamp, or one below its version, is UNSUPPORTED_VERSION for that partition. A partition
//! that is named twice is INVALID_REQUEST. The answer's leader epoch (v4+) is the one in which the record at the
//! offset was written; for the end of the log, the newest.

use super::{Api, Context};
use ottla_base::{LeaderEpoch, Offset, Timestamp};
use ottla_storage::{ReadBound, TimedOffset};
use ottla_wire::error_code::ErrorCode;
use ottla_wire::message::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use ottla_wire::message::list_offsets_response::{ListOffsetsPartitionResponse, ListOffsetsTopicResponse};
use ottla_wire::message::{ListOffsetsRequest, ListOffsetsResponse};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

const VERSIONS: RangeInclusive<i16> = 1..=11;

pub(super) fn api() -> Api {
    Api::new(VERSIONS, handle)
}

async fn handle(context: Context, request: ListOffsetsRequest) -> ListOffsetsResponse {
    let mut named: BTreeMap<(&str, i32), u32> = BTreeMap::new();
    for topic in &request.topics {
        for partition in &topic.partitions {
            *named.entry((&topic.name, partition.partition_index)).or_default() += 1;
        }
    }
    let is_committed = request.isolation_level == 1;
    let topics = request.topics.iter().map(|topic| {
        let answer = |asked: &ListOffsetsPartition| {
            let is_repeated =
                named.get(&(&*topic.name, asked.partition_index)).is_some_and(|&times| times > 1);
            let found = if is_repeated {
                Err(ErrorCode::INVALID_REQUEST)
            } else {
                find(&context, topic, asked, is_committed)
            };
            respond(context.version, asked.partition_index, found)
        };
        let partitions = topic.partitions.iter().map(answer).collect();
        ListOffsetsTopicResponse { name: topic.name.clone(), partitions }
    });
    ListOffsetsResponse { topics: topics.collect(), ..Default::default() }
}

/// An offset, its record's timestamp and its leader epoch; -1 each where there is none.
struct Found {
    offset: i64,
    timestamp: Timestamp,
    epoch: LeaderEpoch,
}

const NOTHING: Found = Found { offset: -1, timestamp: Timestamp::NONE, epoch: LeaderEpoch::NONE };

fn respond(
    version: i16,
    partition_index: i32,
    found: Result<Found, ErrorCode>,
) -> ListOffsetsPartitionResponse {
    let (error_code, found) = match found {
        Ok(found) => (ErrorCode::NONE, found),
        Err(code) => (code, NOTHING),
    };
    ListOffsetsPartitionResponse {
        partition_index,
        error_code,
        timestamp: found.timestamp.0,
        offset: found.offset,
        leader_epoch: if FIRST_VERSION_WITH_EPOCH <= version { found.epoch.0 } else { LeaderEpoch::NONE.0 },
    }
}

fn find(
    context: &Context,
    topic: &ListOffsetsTopic,
    asked: &ListOffsetsPartition,
    is_committed: bool,
) -> Result<Found, ErrorCode> {
    let broker = &context.broker;
    let topic = broker.image.topic(&topic.name).ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)?;
    let id = topic.partition(asked.partition_index).ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)?;
    let offsets = broker.log.offsets(id).map_err(|error| crate::error::of_read(&error))?;
    broker.check_leader_epoch(LeaderEpoch(asked.current_leader_epoch), offsets.leader_epoch)?;
    let (bound, latest) = if is_committed {
        (ReadBound::LastStable, offsets.last_stable)
    } else {
        (ReadBound::HighWatermark, offsets.high_watermark)
    };
    let at =
        |offset: Offset| Found { offset: offset.0, timestamp: Timestamp::NONE, epoch: offsets.leader_epoch };
    match (asked.timestamp, context.version) {
        (LATEST, _) => Ok(at(latest)),
        (EARLIEST, _) | (EARLIEST_LOCAL, 8..) => {
            let epoch = broker.log.epoch_at(id, offsets.log_start).unwrap_or(LeaderEpoch::NONE);
            Ok(Found { epoch, ..at(offsets.log_start) })
        }
        // The largest of all; if it is in an open transaction, a reader of committed records is told none.
        (MAX_TIMESTAMP, 7..) => {
            let newest = timed(broker.log.max_timestamp(id, ReadBound::HighWatermark))?;
            Ok(if newest.offset < latest.0 { newest } else { NOTHING })
        }
        (LATEST_TIERED, 9..) | (EARLIEST_PENDING_UPLOAD, 11..) => Ok(NOTHING),
        (0.., _) => timed(broker.log.find_by_time(id, Timestamp(asked.timestamp), bound)),
        _ => Err(ErrorCode::UNSUPPORTED_VERSION),
    }
}

fn timed(found: Result<Option<TimedOffset>, ottla_storage::ReadError>) -> Result<Found, ErrorCode> {
    let found = found.map_err(|error| crate::error::of_read(&error))?;
    Ok(found.map_or(NOTHING, |found| Found {
        offset: found.offset.0,
        timestamp: found.timestamp,
        epoch: found.leader_epoch,
    }))
}

const FIRST_VERSION_WITH_EPOCH: i16 = 4;

const LATEST: i64 = -1;
const EARLIEST: i64 = -2;
const MAX_TIMESTAMP: i64 = -3;
const EARLIEST_LOCAL: i64 = -4;
const LATEST_TIERED: i64 = -5;
const EARLIEST_PENDING_UPLOAD: i64 = -6;

#[cfg(test)]
mod tests;
