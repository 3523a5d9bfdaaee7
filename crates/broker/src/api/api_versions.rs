//! ApiVersions, key 18, versions 0–5: what this broker serves. Every client's first request.
//!
//! - The response header is version 0 at every version, so that a client can read the answer before it knows
//!   what the broker speaks.
//! - An unknown version is answered in version 0 with UNSUPPORTED_VERSION and our range of this one key
//!   (KIP-511), so that a newer client tries again with a version that both know.
//! - v3: the client names its software; the name is checked, else INVALID_REQUEST.
//! - v4: supported features whose minimum is 0 are listed; older clients cannot read them (KAFKA-17011), and learn of
//!   them by what is finalized.
//! - v5: the client says whom it meant to reach (KIP-1242). Cluster id and node id come together or not at all;
//!   a client that meant another broker learns it by REBOOTSTRAP_REQUIRED.
//!
//! Produce is listed from version 0 although 0–2 are refused, as Apache Kafka does: librdkafka concludes from a
//! higher minimum that the broker cannot do compression or message timestamps.

use super::features::{FEATURES, FEATURES_EPOCH, Feature};
use super::{Api, Context};
use crate::Broker;
use ottla_wire::ApiKey;
use ottla_wire::error_code::ErrorCode;
use ottla_wire::message::api_versions_response::ApiVersion;
use ottla_wire::message::{ApiVersionsRequest, ApiVersionsResponse};
use std::ops::RangeInclusive;

const VERSIONS: RangeInclusive<i16> = 0..=5;

pub(super) fn api() -> Api {
    Api::new(VERSIONS, handle)
}

async fn handle(context: Context, request: ApiVersionsRequest) -> ApiVersionsResponse {
    let error_code = check(&context.broker, context.version, &request);
    if error_code != ErrorCode::NONE {
        return ApiVersionsResponse { error_code, ..Default::default() };
    }
    ApiVersionsResponse {
        error_code,
        api_keys: super::served().map(listed).collect(),
        supported_features: FEATURES
            .iter()
            .filter(|feature| 0 < feature.min || FIRST_VERSION_WITH_ZERO <= context.version)
            .map(Feature::supported)
            .collect(),
        finalized_features_epoch: FEATURES_EPOCH,
        finalized_features: FEATURES.iter().map(Feature::finalized).collect(),
        ..Default::default()
    }
}

fn listed(api: &Api) -> ApiVersion {
    let min_version = if api.key == ApiKey::Produce { 0 } else { *api.versions.start() };
    ApiVersion { api_key: api.key as i16, min_version, max_version: *api.versions.end() }
}

fn check(broker: &Broker, version: i16, request: &ApiVersionsRequest) -> ErrorCode {
    let names_are_legal =
        is_software_name(&request.client_software_name) && is_software_name(&request.client_software_version);
    if version >= 3 && !names_are_legal {
        return ErrorCode::INVALID_REQUEST;
    }
    match (&request.cluster_id, request.node_id) {
        (None, -1) => ErrorCode::NONE,
        (None, _) | (_, -1) => ErrorCode::INVALID_REQUEST,
        (Some(cluster), node) if **cluster == *broker.cluster_id && node == broker.node.0 => ErrorCode::NONE,
        (Some(_), _) => ErrorCode::REBOOTSTRAP_REQUIRED,
    }
}

/// Letters and digits, with dots and dashes between them.
fn is_software_name(name: &str) -> bool {
    let is_inner = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'.';
    let is_outer = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
    is_outer(name.as_bytes().first()) && is_outer(name.as_bytes().last()) && name.bytes().all(is_inner)
}

/// The answer to a version that is not ours, to be written in version 0.
pub(super) fn unsupported_version() -> ApiVersionsResponse {
    ApiVersionsResponse {
        error_code: ErrorCode::UNSUPPORTED_VERSION,
        api_keys: super::served().filter(|api| api.key == ApiKey::ApiVersions).map(listed).collect(),
        ..Default::default()
    }
}

const FIRST_VERSION_WITH_ZERO: i16 = 4;

#[cfg(test)]
mod tests {
    use super::is_software_name;

    #[test]
    fn software_names_follow_kip_511() {
        for legal in ["librdkafka", "apache-kafka-java", "4.4.0", "a"] {
            assert!(is_software_name(legal), "{legal}");
        }
        for illegal in ["", "-kafka", "kafka-", "ka fka", "kafka_1", "."] {
            assert!(!is_software_name(illegal), "{illegal}");
        }
    }
}
