//! OffsetCommit, key 8, versions 2–10: remember how far a group has come. Durable when it is answered.
//!
//! - Partitions that do not exist get UNKNOWN_TOPIC_OR_PARTITION, or UNKNOWN_TOPIC_ID (v10), the others are
//!   committed. If none exists the group is not asked.
//! - Without generation and member id it is for lone consumers: only while the group is empty or not there.
//! - REBALANCE_IN_PROGRESS only between the end of joining and the assignment.
//! - v2–4: a retention time, which is honoured. v6+: leader epochs. v7+: static members. v9+: an unknown group is
//!   GROUP_ID_NOT_FOUND instead of ILLEGAL_GENERATION. v10: topics by id (KIP-848).

use super::commit_topics::{Parted, TopicsBy, merge, part};
use super::{Api, Context};
use ottla_coordinator::group::{UnknownGroup, refused_commit};
use ottla_wire::message::offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use ottla_wire::message::offset_commit_response::{OffsetCommitResponsePartition, OffsetCommitResponseTopic};
use ottla_wire::message::{OffsetCommitRequest, OffsetCommitResponse};
use std::ops::RangeInclusive;

const VERSIONS: RangeInclusive<i16> = 2..=10;

pub(super) fn api() -> Api {
    Api::new(VERSIONS, handle)
}

async fn handle(context: Context, mut request: OffsetCommitRequest) -> OffsetCommitResponse {
    let by = if context.version < FIRST_VERSION_BY_ID { TopicsBy::Name } else { TopicsBy::Id };
    let mut refused = Vec::new();
    for asked in std::mem::take(&mut request.topics) {
        let topic = (asked.name, asked.topic_id);
        let Parted { topic: (name, topic_id), known, unknown, exists, error_code } =
            part(&context.broker, by, topic, asked.partitions, |partition| partition.partition_index);
        // A topic that does not exist is answered also if nothing is to be committed for it.
        if !unknown.is_empty() || !exists {
            let refuse = |asked: &OffsetCommitRequestPartition| OffsetCommitResponsePartition {
                partition_index: asked.partition_index,
                error_code,
            };
            let partitions = unknown.iter().map(refuse).collect();
            refused.push(OffsetCommitResponseTopic { name: name.clone(), topic_id, partitions });
        }
        if !known.is_empty() {
            request.topics.push(OffsetCommitRequestTopic { name, topic_id, partitions: known });
        }
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
    merge(
        &mut response.topics,
        refused,
        |topic| (topic.name.clone(), topic.topic_id),
        |topic| &mut topic.partitions,
    );
    response
}

const FIRST_VERSION_WITH_NOT_FOUND: i16 = 9;
const FIRST_VERSION_BY_ID: i16 = 10;
