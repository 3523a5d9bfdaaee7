//! OffsetDelete, key 47, version 0: forget what a group committed for some partitions.
//!
//! GROUP_ID_NOT_FOUND, or NON_EMPTY_GROUP if the members are no consumers, for all. For one partition
//! UNKNOWN_TOPIC_OR_PARTITION if it does not exist, GROUP_SUBSCRIBED_TO_TOPIC if a member subscribes to its topic.

use super::{Api, Context};
use ottla_wire::error_code::ErrorCode;
use ottla_wire::message::offset_delete_request::OffsetDeleteRequestTopic;
use ottla_wire::message::offset_delete_response::{OffsetDeleteResponsePartition, OffsetDeleteResponseTopic};
use ottla_wire::message::{OffsetDeleteRequest, OffsetDeleteResponse};
use std::ops::RangeInclusive;

const VERSIONS: RangeInclusive<i16> = 0..=0;

pub(super) fn api() -> Api {
    Api::new(VERSIONS, handle)
}

async fn handle(context: Context, mut request: OffsetDeleteRequest) -> OffsetDeleteResponse {
    let refuse = |error_code| OffsetDeleteResponse { error_code, ..Default::default() };
    if request.group_id.is_empty() {
        return refuse(ErrorCode::INVALID_GROUP_ID);
    }
    let refused: Vec<_> =
        request.topics.iter_mut().filter_map(|topic| take_unknown(&context, topic)).collect();
    let mut response = match context.broker.groups.delete_offsets(request).await {
        Ok(response) => response,
        Err(error_code) => return refuse(error_code),
    };
    if response.error_code != ErrorCode::NONE {
        return response;
    }
    for topic in refused {
        match response.topics.iter_mut().find(|known| known.name == topic.name) {
            Some(known) => known.partitions.extend(topic.partitions),
            None => response.topics.push(topic),
        }
    }
    response
}

/// Takes the partitions that do not exist out of the request.
fn take_unknown(
    context: &Context,
    topic: &mut OffsetDeleteRequestTopic,
) -> Option<OffsetDeleteResponseTopic> {
    let known = context.broker.image.topic(&topic.name);
    let exists = |index| known.as_ref().is_some_and(|known| known.partition(index).is_some());
    let mut partitions = Vec::new();
    topic.partitions.retain(|asked| {
        let partition_index = asked.partition_index;
        if !exists(partition_index) {
            let error_code = ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;
            partitions.push(OffsetDeleteResponsePartition { partition_index, error_code });
        }
        exists(partition_index)
    });
    (!partitions.is_empty()).then(|| OffsetDeleteResponseTopic { name: topic.name.clone(), partitions })
}
