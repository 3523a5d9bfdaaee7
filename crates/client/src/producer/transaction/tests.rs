//! Transactions against a broker that writes down what it is asked.

use super::*;
use crate::testing::{Fake, offer, read, reply};
use bytes::Bytes;
use ottla_base::{LeaderEpoch, Offset, PartitionIndex};
use ottla_wire::codec::Reader;
use ottla_wire::message::add_partitions_to_txn_response::{
    AddPartitionsToTxnPartitionResult, AddPartitionsToTxnTopicResult,
};
use ottla_wire::message::api_versions_response::FinalizedFeatureKey;
use ottla_wire::message::find_coordinator_response::Coordinator as Found;
use ottla_wire::message::produce_request::TopicProduceData;
use ottla_wire::message::produce_response::{PartitionProduceResponse, TopicProduceResponse};
use ottla_wire::message::txn_offset_commit_response::{
    TxnOffsetCommitResponsePartition, TxnOffsetCommitResponseTopic,
};
use ottla_wire::message::*;
use ottla_wire::record::validate;
use ottla_wire::{ApiKey, ErrorCode};
use std::sync::Arc;
use std::sync::atomic::{AtomicI16, Ordering};

/// Says for a line that was written down how it is answered; `None` is success.
type Judge = dyn Fn(&str, usize) -> Option<ErrorCode> + Send + Sync;

#[derive(Clone)]
struct Broker {
    lines: Arc<Mutex<Vec<String>>>,
    epoch: Arc<AtomicI16>,
    judge: Arc<Judge>,
    version: i16,
}

impl Broker {
    fn new(version: i16, judge: impl Fn(&str, usize) -> Option<ErrorCode> + Send + Sync + 'static) -> Self {
        Self { lines: Arc::default(), epoch: Arc::new(AtomicI16::new(-1)), judge: Arc::new(judge), version }
    }

    /// What was asked since this was called last.
    fn asked(&self) -> String {
        std::mem::take(&mut *self.lines.lock().unwrap()).join("\n")
    }

    fn note(&self, line: String) -> ErrorCode {
        let mut lines = self.lines.lock().unwrap();
        let code = (self.judge)(&line, lines.iter().filter(|other| **other == line).count());
        lines.push(line);
        code.unwrap_or(ErrorCode::NONE)
    }

    async fn producer(&self) -> TransactionalProducer {
        let this = self.clone();
        let features = vec![FinalizedFeatureKey {
            name: "transaction.version".into(),
            max_version_level: self.version,
            min_version_level: self.version,
        }];
        let offered = ApiVersionsResponse { finalized_features: features, ..offer(&ApiKey::ALL) };
        let handler = move |header: &RequestHeader, reader: &mut Reader| this.answer(header, reader);
        let client = Fake::broker_offering(offered, handler).client().await;
        let options = ProducerOptions { linger: Duration::ZERO, ..ProducerOptions::default() };
        let transaction = TransactionOptions { id: "tx".to_owned(), timeout: Duration::from_secs(9) };
        TransactionalProducer::new(&client, options, transaction).await.expect("the fake agrees")
    }

    fn answer(&self, header: &RequestHeader, reader: &mut Reader) -> crate::testing::Reply {
        let version = header.request_api_version;
        match ApiKey::try_from(header.request_api_key).expect("a key") {
            ApiKey::FindCoordinator => {
                let found = Found { node_id: 7, host: "fake".into(), port: 1, ..Default::default() };
                reply(header, &FindCoordinatorResponse { coordinators: vec![found], ..Default::default() })
            }
            ApiKey::InitProducerId => {
                let request: InitProducerIdRequest = read(header, reader);
                let error_code = self.note(format!("init after epoch {}", request.producer_epoch));
                let producer_epoch = self.epoch.fetch_add(1, Ordering::Relaxed) + 1;
                let response = InitProducerIdResponse {
                    error_code,
                    producer_id: 50,
                    producer_epoch,
                    ..Default::default()
                };
                reply(header, &response)
            }
            ApiKey::AddPartitionsToTxn => reply(header, &self.add(read(header, reader))),
            ApiKey::Produce => reply(header, &self.produce(read(header, reader), version)),
            ApiKey::AddOffsetsToTxn => {
                let request: AddOffsetsToTxnRequest = read(header, reader);
                let error_code = self.note(format!("add group {}", request.group_id));
                reply(header, &AddOffsetsToTxnResponse { error_code, ..Default::default() })
            }
            ApiKey::TxnOffsetCommit => reply(header, &self.commit(read(header, reader), version)),
            ApiKey::EndTxn => {
                let request: EndTxnRequest = read(header, reader);
                let how = if request.committed { "commit" } else { "abort" };
                let error_code = self.note(format!("{how} v{version} epoch {}", request.producer_epoch));
                let mut response = EndTxnResponse { error_code, ..Default::default() };
                if 5 <= version && error_code.is_none() {
                    let epoch = self.epoch.fetch_add(1, Ordering::Relaxed) + 1;
                    (response.producer_id, response.producer_epoch) = (50, epoch);
                }
                reply(header, &response)
            }
            other => panic!("nobody asked for {other:?}"),
        }
    }

    fn add(&self, request: AddPartitionsToTxnRequest) -> AddPartitionsToTxnResponse {
        let topics = request.v3_and_below_topics.into_iter().map(|topic| {
            let result = |index: &i32| AddPartitionsToTxnPartitionResult {
                partition_index: *index,
                partition_error_code: self.note(format!("add {}-{index}", topic.name)),
            };
            AddPartitionsToTxnTopicResult {
                results_by_partition: topic.partitions.iter().map(result).collect(),
                name: topic.name,
            }
        });
        AddPartitionsToTxnResponse { results_by_topic_v3_and_below: topics.collect(), ..Default::default() }
    }

    fn produce(&self, request: ProduceRequest, version: i16) -> ProduceResponse {
        assert_eq!(request.transactional_id.as_deref(), Some("tx"));
        assert_eq!(version <= 11, self.version < 2, "v{version} says whether partitions are added");
        let mut responses = Vec::new();
        for topic in request.topic_data {
            let partitions = topic.partition_data.into_iter().map(|partition| {
                let batch: Bytes = partition.records.unwrap().to_bytes().unwrap();
                let header = validate(&batch).unwrap();
                assert!(header.is_transactional());
                let (epoch, sequence) = (header.producer_epoch.0, header.base_sequence);
                let error_code =
                    self.note(format!("write {} epoch {epoch} from {sequence}", partition.index));
                PartitionProduceResponse { index: partition.index, error_code, ..Default::default() }
            });
            let partition_responses = partitions.collect();
            let TopicProduceData { name, topic_id, .. } = topic;
            responses.push(TopicProduceResponse { name, topic_id, partition_responses });
        }
        ProduceResponse { responses, ..Default::default() }
    }

    fn commit(&self, request: TxnOffsetCommitRequest, version: i16) -> TxnOffsetCommitResponse {
        let topics = request.topics.into_iter().map(|topic| {
            let partitions = topic.partitions.iter().map(|one| TxnOffsetCommitResponsePartition {
                partition_index: one.partition_index,
                error_code: self.note(format!(
                    "offset v{version} {} {}-{}={}",
                    request.group_id, topic.name, one.partition_index, one.committed_offset
                )),
            });
            TxnOffsetCommitResponseTopic {
                partitions: partitions.collect(),
                name: topic.name,
                ..Default::default()
            }
        });
        TxnOffsetCommitResponse { topics: topics.collect(), ..Default::default() }
    }
}

fn record(partition: i32) -> ProducerRecord {
    ProducerRecord {
        topic: "t".into(),
        partition: Some(PartitionIndex(partition)),
        value: Some(Bytes::from_static(b"v")),
        ..ProducerRecord::default()
    }
}

async fn write(transaction: &Transaction<'_>, partition: i32) -> Result<(), ProduceError> {
    transaction.send(record(partition)).await?.outcome().await.map(|_| ())
}

fn offsets(offset: i64) -> Vec<(TopicPartition, Committed)> {
    let committed = Committed { offset: Offset(offset), leader_epoch: LeaderEpoch::NONE, metadata: None };
    vec![(TopicPartition::new("t", 1), committed)]
}

#[tokio::test(start_paused = true)]
async fn under_version_two_writing_adds_and_ending_gives_the_next_epoch() {
    let broker = Broker::new(2, |_, _| None);
    let mut producer = broker.producer().await;
    let transaction = producer.begin().await.unwrap();
    write(&transaction, 0).await.unwrap();
    transaction.commit_offsets("g", None, &offsets(5)).await.unwrap();
    transaction.commit().await.unwrap();
    let transaction = producer.begin().await.unwrap();
    write(&transaction, 0).await.unwrap();
    transaction.abort().await.unwrap();
    let transaction = producer.begin().await.unwrap();
    write(&transaction, 0).await.unwrap();
    assert_eq!(
        broker.asked(),
        "init after epoch -1\nwrite 0 epoch 0 from 0\noffset v5 g t-1=5\ncommit v5 epoch 0\n\
         write 0 epoch 1 from 0\nabort v5 epoch 1\nwrite 0 epoch 2 from 0"
    );
}

#[tokio::test(start_paused = true)]
async fn under_version_one_partitions_are_added_once_and_numbers_go_on() {
    let broker = Broker::new(1, |_, _| None);
    let mut producer = broker.producer().await;
    let transaction = producer.begin().await.unwrap();
    write(&transaction, 0).await.unwrap();
    write(&transaction, 0).await.unwrap();
    transaction.commit_offsets("g", None, &offsets(5)).await.unwrap();
    transaction.commit().await.unwrap();
    let transaction = producer.begin().await.unwrap();
    write(&transaction, 0).await.unwrap();
    transaction.abort().await.unwrap();
    let transaction = producer.begin().await.unwrap();
    write(&transaction, 0).await.unwrap();
    assert_eq!(
        broker.asked(),
        "init after epoch -1\nadd t-0\nwrite 0 epoch 0 from 0\nwrite 0 epoch 0 from 1\nadd group g\n\
         offset v4 g t-1=5\ncommit v4 epoch 0\nadd t-0\nwrite 0 epoch 0 from 2\nabort v4 epoch 0\n\
         init after epoch 0\nadd t-0\nwrite 0 epoch 1 from 0"
    );
}

#[tokio::test(start_paused = true)]
async fn nothing_is_asked_for_an_empty_transaction() {
    for version in [1, 2] {
        let broker = Broker::new(version, |_, _| None);
        let mut producer = broker.producer().await;
        producer.begin().await.unwrap().commit().await.unwrap();
        producer.begin().await.unwrap();
        producer.begin().await.unwrap().commit().await.unwrap();
        assert_eq!(broker.asked().lines().filter(|line| !line.starts_with("init")).count(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_transaction_with_a_lost_record_can_only_be_aborted() {
    let refuse = |line: &str, _| (line == "write 1 epoch 0 from 0").then_some(ErrorCode::MESSAGE_TOO_LARGE);
    let broker = Broker::new(2, refuse);
    let mut producer = broker.producer().await;
    let transaction = producer.begin().await.unwrap();
    write(&transaction, 0).await.unwrap();
    write(&transaction, 1).await.unwrap_err();
    let after = transaction.send(record(0)).await.unwrap_err();
    assert!(matches!(after, ProduceError::Refused(refused) if refused.code == ErrorCode::MESSAGE_TOO_LARGE));
    let refused = transaction.commit().await.unwrap_err();
    assert!(matches!(refused, TransactionError::Record(_)), "{refused}");
    // The next one ends it first.
    let transaction = producer.begin().await.unwrap();
    write(&transaction, 0).await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(
        broker.asked(),
        "init after epoch -1\nwrite 0 epoch 0 from 0\nwrite 1 epoch 0 from 0\nabort v5 epoch 0\n\
         write 0 epoch 1 from 0\ncommit v5 epoch 1"
    );
}

#[tokio::test(start_paused = true)]
async fn what_was_not_sent_is_not_sent_when_it_is_aborted() {
    let broker = Broker::new(2, |_, _| None);
    let mut producer = broker.producer().await;
    let transaction = producer.begin().await.unwrap();
    write(&transaction, 0).await.unwrap();
    let room = transaction.producer.producer.shared.room.available_permits();
    let shared = &transaction.producer.producer.shared;
    // Put where the sender has not looked yet.
    let topic = shared.client.fresh_topic("t").expect("just written to");
    let mut waiting = {
        let mut accumulator = shared.accumulator();
        let now = (&*topic, ottla_base::Timestamp(5));
        accumulator.append(record(1), 10, now, &**shared.client.env()).unwrap().delivery
    };
    shared.room.forget_permits(10);
    transaction.abort().await.unwrap();
    assert!(matches!(waiting.outcome().await, Err(ProduceError::Aborted)));
    assert_eq!(producer.producer.shared.room.available_permits(), room);
    assert!(!broker.asked().contains("write 1"));
}

#[tokio::test(start_paused = true)]
async fn while_the_last_transaction_is_still_ending_everything_is_asked_again() {
    let busy = |line: &str, before: usize| {
        let is_first = before == 0 && !line.starts_with("init");
        is_first.then_some(ErrorCode::CONCURRENT_TRANSACTIONS)
    };
    for version in [1, 2] {
        let broker = Broker::new(version, busy);
        let mut producer = broker.producer().await;
        let transaction = producer.begin().await.unwrap();
        write(&transaction, 0).await.unwrap();
        transaction.commit_offsets("g", None, &offsets(5)).await.unwrap();
        transaction.commit().await.unwrap();
        let asked = broker.asked();
        let mut lines: Vec<_> = asked.lines().filter(|line| !line.starts_with("init")).collect();
        let all = lines.len();
        lines.dedup();
        assert_eq!(all, lines.len() * 2, "{asked}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_fenced_producer_writes_no_more() {
    let fence = |line: &str, _| line.starts_with("commit").then_some(ErrorCode::PRODUCER_FENCED);
    let broker = Broker::new(2, fence);
    let mut producer = broker.producer().await;
    let transaction = producer.begin().await.unwrap();
    write(&transaction, 0).await.unwrap();
    let fenced = transaction.commit().await.unwrap_err();
    assert!(matches!(fenced, TransactionError::Fenced(_)), "{fenced}");
    broker.asked();
    assert!(matches!(producer.begin().await, Err(TransactionError::Fenced(_))));
    assert_eq!(broker.asked(), "");
}

#[tokio::test(start_paused = true)]
async fn after_an_end_that_nobody_knows_a_new_epoch_decides() {
    let fail = |line: &str, _| line.starts_with("commit").then_some(ErrorCode::UNKNOWN_SERVER_ERROR);
    let broker = Broker::new(2, fail);
    let mut producer = broker.producer().await;
    let transaction = producer.begin().await.unwrap();
    write(&transaction, 0).await.unwrap();
    transaction.commit().await.unwrap_err();
    let transaction = producer.begin().await.unwrap();
    write(&transaction, 0).await.unwrap();
    assert_eq!(
        broker.asked(),
        "init after epoch -1\nwrite 0 epoch 0 from 0\ncommit v5 epoch 0\ninit after epoch 0\n\
         write 0 epoch 1 from 0"
    );
}
