//! ConsumerGroupDescribe, key 69, versions 0–1: the members of consumer groups (KIP-848), what they have and shall have.
//!
//! - A group that is not there, or of another type, is GROUP_ID_NOT_FOUND; clients ask DescribeGroups then.
//! - An empty id is INVALID_GROUP_ID.
//! - A partition that a member was told to give back and has not is told among those that it has.
//! - v1: the member's protocol, 0 classic or 1 consumer.
//! - Authorized operations on request; without authorisation every operation is allowed.

use super::describe_groups::GROUP_OPERATIONS;
use super::{Api, Context};
use crate::groups::consumer_config;
use ottla_coordinator::group::consumer::Describe;
use ottla_wire::error_code::ErrorCode;
use ottla_wire::message::consumer_group_describe_response::DescribedGroup;
use ottla_wire::message::{ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse};
use std::ops::RangeInclusive;

const VERSIONS: RangeInclusive<i16> = 0..=1;

pub(super) fn api() -> Api {
    Api::new(VERSIONS, handle)
}

async fn handle(context: Context, request: ConsumerGroupDescribeRequest) -> ConsumerGroupDescribeResponse {
    let broker = &context.broker;
    let mut groups = Vec::with_capacity(request.group_ids.len());
    for group in request.group_ids {
        let (topics, config) = (broker.image.catalog(), consumer_config(&broker.configs, &group));
        let describe = |ticket| Describe { ticket, group: group.clone(), topics, config };
        let answer = match group.is_empty() {
            true => Err(ErrorCode::INVALID_GROUP_ID),
            false => broker.groups.describe_consumer(&group, describe).await,
        };
        let mut described = answer.unwrap_or_else(|error_code| DescribedGroup {
            error_code,
            group_id: group.clone(),
            ..Default::default()
        });
        if request.include_authorized_operations && described.error_code == ErrorCode::NONE {
            described.authorized_operations = GROUP_OPERATIONS;
        }
        groups.push(described);
    }
    ConsumerGroupDescribeResponse { groups, ..Default::default() }
}
