//! OffsetCommit, key 8, versions 2–10: remember how far a group has come. Durable when it is answered.
//!
//! - Partitions that do not exist get UNKNOWN_TOPIC_OR_PARTITION, or UNKNOWN_TOPIC_ID (v10), the others are
//!   committed. If none exists the group is not asked.
//! - Without generation and member id it is for lone consumers: only while the group is empty or not there.
//! - REBALANCE_IN_PROGRESS only between the end of joining and the assignment.
//! - v2–4: a retention time, which is honoured. v6+: leader epochs. v7+: static members. v9+: an unknown group is
//!   GROUP_ID_NOT_FOUND instead of ILLEGAL_GENERATION. v10: topics by id (KIP-848).

use super::{Api, Context};
use crate::Broker;
use ottla_base::TopicId;
use ottla_coordinator::group::{UnknownGroup, refused_commit};
use ottla_wire::Str;
use ottla_wire::error_code::ErrorCode;
use ottla_wire::message::offset_commit_request::OffsetCommitRequestTopic;
use ottla_wire::message::offset_commit_response::{OffsetCommitResponsePartition, OffsetCommitResponseTopic};
use ottla_wire::message::{OffsetCommitRequest, OffsetCommitResponse};
use std::ops::RangeInclusive;

const VERSIONS: RangeInclusive<i16> = 2..=10;

pub(super) fn api() -> Api {
    Api::new(VERSIONS, handle)
}

async fn handle(context: Context, mut request: OffsetCommitRequest) -> OffsetCommitResponse {
    let by_id = context.version >= FIRST_VERSION_BY_ID;
    let asked = std::mem::take(&mut request.topics);
    let mut refused = Vec::new();
    for topic in asked {
        let (known, unknown) = split(&context.broker, topic, by_id);
        request.topics.extend(known);
        refused.extend(unknown);
    }
    if request.topics.is_empty() {
        return OffsetCommitResponse { topics: refused, ..Default::default() };
    }
    let unknown_group = if context.version < FIRST_VERSION_WITH_NOT_FOUND {
        UnknownGroup::IllegalGeneration
    } else {
        UnknownGroup::NotFound
    };
    let committing = context.broker.groups.commit(request.clone(), unknown_group).await;
    let mut response = committing.unwrap_or_else(|error| refused_commit(request, error));
    for topic in refused {
        let same = |other: &&mut OffsetCommitResponseTopic| {
            (&other.name, other.topic_id) == (&topic.name, topic.topic_id)
        };
        match response.topics.iter_mut().find(same) {
            Some(known) => known.partitions.extend(topic.partitions),
            None => response.topics.push(topic),
        }
    }
    response
}

/// What of the topic exists, with its name and id filled in, and the refusal of what does not.
fn split(
    broker: &Broker,
    mut topic: OffsetCommitRequestTopic,
    by_id: bool,
) -> (Option<OffsetCommitRequestTopic>, Option<OffsetCommitResponseTopic>) {
    let (found, missing) = if by_id {
        (broker.image.topic_by_id(TopicId(topic.topic_id)), ErrorCode::UNKNOWN_TOPIC_ID)
    } else {
        (broker.image.topic(&topic.name), ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)
    };
    let asked = std::mem::take(&mut topic.partitions);
    let (known, unknown) = match &found {
        Some(found) => {
            topic.name = Str::from(found.name.as_str());
            topic.topic_id = found.id.0;
            asked.into_iter().partition(|asked| found.partition(asked.partition_index).is_some())
        }
        None => (Vec::new(), asked),
    };
    let error_code = if found.is_some() { ErrorCode::UNKNOWN_TOPIC_OR_PARTITION } else { missing };
    let refuse = |partition_index| OffsetCommitResponsePartition { partition_index, error_code };
    let refused = OffsetCommitResponseTopic {
        name: topic.name.clone(),
        topic_id: topic.topic_id,
        partitions: unknown.iter().map(|asked| refuse(asked.partition_index)).collect(),
    };
    topic.partitions = known;
    (
        Some(topic).filter(|topic| !topic.partitions.is_empty()),
        Some(refused).filter(|refused| !refused.partitions.is_empty()),
    )
}

const FIRST_VERSION_WITH_NOT_FOUND: i16 = 9;
const FIRST_VERSION_BY_ID: i16 = 10;
