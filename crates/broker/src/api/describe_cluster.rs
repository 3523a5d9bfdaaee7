//! DescribeCluster, key 60, versions 0–2.
//!
//! - v1+: `endpoint_type` 1 asks for brokers. 2 asks for controllers, of which a broker's listener knows nothing:
//!   MISMATCHED_ENDPOINT_TYPE; any other is UNSUPPORTED_ENDPOINT_TYPE.
//! - The advertised address is this connection's, as in Metadata.

use super::{Api, Context};
use ottla_wire::error_code::ErrorCode;
use ottla_wire::message::describe_cluster_response::DescribeClusterBroker;
use ottla_wire::message::{DescribeClusterRequest, DescribeClusterResponse};
use std::ops::RangeInclusive;

const VERSIONS: RangeInclusive<i16> = 0..=2;

pub(super) fn api() -> Api {
    Api::new(VERSIONS, handle)
}

async fn handle(context: Context, request: DescribeClusterRequest) -> DescribeClusterResponse {
    let refused = |code, message: &'static str| DescribeClusterResponse {
        error_code: code,
        error_message: Some(message.into()),
        ..Default::default()
    };
    match request.endpoint_type {
        BROKERS => {}
        CONTROLLERS => {
            return refused(
                ErrorCode::MISMATCHED_ENDPOINT_TYPE,
                "this is a broker's listener and there are no controllers: ask for brokers",
            );
        }
        _ => {
            return refused(
                ErrorCode::UNSUPPORTED_ENDPOINT_TYPE,
                "endpoint types are 1 (brokers) and 2 (controllers)",
            );
        }
    }
    let broker = &context.broker;
    let endpoint = broker.advertised.to(&context.peer);
    DescribeClusterResponse {
        endpoint_type: request.endpoint_type,
        cluster_id: broker.cluster_id.clone(),
        controller_id: broker.node.0,
        brokers: vec![DescribeClusterBroker {
            broker_id: broker.node.0,
            host: endpoint.host.into(),
            port: i32::from(endpoint.port),
            rack: broker.rack.clone(),
            ..Default::default()
        }],
        cluster_authorized_operations: if request.include_cluster_authorized_operations {
            super::metadata::CLUSTER_OPERATIONS
        } else {
            super::metadata::NOT_ASKED_FOR
        },
        ..Default::default()
    }
}

const BROKERS: i8 = 1;
const CONTROLLERS: i8 = 2;
