//! DescribeGroups, key 15, versions 0–6: the members of classic groups, and who has what.
//!
//! - What members say about themselves and the protocol are told in a stable group only; assignments always.
//! - v3+: authorized operations on request; without authorisation every operation is allowed.
//! - An unknown group is in state `Dead`; v6 says GROUP_ID_NOT_FOUND, too (KIP-1043).

use super::{Api, Context};
use ottla_wire::Str;
use ottla_wire::error_code::ErrorCode;
use ottla_wire::message::describe_groups_response::DescribedGroup;
use ottla_wire::message::{DescribeGroupsRequest, DescribeGroupsResponse};
use std::ops::RangeInclusive;

const VERSIONS: RangeInclusive<i16> = 0..=6;

pub(super) fn api() -> Api {
    Api::new(VERSIONS, handle)
}

async fn handle(context: Context, request: DescribeGroupsRequest) -> DescribeGroupsResponse {
    let mut groups = Vec::with_capacity(request.groups.len());
    for id in request.groups {
        let mut group = match context.broker.groups.describe(id.clone()).await {
            Ok(Some(described)) => described,
            Ok(None) => not_found(id, context.version),
            Err(error_code) => DescribedGroup { group_id: id, error_code, ..Default::default() },
        };
        if request.include_authorized_operations && group.error_code == ErrorCode::NONE {
            group.authorized_operations = GROUP_OPERATIONS;
        }
        groups.push(group);
    }
    DescribeGroupsResponse { groups, ..Default::default() }
}

fn not_found(group_id: Str, version: i16) -> DescribedGroup {
    let group = DescribedGroup { group_id, group_state: Str::from_static("Dead"), ..Default::default() };
    if version < FIRST_VERSION_WITH_NOT_FOUND {
        return group;
    }
    let error_message = Some(Str::from(format!("there is no group '{}'", group.group_id)));
    DescribedGroup { error_code: ErrorCode::GROUP_ID_NOT_FOUND, error_message, ..group }
}

const FIRST_VERSION_WITH_NOT_FOUND: i16 = 6;

/// One bit for each ACL operation by its number: read 3, delete 6, describe 8, describe configs 10, alter
/// configs 11.
pub(super) const GROUP_OPERATIONS: i32 = 1 << 3 | 1 << 6 | 1 << 8 | 1 << 10 | 1 << 11;
