//! JoinGroup, key 11, versions 0–9: become a member of a classic group, or take part in its next generation.
//!
//! - In a consumer group (KIP-848) a consumer of the classic protocol is answered at once: the coordinator assigns.
//! - The answer comes when the group has a new generation: when all members have joined, or the longest of their
//!   rebalance timeouts is over; for a group that was empty after `group.initial.rebalance.delay.ms`, longer while
//!   members come.
//! - v0: the session timeout serves as rebalance timeout.
//! - v4+: a member without id gets MEMBER_ID_REQUIRED and an id, and joins again with it (KIP-394).
//! - v5+: static members (KIP-345). v9: one that leads and comes back is told to skip the assignment (KIP-814).
//! - A second join in the name of a member that waits sends the first one REBALANCE_IN_PROGRESS; Apache Kafka
//!   leaves it without an answer.

use super::{Api, Context};
use crate::groups::consumer_config;
use ottla_coordinator::group::{FirstJoin, Join, StaticRejoin};
use ottla_wire::message::{JoinGroupRequest, JoinGroupResponse};
use std::ops::RangeInclusive;

const VERSIONS: RangeInclusive<i16> = 0..=9;

pub(super) fn api() -> Api {
    Api::new(VERSIONS, handle)
}

async fn handle(context: Context, request: JoinGroupRequest) -> JoinGroupResponse {
    let (group, member_id) = (request.group_id.clone(), request.member_id.clone());
    let version = context.version;
    let fresh = context.broker.env.random_uuid();
    let client = context.client();
    let topics = context.broker.image.catalog();
    let consumers = consumer_config(&context.broker.configs, &group);
    let join = |ticket| Join {
        ticket,
        client,
        request,
        first_join: if version < 4 { FirstJoin::Accept } else { FirstJoin::RequireId },
        static_rejoin: if version < 9 { StaticRejoin::HideLeader } else { StaticRejoin::SkipAssignment },
        fresh,
        topics,
        consumers,
    };
    let answer = context.broker.groups.join(&group, join).await;
    let mut response = answer.unwrap_or_else(|error_code| JoinGroupResponse {
        error_code,
        member_id,
        protocol_name: None,
        ..Default::default()
    });
    if version < FIRST_VERSION_WITHOUT_PROTOCOL {
        response.protocol_name.get_or_insert_default();
    }
    response
}

/// Before, "no protocol" is an empty name.
const FIRST_VERSION_WITHOUT_PROTOCOL: i16 = 7;
