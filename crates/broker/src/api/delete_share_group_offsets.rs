//! DeleteShareGroupOffsets, key 92, version 0: a share group forgets topics; if it reads them again, it starts as it did
//! at first.
//!
//! GROUP_ID_NOT_FOUND, NON_EMPTY_GROUP, INVALID_GROUP_ID for all. For one topic UNKNOWN_TOPIC_OR_PARTITION if it does not
//! exist or the group knows nothing of it.

use super::alter_share_group_offsets::LOADING;
use super::{Api, Context};
use ottla_base::TopicId;
use ottla_wire::Str;
use ottla_wire::error_code::ErrorCode;
use ottla_wire::message::delete_share_group_offsets_response::DeleteShareGroupOffsetsResponseTopic as Answer;
use ottla_wire::message::{DeleteShareGroupOffsetsRequest, DeleteShareGroupOffsetsResponse};
use std::ops::RangeInclusive;

const VERSIONS: RangeInclusive<i16> = 0..=0;

pub(super) fn api() -> Api {
    Api::new(VERSIONS, handle)
}

async fn handle(
    context: Context,
    request: DeleteShareGroupOffsetsRequest,
) -> DeleteShareGroupOffsetsResponse {
    if request.group_id.is_empty() {
        return refuse(ErrorCode::INVALID_GROUP_ID, "a group has a name: give it".into());
    }
    let broker = &context.broker;
    let group = request.group_id.clone().detached();
    let names: Vec<Str> = request.topics.into_iter().map(|topic| topic.topic_name).collect();
    let ids: Vec<Option<TopicId>> =
        names.iter().map(|name| broker.image.topic(name).map(|topic| topic.id)).collect();
    let existing: Vec<TopicId> = ids.iter().flatten().copied().collect();
    let known = match broker.groups.forget_share(&group, existing.clone()).await {
        Ok(Ok(known)) => known,
        Ok(Err(refusal)) => return refuse(refusal.code, refusal.message),
        Err(code) => return refuse(code, LOADING.into()),
    };
    // Also of topics that the group does not know: an earlier request may have got only so far.
    if let Err(code) = broker.share.partitions.delete_group(&group, Some(existing)).await {
        return refuse(code, LOADING.into());
    }
    let mut responses: Vec<Answer> =
        names.into_iter().zip(ids).map(|(name, id)| answer(name, id, &known)).collect();
    // As Apache Kafka: what was done first.
    responses.sort_by_key(|topic| topic.error_code != ErrorCode::NONE);
    DeleteShareGroupOffsetsResponse { responses, ..Default::default() }
}

fn refuse(error_code: ErrorCode, error_message: Str) -> DeleteShareGroupOffsetsResponse {
    DeleteShareGroupOffsetsResponse { error_code, error_message: Some(error_message), ..Default::default() }
}

fn answer(topic_name: Str, id: Option<TopicId>, known: &[TopicId]) -> Answer {
    let unknown = |why: &'static str| Answer {
        topic_name: topic_name.clone(),
        error_code: ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
        error_message: Some(why.into()),
        ..Default::default()
    };
    match id {
        Some(id) if known.contains(&id) => Answer { topic_name, topic_id: id.0, ..Default::default() },
        Some(_) => unknown("the group has no offsets in this topic that could be deleted"),
        None => unknown("there is no such topic"),
    }
}
