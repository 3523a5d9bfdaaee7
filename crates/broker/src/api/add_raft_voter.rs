//! AddRaftVoter, key 80, versions 0–1: lets another controller into the quorum that keeps the metadata.
//!
//! The quorum is this broker, and nobody else can join it: UNSUPPORTED_VERSION, as Apache Kafka says where
//! `kraft.version` is 0. Before that, in its order: INCONSISTENT_CLUSTER_ID if another cluster is meant, INVALID_REQUEST
//! without a voter's id, its directory's id and an address, DUPLICATE_VOTER for this broker's own id. v1+: whether the
//! answer waits for the change, of which there is none.

use super::refused::Refused;
use super::{Api, Context};
use crate::Broker;
use ottla_wire::Str;
use ottla_wire::error_code::ErrorCode;
use ottla_wire::message::{AddRaftVoterRequest, AddRaftVoterResponse};
use std::ops::RangeInclusive;
use uuid::Uuid;

const VERSIONS: RangeInclusive<i16> = 0..=1;

pub(super) fn api() -> Api {
    Api::new(VERSIONS, handle)
}

async fn handle(context: Context, request: AddRaftVoterRequest) -> AddRaftVoterResponse {
    let (error_code, error_message) = Refused::fields(add(&context.broker, &request));
    AddRaftVoterResponse { error_code, error_message, ..Default::default() }
}

fn add(broker: &Broker, request: &AddRaftVoterRequest) -> Result<(), Refused> {
    let node = broker.node.0;
    check_cluster(broker, request.cluster_id.as_ref())?;
    check_voter(request.voter_id, request.voter_directory_id)?;
    if request.listeners.is_empty() {
        return Err(Refused::request("the voter has no address: name its listener for controllers"));
    }
    Err(match request.voter_id == node {
        true => Refused::new(
            ErrorCode::DUPLICATE_VOTER,
            format!("{node} is this broker, the quorum's only voter"),
        ),
        false => Refused::new(
            ErrorCode::UNSUPPORTED_VERSION,
            format!("the quorum is broker {node} alone, and no other can join it"),
        ),
    })
}

/// Whoever names no cluster means this one.
pub(super) fn check_cluster(broker: &Broker, meant: Option<&Str>) -> Result<(), Refused> {
    match meant {
        Some(meant) if *meant != broker.cluster_id => Err(Refused::new(
            ErrorCode::INCONSISTENT_CLUSTER_ID,
            format!("this is the cluster {}, not {meant}", broker.cluster_id),
        )),
        _ => Ok(()),
    }
}

pub(super) fn check_voter(id: i32, directory: Uuid) -> Result<(), Refused> {
    match (id, directory.is_nil()) {
        (0.., false) => Ok(()),
        (0.., true) => {
            Err(Refused::request("the voter's directory has no id: give the one of its meta.properties"))
        }
        _ => Err(Refused::request(format!("{id} is no id of a voter: give 0 or more"))),
    }
}
