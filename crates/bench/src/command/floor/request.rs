//! Reads requests where they lie: the header of any, and the whole of a produce request.

use crate::cursor::{Cursor, Form, Malformed};
use std::ops::Range;

/// Versions of Produce that name topics.
pub(super) const VERSIONS: std::ops::RangeInclusive<i16> = 3..=12;
/// From this one on lengths are varints.
const FLEXIBLE_FROM: i16 = 9;

/// What every request begins with. The client's name is of no interest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) key: i16,
    pub(super) version: i16,
    pub(super) correlation_id: i32,
}

/// A produce request, but for its batches.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Produce {
    /// Whether it wants an answer.
    pub(super) is_answered: bool,
    /// Where the topic's name lies in the frame.
    pub(super) topic: Range<usize>,
}

/// How a version of Produce writes lengths.
pub(super) fn form(version: i16) -> Form {
    if version < FLEXIBLE_FROM { Form::Classic } else { Form::Flexible }
}

/// Reads the start of a frame.
pub(super) fn header(frame: &[u8]) -> Result<Header, Malformed> {
    let mut cursor = Cursor::new(frame);
    Ok(Header { key: cursor.i16()?, version: cursor.i16()?, correlation_id: cursor.i32()? })
}

/// Reads a produce request for one topic, and tells of each of its partitions and where its records lie in the frame.
pub(super) fn produce(
    frame: &[u8],
    header: &Header,
    mut each: impl FnMut(i32, Range<usize>),
) -> Result<Produce, Malformed> {
    if !VERSIONS.contains(&header.version) {
        return Err(Malformed);
    }
    let form = form(header.version);
    let mut cursor = Cursor::new(frame);
    cursor.take(8)?;
    // The client's name has its old form in all versions of the header.
    cursor.text(Form::Classic)?;
    cursor.tags(form)?;
    let _transactional_id = cursor.text(form)?;
    let is_answered = cursor.i16()? != 0;
    let _timeout_ms = cursor.i32()?;
    if cursor.length(form)? != Some(1) {
        return Err(Malformed);
    }
    let topic = cursor.text(form)?;
    for _ in 0..cursor.length(form)?.unwrap_or(0) {
        let partition = cursor.i32()?;
        let length = cursor.length(form)?.unwrap_or(0);
        each(partition, cursor.take(length)?);
        cursor.tags(form)?;
    }
    cursor.tags(form)?;
    cursor.tags(form)?;
    Ok(Produce { is_answered, topic })
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use ottla_wire::codec::encode_request;
    use ottla_wire::message::ProduceRequest;
    use ottla_wire::message::produce_request::{PartitionProduceData, TopicProduceData};

    #[test]
    fn every_version_is_read_and_none_that_is_cut_short() {
        for version in VERSIONS {
            let part = |index| PartitionProduceData {
                index,
                records: Some(Bytes::from(format!("records {index}")).into()),
            };
            let partition_data = vec![part(7), part(8)];
            let topic = TopicProduceData { name: "topic".into(), partition_data, ..Default::default() };
            let request = ProduceRequest { acks: -1, topic_data: vec![topic], ..Default::default() };
            let frame = encode_request(Some("me"), 5, &request, version).unwrap().into_bytes().unwrap();
            let frame = &frame[4..];
            let header = header(frame).unwrap();
            assert_eq!(header, Header { key: 0, version, correlation_id: 5 });
            let mut found = Vec::new();
            let read = produce(frame, &header, |partition, place| found.push((partition, &frame[place])));
            let read = read.unwrap();
            assert!(read.is_answered && &frame[read.topic] == b"topic", "{version}");
            assert_eq!(found, [(7, &b"records 7"[..]), (8, b"records 8")], "{version}");
            for length in 0..frame.len() {
                assert_eq!(
                    produce(&frame[..length], &header, |_, _| {}),
                    Err(Malformed),
                    "{version} {length}"
                );
            }
        }
    }
}
