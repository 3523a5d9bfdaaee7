//! UnregisterBroker, key 64, version 0: takes a broker that is gone for good out of the cluster.
//!
//! The only broker is the one that is asked, and whoever answers is not gone: INVALID_REQUEST. Apache Kafka forgets a broker
//! that still runs. Every other id is BROKER_ID_NOT_REGISTERED.

use super::refused::Refused;
use super::{Api, Context};
use ottla_wire::error_code::ErrorCode;
use ottla_wire::message::{UnregisterBrokerRequest, UnregisterBrokerResponse};
use std::ops::RangeInclusive;

const VERSIONS: RangeInclusive<i16> = 0..=0;

pub(super) fn api() -> Api {
    Api::new(VERSIONS, handle)
}

async fn handle(context: Context, request: UnregisterBrokerRequest) -> UnregisterBrokerResponse {
    let node = context.broker.node.0;
    let outcome = match request.broker_id {
        id if id == node => Err(Refused::request(format!(
            "broker {id} is the one that answers: stop it, and the cluster is gone with it"
        ))),
        id => Err(Refused::new(
            ErrorCode::BROKER_ID_NOT_REGISTERED,
            format!("there is no broker {id}: the only one is {node}"),
        )),
    };
    let (error_code, error_message) = Refused::fields(outcome);
    UnregisterBrokerResponse { error_code, error_message, ..Default::default() }
}
