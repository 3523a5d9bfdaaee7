//! AlterPartitionReassignments, key 45, versions 0–1: gives partitions other replicas.
//!
//! On one broker there is one right answer, `[this broker]`, and every partition has it: it succeeds and changes nothing.
//! Anything else is INVALID_REPLICA_ASSIGNMENT, and so there is never a reassignment that null could cancel:
//! NO_REASSIGNMENT_IN_PROGRESS. v1+: whether the number of replicas may change, which it cannot.

use super::refused::Refused;
use super::{Api, Context, assignment};
use crate::Broker;
use ottla_wire::error_code::ErrorCode;
use ottla_wire::message::alter_partition_reassignments_request::ReassignablePartition;
use ottla_wire::message::alter_partition_reassignments_response::{
    ReassignablePartitionResponse, ReassignableTopicResponse,
};
use ottla_wire::message::{AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse};
use std::ops::RangeInclusive;

const VERSIONS: RangeInclusive<i16> = 0..=1;

pub(super) fn api() -> Api {
    Api::new(VERSIONS, handle)
}

async fn handle(
    context: Context,
    request: AlterPartitionReassignmentsRequest,
) -> AlterPartitionReassignmentsResponse {
    if request.topics.is_empty() {
        // Apache Kafka does not look at the rest of it.
        return AlterPartitionReassignmentsResponse::default();
    }
    let responses = request.topics.into_iter().map(|topic| {
        let partition = |wanted: &ReassignablePartition| {
            let outcome = reassign(&context.broker, &topic.name, wanted);
            let (error_code, error_message) = Refused::fields(outcome);
            ReassignablePartitionResponse {
                partition_index: wanted.partition_index,
                error_code,
                error_message,
            }
        };
        let partitions = topic.partitions.iter().map(partition).collect();
        ReassignableTopicResponse { name: topic.name, partitions }
    });
    AlterPartitionReassignmentsResponse {
        allow_replication_factor_change: request.allow_replication_factor_change,
        error_message: None,
        responses: responses.collect(),
        ..Default::default()
    }
}

fn reassign(broker: &Broker, topic: &str, wanted: &ReassignablePartition) -> Result<(), Refused> {
    let index = wanted.partition_index;
    let found = broker.image.topic(topic).ok_or_else(|| Refused::unknown_topic(topic))?;
    found.partition(index).ok_or_else(|| Refused::unknown_partition(topic, index))?;
    match &wanted.replicas {
        Some(replicas) => assignment::check(replicas, broker.node),
        None => Err(Refused::new(
            ErrorCode::NO_REASSIGNMENT_IN_PROGRESS,
            "the partition is not moving, so there is nothing to cancel",
        )),
    }
}
