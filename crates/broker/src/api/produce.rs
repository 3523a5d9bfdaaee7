//! Produce, key 0, versions 3–13: appends record batches.
//!
//! - Records are appended in the order of the requests of a connection, small ones together with those of others
//!   (`gathering`); what is awaited beside that is durability (`log.durability`). acks 1 and acks all are the same here:
//!   both wait until the records would survive.
//! - acks 0 gets no answer; if anything fails the connection is closed, which is how the client learns of it.
//! - v7: zstd is allowed. v8: the answer names the offending records and a message. v10: it names the leader.
//! - A transactional batch is written if its partition takes part in the transaction: since v12 it does from then on,
//!   before, AddPartitionsToTxn must have come first (`produce/transactional.rs`). v13: topics are named by id.

mod transactional;

use super::{Answer, Api, Context, Step};
use crate::image::Topic;
use crate::recompression;
use crate::validation::{self, Refusal, RefusedBy};
use ottla_base::name::is_internal;
use ottla_base::{Offset, PartitionId, TopicId};
use ottla_coordinator::transaction::Claim;
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
    Api::in_steps(VERSIONS, handle)
}

/// A batch that is fit to be written.
struct Batch {
    append: Append,
    /// Whose transaction it says it is part of, if of any.
    transaction: Option<Claim>,
}

/// Appends what may be appended, and answers at once if it is durable by then.
fn handle(context: Context, request: ProduceRequest) -> Step<ProduceResponse> {
    let acks_are_legal = matches!(request.acks, -1..=1);
    let count = request.topic_data.iter().map(|topic| topic.partition_data.len()).sum();
    let mut batches = Vec::with_capacity(count);
    let mut slots = Vec::with_capacity(count);
    for topic_data in &request.topic_data {
        let topic = find(&context, topic_data);
        slots.extend(topic_data.partition_data.iter().map(|data| {
            let append = match &topic {
                Ok(_) if !acks_are_legal => Err(Refusal::from(ErrorCode::INVALID_REQUIRED_ACKS)),
                Ok(topic) => check(&context, topic, data),
                Err(code) => Err(Refusal::from(*code)),
            };
            append.map(|batch| batches.push(batch))
        }));
    }
    match transactional::writer(context.version, request.transactional_id.as_ref(), &batches) {
        Ok(None) => {
            let appends = batches.into_iter().map(|batch| batch.append).collect();
            let mut appending = context.gathering.append(context.peer.connection, appends);
            let outcomes = |appended: Vec<Result<Appended, AppendError>>| {
                appended.into_iter().map(|appended| appended.map_err(Refusal::from))
            };
            match appending.results_if_ready() {
                Some(appended) => Step::Answered(answer(&context, request, slots, outcomes(appended))),
                None => Step::Waits(Box::pin(async move {
                    let appended = outcomes(appending.results().await);
                    answer(&context, request, slots, appended)
                })),
            }
        }
        Ok(Some(writer)) => {
            // Nothing of the same connection is left behind.
            context.gathering.write();
            Step::Waits(Box::pin(async move {
                let appended = transactional::append(&context, writer, batches).await;
                answer(&context, request, slots, appended.into_iter())
            }))
        }
        Err(refusal) => {
            let refused = batches.iter().map(|_| Err(refusal.clone()));
            Step::Answered(answer(&context, request, slots, refused))
        }
    }
}

/// The answer, from what became of each partition: `slots` says who was refused, `appended` has an outcome for each of
/// the others.
fn answer(
    context: &Context,
    request: ProduceRequest,
    slots: Vec<Result<(), Refusal>>,
    mut appended: impl Iterator<Item = Result<Appended, Refusal>>,
) -> Answer<ProduceResponse> {
    let wants_answer = request.acks != 0;
    let mut failed = false;
    let mut slots = slots.into_iter();
    let mut responses = Vec::with_capacity(request.topic_data.len());
    for topic_data in request.topic_data {
        let parts = topic_data.partition_data.iter().zip(&mut slots).map(|(data, slot)| {
            let outcome = slot.and_then(|()| appended.next().expect("one outcome for each batch"));
            let response =
                respond(data.index, outcome, |by| start_for_refused(context, &topic_data, data.index, by));
            failed |= response.error_code != ErrorCode::NONE;
            response
        });
        let partition_responses = parts.collect();
        let (name, topic_id) = (topic_data.name, topic_data.topic_id);
        // Nothing was asked of it, so nothing is said.
        if topic_data.partition_data.is_empty() {
            continue;
        }
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
    if is_internal(&data.name) && context.client_id.as_deref() != Some(ADMIN_CLIENT) {
        return Err(ErrorCode::INVALID_TOPIC_EXCEPTION);
    }
    if context.version >= FIRST_VERSION_BY_ID {
        image.topic_by_id(TopicId(data.topic_id)).ok_or(ErrorCode::UNKNOWN_TOPIC_ID)
    } else {
        image.topic(&data.name).ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)
    }
}

/// Lets a partition's records through to the log, or says why not.
fn check(context: &Context, topic: &Topic, data: &PartitionProduceData) -> Result<Batch, Refusal> {
    let id: PartitionId = topic.partition(data.index).ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)?;
    let produced = validation::Produced { version: context.version, now: context.now.wall };
    let validation::Checked { batch, transaction } =
        validation::check(data.records.as_ref(), &topic.settings, produced)?;
    let batch = recompression::apply(batch, &topic.config)?;
    Ok(Batch { append: Append { id, batch }, transaction })
}

/// Where the log starts, if it was the log that refused.
fn start_for_refused(context: &Context, topic: &TopicProduceData, index: i32, by: RefusedBy) -> Offset {
    let start = || {
        let id = find(context, topic).ok()?.partition(index)?;
        Some(context.broker.log.offsets(id).ok()?.log_start)
    };
    match by {
        RefusedBy::Request => Offset::NONE,
        RefusedBy::Log => start().unwrap_or(Offset::NONE),
    }
}

fn respond(
    index: i32,
    outcome: Result<Appended, Refusal>,
    log_start: impl FnOnce(RefusedBy) -> Offset,
) -> PartitionProduceResponse {
    let refusal = match outcome {
        Ok(appended) => {
            return PartitionProduceResponse {
                index,
                error_code: ErrorCode::NONE,
                base_offset: appended.base_offset.0,
                log_append_time_ms: appended.log_append_time.0,
                log_start_offset: appended.log_start.0,
                ..Default::default()
            };
        }
        Err(refusal) => refusal,
    };
    PartitionProduceResponse {
        index,
        error_code: refusal.code,
        base_offset: -1,
        log_append_time_ms: -1,
        log_start_offset: log_start(refusal.by).0,
        record_errors: refusal.records,
        error_message: refusal.message.map(Str::from),
        ..Default::default()
    }
}

const FIRST_VERSION_BY_ID: i16 = 13;
/// The client id that Kafka lets write to the topics of its own state.
const ADMIN_CLIENT: &str = "__admin_client";

#[cfg(test)]
mod tests;
