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
        // Not true: who fetches is hung up on. librdkafka writes today's batches only for brokers that also serve them.
        served(ApiKey::Fetch, ApiKey::Fetch.versions()),
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

#[cfg(test)]
mod tests {
    use super::*;
    use ottla_wire::codec::{Request, decode_response_header, encode_request};
    use ottla_wire::message::metadata_request::MetadataRequestTopic;
    use ottla_wire::message::{ApiVersionsRequest, FetchRequest};

    /// What a client reads in `version` when it has asked in `asked`.
    fn ask<R: Request>(request: &R, asked: i16, version: i16) -> Option<R::Response> {
        let frame = encode_request(Some("me"), 6, request, asked).unwrap().into_bytes().unwrap();
        let answer = answer(frame.slice(4..), ([127, 0, 0, 1], 77).into(), 3)?;
        let mut reader = Reader::new(Bytes::from(answer).slice(4..));
        assert_eq!(decode_response_header(&mut reader, R::KEY, version).unwrap().correlation_id, 6);
        Some(R::Response::decode(&mut reader, version).unwrap())
    }

    #[test]
    fn clients_of_every_version_find_the_partitions() {
        for version in ApiKey::Metadata.versions() {
            let topic = MetadataRequestTopic { name: Some("t".into()), ..Default::default() };
            let request = MetadataRequest { topics: Some(vec![topic]), ..Default::default() };
            let found = ask(&request, version, version).unwrap();
            assert_eq!((&*found.brokers[0].host, found.brokers[0].port), ("127.0.0.1", 77));
            assert_eq!((found.topics[0].name.as_deref(), found.topics[0].partitions.len()), (Some("t"), 3));
        }
    }

    #[test]
    fn produce_is_offered_with_what_librdkafka_wants_beside_it_and_nothing_else_is_served() {
        for version in ApiKey::ApiVersions.versions() {
            let found = ask(&ApiVersionsRequest::default(), version, version).unwrap();
            let offered = |key| found.api_keys.iter().any(|api| api.api_key == key as i16);
            assert!(offered(ApiKey::Produce) && offered(ApiKey::Fetch), "{version}");
        }
        assert!(ask(&FetchRequest::default(), 4, 4).is_none());
    }
}
