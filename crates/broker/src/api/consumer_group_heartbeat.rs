//! ConsumerGroupHeartbeat, key 68, versions 0–1: a member of a consumer group (KIP-848) joins, says what it wants and
//! has, and hears what it shall have.
//!
//! - Epoch 0 joins, -1 leaves, -2 is a static member that will be back. A null field means "as before".
//! - The assignment is told when it has changed, to who joins, and to who says everything again.
//! - A partition goes to another member only when the one that had it says that it has not any more, or is gone: after
//!   its session time-out, or its rebalance timeout, whichever is over first.
//! - v1: the client makes its member id, so that the answer to a first heartbeat may be lost; regular expressions.
//! - Regular expressions are resolved at once; Apache Kafka does that later, and a member waits for its partitions. A
//!   group may have 100 of them.
//! - While a new assignment is due that must wait for `group.consumer.assignment.interval.ms`, members are told to come
//!   again as soon as it may be made, if that is sooner than their next heartbeat.

use super::{Api, Context};
use crate::groups::consumer_config;
use ottla_coordinator::group::consumer::{Heartbeat, MemberIds};
use ottla_wire::message::{ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse};
use std::ops::RangeInclusive;

const VERSIONS: RangeInclusive<i16> = 0..=1;

pub(super) fn api() -> Api {
    Api::new(VERSIONS, handle)
}

async fn handle(context: Context, request: ConsumerGroupHeartbeatRequest) -> ConsumerGroupHeartbeatResponse {
    let broker = &context.broker;
    let group = request.group_id.clone();
    let (client, fresh) = (context.client(), broker.env.random_uuid());
    let member_ids = match context.version < FIRST_VERSION_WITH_CLIENT_IDS {
        true => MemberIds::Coordinator,
        false => MemberIds::Client,
    };
    let (topics, config) = (broker.image.catalog(), consumer_config(&broker.configs, &group));
    let heartbeat = |ticket| Heartbeat { ticket, client, request, member_ids, fresh, topics, config };
    let answer = broker.groups.consumer_heartbeat(&group, heartbeat).await;
    answer.unwrap_or_else(|error_code| ConsumerGroupHeartbeatResponse { error_code, ..Default::default() })
}

const FIRST_VERSION_WITH_CLIENT_IDS: i16 = 1;
