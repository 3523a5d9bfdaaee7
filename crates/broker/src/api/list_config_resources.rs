//! ListConfigResources, key 74, versions 0–1: what has settings.
//!
//! v0 asks for subscriptions of client metrics, of which there are none here. v1+ names types; an empty list asks for
//! all: TOPIC and BROKER and BROKER_LOGGER list what exists, GROUP the groups that something is set on. A type that
//! does not exist is UNSUPPORTED_VERSION, as in Apache Kafka.

use super::resource::{BROKER, BROKER_LOGGER, CLIENT_METRICS, GROUP, TOPIC};
use super::{Api, Context};
use ottla_wire::Str;
use ottla_wire::error_code::ErrorCode;
use ottla_wire::message::list_config_resources_response::ConfigResource;
use ottla_wire::message::{ListConfigResourcesRequest, ListConfigResourcesResponse};
use std::ops::RangeInclusive;

const VERSIONS: RangeInclusive<i16> = 0..=1;
const TYPES: [i8; 5] = [TOPIC, BROKER, BROKER_LOGGER, CLIENT_METRICS, GROUP];

pub(super) fn api() -> Api {
    Api::new(VERSIONS, handle)
}

async fn handle(context: Context, request: ListConfigResourcesRequest) -> ListConfigResourcesResponse {
    let types = match request.resource_types {
        asked if asked.is_empty() && context.version == 0 => vec![CLIENT_METRICS],
        asked if asked.is_empty() => TYPES.to_vec(),
        asked => asked,
    };
    if types.iter().any(|asked| !TYPES.contains(asked)) {
        return ListConfigResourcesResponse {
            error_code: ErrorCode::UNSUPPORTED_VERSION,
            ..Default::default()
        };
    }
    let listed = |kind: &&i8| types.contains(*kind);
    let config_resources = TYPES.iter().filter(listed).flat_map(|kind| resources(&context, *kind)).collect();
    ListConfigResourcesResponse { config_resources, ..Default::default() }
}

fn resources(context: &Context, kind: i8) -> Vec<ConfigResource> {
    let broker = &context.broker;
    let names: Vec<Str> = match kind {
        TOPIC => broker.image.topics().iter().map(|topic| topic.name.as_str().into()).collect(),
        BROKER | BROKER_LOGGER => vec![broker.node.0.to_string().into()],
        GROUP => broker.configs.groups().into_iter().map(Str::from).collect(),
        _ => Vec::new(),
    };
    names.into_iter().map(|resource_name| ConfigResource { resource_name, resource_type: kind }).collect()
}
