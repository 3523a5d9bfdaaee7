//! ShareGroupHeartbeat, key 76, version 1: be a member of a share group (KIP-932).
//!
//! - Epoch 0 joins, with the names of topics and a member id that the client made; -1 leaves. Fields that are null stay as
//!   they were. The assignment comes with the first answer and when it has changed.
//! - Who leaves keeps its share session, and what is in flight to it: librdkafka leaves first, and acknowledges then what it
//!   has. The end of the session or of the connection gives back the rest.
//! - Unlike in Apache Kafka the first answer has partitions already: no other log has to learn of them first.
//! - While a target assignment waits for `share.assignment.interval.ms`, members are asked to come back when it is due, and
//!   not only after `share.heartbeat.interval.ms`.
//! - A group id of another type is GROUP_ID_NOT_FOUND, also when that group is empty, as in Kafka.

use super::{Api, Context};
use crate::groups::share_config;
use ottla_coordinator::group::share::Heartbeat;
use ottla_wire::message::{ShareGroupHeartbeatRequest, ShareGroupHeartbeatResponse};
use std::ops::RangeInclusive;

const VERSIONS: RangeInclusive<i16> = 1..=1;

pub(super) fn api() -> Api {
    Api::new(VERSIONS, handle)
}

async fn handle(context: Context, request: ShareGroupHeartbeatRequest) -> ShareGroupHeartbeatResponse {
    let broker = &context.broker;
    let group = request.group_id.clone();
    let (client, topics) = (context.client(), broker.image.catalog());
    let config = share_config(&broker.configs, &group);
    let heartbeat = |ticket| Heartbeat { ticket, client, request, topics, config };
    let answer = broker.groups.share_heartbeat(&group, heartbeat).await;
    answer.unwrap_or_else(|error_code| ShareGroupHeartbeatResponse { error_code, ..Default::default() })
}
