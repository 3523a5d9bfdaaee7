//! Requests from bytes, responses to bytes.

use crate::Operation;
use bytes::Bytes;
use ottla_wire::codec::{Reader, Request, Response, decode_request_header, encode_request, encode_response};
use ottla_wire::message::fetch_request::{FetchPartition, FetchTopic};
use ottla_wire::message::fetch_response::{FetchableTopicResponse, PartitionData};
use ottla_wire::message::produce_request::{PartitionProduceData, TopicProduceData};
use ottla_wire::message::produce_response::{PartitionProduceResponse, TopicProduceResponse};
use ottla_wire::message::{FetchRequest, FetchResponse, ProduceRequest, ProduceResponse};
use ottla_wire::record::Records;
use std::hint::black_box;

pub(super) fn operations() -> Vec<Operation> {
    vec![
        decoding("decode a produce request of 1 partition", &produce_request(1), PRODUCE_VERSION),
        decoding("decode a produce request of 16 partitions", &produce_request(16), PRODUCE_VERSION),
        encoding("encode a produce response of 1 partition", produce_response(1), PRODUCE_VERSION),
        decoding("decode a fetch request of 1 partition", &fetch_request(1), FETCH_VERSION),
        decoding("decode a fetch request of 16 partitions", &fetch_request(16), FETCH_VERSION),
        encoding("encode a fetch response of 1 partition", fetch_response(1), FETCH_VERSION),
    ]
}

/// With the header, as a connection does it.
fn decoding<R: Request + 'static>(name: &'static str, request: &R, version: i16) -> Operation {
    let encoded =
        encode_request(Some("producer-1"), 7, request, version).expect("the version has all fields");
    let frame = encoded.into_bytes().expect("nothing lies in a file").slice(4..);
    Operation::new(name, move || {
        let mut body = Reader::new(frame.clone());
        black_box(decode_request_header(&mut body).expect("it was encoded above"));
        black_box(R::decode(&mut body, version).expect("it was encoded above"));
    })
}

fn encoding<R: Response + 'static>(name: &'static str, response: R, version: i16) -> Operation {
    Operation::new(name, move || {
        black_box(encode_response(7, &response, version).expect("the version has all fields"));
    })
}

fn produce_request(partitions: i32) -> ProduceRequest {
    let records = || Some(Records::from(Bytes::from(vec![0; 4096])));
    let partition_data =
        (0..partitions).map(|index| PartitionProduceData { index, records: records() }).collect();
    let topic = TopicProduceData { name: "orders".into(), partition_data, ..Default::default() };
    ProduceRequest { acks: -1, timeout_ms: 30_000, topic_data: vec![topic], ..Default::default() }
}

fn produce_response(partitions: i32) -> ProduceResponse {
    let answer = |index| PartitionProduceResponse { index, base_offset: 1_000_000, ..Default::default() };
    let partition_responses = (0..partitions).map(answer).collect();
    let topic = TopicProduceResponse { name: "orders".into(), partition_responses, ..Default::default() };
    ProduceResponse { responses: vec![topic], ..Default::default() }
}

fn fetch_request(partitions: i32) -> FetchRequest {
    let wanted = |partition| FetchPartition { partition, fetch_offset: 1_000_000, ..Default::default() };
    let topic = FetchTopic { partitions: (0..partitions).map(wanted).collect(), ..Default::default() };
    FetchRequest { max_wait_ms: 500, min_bytes: 1, topics: vec![topic], ..Default::default() }
}

fn fetch_response(partitions: i32) -> FetchResponse {
    let data = |partition_index| PartitionData {
        partition_index,
        high_watermark: 1_000_000,
        records: Some(Records::from(Bytes::from(vec![0; 4096]))),
        ..Default::default()
    };
    let partitions = (0..partitions).map(data).collect();
    FetchResponse {
        responses: vec![FetchableTopicResponse { partitions, ..Default::default() }],
        ..Default::default()
    }
}

/// The last one that names topics by name.
const PRODUCE_VERSION: i16 = 12;
const FETCH_VERSION: i16 = 17;
