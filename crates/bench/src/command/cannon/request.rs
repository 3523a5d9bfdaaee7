//! Produce requests as bytes, made once: all that changes from one sending to the next is the correlation id.

use crate::command::{Failure, While};
use bytes::Bytes;
use ottla_wire::codec::{Chunk, encode_request};
use ottla_wire::message::produce_request::{PartitionProduceData, TopicProduceData};
use ottla_wire::message::{ApiVersionsRequest, ProduceRequest};
use ottla_wire::{ApiKey, Encoded, Str};
use std::io::IoSlice;
use std::ops::Range;

/// A version that names topics by their names and not by ids that had to be asked for; Kafka 3.8 brought it and 4.4
/// has it.
pub(super) const VERSION: i16 = 11;

/// A request whose first bytes are written anew at each sending.
#[derive(Debug)]
pub(super) struct Request {
    encoded: Encoded,
    head: Head,
}

/// The start of a frame: its length, the key and version of the request, the correlation id.
pub(super) type Head = [u8; 12];

impl Request {
    /// A request with the same batch for each of `partitions`.
    ///
    /// Large batches are not copied, so requests for thousands of partitions have room in memory, and in the cache.
    pub(super) fn produce(
        topic: &str,
        partitions: Range<i32>,
        acks: i16,
        batch: &Bytes,
    ) -> Result<Self, Failure> {
        let partition_data = partitions
            .map(|index| PartitionProduceData { index, records: Some(batch.clone().into()) })
            .collect();
        let topic_data =
            vec![TopicProduceData { name: Str::from(topic), partition_data, ..Default::default() }];
        let request = ProduceRequest { acks, timeout_ms: TIMEOUT_MS, topic_data, ..Default::default() };
        Ok(Self::of(encode_request(Some(CLIENT_ID), 0, &request, VERSION).while_doing("making a request")?))
    }

    /// What asks for nothing but an answer, which comes when everything before it was handled.
    pub(super) fn closing() -> Result<Self, Failure> {
        let version = *ApiKey::ApiVersions.versions().start();
        let request = ApiVersionsRequest::default();
        Ok(Self::of(encode_request(Some(CLIENT_ID), 0, &request, version).while_doing("making a request")?))
    }

    fn of(encoded: Encoded) -> Self {
        let head = chunks(&encoded).next().and_then(|bytes| bytes.first_chunk().copied());
        let head = head.expect("a request starts with its header, and that is longer");
        Self { encoded, head }
    }

    /// Bytes of the frame, its length included.
    pub(super) fn len(&self) -> usize {
        self.encoded.len()
    }

    /// The head with this correlation id.
    pub(super) fn head(&self, correlation_id: i32) -> Head {
        let mut head = self.head;
        head[8..].copy_from_slice(&correlation_id.to_be_bytes());
        head
    }

    /// The frame with this head, without its first `skipped` bytes: as many pieces of it as `slices` has room for.
    /// Returns how many there were.
    pub(super) fn gather<'a>(
        &'a self,
        head: &'a Head,
        mut skipped: usize,
        slices: &mut [IoSlice<'a>],
    ) -> usize {
        let first = chunks(&self.encoded).take(1).map(|bytes| &bytes[head.len()..]);
        let pieces = std::iter::once(&head[..]).chain(first).chain(chunks(&self.encoded).skip(1));
        let left = pieces.filter_map(|piece| {
            let skip = skipped.min(piece.len());
            skipped -= skip;
            (skip < piece.len()).then(|| &piece[skip..])
        });
        slices.iter_mut().zip(left).map(|(slice, piece)| *slice = IoSlice::new(piece)).count()
    }
}

fn chunks(encoded: &Encoded) -> impl Iterator<Item = &[u8]> {
    encoded.chunks().map(|chunk| match chunk {
        Chunk::Bytes(bytes) => bytes,
        Chunk::File(_) => unreachable!("nothing in these requests lies in a file"),
    })
}

const CLIENT_ID: &str = "cannon";
/// How long a broker may take to make a batch durable before it answers with an error.
const TIMEOUT_MS: i32 = 30_000;

#[cfg(test)]
mod tests;
