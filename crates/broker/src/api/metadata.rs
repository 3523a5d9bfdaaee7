//! Metadata, key 3, versions 0–13: which brokers and topics there are, and who leads each partition.
//!
//! - The advertised address is the one on which this connection reached the broker, unless
//!   `advertised.listeners` says otherwise. Differs from Apache Kafka, which advertises a configured name.
//! - v0: an empty list means all topics. v1+: null means all, an empty list none.
//! - v4+: a missing topic is created if the request allows it and `auto.create.topics.enable` is on. The answer
//!   is UNKNOWN_TOPIC_OR_PARTITION while it is being created, as in Kafka 4.x; the client asks again.
//! - v10+: topic ids in the answer. v12+: topics may be asked for by id, and where one is, names do not count. An id in
//!   v10 or v11 is INVALID_REQUEST, as is neither name nor id, for all that is asked.
//! - What is asked for twice is told once.
//! - v8–v10: the cluster's authorized operations; v8+: a topic's. Without authorisation every operation is
//!   allowed.

use super::{Api, Context};
use crate::image::Topic;
use crate::topics::NewTopic;
use ottla_base::{TopicId, TopicName};
use ottla_wire::Str;
use ottla_wire::error_code::ErrorCode;
use ottla_wire::message::metadata_request::MetadataRequestTopic;
use ottla_wire::message::metadata_response::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use ottla_wire::message::{MetadataRequest, MetadataResponse};
use std::collections::HashSet;
use std::ops::RangeInclusive;

const VERSIONS: RangeInclusive<i16> = 0..=13;

pub(super) fn api() -> Api {
    Api::new(VERSIONS, handle)
}

async fn handle(context: Context, request: MetadataRequest) -> MetadataResponse {
    let asked = match asked(&context, &request) {
        Ok(asked) => asked,
        Err(response) => return response,
    };
    let broker = &context.broker;
    let endpoint = broker.advertised.to(&context.peer);
    let topics = match asked {
        None => broker.image.topics().iter().map(|topic| describe(&context, &request, topic)).collect(),
        Some(asked) => {
            let mut topics = Vec::with_capacity(asked.len());
            for topic in asked {
                topics.push(find(&context, &request, &topic).await);
            }
            topics
        }
    };
    MetadataResponse {
        brokers: vec![MetadataResponseBroker {
            node_id: broker.node.0,
            host: endpoint.host.into(),
            port: i32::from(endpoint.port),
            rack: broker.rack.clone(),
        }],
        cluster_id: Some(broker.cluster_id.clone()),
        controller_id: broker.node.0,
        topics,
        cluster_authorized_operations: if request.include_cluster_authorized_operations {
            CLUSTER_OPERATIONS
        } else {
            NOT_ASKED_FOR
        },
        ..Default::default()
    }
}

/// The topics asked for, each once, or `None` for all. An error is the whole answer.
fn asked(
    context: &Context,
    request: &MetadataRequest,
) -> Result<Option<Vec<MetadataRequestTopic>>, MetadataResponse> {
    let Some(topics) = &request.topics else { return Ok(None) };
    if context.version == 0 && topics.is_empty() {
        return Ok(None);
    }
    let has_id = |topic: &&MetadataRequestTopic| TopicId(topic.topic_id) != TopicId::NONE;
    let is_by_id = topics.iter().any(|topic| has_id(&topic));
    let is_too_early = is_by_id && context.version < FIRST_VERSION_BY_ID;
    if is_too_early || !is_by_id && topics.iter().any(|topic| topic.name.is_none()) {
        return Err(refused_request(topics));
    }
    // Java sends an empty name along with an id.
    let name = |topic: &MetadataRequestTopic| topic.name.clone().filter(|_| !is_by_id);
    let only = |topic: &MetadataRequestTopic| (topic.topic_id, name(topic));
    let mut seen = HashSet::new();
    Ok(Some(
        topics
            .iter()
            .filter(|topic| !is_by_id || has_id(topic))
            .map(only)
            .filter(|one| seen.insert(one.clone()))
            .map(|(topic_id, name)| MetadataRequestTopic { topic_id, name })
            .collect(),
    ))
}

/// Of a request that is wrong in one place nothing is answered.
fn refused_request(topics: &[MetadataRequestTopic]) -> MetadataResponse {
    let error_code = ErrorCode::INVALID_REQUEST;
    let refuse = |asked: &MetadataRequestTopic| MetadataResponseTopic {
        error_code,
        name: Some(asked.name.clone().unwrap_or_default()),
        topic_id: asked.topic_id,
        ..Default::default()
    };
    MetadataResponse { topics: topics.iter().map(refuse).collect(), error_code, ..Default::default() }
}

async fn find(
    context: &Context,
    request: &MetadataRequest,
    asked: &MetadataRequestTopic,
) -> MetadataResponseTopic {
    let id = TopicId(asked.topic_id);
    if id != TopicId::NONE {
        return match context.broker.image.topic_by_id(id) {
            Some(topic) => describe(context, request, &topic),
            None => refused(context, ErrorCode::UNKNOWN_TOPIC_ID, asked),
        };
    }
    let name = asked.name.as_deref().unwrap_or_default();
    match context.broker.image.topic(name) {
        Some(topic) => describe(context, request, &topic),
        None => MetadataResponseTopic {
            topic_authorized_operations: operations(request),
            ..refused(context, missing(context, request, name).await, asked)
        },
    }
}

/// What to say of a topic that is not there; creates it where that is wanted.
async fn missing(context: &Context, request: &MetadataRequest, name: &str) -> ErrorCode {
    let Ok(name) = TopicName::parse(name) else { return ErrorCode::INVALID_TOPIC_EXCEPTION };
    let config = context.broker.config();
    let is_allowed = context.version < FIRST_VERSION_WITH_CHOICE || request.allow_auto_topic_creation;
    if !is_allowed || !config.topics.auto_create_topics_enable {
        return ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;
    }
    let new = NewTopic { name, partitions: config.topics.num_partitions, overrides: Default::default() };
    match context.broker.create_topic(new).await {
        // Kafka answers so, too, whether the topic is there by now or not; the client asks again.
        Ok(_) | Err(crate::topics::TopicError::Exists) => ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
        Err(error) => {
            tracing::warn!(%error, "a topic could not be created on first use");
            error.code()
        }
    }
}

/// Before version 12 a name cannot be null in the answer, although it can in the question.
fn refused(context: &Context, error_code: ErrorCode, asked: &MetadataRequestTopic) -> MetadataResponseTopic {
    MetadataResponseTopic {
        error_code,
        name: asked.name.clone().or_else(|| (context.version < FIRST_VERSION_BY_ID).then(Str::default)),
        topic_id: asked.topic_id,
        ..Default::default()
    }
}

fn describe(context: &Context, request: &MetadataRequest, topic: &Topic) -> MetadataResponseTopic {
    let node = context.broker.node.0;
    let partition = |partition_index| MetadataResponsePartition {
        error_code: ErrorCode::NONE,
        partition_index,
        leader_id: node,
        leader_epoch: context.broker.leader_epoch(topic, partition_index).0,
        replica_nodes: vec![node],
        isr_nodes: vec![node],
        ..Default::default()
    };
    MetadataResponseTopic {
        error_code: ErrorCode::NONE,
        name: Some(Str::from(topic.name.as_str())),
        topic_id: topic.id.0,
        is_internal: false,
        partitions: (0..topic.partitions).map(partition).collect(),
        topic_authorized_operations: operations(request),
    }
}

/// What may be done with a topic, also with one that is not there.
fn operations(request: &MetadataRequest) -> i32 {
    if request.include_topic_authorized_operations { TOPIC_OPERATIONS } else { NOT_ASKED_FOR }
}

const FIRST_VERSION_WITH_CHOICE: i16 = 4;
const FIRST_VERSION_BY_ID: i16 = 12;

/// One bit for each ACL operation by its number. Read 3, write 4, create 5, delete 6, alter 7, describe 8,
/// describe configs 10, alter configs 11.
pub(super) const TOPIC_OPERATIONS: i32 =
    1 << 3 | 1 << 4 | 1 << 5 | 1 << 6 | 1 << 7 | 1 << 8 | 1 << 10 | 1 << 11;
/// Create 5, alter 7, describe 8, cluster action 9, describe configs 10, alter configs 11, idempotent write 12.
pub(super) const CLUSTER_OPERATIONS: i32 = 1 << 5 | 1 << 7 | 1 << 8 | 1 << 9 | 1 << 10 | 1 << 11 | 1 << 12;
pub(super) const NOT_ASKED_FOR: i32 = i32::MIN;

#[cfg(test)]
mod tests;
