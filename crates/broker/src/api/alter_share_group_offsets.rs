//! AlterShareGroupOffsets, key 91, version 0: sets where a share group starts in some partitions, and forgets whatever it
//! knew of them.
//!
//! - The group is made if it is not there. NON_EMPTY_GROUP if it has members, INVALID_GROUP_ID if it has no name,
//!   GROUP_ID_NOT_FOUND if it is of another type.
//! - For one partition UNKNOWN_TOPIC_OR_PARTITION. A start of -1 is where `share.auto.offset.reset` says.
//! - Ottla's own: with `Skip` (tag 10000) what lies before the offsets is given up also while the group has members; what
//!   is on its way to the dead-letter topic arrives. It never goes back, -1 is the end, and the group must be there.

use super::{Api, Context};
use crate::image::Topic;
use crate::share_partitions::reset_start;
use ottla_base::{Offset, PartitionId, TopicId};
use ottla_wire::Str;
use ottla_wire::error_code::ErrorCode;
use ottla_wire::message::alter_share_group_offsets_request::{
    AlterShareGroupOffsetsRequestPartition as Asked, AlterShareGroupOffsetsRequestTopic as AskedTopic,
};
use ottla_wire::message::alter_share_group_offsets_response::{
    AlterShareGroupOffsetsResponsePartition as Answer, AlterShareGroupOffsetsResponseTopic as AnsweredTopic,
};
use ottla_wire::message::{AlterShareGroupOffsetsRequest, AlterShareGroupOffsetsResponse};
use std::ops::RangeInclusive;
use std::sync::Arc;

const VERSIONS: RangeInclusive<i16> = 0..=0;

/// Let the group's settings, or the log, decide.
const NO_OFFSET: i64 = -1;

pub(super) const LOADING: &str = "what the broker knows of the group is being loaded: try again";

pub(super) fn api() -> Api {
    Api::new(VERSIONS, handle)
}

async fn handle(context: Context, request: AlterShareGroupOffsetsRequest) -> AlterShareGroupOffsetsResponse {
    if request.group_id.is_empty() {
        return refuse(ErrorCode::INVALID_GROUP_ID, "a group has a name: give it".into());
    }
    let found = |topic: &AskedTopic| context.broker.image.topic(&topic.topic_name);
    let topics: Vec<(AskedTopic, Option<Arc<Topic>>)> =
        request.topics.into_iter().map(|topic| (topic.clone(), found(&topic))).collect();
    let present = topics.iter().filter_map(|(_, topic)| topic.as_ref());
    let present: Vec<(TopicId, i32)> = present.map(|topic| (topic.id, topic.partitions)).collect();
    let group = request.group_id.clone().detached();
    let prepared = match request.skip {
        true => context.broker.groups.share_topics(&group).await.map(Allowed::Only),
        false => match context.broker.groups.alter_share(&group, present).await {
            Ok(Ok(())) => Ok(Allowed::All),
            Ok(Err(refusal)) => return refuse(refusal.code, refusal.message),
            Err(code) => Err(code),
        },
    };
    let allowed = match prepared {
        Ok(allowed) => allowed,
        Err(code) => return refuse(code, LOADING.into()),
    };
    let mut responses = Vec::with_capacity(topics.len());
    for (asked, topic) in topics {
        responses.push(alter(&context, &group, &allowed, (asked, topic)).await);
    }
    AlterShareGroupOffsetsResponse { responses, ..Default::default() }
}

/// In which topics offsets may be altered, and how.
enum Allowed {
    /// Set anew.
    All,
    /// Skipped, in the topics that the group knows.
    Only(Vec<(TopicId, i32)>),
}

fn refuse(error_code: ErrorCode, error_message: Str) -> AlterShareGroupOffsetsResponse {
    AlterShareGroupOffsetsResponse { error_code, error_message: Some(error_message), ..Default::default() }
}

async fn alter(
    context: &Context,
    group: &Str,
    allowed: &Allowed,
    (asked, topic): (AskedTopic, Option<Arc<Topic>>),
) -> AnsweredTopic {
    let mut partitions = Vec::with_capacity(asked.partitions.len());
    for Asked { partition_index, start_offset } in asked.partitions {
        let id = topic.as_ref().and_then(|topic| topic.partition(partition_index));
        let outcome = match id {
            Some(id) => alter_one(context, group, allowed, (id, start_offset)).await,
            None => Err(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION),
        };
        let error_code = outcome.err().unwrap_or(ErrorCode::NONE);
        let error_message = match error_code {
            ErrorCode::NONE => None,
            ErrorCode::UNKNOWN_TOPIC_OR_PARTITION => {
                Some("there is no such partition, or the group does not know its topic".into())
            }
            ErrorCode::KAFKA_STORAGE_ERROR => {
                Some("the partition cannot be read: the log of the broker says why".into())
            }
            _ => Some(LOADING.into()),
        };
        partitions.push(Answer { partition_index, error_code, error_message });
    }
    let topic_id = topic.map_or(TopicId::NONE, |topic| topic.id).0;
    AnsweredTopic { topic_name: asked.topic_name, topic_id, partitions }
}

async fn alter_one(
    context: &Context,
    group: &Str,
    allowed: &Allowed,
    (id, start): (PartitionId, i64),
) -> Result<(), ErrorCode> {
    let broker = &context.broker;
    match allowed {
        Allowed::All => {
            let start = if start <= NO_OFFSET { reset_start(broker, group, id)? } else { Offset(start) };
            broker.share.partitions.alter(group, id, start).await
        }
        Allowed::Only(known) => {
            let offsets = broker.log.offsets(id).map_err(|error| crate::error::of_read(&error))?;
            if !known.iter().any(|(topic, _)| *topic == id.topic) {
                return Err(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
            }
            let end = offsets.high_watermark;
            let start = if start <= NO_OFFSET { end } else { Offset(start).min(end) };
            broker.share.partitions.skip(group, id, start).await
        }
    }
}
