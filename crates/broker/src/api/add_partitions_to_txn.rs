//! AddPartitionsToTxn, key 24, versions 0–5: partitions are going to be written to in a transaction.
//!
//! - All partitions of a transaction or none: if one does not exist, the others hear OPERATION_NOT_ATTEMPTED.
//! - v0–3 come from producers of transaction version 1; later ones add partitions by writing. v2: PRODUCER_FENCED;
//!   before, INVALID_PRODUCER_EPOCH.
//! - v4 and v5 are what Kafka's brokers send each other: many transactions at once, and the question whether partitions
//!   take part. They are answered as by a broker that lets everybody do everything.

use super::{Api, Context};
use crate::transactions::{self, claim};
use ottla_coordinator::transaction::{Participant, Version};
use ottla_wire::error_code::ErrorCode;
use ottla_wire::message::add_partitions_to_txn_request::{
    AddPartitionsToTxnTopic, AddPartitionsToTxnTransaction,
};
use ottla_wire::message::add_partitions_to_txn_response::{
    AddPartitionsToTxnPartitionResult, AddPartitionsToTxnResult, AddPartitionsToTxnTopicResult,
};
use ottla_wire::message::{AddPartitionsToTxnRequest, AddPartitionsToTxnResponse};
use std::ops::RangeInclusive;

const VERSIONS: RangeInclusive<i16> = 0..=5;
const FIRST_VERSION_WITH_FENCED: i16 = 2;
const FIRST_VERSION_OF_BROKERS: i16 = 4;

pub(super) fn api() -> Api {
    Api::new(VERSIONS, handle)
}

async fn handle(context: Context, request: AddPartitionsToTxnRequest) -> AddPartitionsToTxnResponse {
    if context.version < FIRST_VERSION_OF_BROKERS {
        let transaction = AddPartitionsToTxnTransaction {
            transactional_id: request.v3_and_below_transactional_id,
            producer_id: request.v3_and_below_producer_id,
            producer_epoch: request.v3_and_below_producer_epoch,
            verify_only: false,
            topics: request.v3_and_below_topics,
        };
        let results_by_topic_v3_and_below = answer(&context, transaction).await;
        return AddPartitionsToTxnResponse { results_by_topic_v3_and_below, ..Default::default() };
    }
    let mut results_by_transaction = Vec::with_capacity(request.transactions.len());
    for transaction in request.transactions {
        let transactional_id = transaction.transactional_id.clone();
        let topic_results = answer(&context, transaction).await;
        results_by_transaction.push(AddPartitionsToTxnResult { transactional_id, topic_results });
    }
    AddPartitionsToTxnResponse { results_by_transaction, ..Default::default() }
}

async fn answer(
    context: &Context,
    transaction: AddPartitionsToTxnTransaction,
) -> Vec<AddPartitionsToTxnTopicResult> {
    let AddPartitionsToTxnTransaction { transactional_id, producer_id, producer_epoch, verify_only, topics } =
        transaction;
    let found = topics.iter().flat_map(|topic| find(context, topic)).collect::<Vec<_>>();
    let participants: Vec<_> = found.iter().copied().flatten().collect();
    let (who, transactions) = (claim(producer_id, producer_epoch), &context.broker.transactions);
    let count = participants.len();
    let outcomes = if count < found.len() {
        let missing = ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;
        let outcome =
            |found: Option<Participant>| found.map_or(missing, |_| ErrorCode::OPERATION_NOT_ATTEMPTED);
        found.into_iter().map(|found| Err(outcome(found))).collect()
    } else if verify_only {
        let verified = transactions.verify(transactional_id, who, participants).await;
        verified.unwrap_or_else(|code| vec![Err(code); count])
    } else {
        let version = if context.version < FIRST_VERSION_OF_BROKERS { Version::One } else { Version::Two };
        vec![transactions.add(transactional_id, who, version, participants).await; count]
    };
    let mut codes = outcomes.into_iter().map(|outcome| code(context.version, outcome));
    let topic = |topic: AddPartitionsToTxnTopic| AddPartitionsToTxnTopicResult {
        name: topic.name,
        results_by_partition: topic
            .partitions
            .into_iter()
            .zip(&mut codes)
            .map(|(partition_index, partition_error_code)| AddPartitionsToTxnPartitionResult {
                partition_index,
                partition_error_code,
            })
            .collect(),
    };
    topics.into_iter().map(topic).collect()
}

/// Each partition of a topic, if it exists.
fn find(context: &Context, asked: &AddPartitionsToTxnTopic) -> Vec<Option<Participant>> {
    let topic = context.broker.image.topic(&asked.name);
    let partition = |index: &i32| topic.as_ref()?.partition(*index).map(Participant::Partition);
    asked.partitions.iter().map(partition).collect()
}

fn code(version: i16, outcome: Result<(), ErrorCode>) -> ErrorCode {
    let code = outcome.err().unwrap_or(ErrorCode::NONE);
    transactions::for_version(code, version, FIRST_VERSION_WITH_FENCED)
}
