//! Batches: made, read, checked, patched; against another implementation; against hostile bytes.

mod codecs;
mod differential;
mod header;
mod hostile;
mod reading;
mod usual;
mod walk;

use super::*;
use bytes::Bytes;
use ottla_base::{Offset, Timestamp};
use proptest::prelude::*;

/// What goes into a batch, without offset.
#[derive(Clone, Debug)]
pub(super) struct Input {
    timestamp: Timestamp,
    key: Option<Vec<u8>>,
    value: Option<Vec<u8>>,
    headers: Vec<(String, Option<Vec<u8>>)>,
}

impl Input {
    fn headers(&self) -> Vec<Header> {
        let header = |(key, value): &(String, Option<Vec<u8>>)| Header {
            key: Bytes::from(key.clone()),
            value: value.clone().map(Bytes::from),
        };
        self.headers.iter().map(header).collect()
    }

    fn record(&self, offset: Offset) -> Record {
        Record {
            offset,
            timestamp: self.timestamp,
            key: self.key.clone().map(Bytes::from),
            value: self.value.clone().map(Bytes::from),
            headers: self.headers(),
        }
    }
}

pub(super) fn inputs() -> impl Strategy<Value = Vec<Input>> {
    let bytes = || prop::option::of(prop::collection::vec(any::<u8>(), 0..60));
    let headers = prop::collection::vec(("[a-zA-Zäß]{0,6}", bytes()), 0..4);
    let timestamps = prop_oneof![Just(-1i64), 0..4_000_000_000_000i64];
    let input = (timestamps, bytes(), bytes(), headers).prop_map(|(timestamp, key, value, headers)| Input {
        timestamp: Timestamp(timestamp),
        key,
        value,
        headers,
    });
    prop::collection::vec(input, 1..40)
}

pub(super) fn codec() -> impl Strategy<Value = Compression> {
    prop::sample::select(Compression::ALL.to_vec())
}

pub(super) fn build(options: BatchOptions, inputs: &[Input]) -> Bytes {
    let mut builder = BatchBuilder::new(options);
    for input in inputs {
        let (key, value) = (input.key.as_deref(), input.value.as_deref());
        builder.append(input.timestamp, key, value, &input.headers()).expect("it fits");
    }
    builder.build()
}

/// A batch of `count` records with the values `0`, `1`, … and timestamps 1000, 1001, ….
pub(super) fn counted(options: BatchOptions, count: i64) -> Bytes {
    let input = |n: i64| Input {
        timestamp: Timestamp(1000 + n),
        key: Some(b"k".to_vec()),
        value: Some(n.to_string().into_bytes()),
        headers: Vec::new(),
    };
    build(options, &(0..count).map(input).collect::<Vec<_>>())
}

pub(super) fn read(batch: &Bytes) -> Result<Vec<Record>, BatchError> {
    records(BatchHeader::parse(batch)?, batch)?.collect()
}

/// A batch whose uncompressed block is `block`, with that many records announced and a good checksum.
pub(super) fn batch_of(block: &[u8], record_count: i32) -> Bytes {
    let mut batch = counted(BatchOptions::default(), 1)[..HEADER_BYTES].to_vec();
    batch.extend_from_slice(block);
    let length = i32::try_from(batch.len()).unwrap() - 12;
    batch[8..12].copy_from_slice(&length.to_be_bytes());
    batch[23..27].copy_from_slice(&(record_count - 1).to_be_bytes());
    batch[57..61].copy_from_slice(&record_count.to_be_bytes());
    crate::record::header::set_crc(&mut batch);
    batch.into()
}
