//! The rules of reference 4.6, item 8.

use super::*;
use crate::testing::{Bench, bench};
use ottla_base::{PartitionId, Timestamp};
use ottla_storage::Append;
use ottla_wire::message::delete_records_request::DeleteRecordsTopic;
use ottla_wire::record::{BatchBuilder, BatchOptions};

fn partition(bench: &Bench, topic: &str) -> PartitionId {
    bench.broker.image.topic(topic).and_then(|topic| topic.partition(0)).expect("it was created")
}

async fn fill(bench: &Bench, topic: &str, records: usize) {
    for _ in 0..records {
        let mut builder = BatchBuilder::new(BatchOptions::default());
        builder.append(Timestamp(0), Some(b"k"), Some(b"v"), &[]).expect("a small record fits");
        let append = Append { id: partition(bench, topic), batch: builder.build() };
        bench.broker.log.append(vec![append]).await.remove(0).expect("it fits");
    }
}

async fn delete(bench: &Bench, topic: &str, partition_index: i32, offset: i64) -> (ErrorCode, i64) {
    let partitions = vec![DeleteRecordsPartition { partition_index, offset }];
    let topics = vec![DeleteRecordsTopic { name: topic.into(), partitions }];
    let request = DeleteRecordsRequest { topics, timeout_ms: 1_000 };
    let answer = bench.call(&request, 2).await.topics.remove(0).partitions.remove(0);
    (answer.error_code, answer.low_watermark)
}

#[test]
fn the_start_moves_up_to_the_high_watermark_and_never_back() {
    bench(|bench| async move {
        bench.create_topic("t", 1).await;
        fill(&bench, "t", 5).await;
        assert_eq!(delete(&bench, "t", 0, 2).await, (ErrorCode::NONE, 2));
        assert_eq!(delete(&bench, "t", 0, 1).await, (ErrorCode::NONE, 2));
        assert_eq!(delete(&bench, "t", 0, 6).await, (ErrorCode::OFFSET_OUT_OF_RANGE, -1));
        assert_eq!(delete(&bench, "t", 0, -2).await, (ErrorCode::OFFSET_OUT_OF_RANGE, -1));
        assert_eq!(delete(&bench, "t", 0, -1).await, (ErrorCode::NONE, 5), "-1 is the high watermark");
        let offsets = bench.broker.log.offsets(partition(&bench, "t")).expect("it is there");
        assert_eq!((offsets.log_start, offsets.end), (Offset(5), Offset(5)));
    });
}

#[test]
fn a_compacted_topic_loses_records_only_if_it_also_deletes() {
    bench(|bench| async move {
        for (topic, policy, expected) in [
            ("kept", "compact", ErrorCode::POLICY_VIOLATION),
            ("both", "compact,delete", ErrorCode::NONE),
            ("aged", "delete", ErrorCode::NONE),
        ] {
            bench.create_topic_with(topic, 1, &[("cleanup.policy", policy)]).await;
            fill(&bench, topic, 2).await;
            assert_eq!(delete(&bench, topic, 0, 1).await.0, expected, "{policy}");
        }
    });
}

#[test]
fn what_is_not_there_is_unknown_and_kafkas_own_is_refused() {
    bench(|bench| async move {
        bench.create_topic("t", 1).await;
        let unknown = (ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, -1);
        assert_eq!(delete(&bench, "u", 0, 0).await, unknown);
        assert_eq!(delete(&bench, "t", 1, 0).await, unknown);
        let internal = (ErrorCode::INVALID_TOPIC_EXCEPTION, -1);
        assert_eq!(delete(&bench, "__consumer_offsets", 0, 0).await, internal);
    });
}
