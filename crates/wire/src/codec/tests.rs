//! Tests of reader, writer and frames. Every message is tested in `tests/messages`.

use super::*;
use crate::message::{
    ApiVersionsRequest, ApiVersionsResponse, FetchResponse, GetTelemetrySubscriptionsResponse,
    MetadataRequest, PushTelemetryRequest, RequestHeader, SaslAuthenticateResponse, fetch_response,
};
use crate::record::{FileRegion, Records, Region};
use crate::{ErrorCode, Str};
use bytes::Bytes;
use std::io::Write as _;
use std::sync::Arc;

fn reader(bytes: &'static [u8]) -> Reader {
    Reader::new(Bytes::from_static(bytes))
}

/// The chunks of an answer as text: memory as its length, files as `@position+length`.
fn outline(encoded: &Encoded) -> Vec<String> {
    let chunk = |chunk| match chunk {
        Chunk::Bytes(bytes) => bytes.len().to_string(),
        Chunk::File(region) => format!("@{}+{}", region.position, region.length),
    };
    encoded.chunks().map(chunk).collect()
}

fn fetched(records: Records) -> FetchResponse {
    let partition = fetch_response::PartitionData { records: Some(records), ..Default::default() };
    let topic = fetch_response::FetchableTopicResponse { partitions: vec![partition], ..Default::default() };
    FetchResponse { responses: vec![topic], ..Default::default() }
}

#[test]
fn the_first_request_of_a_client_is_read() {
    // ApiVersions version 3, correlation 7, client id "c", software "lib" "1.0".
    let mut r = reader(b"\0\x12\0\x03\0\0\0\x07\0\x01c\0\x04lib\x041.0\0");
    let header = decode_request_header(&mut r).unwrap();
    let expected = RequestHeader {
        request_api_key: 18,
        request_api_version: 3,
        correlation_id: 7,
        client_id: Some(Str::from("c")),
    };
    assert_eq!(header, expected);
    let request = ApiVersionsRequest::decode(&mut r, header.request_api_version).unwrap();
    assert_eq!(
        (request.client_software_name.as_str(), request.client_software_version.as_str()),
        ("lib", "1.0")
    );
    assert_eq!(r.remaining(), 0);
}

#[test]
fn headers_of_unknown_keys_and_future_versions_are_read() {
    let mut r = reader(b"\x03\xe8\0\0\0\0\0\x09\xff\xffrest");
    let header = decode_request_header(&mut r).unwrap();
    assert_eq!((header.request_api_key, header.correlation_id, header.client_id), (1000, 9, None));
    assert_eq!(r.rest(), "rest");
    // ApiVersions version 99 is flexible: its header ends with tagged fields.
    let mut r = reader(b"\0\x12\0\x63\0\0\0\x09\xff\xff\x01\x05\x01!rest");
    assert_eq!(decode_request_header(&mut r).unwrap().request_api_version, 99);
    assert_eq!(r.rest(), "rest");
}

#[test]
fn the_answer_to_api_versions_never_has_a_flexible_header() {
    let response = ApiVersionsResponse { error_code: ErrorCode::UNSUPPORTED_VERSION, ..Default::default() };
    for version in ApiVersionsResponse::VERSIONS {
        let frame = encode_response(5, &response, version).unwrap().into_bytes().unwrap();
        assert_eq!(frame[4..10], [0, 0, 0, 5, 0, 35], "version {version}");
    }
    let other = encode_response(5, &SaslAuthenticateResponse::default(), 2).unwrap().into_bytes().unwrap();
    assert_eq!(other[4..11], [0, 0, 0, 5, 0, 0, 0], "a flexible header has tagged fields");
}

#[test]
fn a_frame_starts_with_its_length_and_is_read_back() {
    let request = MetadataRequest { topics: None, ..Default::default() };
    for version in MetadataRequest::VERSIONS.skip(1) {
        let frame = encode_request(Some("me"), 3, &request, version).unwrap().into_bytes().unwrap();
        assert_eq!(frame[..4], (frame.len() as i32 - 4).to_be_bytes());
        let mut r = Reader::new(frame.slice(4..));
        let header = decode_request_header(&mut r).unwrap();
        assert_eq!((header.client_id.as_deref(), header.correlation_id), (Some("me"), 3));
        assert_eq!(MetadataRequest::decode(&mut r, version), Ok(request.clone()));
        assert_eq!(r.remaining(), 0);
    }
}

#[test]
fn large_records_are_shared_and_small_ones_copied() {
    let large = Bytes::from(vec![1; 4096]);
    let encoded = encode_response(1, &fetched(Records::from(large.clone())), 12).unwrap();
    let shared = encoded.chunks().any(|chunk| match chunk {
        Chunk::Bytes(bytes) => bytes.as_ptr() == large.as_ptr(),
        Chunk::File(_) => false,
    });
    assert!(shared, "{:?}", outline(&encoded));
    let encoded = encode_response(1, &fetched(Records::from(Bytes::from(vec![1; 100]))), 12).unwrap();
    assert_eq!(outline(&encoded), [encoded.len().to_string()]);
}

#[test]
fn regions_keep_their_order_and_count_in_all_lengths() {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&[b'.'; 5000]).unwrap();
    file.write_all(b"from the file").unwrap();
    let in_file = FileRegion { file: Arc::new(file), position: 5000, length: 13 };
    let records: Records =
        [Region::Bytes(Bytes::from(vec![7; 2000])), Region::File(in_file.clone()), Region::File(in_file)]
            .into_iter()
            .collect();
    let response = fetched(records);
    for version in FetchResponse::VERSIONS {
        let encoded = encode_response(1, &response, version).unwrap();
        let outline = outline(&encoded);
        assert_eq!(outline[1..4], ["2000", "@5000+13", "@5000+13"], "version {version}");
        let length = encoded.len();
        let bytes = encoded.into_bytes().unwrap();
        assert_eq!(bytes.len(), length);
        assert_eq!(bytes[..4], (length as i32 - 4).to_be_bytes());
        let mut r = Reader::new(bytes.slice(4..));
        decode_response_header(&mut r, ApiKey::Fetch, version).unwrap();
        let read = FetchResponse::decode(&mut r, version).unwrap();
        assert_eq!(r.remaining(), 0);
        let records = read.responses[0].partitions[0].records.as_ref().unwrap().to_bytes().unwrap();
        assert_eq!(records[2000..], *b"from the filefrom the file");
    }
}

#[test]
fn a_buffer_is_used_again() {
    let mut w = Writer::with_buffer(Vec::with_capacity(1000));
    w.i32(5);
    let buffer = w.finish().into_buffer();
    assert_eq!(buffer.capacity(), 1000);
    let w = Writer::with_buffer(buffer);
    assert!(w.is_empty());
}

#[test]
fn a_value_that_the_version_cannot_carry_is_refused_by_name() {
    let request = MetadataRequest { allow_auto_topic_creation: false, ..Default::default() };
    let error = request.encode(&mut Writer::new(), 3).unwrap_err();
    assert_eq!((error.problem(), error.field()), (EncodeProblem::Absent, "AllowAutoTopicCreation"));
    let request = MetadataRequest { topics: None, ..Default::default() };
    let error = request.encode(&mut Writer::new(), 0).unwrap_err();
    assert_eq!(error.to_string(), "MetadataRequest.Topics version 0: is null, and this version allows none");
    let header = RequestHeader { client_id: Some(Str::from("x".repeat(32_768))), ..Default::default() };
    for version in RequestHeader::VERSIONS {
        let error = header.encode(&mut Writer::new(), version).unwrap_err();
        assert_eq!(error.problem(), EncodeProblem::Long { length: 32_768 });
    }
}

/// Reads a request that starts with one byte of compact length, and tells what is wrong.
fn problem(body: &'static [u8]) -> DecodeProblem {
    ApiVersionsRequest::decode(&mut reader(body), 3).expect_err("the bytes are wrong").problem()
}

#[test]
fn what_is_wrong_is_told_apart() {
    assert_eq!(problem(b"\x00"), DecodeProblem::Null);
    assert_eq!(problem(b"\x05abc"), DecodeProblem::Short { needed: 4, left: 3 });
    assert_eq!(problem(b"\x02\xff"), DecodeProblem::Utf8);
    assert_eq!(problem(b"\xff\xff\xff\xff\x1f"), DecodeProblem::Varint);
    assert_eq!(problem(b"\xff\xff\xff\xff\x8f\x00"), DecodeProblem::Varint);
    assert_eq!(problem(b"\x81\x80\x02"), DecodeProblem::Long { length: 32_768 });
    // Tagged fields: two in the wrong order, the same twice, one too long, too many.
    assert_eq!(problem(b"\x01\x01\x02\x05\x00\x04\x00"), DecodeProblem::TagOrder);
    assert_eq!(problem(b"\x01\x01\x02\x05\x00\x05\x00"), DecodeProblem::TagOrder);
    assert_eq!(problem(b"\x01\x01\x01\x05\x02!"), DecodeProblem::Short { needed: 2, left: 1 });
    assert_eq!(problem(b"\x01\x01\x91\x4e"), DecodeProblem::Tags { count: 10_001 });
    let place = ApiVersionsRequest::decode(&mut reader(b"\x02a\x05abc"), 3).unwrap_err();
    assert_eq!(
        place.to_string(),
        "ApiVersionsRequest.ClientSoftwareVersion version 3, byte 3: 4 bytes needed, 3 left"
    );
}

#[test]
fn a_known_tagged_field_must_fill_its_size() {
    // ApiVersions response version 3: tag 1 is an int64; here with a size of nine and of seven bytes.
    let long = b"\0\0\x01\0\0\0\0\x01\x01\x09\0\0\0\0\0\0\0\x01\0";
    let error = ApiVersionsResponse::decode(&mut reader(long), 3).unwrap_err();
    assert_eq!(error.problem(), DecodeProblem::TagSize);
    let short = b"\0\0\x01\0\0\0\0\x01\x01\x07\0\0\0\0\0\0\x01\x00";
    let error = ApiVersionsResponse::decode(&mut reader(short), 3).unwrap_err();
    assert_eq!(error.problem(), DecodeProblem::Short { needed: 8, left: 7 });
    let right = b"\0\0\x01\0\0\0\0\x01\x01\x08\0\0\0\0\0\0\0\x01";
    let response = ApiVersionsResponse::decode(&mut reader(right), 3).unwrap();
    assert_eq!(response.finalized_features_epoch, 1);
}

#[test]
fn an_array_of_too_many_elements_is_refused_although_its_bytes_are_there() {
    // The answer to GetTelemetrySubscriptions begins with 26 bytes and an array of int8.
    let answer = |count: u32| {
        let mut w = Writer::new();
        w.tag_count(count + 1);
        let mut body = vec![0; 26];
        body.extend(w.finish().into_bytes().unwrap());
        body.resize(body.len() + count as usize + 20, 0);
        GetTelemetrySubscriptionsResponse::decode(&mut Reader::new(Bytes::from(body)), 0)
    };
    let error = answer(1_000_001).unwrap_err();
    assert_eq!(error.problem(), DecodeProblem::Elements { count: 1_000_001 });
    // With one fewer the array is read; what fails is the text array after it, a null.
    let error = answer(1_000_000).unwrap_err();
    assert_eq!(error.field(), "RequestedMetrics");
}

#[test]
fn bytes_of_a_frame_are_not_copied() {
    let metrics = Bytes::from(vec![9; 3000]);
    let request = PushTelemetryRequest { metrics: metrics.clone(), ..Default::default() };
    let encoded = encode_request(None, 1, &request, 0).unwrap();
    assert_eq!(outline(&encoded)[1], "3000");
    let frame = encoded.into_bytes().unwrap();
    let mut r = Reader::new(frame.slice(4..));
    decode_request_header(&mut r).unwrap();
    let read = PushTelemetryRequest::decode(&mut r, 0).unwrap();
    assert!(frame.as_ptr_range().contains(&read.metrics.as_ptr()));
}

#[test]
fn every_key_is_found_by_its_number() {
    assert_eq!(ApiKey::ALL.len(), 91);
    for key in ApiKey::ALL {
        assert_eq!(ApiKey::try_from(key as i16), Ok(key));
        assert!(key.stable_versions().end() <= key.versions().end());
    }
    for retired in [-1, 4, 5, 6, 7, 95, i16::MAX] {
        assert_eq!(ApiKey::try_from(retired), Err(retired));
    }
    assert_eq!((ApiKey::Vote as i16, ApiKey::Vote.name()), (52, "Vote"));
    assert_eq!(ApiKey::ListConfigResources as i16, 74);
    assert_eq!(ApiKey::UnregisterController as i16, 94);
}

#[test]
fn only_one_version_is_unstable() {
    let unstable = ApiKey::ALL.into_iter().filter(|key| key.stable_versions() != key.versions());
    assert_eq!(unstable.collect::<Vec<_>>(), [ApiKey::InitProducerId]);
    assert_eq!(ApiKey::InitProducerId.stable_versions(), 0..=5);
}
