use super::*;
use bytes::Bytes;
use ottla_wire::codec::{Message, decode_response_header, encode_request};
use ottla_wire::message::fetch_request::{FetchPartition, FetchTopic};
use ottla_wire::message::{FetchRequest, FetchResponse};
use ottla_wire::{ErrorCode, Reader};

fn request(partitions: i32) -> Vec<u8> {
    let part = |partition| FetchPartition {
        partition,
        fetch_offset: 77,
        partition_max_bytes: 5000,
        ..Default::default()
    };
    let partitions = (3..3 + partitions).map(part).collect();
    let topics = vec![FetchTopic { topic: "topic".into(), partitions, ..Default::default() }];
    let request = FetchRequest { max_bytes: 4000, topics, ..Default::default() };
    let frame = encode_request(Some("me"), 8, &request, FETCH_VERSION).unwrap();
    frame.into_bytes().unwrap()[4..].to_vec()
}

#[test]
fn a_request_for_one_partition_is_read_and_no_other() {
    let frame = request(1);
    let fetch = Fetch::read(&frame).unwrap();
    let expected = (8, &b"topic"[..], 3, 77, 4000);
    let Fetch { correlation_id, topic, partition, offset, bytes_max } = fetch;
    assert_eq!((correlation_id, &frame[topic], partition, offset, bytes_max), expected);
    // The forgotten topics and the rack at its end are of no interest.
    for length in 0..frame.len() - 6 {
        assert_eq!(Fetch::read(&frame[..length]), Err(Malformed), "{length}");
    }
    assert_eq!(Fetch::read(&request(2)), Err(Malformed));
}

#[test]
fn a_client_reads_what_was_meant() {
    let request = request(1);
    let fetch = Fetch::read(&request).unwrap();
    let found = Found { place: 10..16, end: 900, error: ErrorCode::NONE };
    let mut frame = Vec::new();
    fetch.write_answer(&request, &found, &mut frame);
    frame.extend_from_slice(b"batch!");
    assert_eq!(frame[..4], u32::try_from(frame.len() - 4).unwrap().to_be_bytes());
    let mut reader = Reader::new(Bytes::from(frame).slice(4..));
    assert_eq!(decode_response_header(&mut reader, ApiKey::Fetch, FETCH_VERSION).unwrap().correlation_id, 8);
    let response = FetchResponse::decode(&mut reader, FETCH_VERSION).unwrap();
    let partition = &response.responses[0].partitions[0];
    assert_eq!((&*response.responses[0].topic, partition.partition_index), ("topic", 3));
    assert_eq!((partition.high_watermark, partition.log_start_offset), (900, 0));
    assert_eq!(&partition.records.as_ref().unwrap().to_bytes().unwrap()[..], b"batch!");
    assert_eq!(reader.remaining(), 0);
}
