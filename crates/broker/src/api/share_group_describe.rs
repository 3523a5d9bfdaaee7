//! ShareGroupDescribe, key 77, version 1: the members of share groups, and who has what.
//!
//! A group that does not exist or has another type is GROUP_ID_NOT_FOUND, an empty id INVALID_GROUP_ID. Authorized
//! operations are told on request; without authorisation every operation is allowed.

use super::describe_groups::GROUP_OPERATIONS;
use super::{Api, Context};
use ottla_wire::error_code::ErrorCode;
use ottla_wire::message::share_group_describe_response::DescribedGroup;
use ottla_wire::message::{ShareGroupDescribeRequest, ShareGroupDescribeResponse};
use std::ops::RangeInclusive;

const VERSIONS: RangeInclusive<i16> = 1..=1;

pub(super) fn api() -> Api {
    Api::new(VERSIONS, handle)
}

async fn handle(context: Context, request: ShareGroupDescribeRequest) -> ShareGroupDescribeResponse {
    let broker = &context.broker;
    let topics = broker.image.catalog();
    let mut groups = Vec::with_capacity(request.group_ids.len());
    for group_id in request.group_ids {
        let described = match group_id.is_empty() {
            true => Err(ErrorCode::INVALID_GROUP_ID),
            false => broker.groups.describe_share(group_id.clone(), topics.clone()).await,
        };
        let mut group = described.unwrap_or_else(|error_code| DescribedGroup {
            group_id,
            error_code,
            ..Default::default()
        });
        if request.include_authorized_operations && group.error_code == ErrorCode::NONE {
            group.authorized_operations = GROUP_OPERATIONS;
        }
        groups.push(group);
    }
    ShareGroupDescribeResponse { groups, ..Default::default() }
}
