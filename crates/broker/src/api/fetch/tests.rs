//! What readers of committed records are told.

use super::*;
use crate::testing::{Bench, bench, bench_in};
use ottla_base::{PartitionId, ProducerEpoch, ProducerId, Timestamp};
use ottla_storage::{Append, TransactionEnd, TransactionVersion};
use ottla_wire::message::fetch_request::{FetchPartition, FetchTopic};
use ottla_wire::record::{BatchBuilder, BatchOptions, BatchScope, Marker, MarkerKind, Records};
use std::future::poll_fn;
use std::task::Poll;

const PRODUCER: ProducerId = ProducerId(5);

async fn write(bench: &Bench, id: PartitionId, base_sequence: i32) {
    let options = BatchOptions {
        producer_id: PRODUCER,
        producer_epoch: ProducerEpoch(0),
        base_sequence,
        scope: BatchScope::Transactional,
        ..BatchOptions::default()
    };
    let mut builder = BatchBuilder::new(options);
    builder.append(Timestamp(0), None, Some(b"v"), &[]).expect("a small record fits");
    let append = Append { id, batch: builder.build() };
    bench.broker.log.append(vec![append]).await.remove(0).expect("it is the next");
}

async fn end(bench: &Bench, id: PartitionId, kind: MarkerKind) {
    let end = TransactionEnd {
        producer: PRODUCER,
        epoch: ProducerEpoch(0),
        marker: Marker { kind, coordinator_epoch: 0 },
        version: TransactionVersion::V1,
    };
    bench.broker.log.append_markers(vec![(id, end)]).await.remove(0).expect("it is open");
}

/// The whole partition: the offset that is stable, bytes or none, and the aborted transactions.
async fn fetch(bench: &Bench, isolation_level: i8) -> (i64, bool, Option<Vec<(i64, i64)>>) {
    let partition = FetchPartition { partition_max_bytes: 1 << 20, ..Default::default() };
    let topic = FetchTopic { topic: "t".into(), partitions: vec![partition], ..Default::default() };
    let request =
        FetchRequest { max_bytes: 1 << 20, isolation_level, topics: vec![topic], ..Default::default() };
    let data = bench.call(&request, 12).await.responses.remove(0).partitions.remove(0);
    let aborted = data
        .aborted_transactions
        .map(|aborted| aborted.iter().map(|aborted| (aborted.producer_id, aborted.first_offset)).collect());
    (data.last_stable_offset, data.records.is_some_and(|records| 0 < Records::len(&records)), aborted)
}

#[test]
fn aborts_are_told_to_readers_of_committed_records_only() {
    bench(|bench| async move {
        bench.create_topic("t", 1).await;
        let id = bench.broker.image.topic("t").and_then(|topic| topic.partition(0)).expect("it was created");
        write(&bench, id, 0).await;
        assert_eq!(fetch(&bench, 1).await, (0, false, Some(vec![])), "nothing is stable");
        assert_eq!(fetch(&bench, 0).await, (0, true, None));
        end(&bench, id, MarkerKind::Abort).await;
        assert_eq!(fetch(&bench, 1).await, (2, true, Some(vec![(5, 0)])));
        assert_eq!(fetch(&bench, 0).await, (2, true, None));
        write(&bench, id, 1).await;
        end(&bench, id, MarkerKind::Commit).await;
        assert_eq!(fetch(&bench, 1).await, (4, true, Some(vec![(5, 0)])));
    });
}

/// The topic's setting decides, not what the batches are: so does Kafka.
#[test]
fn clients_that_cannot_know_zstd_get_none_of_it() {
    bench(|bench| async move {
        bench.create_topic_with("t", 1, &[("compression.type", "zstd")]).await;
        for version in 4..=12 {
            let partition = FetchPartition { partition_max_bytes: 1 << 20, ..Default::default() };
            let topic = FetchTopic { topic: "t".into(), partitions: vec![partition], ..Default::default() };
            let request = FetchRequest { max_bytes: 1 << 20, topics: vec![topic], ..Default::default() };
            let code = bench.call(&request, version).await.responses[0].partitions[0].error_code;
            let expected =
                if version < 10 { ErrorCode::UNSUPPORTED_COMPRESSION_TYPE } else { ErrorCode::NONE };
            assert_eq!(code, expected, "v{version}");
        }
    });
}

/// The answer of the partition to one request for it.
async fn ask(bench: &Bench, partition: FetchPartition) -> PartitionData {
    let partition = FetchPartition { partition_max_bytes: 1 << 20, ..partition };
    let topic = FetchTopic { topic: "t".into(), partitions: vec![partition], ..Default::default() };
    let request = FetchRequest { max_bytes: 1 << 20, topics: vec![topic], ..Default::default() };
    bench.call(&request, 12).await.responses.remove(0).partitions.remove(0)
}

#[test]
fn epochs_that_the_client_does_not_know_are_not_held_against_it() {
    bench(|bench| async move {
        bench.create_topic("t", 1).await;
        for (current_leader_epoch, expected) in [
            (-1, ErrorCode::NONE),
            (-2, ErrorCode::NONE),
            (0, ErrorCode::NONE),
            (1, ErrorCode::UNKNOWN_LEADER_EPOCH),
        ] {
            let data = ask(&bench, FetchPartition { current_leader_epoch, ..Default::default() }).await;
            assert_eq!(data.error_code, expected, "{current_leader_epoch}");
        }
    });
}

#[test]
fn nothing_can_have_been_read_in_an_epoch_to_come() {
    bench(|bench| async move {
        bench.create_topic("t", 1).await;
        for (last_fetched_epoch, expected) in
            [(-1, ErrorCode::NONE), (0, ErrorCode::NONE), (1, ErrorCode::OFFSET_OUT_OF_RANGE)]
        {
            let data = ask(&bench, FetchPartition { last_fetched_epoch, ..Default::default() }).await;
            assert_eq!(data.error_code, expected, "{last_fetched_epoch}");
        }
    });
}

#[test]
fn who_is_refused_hears_of_no_aborted_transactions_at_all() {
    bench(|bench| async move {
        bench.create_topic("t", 1).await;
        let data = ask(&bench, FetchPartition { fetch_offset: 9, ..Default::default() }).await;
        assert_eq!((data.error_code, data.aborted_transactions), (ErrorCode::OFFSET_OUT_OF_RANGE, None));
        let data = ask(&bench, FetchPartition { partition: 7, ..Default::default() }).await;
        let unknown = ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;
        assert_eq!((data.error_code, data.aborted_transactions), (unknown, Some(vec![])));
    });
}

/// Reads the start of `t` as who would wait for ten minutes; `None` if it does wait.
async fn patient(bench: &Bench, min_bytes: i32, partition_max_bytes: i32) -> Option<usize> {
    let partition = FetchPartition { partition_max_bytes, ..Default::default() };
    let topic = FetchTopic { topic: "t".into(), partitions: vec![partition], ..Default::default() };
    let (max_wait_ms, max_bytes) = (600_000, 1 << 20);
    let request =
        FetchRequest { max_wait_ms, min_bytes, max_bytes, topics: vec![topic], ..Default::default() };
    let mut answer = Box::pin(bench.call(&request, 12));
    match poll_fn(|cx| Poll::Ready(answer.as_mut().poll(cx))).await {
        Poll::Ready(answer) => answer.responses[0].partitions[0].records.as_ref().map(Records::len),
        Poll::Pending => None,
    }
}

async fn append(bench: &Bench, id: PartitionId, at: i64, value: &[u8]) -> usize {
    let mut builder = BatchBuilder::new(BatchOptions::default());
    builder.append(Timestamp(at), None, Some(value), &[]).expect("a record fits");
    let batch = builder.build();
    let bytes = batch.len();
    bench.broker.log.append(vec![Append { id, batch }]).await.remove(0).expect("it is plain");
    bytes
}

/// A read gives what is in one file. Who catches up with a log would wait at the end of each of its segments.
#[test]
fn nobody_waits_at_the_end_of_a_segment_that_others_follow() {
    bench(|bench| async move {
        bench.create_topic_with("t", 1, &[("segment.ms", "1")]).await;
        let id = bench.broker.image.topic("t").and_then(|topic| topic.partition(0)).expect("it was created");
        let first = append(&bench, id, 1_000, b"first").await;
        assert_eq!(patient(&bench, 1 << 20, 1 << 20).await, None, "more may come into this segment");
        append(&bench, id, 2_000, b"in a segment of its own").await;
        assert_eq!(patient(&bench, 1 << 20, 1 << 20).await, Some(first));
    });
}

/// What is there counts, not what fits: the next batch will never fit better.
#[test]
fn a_batch_that_does_not_fit_is_not_waited_for() {
    bench(|bench| async move {
        bench.create_topic("t", 1).await;
        let id = bench.broker.image.topic("t").and_then(|topic| topic.partition(0)).expect("it was created");
        let first = append(&bench, id, 1_000, &[b'v'; 600]).await;
        assert_eq!(patient(&bench, 1_000, 1_000).await, None);
        append(&bench, id, 1_000, &[b'v'; 600]).await;
        assert_eq!(patient(&bench, 1_000, 1_000).await, Some(first));
        assert_eq!(
            patient(&bench, 1_001, 1_000).await,
            None,
            "the partition counts for no more than its limit"
        );
    });
}

/// Before v6 clients know KAFKA_STORAGE_ERROR only as another broker's leadership. Damage is told, and whatever lies
/// behind it is there.
#[test]
fn damage_is_told_as_each_version_can() {
    let dir = tempfile::tempdir().expect("a directory for the test");
    bench_in(dir.path(), |bench| async move {
        bench.create_topic("t", 1).await;
        let id = bench.broker.image.topic("t").and_then(|topic| topic.partition(0)).expect("it was created");
        append(&bench, id, 1_000, b"damaged").await;
        append(&bench, id, 2_000, b"whole").await;
    });
    let path = dir.path().join("t-0/00000000000000000000.log");
    let mut bytes = std::fs::read(&path).expect("the log is there");
    // The number of the record format.
    bytes[16] ^= 8;
    std::fs::write(&path, bytes).expect("writable");
    bench_in(dir.path(), |bench| async move {
        let id = bench.broker.image.topic("t").expect("it was created").id;
        for version in 4..=18 {
            for (fetch_offset, damaged) in [(0, true), (1, false)] {
                let partition =
                    FetchPartition { fetch_offset, partition_max_bytes: 1 << 20, ..Default::default() };
                let mut topic = FetchTopic { partitions: vec![partition], ..Default::default() };
                match version {
                    ..13 => topic.topic = "t".into(),
                    _ => topic.topic_id = id.0,
                }
                let request = FetchRequest { max_bytes: 1 << 20, topics: vec![topic], ..Default::default() };
                let data = bench.call(&request, version).await.responses.remove(0).partitions.remove(0);
                let code = match (damaged, version) {
                    (false, _) => ErrorCode::NONE,
                    (true, ..6) => ErrorCode::NOT_LEADER_OR_FOLLOWER,
                    (true, _) => ErrorCode::KAFKA_STORAGE_ERROR,
                };
                let is_there = data.records.is_some_and(|records| 0 < Records::len(&records));
                assert_eq!((data.error_code, is_there), (code, !damaged), "v{version}, from {fetch_offset}");
            }
        }
    });
}
