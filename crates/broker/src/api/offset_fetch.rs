//! OffsetFetch, key 9, versions 1–10: where groups are.
//!
//! - A partition without a commit, and every partition of a group that does not exist, has offset -1 and no error.
//! - v2+: null topics mean all. v7+: `RequireStable`; a partition for which a transaction has an offset pending is
//!   UNSTABLE_OFFSET_COMMIT then, and the client asks again (KIP-447).
//! - v8+: many groups in one request (KIP-709). v9+: a member id and epoch, which classic groups do not check.
//! - v10: topics by id (KIP-848); one that does not exist is UNKNOWN_TOPIC_ID, and is left out of "all".

use super::commit_topics::TopicsBy;
use super::{Api, Context};
use crate::Broker;
use ottla_base::TopicId;
use ottla_coordinator::group::Stability;
use ottla_wire::Str;
use ottla_wire::error_code::ErrorCode;
use ottla_wire::message::offset_fetch_request::{
    OffsetFetchRequestGroup, OffsetFetchRequestTopic, OffsetFetchRequestTopics,
};
use ottla_wire::message::offset_fetch_response::{
    OffsetFetchResponseGroup, OffsetFetchResponsePartition, OffsetFetchResponsePartitions,
    OffsetFetchResponseTopic, OffsetFetchResponseTopics,
};
use ottla_wire::message::{OffsetFetchRequest, OffsetFetchResponse};
use std::ops::RangeInclusive;

const VERSIONS: RangeInclusive<i16> = 1..=10;

pub(super) fn api() -> Api {
    Api::new(VERSIONS, handle)
}

async fn handle(context: Context, request: OffsetFetchRequest) -> OffsetFetchResponse {
    let broker = &context.broker;
    let stability = if request.require_stable { Stability::Required } else { Stability::Any };
    if context.version < FIRST_VERSION_WITH_MANY {
        let asked = single(request);
        let topics = asked.topics.clone();
        let group = fetch(broker, asked, TopicsBy::Name, stability).await;
        return single_response(group, topics, context.version);
    }
    let by = if context.version < FIRST_VERSION_BY_ID { TopicsBy::Name } else { TopicsBy::Id };
    let mut groups = Vec::with_capacity(request.groups.len());
    for group in request.groups {
        groups.push(fetch(broker, group, by, stability).await);
    }
    OffsetFetchResponse { groups, ..Default::default() }
}

async fn fetch(
    broker: &Broker,
    mut group: OffsetFetchRequestGroup,
    by: TopicsBy,
    stability: Stability,
) -> OffsetFetchResponseGroup {
    let group_id = group.group_id.clone();
    let mut refused = Vec::new();
    let is_all = group.topics.is_none();
    if let Some(topics) = &mut group.topics {
        match by {
            TopicsBy::Name => topics.iter_mut().for_each(|topic| fill_in_id(broker, topic)),
            TopicsBy::Id => refused = take_unknown(broker, topics),
        }
    }
    match broker.groups.fetch(group, stability).await {
        Ok(mut response) => {
            if is_all && by == TopicsBy::Id {
                response.topics.retain_mut(|topic| has_id(broker, topic));
            }
            response.topics.extend(refused);
            response
        }
        Err(error_code) => OffsetFetchResponseGroup { group_id, error_code, ..Default::default() },
    }
}

fn fill_in_id(broker: &Broker, topic: &mut OffsetFetchRequestTopics) {
    topic.topic_id = broker.image.topic(&topic.name).map_or(TopicId::NONE, |known| known.id).0;
}

/// Gives the topics their names, and takes out those that do not exist.
fn take_unknown(
    broker: &Broker,
    topics: &mut Vec<OffsetFetchRequestTopics>,
) -> Vec<OffsetFetchResponseTopics> {
    let mut refused = Vec::new();
    topics.retain_mut(|topic| {
        if let Some(known) = broker.image.topic_by_id(TopicId(topic.topic_id)) {
            topic.name = Str::from(known.name.as_str());
            return true;
        }
        let refuse = |partition_index: &i32| OffsetFetchResponsePartitions {
            partition_index: *partition_index,
            committed_offset: NO_OFFSET,
            metadata: Some(Str::default()),
            error_code: ErrorCode::UNKNOWN_TOPIC_ID,
            ..Default::default()
        };
        refused.push(OffsetFetchResponseTopics {
            topic_id: topic.topic_id,
            partitions: topic.partition_indexes.iter().map(refuse).collect(),
            ..Default::default()
        });
        false
    });
    refused
}

/// Whether the topic still exists; fills in its id if the commit did not know it.
fn has_id(broker: &Broker, topic: &mut OffsetFetchResponseTopics) -> bool {
    let Some(known) = broker.image.topic(&topic.name) else { return false };
    let is_same = TopicId(topic.topic_id) == TopicId::NONE || TopicId(topic.topic_id) == known.id;
    topic.topic_id = known.id.0;
    is_same
}

/// Versions 1-7 ask for one group.
fn single(request: OffsetFetchRequest) -> OffsetFetchRequestGroup {
    let convert = |topic: OffsetFetchRequestTopic| OffsetFetchRequestTopics {
        name: topic.name,
        partition_indexes: topic.partition_indexes,
        ..Default::default()
    };
    let topics = request.topics.map(|topics| topics.into_iter().map(convert).collect());
    OffsetFetchRequestGroup { group_id: request.group_id, topics, ..Default::default() }
}

/// The answer of versions 1-7. Version 1 has no place for the group's error but the partitions.
fn single_response(
    group: OffsetFetchResponseGroup,
    asked: Option<Vec<OffsetFetchRequestTopics>>,
    version: i16,
) -> OffsetFetchResponse {
    let error_code = group.error_code;
    let topics = if error_code != ErrorCode::NONE && version < FIRST_VERSION_WITH_GROUP_ERROR {
        asked.unwrap_or_default().into_iter().map(|topic| refuse_topic(topic, error_code)).collect()
    } else {
        group.topics.into_iter().map(convert_topic).collect()
    };
    OffsetFetchResponse { topics, error_code, ..Default::default() }
}

fn refuse_topic(topic: OffsetFetchRequestTopics, error_code: ErrorCode) -> OffsetFetchResponseTopic {
    let refuse = |partition_index| OffsetFetchResponsePartition {
        partition_index,
        committed_offset: NO_OFFSET,
        metadata: Some(Str::default()),
        error_code,
        ..Default::default()
    };
    let partitions = topic.partition_indexes.into_iter().map(refuse).collect();
    OffsetFetchResponseTopic { name: topic.name, partitions }
}

fn convert_topic(topic: OffsetFetchResponseTopics) -> OffsetFetchResponseTopic {
    let convert = |partition: OffsetFetchResponsePartitions| OffsetFetchResponsePartition {
        partition_index: partition.partition_index,
        committed_offset: partition.committed_offset,
        committed_leader_epoch: partition.committed_leader_epoch,
        metadata: partition.metadata,
        error_code: partition.error_code,
    };
    OffsetFetchResponseTopic {
        name: topic.name,
        partitions: topic.partitions.into_iter().map(convert).collect(),
    }
}

const FIRST_VERSION_WITH_GROUP_ERROR: i16 = 2;
const FIRST_VERSION_WITH_MANY: i16 = 8;
const FIRST_VERSION_BY_ID: i16 = 10;
const NO_OFFSET: i64 = -1;
