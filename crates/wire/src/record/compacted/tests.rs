//! Batches that are rebuilt say what they said before.

use super::super::{BatchHeader, TimestampType, check_integrity, records};
use super::*;
use ottla_base::{ProducerEpoch, ProducerId};

fn batch(compression: Compression, timestamp_type: TimestampType) -> (BatchHeader, Vec<Record>) {
    let mut builder = BatchBuilder::new(BatchOptions {
        compression,
        base_offset: Offset(40),
        leader_epoch: LeaderEpoch(3),
        producer_id: ProducerId(9),
        producer_epoch: ProducerEpoch(2),
        base_sequence: 17,
        scope: BatchScope::Transactional,
        timestamp_type,
        delete_horizon: None,
    });
    for n in 0..4_u8 {
        let header = super::super::Header::new(vec![n], vec![n; 3]);
        let time = Timestamp(1000 - i64::from(n));
        builder.append(time, Some(&[n]), Some(&[n; 9]), &[header]).unwrap();
    }
    let batch = builder.build();
    let header = check_integrity(&batch).unwrap();
    let found = records(header, &batch).unwrap().collect::<Result<Vec<_>, _>>().unwrap();
    (header, found)
}

#[test]
fn what_is_left_of_a_batch_is_as_it_was() {
    for compression in Compression::ALL {
        for timestamp_type in [TimestampType::CreateTime, TimestampType::LogAppendTime] {
            let (header, found) = batch(compression, timestamp_type);
            let left = [found[1].clone(), found[2].clone()];
            for horizon in [None, Some(Timestamp(5_000_000))] {
                let rebuilt = rebuild(&header, &left, horizon);
                let after = check_integrity(&rebuilt).unwrap();
                assert_eq!(after.delete_horizon(), horizon);
                let read = records(after, &rebuilt).unwrap().collect::<Result<Vec<_>, _>>().unwrap();
                assert_eq!(read, left, "also their timestamps, whatever the base is now");
                let same = BatchHeader {
                    length: after.length,
                    crc: after.crc,
                    attributes: after.attributes,
                    base_timestamp: after.base_timestamp,
                    max_timestamp: after.max_timestamp,
                    record_count: 2,
                    ..header
                };
                assert_eq!(after, same);
                let without_horizon = after.attributes & !super::super::header::DELETE_HORIZON_BIT;
                assert_eq!(without_horizon, header.attributes);
                assert_eq!(after.max_timestamp, read.iter().map(|record| record.timestamp).max().unwrap());
            }
        }
    }
}

#[test]
fn a_batch_without_records_keeps_what_its_header_says() {
    let (header, _) = batch(Compression::Zstd, TimestampType::CreateTime);
    let rebuilt = rebuild(&header, &[], None);
    let after = check_integrity(&rebuilt).unwrap();
    assert_eq!(rebuilt.len(), super::super::HEADER_BYTES);
    assert_eq!((after.last_sequence(), after.producer_epoch), (20, ProducerEpoch(2)));
    assert_eq!((after.base_offset, after.last_offset()), (Offset(40), Offset(43)));
    assert_eq!((after.max_timestamp, after.record_count), (Timestamp(1000), 0));
    assert!(after.is_transactional());
    assert_eq!(after.compression(), Ok(Compression::None), "a client would try to unpack nothing");
    assert_eq!(records(after, &rebuilt).unwrap().count(), 0);
}

#[test]
fn a_placeholder_covers_one_offset() {
    let placeholder = placeholder(Offset(1 << 40), LeaderEpoch(2));
    let header = check_integrity(&placeholder).unwrap();
    assert_eq!((header.base_offset, header.next_offset()), (Offset(1 << 40), Offset((1 << 40) + 1)));
    assert_eq!((header.record_count, header.producer_id), (0, ProducerId::NONE));
    assert_eq!(header.partition_leader_epoch, LeaderEpoch(2));
}
