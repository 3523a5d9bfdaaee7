//! RemoveRaftVoter, key 81, version 0: takes a controller out of the quorum that keeps the metadata.
//!
//! A voter is its id and its directory's id. The quorum's only voter is this broker, whose directory has none, so that
//! nobody is meant: VOTER_NOT_FOUND. Before that, INCONSISTENT_CLUSTER_ID if another cluster is meant and INVALID_REQUEST
//! without both ids.

use super::add_raft_voter::{check_cluster, check_voter};
use super::refused::Refused;
use super::{Api, Context};
use crate::Broker;
use ottla_wire::error_code::ErrorCode;
use ottla_wire::message::{RemoveRaftVoterRequest, RemoveRaftVoterResponse};
use std::ops::RangeInclusive;

const VERSIONS: RangeInclusive<i16> = 0..=0;

pub(super) fn api() -> Api {
    Api::new(VERSIONS, handle)
}

async fn handle(context: Context, request: RemoveRaftVoterRequest) -> RemoveRaftVoterResponse {
    let (error_code, error_message) = Refused::fields(find(&context.broker, &request));
    RemoveRaftVoterResponse { error_code, error_message, ..Default::default() }
}

fn find(broker: &Broker, request: &RemoveRaftVoterRequest) -> Result<(), Refused> {
    check_cluster(broker, request.cluster_id.as_ref())?;
    check_voter(request.voter_id, request.voter_directory_id)?;
    Err(Refused::new(
        ErrorCode::VOTER_NOT_FOUND,
        format!(
            "the quorum has no voter {} with that directory: it is broker {} alone, whose directory has no id",
            request.voter_id, broker.node.0
        ),
    ))
}
