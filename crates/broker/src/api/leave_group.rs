//! LeaveGroup, key 13, versions 0–5: members go, by their own wish or an operator's.
//!
//! - v0–2: one member, whose error is the answer's. v3+: many, each with its own error; a static member may be
//!   named by its group instance id alone (KIP-345).
//! - v5+: a reason, which is logged.

use super::{Api, Context};
use ottla_wire::error_code::ErrorCode;
use ottla_wire::message::leave_group_request::MemberIdentity;
use ottla_wire::message::{LeaveGroupRequest, LeaveGroupResponse};
use std::ops::RangeInclusive;

const VERSIONS: RangeInclusive<i16> = 0..=5;

pub(super) fn api() -> Api {
    Api::new(VERSIONS, handle)
}

async fn handle(context: Context, mut request: LeaveGroupRequest) -> LeaveGroupResponse {
    let is_single = context.version < FIRST_VERSION_WITH_MEMBERS;
    if is_single {
        let member_id = std::mem::take(&mut request.member_id);
        request.members = vec![MemberIdentity { member_id, ..Default::default() }];
    }
    for MemberIdentity { member_id, reason, .. } in &request.members {
        let reason = reason.as_deref().unwrap_or("none given");
        tracing::debug!(group = %request.group_id, member = %member_id, reason, "a member leaves");
    }
    let answer = context.broker.groups.leave(request).await;
    let mut response =
        answer.unwrap_or_else(|error_code| LeaveGroupResponse { error_code, ..Default::default() });
    if is_single
        && let Some(member) = std::mem::take(&mut response.members).first()
        && response.error_code == ErrorCode::NONE
    {
        response.error_code = member.error_code;
    }
    response
}

const FIRST_VERSION_WITH_MEMBERS: i16 = 3;
