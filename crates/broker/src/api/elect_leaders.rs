//! ElectLeaders, key 43, versions 0–2: gives partitions their preferred leader, or with an unclean election any.
//!
//! The one broker is everybody's only replica, so a partition that exists has its preferred leader: ELECTION_NOT_NEEDED.
//! One that could not be read when the data directory was opened has nobody who could lead it:
//! PREFERRED_LEADER_NOT_AVAILABLE, or ELIGIBLE_LEADERS_NOT_AVAILABLE where an unclean election is asked for.
//!
//! - Null asks for all partitions. Then every topic is in the answer, but only partitions that need a leader.
//! - v1+: the kind of election; one that does not exist is INVALID_REQUEST, for each partition and in general, unless
//!   nobody is to be elected. v0 has preferred elections only, and no general code.

use super::refused::Refused;
use super::{Api, Context};
use crate::Broker;
use crate::image::Topic;
use ottla_wire::error_code::ErrorCode;
use ottla_wire::message::elect_leaders_response::{PartitionResult, ReplicaElectionResult};
use ottla_wire::message::{ElectLeadersRequest, ElectLeadersResponse};
use std::ops::RangeInclusive;

const VERSIONS: RangeInclusive<i16> = 0..=2;

pub(super) fn api() -> Api {
    Api::new(VERSIONS, handle)
}

#[derive(Clone, Copy)]
enum Election {
    Preferred,
    Unclean,
}

async fn handle(context: Context, request: ElectLeadersRequest) -> ElectLeadersResponse {
    if request.topic_partitions.as_ref().is_some_and(Vec::is_empty) {
        return ElectLeadersResponse::default();
    }
    let election = match request.election_type {
        0 => Ok(Election::Preferred),
        1 => Ok(Election::Unclean),
        other => {
            let message = format!("there is no election of type {other}: 0 is preferred, 1 is unclean");
            Err(Refused::request(message))
        }
    };
    let broker = &context.broker;
    let error_code = election.as_ref().map_or_else(|refused| refused.code, |_| ErrorCode::NONE);
    let replica_election_results = match (request.topic_partitions, election) {
        (None, Err(_)) => Vec::new(),
        (None, Ok(election)) => {
            broker.image.topics().iter().map(|topic| all(broker, topic, election)).collect()
        }
        (Some(asked), election) => {
            let topics = asked.into_iter().map(|asked| {
                let partition = |index: &i32| {
                    let refused = election.clone().map_or_else(
                        |refused| refused,
                        |election| elect(broker, &asked.topic, *index, election),
                    );
                    result(*index, refused)
                };
                let partition_result = asked.partitions.iter().map(partition).collect();
                ReplicaElectionResult { topic: asked.topic, partition_result }
            });
            topics.collect()
        }
    };
    ElectLeadersResponse { error_code, replica_election_results, ..Default::default() }
}

/// The partitions of a topic that have no leader.
fn all(broker: &Broker, topic: &Topic, election: Election) -> ReplicaElectionResult {
    let outcome = |index| result(index, elect(broker, topic.name.as_str(), index, election));
    let is_needed = |result: &PartitionResult| result.error_code != ErrorCode::ELECTION_NOT_NEEDED;
    let partition_result = (0..topic.partitions).map(outcome).filter(is_needed).collect();
    ReplicaElectionResult { topic: topic.name.as_str().into(), partition_result }
}

/// Why there is no election.
fn elect(broker: &Broker, topic: &str, index: i32, election: Election) -> Refused {
    let Some(found) = broker.image.topic(topic) else { return Refused::unknown_topic(topic) };
    let Some(id) = found.partition(index) else { return Refused::unknown_partition(topic, index) };
    if broker.log.offsets(id).is_ok() {
        return Refused::new(
            ErrorCode::ELECTION_NOT_NEEDED,
            format!("broker {} leads the partition already and is its only replica", broker.node.0),
        );
    }
    let code = match election {
        Election::Preferred => ErrorCode::PREFERRED_LEADER_NOT_AVAILABLE,
        Election::Unclean => ErrorCode::ELIGIBLE_LEADERS_NOT_AVAILABLE,
    };
    Refused::new(
        code,
        "the only replica could not be read when the broker started: see its log for the cause",
    )
}

fn result(partition_id: i32, refused: Refused) -> PartitionResult {
    let Refused { code, message } = refused;
    PartitionResult { partition_id, error_code: code, error_message: Some(message.into()) }
}

#[cfg(test)]
mod tests;
