//! Offsets that a transaction commits.

use super::*;
use crate::testing::{bench, bench_in, idle_bench_in};
use ottla_base::{ProducerId, TopicId};
use ottla_wire::message::offset_fetch_request::{OffsetFetchRequestGroup, OffsetFetchRequestTopics};
use ottla_wire::message::txn_offset_commit_request::{
    TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic,
};

pub(super) fn commit(
    producer: &Producer,
    version: i16,
    topic: (&str, TopicId),
    offset: i64,
) -> TxnOffsetCommitRequest {
    let partition = TxnOffsetCommitRequestPartition {
        partition_index: 0,
        committed_offset: offset,
        ..Default::default()
    };
    let mut asked = TxnOffsetCommitRequestTopic { partitions: vec![partition], ..Default::default() };
    match version < 6 {
        true => asked.name = topic.0.into(),
        false => asked.topic_id = topic.1.0,
    }
    TxnOffsetCommitRequest {
        transactional_id: producer.id.into(),
        group_id: "g".into(),
        producer_id: producer.claim.producer.0,
        producer_epoch: producer.claim.epoch.0,
        generation_id_or_member_epoch: -1,
        topics: vec![asked],
        ..Default::default()
    }
}

pub(super) async fn committed(bench: &Bench, request: &TxnOffsetCommitRequest, version: i16) -> ErrorCode {
    bench.call(request, version).await.topics[0].partitions[0].error_code
}

/// Offset and error, as a consumer that takes only stable offsets has them.
pub(super) async fn stable(bench: &Bench) -> (i64, ErrorCode) {
    let topic =
        OffsetFetchRequestTopics { name: "t".into(), partition_indexes: vec![0], ..Default::default() };
    let group =
        OffsetFetchRequestGroup { group_id: "g".into(), topics: Some(vec![topic]), ..Default::default() };
    let request = OffsetFetchRequest { groups: vec![group], require_stable: true, ..Default::default() };
    let response = bench.call(&request, 9).await;
    let partition = &response.groups[0].topics[0].partitions[0];
    (partition.committed_offset, partition.error_code)
}

#[test]
fn offsets_count_when_the_transaction_does() {
    bench(|bench| async move {
        let topic = ("t", bench.create_topic("t", 1).await);
        let mut producer = Producer::new(&bench, "x").await;
        for (offset, version) in (10..).zip([5, 6]) {
            let request = commit(&producer, version, topic, offset);
            assert_eq!(committed(&bench, &request, version).await, ErrorCode::NONE, "v{version}");
            assert_eq!(stable(&bench).await, (-1, ErrorCode::UNSTABLE_OFFSET_COMMIT));
            assert_eq!(producer.end(&bench, 5, false).await, ErrorCode::NONE);
            assert_eq!(stable(&bench).await, (-1, ErrorCode::NONE));
        }
        let request = commit(&producer, 6, topic, 20);
        committed(&bench, &request, 6).await;
        assert_eq!(producer.end(&bench, 5, true).await, ErrorCode::NONE);
        assert_eq!(stable(&bench).await, (20, ErrorCode::NONE));
        // What comes late is refused and leaves nothing pending.
        assert_eq!(committed(&bench, &request, 6).await, ErrorCode::INVALID_PRODUCER_EPOCH);
        assert_eq!(stable(&bench).await, (20, ErrorCode::NONE));
    });
}

#[test]
fn an_older_client_adds_the_offsets_first() {
    bench(|bench| async move {
        let topic = ("t", bench.create_topic("t", 1).await);
        let mut producer = Producer::new(&bench, "x").await;
        let request = commit(&producer, 3, topic, 10);
        assert_eq!(committed(&bench, &request, 3).await, ErrorCode::INVALID_TXN_STATE);
        assert_eq!(committed(&bench, &request, 4).await, ErrorCode::TRANSACTION_ABORTABLE);
        let add = AddOffsetsToTxnRequest {
            transactional_id: "x".into(),
            producer_id: producer.claim.producer.0,
            producer_epoch: producer.claim.epoch.0,
            group_id: "g".into(),
        };
        for version in 0..=4 {
            assert_eq!(bench.call(&add, version).await.error_code, ErrorCode::NONE, "v{version}");
            assert_eq!(committed(&bench, &request, version).await, ErrorCode::NONE, "v{version}");
        }
        assert_eq!(producer.end(&bench, 0, true).await, ErrorCode::NONE);
        assert_eq!(stable(&bench).await, (10, ErrorCode::NONE));
    });
}

#[test]
fn an_unknown_partition_is_refused_alone() {
    bench(|bench| async move {
        let topic = ("t", bench.create_topic("t", 1).await);
        let producer = Producer::new(&bench, "x").await;
        let mut request = commit(&producer, 5, topic, 10);
        let beyond = TxnOffsetCommitRequestPartition { partition_index: 7, ..Default::default() };
        request.topics[0].partitions.push(beyond);
        let response = bench.call(&request, 5).await;
        let codes: Vec<_> =
            response.topics[0].partitions.iter().map(|partition| partition.error_code).collect();
        assert_eq!(codes, [ErrorCode::NONE, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION]);
        let nowhere = ("u", TopicId(uuid::Uuid::from_u128(9)));
        let code = committed(&bench, &commit(&producer, 6, nowhere, 1), 6).await;
        assert_eq!(code, ErrorCode::UNKNOWN_TOPIC_ID);
    });
}

#[test]
fn a_group_without_a_name_takes_no_part() {
    bench(|bench| async move {
        let topic = ("t", bench.create_topic("t", 1).await);
        let producer = Producer::new(&bench, "x").await;
        let mut request = commit(&producer, 5, topic, 10);
        request.group_id = "".into();
        assert_eq!(committed(&bench, &request, 5).await, ErrorCode::INVALID_GROUP_ID);
        let describe = DescribeTransactionsRequest { transactional_ids: vec!["x".into()] };
        let described = bench.call(&describe, 0).await;
        assert_eq!(&*described.transaction_states[0].transaction_state, "Empty");
    });
}

/// Makes offsets pending past the coordinator, as if the record that their group takes part had been lost.
async fn commit_alone(bench: &Bench, topic: TopicId, claim: Claim) {
    let producer = Producer { id: "x", claim, sequence: 0 };
    let mut request = commit(&producer, 5, ("t", topic), 10);
    request.topics[0].topic_id = topic.0;
    let pending = bench.broker.groups.txn_commit(request).await.expect("the groups are loaded");
    assert_eq!(pending.topics[0].partitions[0].error_code, ErrorCode::NONE);
}

#[test]
fn offsets_of_a_transaction_that_nobody_has_are_dropped_by_a_start() {
    let dir = tempfile::tempdir().expect("a directory for the test");
    idle_bench_in(dir.path(), |bench| async move {
        let topic = bench.create_topic("t", 1).await;
        commit_alone(&bench, topic, super::super::claim(77, 3)).await;
        assert_eq!(stable(&bench).await, (-1, ErrorCode::UNSTABLE_OFFSET_COMMIT));
    });
    bench_in(dir.path(), |bench| async move {
        // A marker for anybody in the same group comes behind what the start does there.
        let producer = Producer::new(&bench, "y").await;
        let topic = ("t", bench.broker.image.topic("t").expect("it was made").id);
        assert_eq!(committed(&bench, &commit(&producer, 5, topic, 1), 5).await, ErrorCode::NONE);
        tokio::task::yield_now().await;
        assert!(bench.broker.groups.open_transactions().iter().all(|(_, id, _)| *id != ProducerId(77)));
    });
}

#[test]
fn offsets_whose_transaction_has_not_heard_of_them_count() {
    let dir = tempfile::tempdir().expect("a directory for the test");
    idle_bench_in(dir.path(), |bench| async move {
        let topic = bench.create_topic("t", 1).await;
        let producer = Producer::new(&bench, "x").await;
        commit_alone(&bench, topic, producer.claim).await;
    });
    bench_in(dir.path(), |bench| async move {
        let mut producer = Producer { id: "x", claim: super::super::claim(0, 0), sequence: 0 };
        assert_eq!(stable(&bench).await, (-1, ErrorCode::UNSTABLE_OFFSET_COMMIT));
        assert_eq!(producer.end(&bench, 5, true).await, ErrorCode::NONE);
        assert_eq!(stable(&bench).await, (10, ErrorCode::NONE));
    });
}
