//! ShareGroupHeartbeat, key 76, version 1: be a member of a share group (KIP-932).
//!
//! - Epoch 0 joins, with the names of topics and a member id that the client made; -1 leaves and gives back all
//!   records. Fields that are null stay as
//!   they were. The assignment comes with the first answer and when it has changed.
//! - Unlike in Apache Kafka the first answer has partitions already: no other log has to learn of them first.
//! - While a target assignment waits for `share.assignment.interval.ms`, members are asked to come back when it is due, and
//!   not only after `share.heartbeat.interval.ms`.
//! - A group id of another type is GROUP_ID_NOT_FOUND, also when that group is empty, as in Kafka.

use super::{Api, Context};
use crate::groups::share_config;
use crate::share_session::Key;
use ottla_coordinator::group::share::Heartbeat;
use ottla_wire::ErrorCode;
use ottla_wire::message::{ShareGroupHeartbeatRequest, ShareGroupHeartbeatResponse};
use std::ops::RangeInclusive;

const VERSIONS: RangeInclusive<i16> = 1..=1;

pub(super) fn api() -> Api {
    Api::new(VERSIONS, handle)
}

async fn handle(context: Context, request: ShareGroupHeartbeatRequest) -> ShareGroupHeartbeatResponse {
    let broker = &context.broker;
    let group = request.group_id.clone();
    let member = request.member_id.clone();
    let (client, topics) = (context.client(), broker.image.catalog());
    let config = share_config(&broker.configs, &group);
    let heartbeat = |ticket| Heartbeat { ticket, client, request, topics, config };
    let answer = broker.groups.share_heartbeat(&group, heartbeat).await;
    let response =
        answer.unwrap_or_else(|error_code| ShareGroupHeartbeatResponse { error_code, ..Default::default() });
    if response.error_code == ErrorCode::NONE && response.member_epoch < 0 {
        // Who leaves without a word to its session holds on to no record until the locks run out.
        let key = Key { group: group.detached(), member: member.detached() };
        if let Err(code) = broker.end_share_session(&key).await {
            tracing::debug!(?key, code = code.name(), "what a member that left has is given back later");
        }
    }
    response
}
