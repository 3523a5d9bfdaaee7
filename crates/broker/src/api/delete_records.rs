//! DeleteRecords, key 21, versions 0–2: moves the start of a log forward.
//!
//! - Offset -1 means the high watermark. An offset beyond it, or another negative one, is OFFSET_OUT_OF_RANGE.
//! - An offset at or below the start changes nothing and succeeds.
//! - A topic of Kafka's own state is INVALID_TOPIC_EXCEPTION.
//! - A topic whose `cleanup.policy` has `compact` and not `delete` is POLICY_VIOLATION.

use super::{Api, Context};
use ottla_base::Offset;
use ottla_base::name::is_internal;
use ottla_wire::error_code::ErrorCode;
use ottla_wire::message::delete_records_request::DeleteRecordsPartition;
use ottla_wire::message::delete_records_response::{DeleteRecordsPartitionResult, DeleteRecordsTopicResult};
use ottla_wire::message::{DeleteRecordsRequest, DeleteRecordsResponse};
use std::ops::RangeInclusive;

const VERSIONS: RangeInclusive<i16> = 0..=2;

pub(super) fn api() -> Api {
    Api::new(VERSIONS, handle)
}

async fn handle(context: Context, request: DeleteRecordsRequest) -> DeleteRecordsResponse {
    let topics = request.topics.iter().map(|topic| {
        let answer = |asked: &DeleteRecordsPartition| {
            let outcome = trim(&context, &topic.name, asked);
            DeleteRecordsPartitionResult {
                partition_index: asked.partition_index,
                low_watermark: outcome.map_or(Offset::NONE, |start| start).0,
                error_code: outcome.err().unwrap_or(ErrorCode::NONE),
            }
        };
        DeleteRecordsTopicResult {
            name: topic.name.clone(),
            partitions: topic.partitions.iter().map(answer).collect(),
        }
    });
    DeleteRecordsResponse { topics: topics.collect(), ..Default::default() }
}

/// The log's start afterwards.
fn trim(context: &Context, topic: &str, asked: &DeleteRecordsPartition) -> Result<Offset, ErrorCode> {
    let broker = &context.broker;
    if is_internal(topic) {
        return Err(ErrorCode::INVALID_TOPIC_EXCEPTION);
    }
    let topic = broker.image.topic(topic).ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)?;
    let id = topic.partition(asked.partition_index).ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)?;
    let policy = topic.config.cleanup_policy;
    if policy.compact && !policy.delete {
        return Err(ErrorCode::POLICY_VIOLATION);
    }
    let offsets = broker.log.offsets(id).map_err(|error| crate::error::of_read(&error))?;
    let before = match Offset(asked.offset) {
        Offset::NONE => offsets.high_watermark,
        before if before < Offset::ZERO || offsets.high_watermark < before => {
            return Err(ErrorCode::OFFSET_OUT_OF_RANGE);
        }
        before => before,
    };
    if before <= offsets.log_start {
        return Ok(offsets.log_start);
    }
    broker.log.trim(id, before).map_err(|error| crate::error::of_trim(&error))
}

#[cfg(test)]
mod tests;
