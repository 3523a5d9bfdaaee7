//! SyncGroup, key 14, versions 0–5: the leader tells the assignment; everybody gets their part of it.
//!
//! - The answer comes when the leader has assigned, or with REBALANCE_IN_PROGRESS if somebody joins before.
//! - v5+: the protocol type and name are checked, and must be there: INCONSISTENT_GROUP_PROTOCOL.

use super::{Api, Context};
use ottla_wire::error_code::ErrorCode;
use ottla_wire::message::{SyncGroupRequest, SyncGroupResponse};
use std::ops::RangeInclusive;

const VERSIONS: RangeInclusive<i16> = 0..=5;

pub(super) fn api() -> Api {
    Api::new(VERSIONS, handle)
}

async fn handle(context: Context, request: SyncGroupRequest) -> SyncGroupResponse {
    let is_named = request.protocol_type.is_some() && request.protocol_name.is_some();
    let answer = if context.version < FIRST_VERSION_WITH_PROTOCOL || is_named {
        context.broker.groups.sync(request, context.broker.image.catalog()).await
    } else {
        Err(ErrorCode::INCONSISTENT_GROUP_PROTOCOL)
    };
    answer.unwrap_or_else(|error_code| SyncGroupResponse { error_code, ..Default::default() })
}

const FIRST_VERSION_WITH_PROTOCOL: i16 = 5;
