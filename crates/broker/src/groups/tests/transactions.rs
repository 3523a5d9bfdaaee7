//! Offsets in transactions, from request to answer.

use super::*;
use ottla_base::{PartitionIndex, ProducerEpoch, ProducerId};
use ottla_wire::message::txn_offset_commit_request::{
    TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic,
};

const PRODUCER: ProducerId = ProducerId(7);
const EPOCH: ProducerEpoch = ProducerEpoch(0);

fn pending(topic: (&str, TopicId), offset: i64) -> TxnOffsetCommitRequest {
    let partition = TxnOffsetCommitRequestPartition {
        partition_index: 0,
        committed_offset: offset,
        ..Default::default()
    };
    let topic = TxnOffsetCommitRequestTopic {
        name: topic.0.into(),
        topic_id: topic.1.0,
        partitions: vec![partition],
    };
    TxnOffsetCommitRequest {
        transactional_id: "tx".into(),
        group_id: "g".into(),
        producer_id: PRODUCER.0,
        producer_epoch: EPOCH.0,
        topics: vec![topic],
        ..Default::default()
    }
}

/// Offset or error of the one partition.
async fn fetch_stable(bench: &Bench, version: i16, topic: (&str, TopicId)) -> (i64, ErrorCode) {
    let mut request = OffsetFetchRequest { require_stable: true, ..Default::default() };
    if version < 8 {
        request.group_id = "g".into();
        request.topics =
            Some(vec![OffsetFetchRequestTopic { name: topic.0.into(), partition_indexes: vec![0] }]);
        let response = bench.call(&request, version).await;
        let partition = &response.topics[0].partitions[0];
        return (partition.committed_offset, partition.error_code);
    }
    let topic = OffsetFetchRequestTopics {
        name: if version < 10 { topic.0.into() } else { Str::default() },
        topic_id: if version < 10 { uuid::Uuid::nil() } else { topic.1.0 },
        partition_indexes: vec![0],
    };
    let group =
        OffsetFetchRequestGroup { group_id: "g".into(), topics: Some(vec![topic]), ..Default::default() };
    request.groups = vec![group];
    let response = bench.call(&request, version).await;
    let partition = &response.groups[0].topics[0].partitions[0];
    (partition.committed_offset, partition.error_code)
}

#[test]
fn who_requires_stable_offsets_waits_for_the_end_of_the_transaction() {
    bench(async |bench| {
        let topic = ("t", bench.create_topic("t", 1).await);
        bench.call(&commit(9, &[(topic.0, topic.1, &[0])], 3), 9).await;
        let groups = &bench.broker.groups;
        for version in 7..=10 {
            let offset = i64::from(version);
            let committed = groups.txn_commit(pending(topic, offset)).await.expect("the groups are loaded");
            assert_eq!(committed.topics[0].partitions[0].error_code, ErrorCode::NONE);
            let unstable = (-1, ErrorCode::UNSTABLE_OFFSET_COMMIT);
            assert_eq!(fetch_stable(&bench, version, topic).await, unstable, "v{version}");
            assert_ne!(fetch(&bench, version, topic).await[0].1, offset, "not committed yet");
            let end = groups.complete_transaction(partition_of("g"), PRODUCER, EPOCH, MarkerKind::Commit);
            assert_eq!(end.await, Ok(()));
            assert_eq!(fetch_stable(&bench, version, topic).await, (offset, ErrorCode::NONE));
        }
    });
}

#[test]
fn a_transaction_ends_in_partitions_that_exist() {
    bench(async |bench| {
        for partition in [-1, 50] {
            let partition = PartitionIndex(partition);
            let end = bench.broker.groups.complete_transaction(partition, PRODUCER, EPOCH, MarkerKind::Abort);
            assert_eq!(end.await, Err(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION));
        }
    });
}
