//! A partition that cannot be read at the start: everything that is asked of it is KAFKA_STORAGE_ERROR, everybody else
//! is served, and a transaction that it takes part in waits for it.

use super::failing::Faulty;
use super::*;
use crate::testing::{bench_in, bench_on};
use ottla_storage::disk::Disk;
use ottla_wire::message::delete_records_request::{DeleteRecordsPartition, DeleteRecordsTopic};
use ottla_wire::message::delete_topics_request::DeleteTopicState;
use ottla_wire::message::describe_producers_request::TopicRequest;
use ottla_wire::message::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use ottla_wire::message::metadata_request::MetadataRequestTopic;
use ottla_wire::message::offset_for_leader_epoch_request::{OffsetForLeaderPartition, OffsetForLeaderTopic};
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;

/// `x` has a transaction in `bad` and `good`, whose commit is decided and cannot be told to `bad`, of which nothing can
/// be read from now on.
fn prepare(dir: &Path) -> Arc<dyn Disk> {
    let faulty = Faulty::new();
    let disk = Arc::clone(&faulty) as Arc<dyn Disk>;
    bench_on(dir, Arc::clone(&disk), |bench| async move {
        bench.create_topic("bad", 1).await;
        bench.create_topic("good", 1).await;
        let mut producer = Producer::new(&bench, "x").await;
        assert_eq!(producer.write(&bench, TWO, "bad", "a").await.0, ErrorCode::NONE);
        producer.sequence = 0;
        assert_eq!(producer.write(&bench, TWO, "good", "b").await.0, ErrorCode::NONE);
        faulty.break_writes();
        let request = producer.end_request(true);
        begin(pin!(bench.call(&request, 5)).as_mut()).await;
        assert_eq!(text(fetch(&bench, "good", 60_000).await), "b C | 2 of 2 | aborted");
        faulty.break_reads();
    });
    disk
}

/// What each API says of `bad`, whoever asks.
async fn refusals(bench: &Bench) -> Vec<(&'static str, ErrorCode, i64)> {
    let fetched = fetch(bench, "bad", 60_000).await;
    let mut found = vec![("Fetch", fetched.error_code, fetched.high_watermark)];
    for timestamp in [-1, -2, -3, 0] {
        let partitions = vec![ListOffsetsPartition { timestamp, ..Default::default() }];
        let topics = vec![ListOffsetsTopic { name: "bad".into(), partitions }];
        let request = ListOffsetsRequest { topics, ..Default::default() };
        let answer = &bench.call(&request, 7).await.topics[0].partitions[0];
        found.push(("ListOffsets", answer.error_code, answer.offset));
    }
    let partitions = vec![DeleteRecordsPartition { partition_index: 0, offset: 1 }];
    let topics = vec![DeleteRecordsTopic { name: "bad".into(), partitions }];
    let request = DeleteRecordsRequest { topics, timeout_ms: 1000 };
    let answer = &bench.call(&request, 2).await.topics[0].partitions[0];
    found.push(("DeleteRecords", answer.error_code, answer.low_watermark));
    let partitions = vec![OffsetForLeaderPartition { leader_epoch: 0, ..Default::default() }];
    let topics = vec![OffsetForLeaderTopic { topic: "bad".into(), partitions }];
    let request = OffsetForLeaderEpochRequest { topics, ..Default::default() };
    let answer = &bench.call(&request, 4).await.topics[0].partitions[0];
    found.push(("OffsetForLeaderEpoch", answer.error_code, answer.end_offset));
    let topics = vec![TopicRequest { name: "bad".into(), partition_indexes: vec![0] }];
    let answer = &bench.call(&DescribeProducersRequest { topics }, 0).await.topics[0].partitions[0];
    assert!(answer.error_message.as_deref().is_some_and(|message| message.contains("offline")));
    found.push(("DescribeProducers", answer.error_code, -1));
    found
}

#[test]
fn it_comes_back_whole_and_its_transaction_is_finished() {
    let dir = tempfile::tempdir().expect("a directory for the test");
    let disk = prepare(dir.path());
    bench_on(dir.path(), disk, |bench| async move {
        for (api, code, offset) in refusals(&bench).await {
            assert_eq!((code, offset), (ErrorCode::KAFKA_STORAGE_ERROR, -1), "{api}");
        }
        // It is there, and clients keep asking until it answers.
        let topics = vec![MetadataRequestTopic { name: Some("bad".into()), ..Default::default() }];
        let request = MetadataRequest { topics: Some(topics), ..Default::default() };
        let topic = &bench.call(&request, 9).await.topics[0];
        assert_eq!((topic.error_code, topic.partitions[0].error_code), (ErrorCode::NONE, ErrorCode::NONE));
        // The transaction waits for it, which nothing else does.
        bench.broker.transactions.settled().await;
        assert_eq!(init(&bench, "x", 60_000).await.error_code, ErrorCode::CONCURRENT_TRANSACTIONS);
        let mut other = Producer::new(&bench, "y").await;
        assert_eq!(other.write(&bench, TWO, "bad", "x").await.0, ErrorCode::KAFKA_STORAGE_ERROR);
        assert_eq!(other.write(&bench, TWO, "good", "c").await.0, ErrorCode::NONE);
        // The marker there was written once more, which nobody notices.
        assert_eq!(seen(&bench, "good").await, "b C C | 3 of 4 | aborted");
    });
    bench_in(dir.path(), |bench| async move {
        bench.broker.transactions.settled().await;
        assert_eq!(seen(&bench, "bad").await, "a C | 2 of 2 | aborted");
        assert_eq!(init(&bench, "x", 60_000).await.error_code, ErrorCode::NONE);
    });
}

#[test]
fn its_topic_can_be_deleted_and_made_again() {
    let dir = tempfile::tempdir().expect("a directory for the test");
    let disk = prepare(dir.path());
    bench_on(dir.path(), disk, |bench| async move {
        let topics = vec![DeleteTopicState { name: Some("bad".into()), ..Default::default() }];
        let request = DeleteTopicsRequest { topics, timeout_ms: 1000, ..Default::default() };
        assert_eq!(bench.call(&request, 6).await.responses[0].error_code, ErrorCode::NONE);
        // Whom nobody can tell any more need not be told.
        while init(&bench, "x", 60_000).await.error_code != ErrorCode::NONE {
            tokio::task::yield_now().await;
        }
    });
    bench_in(dir.path(), |bench| async move {
        bench.create_topic("bad", 1).await;
        assert_eq!(seen(&bench, "bad").await, "| 0 of 0 | aborted");
    });
}
