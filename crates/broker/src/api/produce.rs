//! Produce, key 0, versions 3–13: appends record batches.
//!
//! - Records are appended before the first await, in the order of the requests; what is awaited is durability
//!   (`log.durability`). acks 1 and acks all are the same here: both wait until the records would survive.
//! - acks 0 gets no answer; if anything fails the connection is closed, which is how the client learns of it.
//! - v7: zstd is allowed. v8: the answer names the offending records and a message. v10: it names the leader.
//! - v12 adds partitions to transactions implicitly. v13: topics are named by id.

use super::{Answer, Api, Context};
use crate::image::Topic;
use crate::validation::{self, Refusal};
use ottla_base::{PartitionId, TopicId};
use ottla_storage::{Append, AppendError, Appended};
use ottla_wire::Str;
use ottla_wire::error_code::ErrorCode;
use ottla_wire::message::produce_request::{PartitionProduceData, TopicProduceData};
use ottla_wire::message::produce_response::{PartitionProduceResponse, TopicProduceResponse};
use ottla_wire::message::{ProduceRequest, ProduceResponse};
use std::ops::RangeInclusive;
use std::sync::Arc;

const VERSIONS: RangeInclusive<i16> = 3..=13;

pub(super) fn api() -> Api {
    Api::that_may_be_silent(VERSIONS, handle)
}

async fn handle(context: Context, request: ProduceRequest) -> Answer<ProduceResponse> {
    let (wants_answer, acks_are_legal) = (request.acks != 0, matches!(request.acks, -1..=1));
    let mut appends = Vec::new();
    let mut slots = Vec::with_capacity(request.topic_data.len());
    for topic_data in &request.topic_data {
        let topic = find(&context, topic_data);
        let partitions = topic_data.partition_data.iter().map(|data| {
            let append = match &topic {
                _ if !acks_are_legal => Err(Refusal::from(ErrorCode::INVALID_REQUIRED_ACKS)),
                Ok(topic) => check(&context, &request, topic, data),
                Err(code) => Err(Refusal::from(*code)),
            };
            append.map(|append| appends.push(append))
        });
        slots.push(partitions.collect::<Vec<_>>());
    }
    let mut appended = context.broker.log.append(appends).await.into_iter();
    let mut failed = false;
    let mut responses = Vec::with_capacity(slots.len());
    for (topic_data, slots) in request.topic_data.into_iter().zip(slots) {
        let parts = topic_data.partition_data.iter().zip(slots).map(|(data, slot)| {
            let outcome = slot.map(|()| appended.next().expect("one outcome for each append"));
            let response = respond(data.index, outcome);
            failed |= response.error_code != ErrorCode::NONE;
            response
        });
        let partition_responses = parts.collect();
        let (name, topic_id) = (topic_data.name, topic_data.topic_id);
        responses.push(TopicProduceResponse { name, topic_id, partition_responses });
    }
    match (wants_answer, failed) {
        (true, _) => Answer::Send(ProduceResponse { responses, ..Default::default() }),
        (false, false) => Answer::Silent,
        (false, true) => Answer::Close,
    }
}

fn find(context: &Context, data: &TopicProduceData) -> Result<Arc<Topic>, ErrorCode> {
    let image = &context.broker.image;
    if context.version >= FIRST_VERSION_BY_ID {
        image.topic_by_id(TopicId(data.topic_id)).ok_or(ErrorCode::UNKNOWN_TOPIC_ID)
    } else {
        image.topic(&data.name).ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)
    }
}

/// Lets a partition's records through to the log, or says why not.
fn check(
    context: &Context,
    request: &ProduceRequest,
    topic: &Topic,
    data: &PartitionProduceData,
) -> Result<Append, Refusal> {
    let id: PartitionId = topic.partition(data.index).ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)?;
    let produced = validation::Produced {
        version: context.version,
        is_transactional: request.transactional_id.is_some(),
        now: context.broker.env.now().wall,
    };
    let batch = validation::check(data.records.as_ref(), &topic.settings, produced)?;
    Ok(Append { id, batch })
}

fn respond(index: i32, outcome: Result<Result<Appended, AppendError>, Refusal>) -> PartitionProduceResponse {
    let refusal = match outcome {
        Ok(Ok(appended)) => {
            return PartitionProduceResponse {
                index,
                error_code: ErrorCode::NONE,
                base_offset: appended.base_offset.0,
                log_append_time_ms: appended.log_append_time.0,
                log_start_offset: appended.log_start.0,
                ..Default::default()
            };
        }
        Ok(Err(error)) => Refusal::from(error),
        Err(refusal) => refusal,
    };
    PartitionProduceResponse {
        index,
        error_code: refusal.code,
        base_offset: -1,
        log_append_time_ms: -1,
        log_start_offset: -1,
        record_errors: refusal.records,
        error_message: refusal.message.map(Str::from),
        ..Default::default()
    }
}

const FIRST_VERSION_BY_ID: i16 = 13;
