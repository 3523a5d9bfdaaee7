//! ShareAcknowledge, key 79, versions 1–2: what a member of a share group says of records, without fetching more.
//!
//! - It belongs to the member's share session and takes its turn in the session's epochs; it cannot open one. Epoch -1
//!   closes the session and gives back what was not acknowledged.
//! - The answer waits until everything is durable. Acknowledgements of one partition succeed or fail together:
//!   INVALID_REQUEST if they are no sequence of ranges with types, INVALID_RECORD_STATE if the member does not have one
//!   of the records.
//! - v2: renewal (type 4, with IsRenewAck); the answer tells how long locks are.

use super::share_fetch::{Asking, Refused, acknowledge, batch_of, id_of, member_of, of_session, set_out};
use super::{Api, Context};
use crate::share_partitions::{Acknowledged, Acknowledgement};
use crate::share_session::Stage;
use ottla_base::{PartitionId, TopicId};
use ottla_wire::message::share_acknowledge_response::{PartitionData, ShareAcknowledgeTopicResponse};
use ottla_wire::message::{ShareAcknowledgeRequest, ShareAcknowledgeResponse};
use std::ops::RangeInclusive;

const VERSIONS: RangeInclusive<i16> = 1..=2;

pub(super) fn api() -> Api {
    Api::new(VERSIONS, handle)
}

async fn handle(context: Context, request: ShareAcknowledgeRequest) -> ShareAcknowledgeResponse {
    match carry_out(&context, request).await {
        Ok(response) => response,
        Err(Refused { code, message }) => ShareAcknowledgeResponse {
            error_code: code,
            error_message: (!message.is_empty()).then(|| message.into()),
            ..Default::default()
        },
    }
}

async fn carry_out(
    context: &Context,
    request: ShareAcknowledgeRequest,
) -> Result<ShareAcknowledgeResponse, Refused> {
    let broker = &context.broker;
    let key = member_of(request.group_id.as_ref(), request.member_id.as_ref())?;
    let begun = broker.share.sessions.lock().acknowledge(&key, request.share_session_epoch);
    let stage = begun.map_err(of_session)?;
    let (_, config) = broker.share_config(&key.group);
    let asking = Asking { key: &key, config: &config, is_renewal: request.is_renew_ack };
    let acknowledged = acknowledge(set_out(context, asking, acknowledgements(&request))).await;
    if stage == Stage::Closing {
        broker.end_share_session(&key).await;
    }
    Ok(ShareAcknowledgeResponse {
        acquisition_lock_timeout_ms: config.lock_duration_ms,
        responses: by_topic(acknowledged),
        ..Default::default()
    })
}

fn acknowledgements(request: &ShareAcknowledgeRequest) -> Vec<Acknowledgement> {
    let of_topic = request.topics.iter().flat_map(|topic| {
        topic.partitions.iter().map(|partition| {
            let batches = partition
                .acknowledgement_batches
                .iter()
                .map(|batch| batch_of((batch.first_offset, batch.last_offset), &batch.acknowledge_types));
            Acknowledgement {
                partition: id_of(topic.topic_id, partition.partition_index),
                batches: batches.collect(),
            }
        })
    });
    let acknowledgements: Vec<Acknowledgement> = of_topic.collect();
    // As Apache Kafka: where nothing is said of any record, nothing is answered.
    let says_nothing = acknowledgements.iter().all(|acknowledgement| acknowledgement.batches.is_empty());
    if says_nothing { Vec::new() } else { acknowledgements }
}

/// Consecutive partitions of one topic share an entry.
fn by_topic(acknowledged: Vec<(PartitionId, Acknowledged)>) -> Vec<ShareAcknowledgeTopicResponse> {
    let mut topics: Vec<ShareAcknowledgeTopicResponse> = Vec::new();
    for (id, Acknowledged { code, message }) in acknowledged {
        let data = PartitionData {
            partition_index: id.index.0,
            error_code: code,
            error_message: message.map(Into::into),
            ..Default::default()
        };
        match topics.last_mut() {
            Some(topic) if TopicId(topic.topic_id) == id.topic => topic.partitions.push(data),
            _ => topics.push(ShareAcknowledgeTopicResponse { topic_id: id.topic.0, partitions: vec![data] }),
        }
    }
    topics
}
