//! Answers to what clients ask before they produce: which versions there are, and which partitions. Asked once, so
//! `ottla_wire` reads and writes it.

use super::request::VERSIONS;
use bytes::Bytes;
use ottla_wire::codec::{Message, decode_request_header, encode_response};
use ottla_wire::message::api_versions_response::ApiVersion;
use ottla_wire::message::metadata_response::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use ottla_wire::message::{ApiVersionsResponse, MetadataRequest, MetadataResponse};
use ottla_wire::{ApiKey, ErrorCode, Reader, Str};
use std::net::SocketAddr;

/// The answer to a request, if it is one that the floor knows.
pub(super) fn answer(frame: Bytes, address: SocketAddr, partitions: u32) -> Option<Vec<u8>> {
    let mut reader = Reader::new(frame);
    let header = decode_request_header(&mut reader).ok()?;
    let (id, version) = (header.correlation_id, header.request_api_version);
    let encoded = match ApiKey::try_from(header.request_api_key) {
        Ok(key @ ApiKey::ApiVersions) if key.versions().contains(&version) => {
            encode_response(id, &versions(), version)
        }
        Ok(ApiKey::ApiVersions) => {
            let refusal = ApiVersionsResponse { error_code: ErrorCode::UNSUPPORTED_VERSION, ..versions() };
            encode_response(id, &refusal, 0)
        }
        Ok(ApiKey::Metadata) => {
            let request = MetadataRequest::decode(&mut reader, version).ok()?;
            encode_response(id, &metadata(&request, address, partitions), version)
        }
        _ => return None,
    };
    encoded.ok()?.into_bytes().ok().map(Vec::from)
}

fn versions() -> ApiVersionsResponse {
    let served = |key: ApiKey, versions: std::ops::RangeInclusive<i16>| ApiVersion {
        api_key: key as i16,
        min_version: *versions.start(),
        max_version: *versions.end(),
    };
    let api_keys = vec![
        served(ApiKey::Produce, VERSIONS),
        served(ApiKey::Metadata, ApiKey::Metadata.versions()),
        served(ApiKey::ApiVersions, ApiKey::ApiVersions.versions()),
    ];
    ApiVersionsResponse { api_keys, ..Default::default() }
}

/// Whatever topic is asked for is there.
fn metadata(request: &MetadataRequest, address: SocketAddr, partitions: u32) -> MetadataResponse {
    let node_id = 1;
    let host = Str::from(address.ip().to_string().as_str());
    let broker = MetadataResponseBroker { node_id, host, port: address.port().into(), rack: None };
    let partition = |partition_index| MetadataResponsePartition {
        partition_index,
        leader_id: node_id,
        leader_epoch: 0,
        replica_nodes: vec![node_id],
        isr_nodes: vec![node_id],
        ..Default::default()
    };
    let partitions: Vec<_> = (0..).take(partitions as usize).map(partition).collect();
    let topics = request.topics.iter().flatten().map(|topic| MetadataResponseTopic {
        name: topic.name.clone(),
        topic_id: topic.topic_id,
        partitions: partitions.clone(),
        ..Default::default()
    });
    MetadataResponse {
        topics: topics.collect(),
        brokers: vec![broker],
        controller_id: node_id,
        cluster_id: Some("floor".into()),
        ..Default::default()
    }
}
