//! UnregisterController, key 94, version 0: forgets a controller that is gone for good (KIP-1312).
//!
//! The only controller is this broker. It is the quorum's voter, and no voter can be forgotten: INVALID_REQUEST. Every other
//! id is CONTROLLER_ID_NOT_REGISTERED.

use super::refused::Refused;
use super::{Api, Context};
use ottla_wire::error_code::ErrorCode;
use ottla_wire::message::{UnregisterControllerRequest, UnregisterControllerResponse};
use std::ops::RangeInclusive;

const VERSIONS: RangeInclusive<i16> = 0..=0;

pub(super) fn api() -> Api {
    Api::new(VERSIONS, handle)
}

async fn handle(context: Context, request: UnregisterControllerRequest) -> UnregisterControllerResponse {
    let node = context.broker.node.0;
    let outcome = match request.controller_id {
        id if id == node => Err(Refused::request(format!(
            "controller {id} is the one that answers and the quorum's only voter: it cannot be forgotten"
        ))),
        id => Err(Refused::new(
            ErrorCode::CONTROLLER_ID_NOT_REGISTERED,
            format!("there is no controller {id}: the only one is {node}"),
        )),
    };
    let (error_code, error_message) = Refused::fields(outcome);
    UnregisterControllerResponse { error_code, error_message, ..Default::default() }
}
