//! Heartbeat, key 12, versions 0–4: a member of a classic group lives, and hears whether it must join again.
//!
//! REBALANCE_IN_PROGRESS while members join, ILLEGAL_GENERATION if the group has moved on, UNKNOWN_MEMBER_ID if
//! the member or the group is not there. v3+: FENCED_INSTANCE_ID if another process took the member's place.

use super::{Api, Context};
use ottla_wire::message::{HeartbeatRequest, HeartbeatResponse};
use std::ops::RangeInclusive;

const VERSIONS: RangeInclusive<i16> = 0..=4;

pub(super) fn api() -> Api {
    Api::new(VERSIONS, handle)
}

async fn handle(context: Context, request: HeartbeatRequest) -> HeartbeatResponse {
    let answer = context.broker.groups.heartbeat(request).await;
    answer.unwrap_or_else(|error_code| HeartbeatResponse { error_code, ..Default::default() })
}
