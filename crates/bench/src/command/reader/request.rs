//! The fetch request as bytes, made once: what changes is the correlation id, the partition and the offset.

use crate::client::FETCH_VERSION;
use crate::command::{Failure, While};
use ottla_wire::codec::encode_request;
use ottla_wire::message::FetchRequest;
use ottla_wire::message::fetch_request::{FetchPartition, FetchTopic};

/// A frame that asks for one partition of a topic.
#[derive(Clone, Debug)]
pub(super) struct Request {
    frame: Vec<u8>,
}

impl Request {
    /// Asks for up to `response_bytes` of `topic`.
    pub(super) fn new(topic: &str, response_bytes: i32) -> Result<Self, Failure> {
        let partition = FetchPartition { partition_max_bytes: response_bytes, ..Default::default() };
        let topics =
            vec![FetchTopic { topic: topic.into(), partitions: vec![partition], ..Default::default() }];
        let request = FetchRequest {
            max_wait_ms: MAX_WAIT_MS,
            min_bytes: 1,
            max_bytes: response_bytes,
            topics,
            ..Default::default()
        };
        let encoded = encode_request(Some("reader"), 0, &request, FETCH_VERSION);
        let frame = encoded.while_doing("making a request")?.into_bytes().while_doing("making a request")?;
        Ok(Self { frame: frame.to_vec() })
    }

    /// The frame for this turn.
    pub(super) fn aimed(&mut self, correlation_id: i32, partition: i32, offset: i64) -> &[u8] {
        let end = self.frame.len();
        self.frame[8..12].copy_from_slice(&correlation_id.to_be_bytes());
        self.frame[end - PARTITION_BEFORE_END..][..4].copy_from_slice(&partition.to_be_bytes());
        self.frame[end - OFFSET_BEFORE_END..][..8].copy_from_slice(&offset.to_be_bytes());
        &self.frame
    }
}

/// Behind the offset come the start of the log (8), the partition's limit (4), no forgotten topic (4), no rack (2).
const OFFSET_BEFORE_END: usize = 8 + 8 + 4 + 4 + 2;
/// Between the partition and its offset stands the leader's epoch (4).
const PARTITION_BEFORE_END: usize = 4 + 4 + OFFSET_BEFORE_END;
/// Only a broker that has nothing waits, and this reader asks nobody who has nothing.
const MAX_WAIT_MS: i32 = 500;

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use ottla_wire::Reader;
    use ottla_wire::codec::{Message, decode_request_header};

    #[test]
    fn a_broker_reads_what_was_meant() {
        let mut request = Request::new("topic", 1 << 20).unwrap();
        for (id, partition, offset) in [(1, 7, 1 << 40), (2, 9999, 0)] {
            let frame = Bytes::copy_from_slice(&request.aimed(id, partition, offset)[4..]);
            let mut reader = Reader::new(frame);
            assert_eq!(decode_request_header(&mut reader).unwrap().correlation_id, id);
            let read = FetchRequest::decode(&mut reader, FETCH_VERSION).unwrap();
            let part = &read.topics[0].partitions[0];
            assert_eq!((part.partition, part.fetch_offset), (partition, offset));
            assert_eq!((read.max_bytes, part.partition_max_bytes), (1 << 20, 1 << 20));
            assert_eq!((read.session_epoch, part.current_leader_epoch, reader.remaining()), (-1, -1, 0));
        }
    }
}
