//! The rules of reference 4.5.

use super::*;
use crate::testing::{Bench, bench};
use bytes::Bytes;
use ottla_base::{PartitionId, ProducerEpoch, ProducerId};
use ottla_storage::Append;
use ottla_wire::record::{BatchBuilder, BatchOptions, BatchScope};

const AT: i64 = 1_700_000_000_000;

fn batch(options: BatchOptions, timestamps: &[i64]) -> Bytes {
    let mut builder = BatchBuilder::new(options);
    for timestamp in timestamps {
        builder.append(Timestamp(*timestamp), Some(b"k"), Some(b"v"), &[]).expect("a small record fits");
    }
    builder.build()
}

fn in_transaction(timestamps: &[i64]) -> Bytes {
    let options = BatchOptions {
        producer_id: ProducerId(5),
        producer_epoch: ProducerEpoch(0),
        base_sequence: 0,
        scope: BatchScope::Transactional,
        ..BatchOptions::default()
    };
    batch(options, timestamps)
}

async fn append(bench: &Bench, batch: Bytes) -> PartitionId {
    let id = bench.broker.image.topic("t").and_then(|topic| topic.partition(0)).expect("it was created");
    let appended = bench.broker.log.append(vec![Append { id, batch }]).await.remove(0);
    appended.expect("nothing is wrong with it");
    id
}

fn request(isolation_level: i8, timestamps: &[i64]) -> ListOffsetsRequest {
    let topics = timestamps.iter().map(|timestamp| ListOffsetsTopic {
        name: "t".into(),
        partitions: vec![ListOffsetsPartition { timestamp: *timestamp, ..Default::default() }],
    });
    ListOffsetsRequest { isolation_level, topics: topics.collect(), ..Default::default() }
}

/// Offset and timestamp, or the error.
async fn find(
    bench: &Bench,
    version: i16,
    isolation_level: i8,
    timestamp: i64,
) -> Result<(i64, i64), ErrorCode> {
    let mut response = bench.call(&request(isolation_level, &[timestamp]), version).await;
    let found = response.topics.remove(0).partitions.remove(0);
    match found.error_code {
        ErrorCode::NONE => Ok((found.offset, found.timestamp)),
        code => Err(code),
    }
}

#[test]
fn every_special_timestamp_has_its_first_version() {
    bench(|bench| async move {
        bench.create_topic("t", 1).await;
        // The newest is not the last.
        append(&bench, batch(BatchOptions::default(), &[AT, AT + 9, AT + 5])).await;
        for version in VERSIONS {
            let since = |first: i16, found| {
                if first <= version { Ok(found) } else { Err(ErrorCode::UNSUPPORTED_VERSION) }
            };
            let cases = [
                (LATEST, Ok((3, -1))),
                (EARLIEST, Ok((0, -1))),
                (MAX_TIMESTAMP, since(7, (1, AT + 9))),
                (EARLIEST_LOCAL, since(8, (0, -1))),
                (LATEST_TIERED, since(9, (-1, -1))),
                (EARLIEST_PENDING_UPLOAD, since(11, (-1, -1))),
                (-7, Err(ErrorCode::UNSUPPORTED_VERSION)),
                (i64::MIN, Err(ErrorCode::UNSUPPORTED_VERSION)),
                (0, Ok((0, AT))),
                (AT + 1, Ok((1, AT + 9))),
                (AT + 10, Ok((-1, -1))),
            ];
            for (timestamp, expected) in cases {
                assert_eq!(find(&bench, version, 0, timestamp).await, expected, "v{version} {timestamp}");
            }
        }
    });
}

#[test]
fn an_empty_log_has_no_times() {
    bench(|bench| async move {
        bench.create_topic("t", 1).await;
        assert_eq!(find(&bench, 7, 0, MAX_TIMESTAMP).await, Ok((-1, -1)));
        assert_eq!(find(&bench, 7, 0, AT).await, Ok((-1, -1)));
        assert_eq!(find(&bench, 7, 0, LATEST).await, Ok((0, -1)));
    });
}

#[test]
fn readers_of_committed_records_see_what_is_stable() {
    bench(|bench| async move {
        bench.create_topic("t", 1).await;
        append(&bench, batch(BatchOptions::default(), &[AT])).await;
        append(&bench, in_transaction(&[AT + 1])).await;
        append(&bench, batch(BatchOptions::default(), &[AT + 2])).await;
        let cases = [
            (LATEST, (3, -1), (1, -1)),
            (EARLIEST, (0, -1), (0, -1)),
            // Kafka does not look for the next largest.
            (MAX_TIMESTAMP, (2, AT + 2), (-1, -1)),
            (AT, (0, AT), (0, AT)),
            (AT + 1, (1, AT + 1), (-1, -1)),
            (AT + 2, (2, AT + 2), (-1, -1)),
        ];
        for (timestamp, uncommitted, committed) in cases {
            assert_eq!(find(&bench, 11, 0, timestamp).await, Ok(uncommitted), "{timestamp}");
            assert_eq!(find(&bench, 11, 1, timestamp).await, Ok(committed), "{timestamp}");
        }
    });
}

#[test]
fn a_partition_that_is_named_twice_is_refused() {
    bench(|bench| async move {
        bench.create_topic("t", 2).await;
        let response = bench.call(&request(0, &[LATEST, EARLIEST]), 5).await;
        for topic in response.topics {
            assert_eq!(topic.partitions[0].error_code, ErrorCode::INVALID_REQUEST);
        }
    });
}

#[test]
fn what_is_not_there_is_unknown() {
    bench(|bench| async move {
        assert_eq!(find(&bench, 5, 0, LATEST).await, Err(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION));
        bench.create_topic("t", 1).await;
        let mut request = request(0, &[LATEST]);
        request.topics[0].partitions[0].partition_index = 1;
        let found = bench.call(&request, 5).await.topics.remove(0).partitions.remove(0);
        assert_eq!((found.error_code, found.offset), (ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, -1));
    });
}

#[test]
fn the_clients_leader_epoch_is_held_against_ours() {
    bench(|bench| async move {
        bench.create_topic("t", 1).await;
        let asked = async |current_leader_epoch| {
            let mut request = request(0, &[LATEST]);
            request.topics[0].partitions[0].current_leader_epoch = current_leader_epoch;
            bench.call(&request, 4).await.topics.remove(0).partitions.remove(0)
        };
        assert_eq!(asked(1).await.error_code, ErrorCode::UNKNOWN_LEADER_EPOCH);
        let found = asked(0).await;
        assert_eq!((found.error_code, found.leader_epoch), (ErrorCode::NONE, 0));
    });
}
