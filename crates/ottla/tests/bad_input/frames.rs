//! Bytes that are no request: noise, half a frame, lengths and counts that lie.

use super::broker::Broker;
use super::bytes::{Bytes, Noise};
use super::honest::{
    API_VERSIONS, CREATE_TOPICS, FETCH, METADATA, PRODUCE, create_topic, produce, write_and_read,
};
use std::io::Write;

/// The greatest length and count that four bytes can claim.
const MOST: i32 = i32::MAX;

#[test]
fn random_bytes_end_in_a_closed_connection() {
    let mut broker = Broker::start();
    let mut noise = Noise(0x0771_a001);
    for _ in 0..200 {
        let length = usize::try_from(noise.next() % 2_000).unwrap();
        broker.send_and_hang_up(&noise.bytes(length));
    }
    broker.assert_healthy();
}

#[test]
fn a_frame_of_random_bytes_is_closed_by_the_broker_itself() {
    let mut broker = Broker::start();
    let mut noise = Noise(0x0771_a002);
    for _ in 0..100 {
        let length = usize::try_from(noise.next() % 500).unwrap();
        // A key that no API has, so that nothing can be answered by chance.
        let frame = Bytes::default().i16(0x7f00).raw(&noise.bytes(length)).framed();
        broker.assert_closes("a frame of noise", &frame);
    }
    broker.assert_healthy();
}

#[test]
fn a_request_cut_anywhere_is_never_answered() {
    let mut broker = Broker::start();
    let whole = Bytes::request(METADATA, 1, false).i32(0).framed();
    assert!(!broker.send_and_hang_up(&whole).is_empty(), "the whole request is answered");
    for length in 0..whole.len() {
        let answer = broker.send_and_hang_up(&whole[..length]);
        assert!(answer.is_empty(), "the first {length} bytes were answered");
    }
    broker.assert_healthy();
}

#[test]
fn a_frame_shorter_than_its_request_is_closed() {
    let mut broker = Broker::start();
    let request = Bytes::request(METADATA, 1, false).i32(1).text("topic").0;
    for length in 0..request.len() {
        // The length is honest, the request inside is cut.
        let frame = Bytes(request[..length].to_vec()).framed();
        broker.assert_closes(&format!("a frame with {length} bytes of a request"), &frame);
    }
    broker.assert_healthy();
}

#[test]
fn a_length_of_2_gib_or_below_zero_is_closed_at_once() {
    let mut broker = Broker::start();
    for length in [MOST, MOST - 1, 200 * 1024 * 1024, -1, i32::MIN] {
        broker.assert_closes(&format!("a frame of {length} bytes"), &length.to_be_bytes());
    }
    broker.assert_tells("socket.request.max.bytes");
    broker.assert_healthy();
}

/// The two mistakes that people make: a browser, and a client that was told to encrypt.
#[test]
fn other_protocols_are_closed_and_called_by_name() {
    let mut broker = Broker::start();
    broker.assert_closes("HTTP", b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    broker.assert_closes("TLS", &[0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03]);
    for protocol in ["HTTP", "TLS"] {
        broker.assert_tells(&format!("speaks {protocol}"));
    }
    broker.assert_healthy();
}

/// Claims that are within the limit of a frame, but are never filled: each could lock up memory until its
/// connection is closed as idle, ten minutes later.
#[test]
fn frames_that_never_come_lock_nobody_out() {
    let mut broker = Broker::start();
    let claims: Vec<_> = (0..64)
        .map(|_| {
            let mut stream = broker.connect();
            stream.write_all(&(90_i32 * 1024 * 1024).to_be_bytes()).unwrap();
            stream.write_all(&[0; 100]).unwrap();
            stream
        })
        .collect();
    broker.assert_healthy();
    drop(claims);
    broker.assert_healthy();
}

/// Who has shown enough to be given memory and then stops is cut off as soon as others wait for it.
#[test]
fn a_large_request_that_stops_half_way_gives_way() {
    let mut broker = Broker::start();
    let honest = broker.connect();
    assert_eq!(create_topic(&honest, "large"), 0);
    let stalled: Vec<_> = (0..3)
        .map(|_| {
            let mut stream = broker.connect();
            stream.write_all(&(90_i32 * 1024 * 1024).to_be_bytes()).unwrap();
            stream.write_all(&[0; 20 * 1024]).unwrap();
            stream
        })
        .collect();
    let no_batch = vec![0; 100 * 1024];
    let operator_is_told = || broker.log().contains("memory.requests.max.bytes");
    // The first of these may overtake the bytes of the three. One of them then has to wait until they are cut off.
    let is_answered = |_| produce(&honest, "large", &no_batch).0 != 0;
    assert!(
        (0..1_000).take_while(|_| !operator_is_told()).all(is_answered),
        "answered, if only with an error"
    );
    broker.assert_tells("memory.requests.max.bytes");
    drop(stalled);
    broker.assert_healthy();
}

#[test]
fn counts_that_lie_are_closed_without_taking_memory() {
    let mut broker = Broker::start();
    let count_as_varint = [0xff, 0xff, 0xff, 0xff, 0x0f];
    let requests = [
        ("topics of Metadata 1", Bytes::request(METADATA, 1, false).i32(MOST)),
        ("topics of Metadata 12", Bytes::request(METADATA, 12, true).raw(&count_as_varint)),
        ("topics of CreateTopics 2", Bytes::request(CREATE_TOPICS, 2, false).i32(MOST)),
        ("topics of CreateTopics 7", Bytes::request(CREATE_TOPICS, 7, true).raw(&count_as_varint)),
        ("topics of Produce 3", Bytes::request(PRODUCE, 3, false).i16(-1).i16(-1).i32(0).i32(MOST)),
        ("records of Produce 3", head_of_records(MOST)),
        ("topics of Fetch 4", Bytes::request(FETCH, 4, false).i32(-1).i32(0).i32(0).i32(0).i8(0).i32(MOST)),
        (
            "tags of ApiVersions 3",
            Bytes::request(API_VERSIONS, 3, true).raw(&[2, b'a', 2, b'1']).raw(&count_as_varint),
        ),
        ("a varint of ten bytes", Bytes::request(METADATA, 12, true).raw(&[0xff; 10])),
        ("a client id of 32767 bytes", Bytes::default().i16(METADATA).i16(1).i32(0).i16(i16::MAX)),
    ];
    for (what, request) in &requests {
        for _ in 0..20 {
            broker.assert_closes(what, &request.framed());
        }
    }
    broker.assert_healthy();
}

fn head_of_records(length: i32) -> Bytes {
    let head = Bytes::request(PRODUCE, 3, false).i16(-1).i16(-1).i32(0);
    head.i32(1).text("topic").i32(1).i32(0).i32(length)
}

#[test]
fn one_connection_that_misbehaves_does_not_touch_another() {
    let mut broker = Broker::start();
    let honest = broker.connect();
    write_and_read(&honest);
    broker.assert_closes("noise", &Bytes::default().i16(0x7f00).framed());
    write_and_read(&honest);
    broker.assert_healthy();
}
