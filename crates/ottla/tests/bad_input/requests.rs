//! Requests that can be read but not granted: the right error code, or a closed connection where Kafka has none.

use super::broker::Broker;
use super::bytes::{Bytes, Noise, batch};
use super::honest::{API_VERSIONS, METADATA, ask, create_topic, produce};
use std::io::Write;
use std::net::TcpStream;

const CORRUPT_MESSAGE: i16 = 2;
const INVALID_TOPIC: i16 = 17;
const UNSUPPORTED_VERSION: i16 = 35;

#[test]
fn an_unknown_key_and_an_unknown_version_are_closed() {
    let mut broker = Broker::start();
    for key in [-1, 4, 95, 999, i16::MAX, i16::MIN] {
        broker.assert_closes(&format!("key {key}"), &Bytes::request(key, 0, false).framed());
    }
    for version in [-1, 0, 99, i16::MAX, i16::MIN] {
        let request = Bytes::request(METADATA, version, false).i32(0);
        if version != 0 {
            broker.assert_closes(&format!("Metadata {version}"), &request.framed());
        }
    }
    broker.assert_healthy();
}

/// A client from the future must be able to fall back on the same connection.
#[test]
fn an_unknown_version_of_api_versions_is_answered_in_version_0() {
    let mut broker = Broker::start();
    let stream = broker.connect();
    for version in [99, i16::MAX, -1] {
        let mut answer = ask(&stream, &Bytes::request(API_VERSIONS, version, true).raw(&[9; 40]));
        assert_eq!(answer.i16(), UNSUPPORTED_VERSION);
        assert_eq!(answer.i32(), 1, "only what the client needs to try again");
        assert_eq!((answer.i16(), answer.i16()), (API_VERSIONS, 0));
        assert!(answer.i16() >= 4, "the newest version that is served");
        assert!(answer.is_empty(), "version 0 has no more fields");
    }
    assert!(!served(&stream).is_empty());
    broker.assert_healthy();
}

#[test]
fn a_batch_with_a_wrong_checksum_is_refused_and_not_kept() {
    let mut broker = Broker::start();
    let stream = broker.connect();
    assert_eq!(create_topic(&stream, "checked"), 0);
    let sound = batch(b"value");
    for at in [21, 30, sound.len() - 2] {
        let mut damaged = sound.clone();
        damaged[at] ^= 0x10;
        assert_eq!(produce(&stream, "checked", &damaged).0, CORRUPT_MESSAGE, "byte {at} was damaged");
    }
    assert_eq!(produce(&stream, "checked", &sound), (0, 0), "the first record that is kept");
    broker.assert_healthy();
}

#[test]
fn batches_that_lie_about_themselves_are_refused() {
    let mut broker = Broker::start();
    let stream = broker.connect();
    assert_eq!(create_topic(&stream, "shaped"), 0);
    let sound = batch(b"value");
    let lengths = [0, 1, 48, i32::MAX, -1, i32::MIN];
    for length in lengths {
        let mut lying = sound.clone();
        lying[8..12].copy_from_slice(&length.to_be_bytes());
        assert_ne!(produce(&stream, "shaped", &lying).0, 0, "a batch length of {length}");
    }
    for cut in 0..sound.len() {
        assert_ne!(produce(&stream, "shaped", &sound[..cut]).0, 0, "the first {cut} bytes of a batch");
    }
    let mut noise = Noise(0x0771_a003);
    for _ in 0..200 {
        let length = usize::try_from(noise.next() % 300).unwrap();
        assert_ne!(produce(&stream, "shaped", &noise.bytes(length)).0, 0, "noise for records");
    }
    assert_eq!(produce(&stream, "shaped", &sound), (0, 0), "the first record that is kept");
    broker.assert_healthy();
}

#[test]
fn an_illegal_topic_name_is_refused_with_its_code() {
    let mut broker = Broker::start();
    let stream = broker.connect();
    let long = "n".repeat(250);
    for name in ["", ".", "..", "a b", "a/b", "../../etc", "ä", "a\0b", "a\nb", long.as_str()] {
        assert_eq!(create_topic(&stream, name), INVALID_TOPIC, "{name:?}");
        assert_eq!(metadata(&stream, name), INVALID_TOPIC, "{name:?}");
    }
    assert_eq!(create_topic(&stream, &long[..249]), 0, "the longest legal name");
    broker.assert_healthy();
}

/// The error code of one topic in Metadata, which may create it.
fn metadata(stream: &TcpStream, topic: &str) -> i16 {
    let mut answer = ask(stream, &Bytes::request(METADATA, 1, false).i32(1).text(topic));
    for _ in 0..answer.i32() {
        let (_node, _host, _port, rack) = (answer.i32(), answer.text(), answer.i32(), answer.i16());
        assert_eq!(rack, -1, "no rack is set");
    }
    let (_controller, topics) = (answer.i32(), answer.i32());
    assert_eq!(topics, 1);
    answer.i16()
}

/// Every API at every version with bodies of noise: whatever becomes of them, the broker stays.
#[test]
fn noise_in_the_body_of_any_request_does_no_harm() {
    let mut broker = Broker::start();
    let mut noise = Noise(0x0771_a004);
    for (key, least, most) in served(&broker.connect()) {
        for version in least..=most {
            let mut frames = Vec::new();
            for _ in 0..4 {
                let length = usize::try_from(noise.next() % 120).unwrap();
                frames.push(Bytes::request(key, version, true).raw(&noise.bytes(length)).framed());
            }
            for frame in frames {
                // Not waited for: noise may by chance ask the broker to wait.
                let _ = broker.connect().write_all(&frame);
            }
        }
    }
    broker.assert_healthy();
}

/// Keys with their least and greatest version, from ApiVersions 0.
fn served(stream: &TcpStream) -> Vec<(i16, i16, i16)> {
    let mut answer = ask(stream, &Bytes::request(API_VERSIONS, 0, false));
    assert_eq!(answer.i16(), 0);
    (0..answer.i32()).map(|_| (answer.i16(), answer.i16(), answer.i16())).collect()
}
