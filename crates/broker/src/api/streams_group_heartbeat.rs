//! StreamsGroupHeartbeat, key 88, versions 0–1: a member of a streams group (KIP-1071) joins, tells which tasks it has,
//! and hears which ones it should have.
//!
//! - Epoch 0 joins, -1 leaves, -2 is a static member that will be back. A null field means "as before".
//! - Tasks are given as long as all topics are there and fit; the status says what is in the way. Internal topics are
//!   made here: they are there when this is answered, and the next heartbeat finds them. Apache Kafka answers first
//!   and makes them then; why one could not be made, both say in the detail of MISSING_INTERNAL_TOPICS.
//! - A member is told to come again as soon as a waiting assignment may be made, or topics that were missing are there,
//!   if that is sooner than its next heartbeat.
//! - A member that says it has other tasks than it was given is told again which those are. Apache Kafka tells each once:
//!   after an answer that was lost nobody runs the tasks in it until the next assignment.
//! - A task goes to another member only when the one that had it says that it has not any more, or is gone.
//! - Topics by a pattern, another topology for a group that has one, and warm-up tasks are not there in Kafka 4.4
//!   either. Every topology may name 10,000 topics and come to 100,000 tasks.
//! - v1: lacking client tags are told, and members are asked for a description of their topology (KIP-1331), which
//!   Apache Kafka does only with a plug-in.

use super::create_topics::create;
use super::{Api, Context};
use crate::groups::streams_config;
use ottla_coordinator::group::streams::{
    Answered, Heartbeat, MISSING_INTERNAL_TOPICS, MissingTopic, Statuses, status,
};
use ottla_wire::error_code::ErrorCode;
use ottla_wire::message::create_topics_request::{CreatableTopic, CreatableTopicConfig};
use ottla_wire::message::{StreamsGroupHeartbeatRequest, StreamsGroupHeartbeatResponse};
use std::ops::RangeInclusive;

const VERSIONS: RangeInclusive<i16> = 0..=1;

pub(super) fn api() -> Api {
    Api::new(VERSIONS, handle)
}

async fn handle(context: Context, request: StreamsGroupHeartbeatRequest) -> StreamsGroupHeartbeatResponse {
    let broker = &context.broker;
    let group = request.group_id.clone();
    let client = context.client();
    let statuses =
        if context.version < FIRST_VERSION_WITH_TAGS { Statuses::First } else { Statuses::WithTags };
    let (topics, config) = (broker.image.catalog(), streams_config(&broker.configs, &group));
    let usual_interval_ms = config.heartbeat_interval_ms;
    let heartbeat = |ticket| Heartbeat { ticket, request, client, topics, config, statuses };
    match broker.groups.streams_heartbeat(&group, heartbeat).await {
        Ok(Answered { mut response, missing }) => {
            let failures = make(&context, missing).await;
            if !failures.is_empty() {
                tell(&mut response, &failures);
                response.heartbeat_interval_ms = usual_interval_ms;
            }
            response
        }
        Err(error_code) => StreamsGroupHeartbeatResponse { error_code, ..Default::default() },
    }
}

/// Makes the topics that a group needs. Returns which could not be made, and why.
async fn make(context: &Context, missing: Vec<MissingTopic>) -> Vec<String> {
    let mut failures = Vec::new();
    for topic in missing {
        let configs =
            topic.configs.into_iter().map(|(name, value)| CreatableTopicConfig { name, value: Some(value) });
        let wanted = CreatableTopic {
            name: topic.name,
            num_partitions: topic.partitions,
            replication_factor: topic.replication_factor,
            configs: configs.collect(),
            ..Default::default()
        };
        match create(context, &wanted, false).await {
            Ok(_) => {}
            // Another member's heartbeat was faster.
            Err(refused) if refused.code == ErrorCode::TOPIC_ALREADY_EXISTS => {}
            Err(refused) => failures.push(format!("{} ({})", wanted.name, refused.message)),
        }
    }
    failures
}

/// Adds to the status of missing topics why they stay missing.
fn tell(response: &mut StreamsGroupHeartbeatResponse, failures: &[String]) {
    let shown = failures.iter().take(FAILURES_SHOWN_MAX).map(String::as_str).collect::<Vec<_>>().join(", ");
    let detail = match failures.len().saturating_sub(FAILURES_SHOWN_MAX) {
        0 => format!("topics could not be made: {shown}"),
        more => format!("topics could not be made: {shown} and {more} more"),
    };
    let statuses = response.status.get_or_insert_default();
    match statuses.iter_mut().find(|status| status.status_code == MISSING_INTERNAL_TOPICS) {
        Some(told) => *told = status(MISSING_INTERNAL_TOPICS, format!("{}; {detail}", told.status_detail)),
        None => statuses.push(status(MISSING_INTERNAL_TOPICS, detail)),
    }
}

const FIRST_VERSION_WITH_TAGS: i16 = 1;
/// Hundreds of topics can fail for one reason, and an answer that lists them all is too long to be sent.
const FAILURES_SHOWN_MAX: usize = 3;
