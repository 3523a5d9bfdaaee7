//! StreamsGroupDescribe, key 89, versions 0–1: the topology of streams groups (KIP-1071), their members, and which
//! tasks they have and should have.
//!
//! - A group that is not there, or of another type, is GROUP_ID_NOT_FOUND; without a name it is INVALID_GROUP_ID.
//! - Internal topics are told with the partitions they have, as long as the group is ready; else with those asked for.
//! - v1: the name of the assignor, and on request the drawing of the topology, if a member has sent one.
//! - Authorized operations on request; without authorisation every operation is allowed.

use super::describe_groups::GROUP_OPERATIONS;
use super::{Api, Context};
use ottla_wire::Str;
use ottla_wire::error_code::ErrorCode;
use ottla_wire::message::streams_group_describe_response::DescribedGroup;
use ottla_wire::message::{StreamsGroupDescribeRequest, StreamsGroupDescribeResponse};
use std::ops::RangeInclusive;

const VERSIONS: RangeInclusive<i16> = 0..=1;

pub(super) fn api() -> Api {
    Api::new(VERSIONS, handle)
}

async fn handle(context: Context, request: StreamsGroupDescribeRequest) -> StreamsGroupDescribeResponse {
    let mut groups = Vec::with_capacity(request.group_ids.len());
    for id in request.group_ids {
        let mut group = describe(&context, id, request.include_topology_description).await;
        if request.include_authorized_operations && group.error_code == ErrorCode::NONE {
            group.authorized_operations = GROUP_OPERATIONS;
        }
        groups.push(group);
    }
    StreamsGroupDescribeResponse { groups, ..Default::default() }
}

async fn describe(context: &Context, group_id: Str, with_description: bool) -> DescribedGroup {
    if group_id.is_empty() {
        return DescribedGroup { error_code: ErrorCode::INVALID_GROUP_ID, ..Default::default() };
    }
    let answer = context.broker.groups.describe_streams(group_id.clone(), with_description).await;
    answer.unwrap_or_else(|error_code| DescribedGroup { error_code, group_id, ..Default::default() })
}
