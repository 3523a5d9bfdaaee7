//! Transactions, from request to what readers see.

mod crash;
mod failing;
mod offline;
mod offsets;
mod opening;
mod reload;
mod requests;
mod writing;

use crate::environment::SystemEnv;
use crate::testing::Bench;
use bytes::Bytes;
use ottla_base::Env as _;
use ottla_coordinator::transaction::Claim;
use ottla_wire::message::add_partitions_to_txn_request::AddPartitionsToTxnTopic;
use ottla_wire::message::fetch_request::{FetchPartition, FetchTopic};
use ottla_wire::message::fetch_response::PartitionData;
use ottla_wire::message::produce_request::{PartitionProduceData, TopicProduceData};
use ottla_wire::message::*;
use ottla_wire::record::{BatchBuilder, BatchOptions, BatchScope, Records};
use ottla_wire::{ErrorCode, Str};
use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

const ONE: i16 = 11;
const TWO: i16 = 12;

impl Bench {
    /// What takes part in the transaction of an id.
    async fn described(&self, id: &str) -> Vec<(Str, Vec<i32>)> {
        let request = DescribeTransactionsRequest { transactional_ids: vec![id.into()] };
        let mut response = self.call(&request, 0).await;
        let topics = response.transaction_states.remove(0).topics.into_iter();
        topics.map(|data| (data.topic, data.partitions)).collect()
    }
}

/// A transactional producer of one partition per topic, as a client of either version.
struct Producer {
    id: &'static str,
    claim: Claim,
    sequence: i32,
}

impl Producer {
    async fn new(bench: &Bench, id: &'static str) -> Self {
        let response = init(bench, id, 60_000).await;
        assert_eq!(response.error_code, ErrorCode::NONE);
        let claim = super::claim(response.producer_id, response.producer_epoch);
        Self { id, claim, sequence: 0 }
    }

    fn batch(&self, value: &str, scope: BatchScope) -> Bytes {
        let mut builder = BatchBuilder::new(BatchOptions {
            producer_id: self.claim.producer,
            producer_epoch: self.claim.epoch,
            base_sequence: self.sequence,
            scope,
            ..BatchOptions::default()
        });
        // As late as the markers, so that all lies in one segment.
        let at = SystemEnv::new().now().wall;
        builder.append(at, Some(b"k"), Some(value.as_bytes()), &[]).expect("a small record fits");
        builder.build()
    }

    fn request(&self, topic: &str, batch: Bytes) -> ProduceRequest {
        let data = PartitionProduceData { index: 0, records: Some(Records::from(batch)) };
        let topic = TopicProduceData { name: topic.into(), partition_data: vec![data], ..Default::default() };
        ProduceRequest {
            transactional_id: Some(self.id.into()),
            acks: -1,
            timeout_ms: 1_000,
            topic_data: vec![topic],
        }
    }

    /// The code, and the offset.
    async fn write(&mut self, bench: &Bench, version: i16, topic: &str, value: &str) -> (ErrorCode, i64) {
        let request = self.request(topic, self.batch(value, BatchScope::Transactional));
        let response = bench.call(&request, version).await;
        let partition = &response.responses[0].partition_responses[0];
        if partition.error_code == ErrorCode::NONE {
            self.sequence += 1;
        }
        (partition.error_code, partition.base_offset)
    }

    async fn add(&self, bench: &Bench, topics: &[&str]) -> Vec<ErrorCode> {
        let topics =
            topics.iter().map(|topic| AddPartitionsToTxnTopic { name: (*topic).into(), partitions: vec![0] });
        let request = AddPartitionsToTxnRequest {
            v3_and_below_transactional_id: self.id.into(),
            v3_and_below_producer_id: self.claim.producer.0,
            v3_and_below_producer_epoch: self.claim.epoch.0,
            v3_and_below_topics: topics.collect(),
            ..Default::default()
        };
        let response = bench.call(&request, 3).await;
        let results = response.results_by_topic_v3_and_below.iter();
        results
            .flat_map(|topic| &topic.results_by_partition)
            .map(|result| result.partition_error_code)
            .collect()
    }

    fn end_request(&self, committed: bool) -> EndTxnRequest {
        EndTxnRequest {
            transactional_id: self.id.into(),
            producer_id: self.claim.producer.0,
            producer_epoch: self.claim.epoch.0,
            committed,
        }
    }

    async fn end(&mut self, bench: &Bench, version: i16, committed: bool) -> ErrorCode {
        let response = bench.call(&self.end_request(committed), version).await;
        if response.error_code == ErrorCode::NONE && 5 <= version {
            self.claim = super::claim(response.producer_id, response.producer_epoch);
            self.sequence = 0;
        }
        response.error_code
    }
}

/// Polls once: what is to happen has begun, and its end is not waited for.
async fn begin<F: Future>(future: Pin<&mut F>) {
    let mut future = future;
    poll_fn(|context| {
        assert!(future.as_mut().poll(context).is_pending(), "there is something to wait for");
        Poll::Ready(())
    })
    .await;
}

async fn init(bench: &Bench, id: &str, timeout_ms: i32) -> InitProducerIdResponse {
    let request = InitProducerIdRequest {
        transactional_id: Some(id.into()),
        transaction_timeout_ms: timeout_ms,
        producer_id: -1,
        producer_epoch: -1,
        ..Default::default()
    };
    bench.call(&request, 4).await
}

/// One partition as a consumer that reads committed records sees it.
async fn fetch(bench: &Bench, topic: &str, max_wait_ms: i32) -> PartitionData {
    let partition = FetchPartition { partition_max_bytes: 1 << 20, ..Default::default() };
    let topic = FetchTopic { topic: topic.into(), partitions: vec![partition], ..Default::default() };
    let request = FetchRequest {
        max_wait_ms,
        min_bytes: 1,
        max_bytes: 1 << 20,
        isolation_level: 1,
        topics: vec![topic],
        ..Default::default()
    };
    let mut response = bench.call(&request, 12).await;
    response.responses.remove(0).partitions.remove(0)
}

/// `a C | B A, 3 of 4`: values, `C` or `A` for markers, how much of the log may be read, and who was aborted.
async fn seen(bench: &Bench, topic: &str) -> String {
    text(fetch(bench, topic, 0).await)
}

fn text(data: PartitionData) -> String {
    use ottla_wire::record::{BatchHeader, Marker, MarkerKind, records};
    let mut bytes = data.records.and_then(|records| records.as_bytes().cloned()).unwrap_or_default();
    let mut words = Vec::new();
    while !bytes.is_empty() {
        let header = BatchHeader::parse(&bytes).expect("a batch");
        let batch = bytes.split_to(header.size());
        for record in records(header, &batch).expect("a sound batch") {
            let record = record.expect("a record");
            words.push(match Marker::of(&record).filter(|_| header.is_control()) {
                Some(Marker { kind: MarkerKind::Commit, .. }) => "C".to_owned(),
                Some(Marker { kind: MarkerKind::Abort, .. }) => "A".to_owned(),
                None => String::from_utf8_lossy(record.value.as_deref().unwrap_or_default()).into(),
            });
        }
    }
    let aborted = data.aborted_transactions.unwrap_or_default();
    let aborted: Vec<_> = aborted.iter().map(|aborted| aborted.first_offset.to_string()).collect();
    let (stable, high) = (data.last_stable_offset, data.high_watermark);
    format!("{} | {stable} of {high} | aborted {}", words.join(" "), aborted.join(" ")).trim().to_owned()
}
