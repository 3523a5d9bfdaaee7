//! Our batches against the `kafka-protocol` crate, which shares no line with us, in both directions.

use super::*;
use kafka_protocol::protocol::StrBytes;
use kafka_protocol::records as theirs;
use ottla_base::{ProducerEpoch, ProducerId};

fn their_codec(codec: Compression) -> theirs::Compression {
    match codec {
        Compression::None => theirs::Compression::None,
        Compression::Gzip => theirs::Compression::Gzip,
        Compression::Snappy => theirs::Compression::Snappy,
        Compression::Lz4 => theirs::Compression::Lz4,
        Compression::Zstd => theirs::Compression::Zstd,
    }
}

/// They keep headers in a map, so that a header key must not come twice.
fn without_duplicates(mut inputs: Vec<Input>) -> Vec<Input> {
    for input in &mut inputs {
        input.headers.sort();
        input.headers.dedup_by(|a, b| a.0 == b.0);
    }
    inputs
}

fn their_record(input: &Input, offset: i64) -> theirs::Record {
    let header = |(key, value): &(String, Option<Vec<u8>>)| {
        (StrBytes::from_string(key.clone()), value.clone().map(Bytes::from))
    };
    theirs::Record {
        transactional: false,
        control: false,
        delete_horizon: false,
        partition_leader_epoch: -1,
        producer_id: 4,
        producer_epoch: 2,
        timestamp_type: theirs::TimestampType::Creation,
        offset,
        sequence: i32::try_from(offset).unwrap(),
        timestamp: input.timestamp.0,
        key: input.key.clone().map(Bytes::from),
        value: input.value.clone().map(Bytes::from),
        headers: input.headers.iter().map(header).collect(),
    }
}

proptest! {
    #[test]
    fn they_read_what_we_write(codec in codec(), inputs in inputs()) {
        let inputs = without_duplicates(inputs);
        let options = BatchOptions {
            compression: codec,
            producer_id: ProducerId(4),
            producer_epoch: ProducerEpoch(2),
            base_sequence: 0,
            ..BatchOptions::default()
        };
        let mut batch = build(options, &inputs);
        let set = theirs::RecordBatchDecoder::decode(&mut batch).unwrap();
        let expected: Vec<_> = inputs.iter().zip(0..).map(|(input, offset)| their_record(input, offset)).collect();
        prop_assert_eq!(set.compression, their_codec(codec));
        prop_assert_eq!(set.records, expected);
    }

    #[test]
    fn we_read_what_they_write(codec in codec(), inputs in inputs()) {
        let inputs = without_duplicates(inputs);
        let records: Vec<_> = inputs.iter().zip(0..).map(|(input, offset)| their_record(input, offset)).collect();
        let mut written = bytes::BytesMut::new();
        let options = theirs::RecordEncodeOptions { version: 2, compression: their_codec(codec) };
        theirs::RecordBatchEncoder::encode(&mut written, &records, &options).unwrap();
        let mut read_back = Vec::new();
        for batch in batches(&written.freeze()) {
            let (header, batch) = batch.unwrap();
            prop_assert_eq!(validate(&batch), Ok(header));
            prop_assert_eq!(header.producer_id, ProducerId(4));
            read_back.extend(read(&batch).unwrap());
        }
        let expected: Vec<_> = inputs.iter().zip(0..).map(|(input, offset)| input.record(Offset(offset))).collect();
        prop_assert_eq!(read_back, expected);
    }
}
