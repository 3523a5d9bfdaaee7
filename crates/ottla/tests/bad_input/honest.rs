//! An honest client: creates a topic of its own, writes one record and reads it back.

use super::bytes::{Answer, Bytes, CORRELATION, batch};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicU32, Ordering};

pub(crate) const PRODUCE: i16 = 0;
pub(crate) const FETCH: i16 = 1;
pub(crate) const METADATA: i16 = 3;
pub(crate) const API_VERSIONS: i16 = 18;
pub(crate) const CREATE_TOPICS: i16 = 19;

/// Sends a request and returns the body of its answer, without the correlation id.
pub(crate) fn ask(mut stream: &TcpStream, request: &Bytes) -> Answer {
    stream.write_all(&request.framed()).unwrap();
    let mut length = [0; 4];
    stream.read_exact(&mut length).unwrap();
    let mut body = vec![0; usize::try_from(i32::from_be_bytes(length)).unwrap()];
    stream.read_exact(&mut body).unwrap();
    let mut answer = Answer::new(body);
    assert_eq!(answer.i32(), CORRELATION);
    answer
}

/// One round through the broker, on a topic that nobody else uses.
pub(crate) fn write_and_read(stream: &TcpStream) {
    static TOPICS: AtomicU32 = AtomicU32::new(0);
    let topic = format!("honest-{}", TOPICS.fetch_add(1, Ordering::Relaxed));
    assert_eq!(create_topic(stream, &topic), 0);
    let sent = batch(b"kept");
    assert_eq!(produce(stream, &topic, &sent), (0, 0));
    let received = fetch(stream, &topic);
    assert_eq!(received.len(), sent.len());
    // Past base offset, length and leader epoch, which the broker may stamp, the bytes are the producer's.
    assert_eq!(received[16..], sent[16..]);
}

/// The error code for a topic with one partition.
pub(crate) fn create_topic(stream: &TcpStream, topic: &str) -> i16 {
    let request = Bytes::request(CREATE_TOPICS, 2, false)
        .i32(1)
        .text(topic)
        .i32(1)
        .i16(1)
        .i32(0) // assignments
        .i32(0) // configs
        .i32(10_000)
        .i8(0);
    let mut answer = ask(stream, &request);
    assert_eq!((answer.i32(), answer.i32()), (0, 1), "no throttling, one topic");
    assert_eq!(answer.text(), topic);
    answer.i16()
}

/// The error code and the base offset for one batch in partition 0, acknowledged by all.
pub(crate) fn produce(stream: &TcpStream, topic: &str, records: &[u8]) -> (i16, i64) {
    let request = Bytes::request(PRODUCE, 3, false)
        .i16(-1) // no transaction
        .i16(-1)
        .i32(10_000)
        .i32(1)
        .text(topic)
        .i32(1)
        .i32(0)
        .sized(records);
    let mut answer = ask(stream, &request);
    assert_eq!(answer.i32(), 1);
    assert_eq!(answer.text(), topic);
    assert_eq!((answer.i32(), answer.i32()), (1, 0), "one partition, the first");
    (answer.i16(), answer.i64())
}

/// The records of partition 0, from the start.
fn fetch(stream: &TcpStream, topic: &str) -> Vec<u8> {
    let request = Bytes::request(FETCH, 4, false)
        .i32(-1)
        .i32(10_000)
        .i32(1)
        .i32(1_000_000)
        .i8(0)
        .i32(1)
        .text(topic)
        .i32(1)
        .i32(0)
        .i64(0)
        .i32(1_000_000);
    let mut answer = ask(stream, &request);
    assert_eq!((answer.i32(), answer.i32()), (0, 1), "no throttling, one topic");
    assert_eq!(answer.text(), topic);
    assert_eq!((answer.i32(), answer.i32(), answer.i16()), (1, 0, 0), "one partition, the first, no error");
    let (_high_watermark, _last_stable, aborted) = (answer.i64(), answer.i64(), answer.i32());
    assert!(aborted <= 0, "no transaction was aborted");
    answer.sized()
}
