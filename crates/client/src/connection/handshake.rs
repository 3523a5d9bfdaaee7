//! Which versions the other side speaks.

use super::Inner;
use crate::error::CallError;
use bytes::{Buf, Bytes};
use ottla_wire::codec::{Message, Request, decode_response_header};
use ottla_wire::message::{ApiVersionsRequest, ApiVersionsResponse};
use ottla_wire::{ApiKey, DecodeError, ErrorCode, Reader};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;

/// First and last version of every API that the broker offers, and the features that its cluster has switched on.
#[derive(Clone, Debug, Default)]
pub(super) struct Versions {
    apis: BTreeMap<i16, (i16, i16)>,
    features: BTreeMap<String, i16>,
}

impl Versions {
    pub(super) fn common(&self, api: ApiKey, ours: RangeInclusive<i16>) -> Option<i16> {
        let (first, last) = *self.apis.get(&(api as i16))?;
        let highest = last.min(*ours.end());
        (first.max(*ours.start()) <= highest).then_some(highest)
    }

    pub(super) fn all(&self) -> Vec<(i16, (i16, i16))> {
        self.apis.iter().map(|(key, range)| (*key, *range)).collect()
    }

    pub(super) fn feature(&self, name: &str) -> Option<i16> {
        self.features.get(name).copied()
    }
}

/// Asks with our highest version; a broker that does not know it answers in version 0 with the highest that it does.
pub(super) async fn versions(inner: &Inner) -> Result<Versions, CallError> {
    let request = ApiVersionsRequest {
        client_software_name: "ottla".into(),
        client_software_version: env!("CARGO_PKG_VERSION").into(),
        ..ApiVersionsRequest::default()
    };
    let highest = *ApiVersionsRequest::VERSIONS.end();
    let response = match ask(inner, &request, highest).await? {
        response if response.error_code == ErrorCode::UNSUPPORTED_VERSION => {
            let theirs = response.api_keys.iter().find(|api| api.api_key == ApiKey::ApiVersions as i16);
            // Brokers before 2.4 do not even say which; version 0 is understood by all.
            ask(inner, &request, theirs.map_or(0, |api| api.max_version.clamp(0, highest))).await?
        }
        response => response,
    };
    if response.error_code != ErrorCode::NONE {
        let reason = format!("it refused the handshake: {}", response.error_code.name());
        return Err(inner.closed(reason.into()));
    }
    let range = |api: &ottla_wire::message::api_versions_response::ApiVersion| {
        (api.api_key, (api.min_version, api.max_version))
    };
    let level = |feature: &ottla_wire::message::api_versions_response::FinalizedFeatureKey| {
        (feature.name.to_string(), feature.max_version_level)
    };
    Ok(Versions {
        apis: response.api_keys.iter().map(range).collect(),
        features: response.finalized_features.iter().map(level).collect(),
    })
}

async fn ask(
    inner: &Inner,
    request: &ApiVersionsRequest,
    version: i16,
) -> Result<ApiVersionsResponse, CallError> {
    let (correlation, frame) = inner.encode(request, version)?;
    let body = inner.exchange(ApiVersionsRequest::KEY, correlation, frame, inner.request_timeout).await?;
    decode(body, version).map_err(|source| {
        inner.pipe.close("it sent a malformed answer");
        CallError::Malformed { address: Arc::clone(&inner.address), api: ApiKey::ApiVersions, source }
    })
}

fn decode(body: Bytes, version: i16) -> Result<ApiVersionsResponse, DecodeError> {
    // The error code follows the correlation id in every version.
    let code = body.get(4..6).map(|mut bytes| bytes.get_i16());
    let version = if code == Some(ErrorCode::UNSUPPORTED_VERSION.0) { 0 } else { version };
    let mut reader = Reader::new(body);
    decode_response_header(&mut reader, ApiKey::ApiVersions, version)?;
    ApiVersionsResponse::decode(&mut reader, version)
}
