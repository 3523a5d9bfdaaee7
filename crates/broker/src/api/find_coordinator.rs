//! FindCoordinator, key 10, versions 0–6: which broker looks after a group or a transactional id. It is this one.
//!
//! - v0: groups only. v1+: key type 1, transactional ids. v4+: many keys in one request (KIP-699).
//! - v6: key type 2, share-partition state, which only brokers ask for. Ottla keeps that state itself and refuses
//!   with INVALID_REQUEST, as Apache Kafka does where share groups are switched off; an unknown type, too.
//! - Never COORDINATOR_NOT_AVAILABLE: there is no internal topic that had to be created first.

use super::{Api, Context};
use crate::advertised::Endpoint;
use ottla_wire::Str;
use ottla_wire::error_code::ErrorCode;
use ottla_wire::message::find_coordinator_response::Coordinator;
use ottla_wire::message::{FindCoordinatorRequest, FindCoordinatorResponse};
use std::ops::RangeInclusive;

const VERSIONS: RangeInclusive<i16> = 0..=6;

pub(super) fn api() -> Api {
    Api::new(VERSIONS, handle)
}

async fn handle(context: Context, request: FindCoordinatorRequest) -> FindCoordinatorResponse {
    let found = match request.key_type {
        GROUP | TRANSACTION => Ok(context.broker.advertised.to(&context.peer)),
        _ => Err(ErrorCode::INVALID_REQUEST),
    };
    let node = context.broker.node.0;
    if context.version < FIRST_VERSION_WITH_MANY {
        let Coordinator { node_id, host, port, error_code, error_message, .. } =
            answer(Str::default(), node, &found);
        return FindCoordinatorResponse {
            error_code,
            error_message,
            node_id,
            host,
            port,
            ..Default::default()
        };
    }
    let coordinators = request.coordinator_keys.into_iter().map(|key| answer(key, node, &found)).collect();
    FindCoordinatorResponse { coordinators, ..Default::default() }
}

fn answer(key: Str, node_id: i32, found: &Result<Endpoint, ErrorCode>) -> Coordinator {
    match found {
        Ok(Endpoint { host, port }) => Coordinator {
            key,
            node_id,
            host: Str::from(host),
            port: i32::from(*port),
            error_code: ErrorCode::NONE,
            // Kafka sends an empty text, not null, and some client may count on it.
            error_message: Some(Str::default()),
        },
        Err(error_code) => Coordinator {
            key,
            node_id: NO_NODE,
            host: Str::default(),
            port: NO_NODE,
            error_code: *error_code,
            error_message: Some(Str::from_static(
                "only groups (0) and transactional ids (1) have a coordinator here",
            )),
        },
    }
}

const FIRST_VERSION_WITH_MANY: i16 = 4;
const GROUP: i8 = 0;
const TRANSACTION: i8 = 1;
const NO_NODE: i32 = -1;
