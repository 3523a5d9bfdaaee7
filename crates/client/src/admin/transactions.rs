//! Transactions: what is open, who writes, and ending by force what hangs.

use super::Admin;
use crate::client::{CoordinatorKind, TopicSet};
use crate::error::{CallError, Refused, RequestError};
use crate::metadata::TopicPartition;
use ottla_base::{Offset, ProducerEpoch, ProducerId, Timestamp};
use ottla_wire::ErrorCode;
use ottla_wire::message::describe_producers_request::TopicRequest;
use ottla_wire::message::describe_producers_response::{PartitionResponse, ProducerState};
use ottla_wire::message::describe_transactions_response::TransactionState;
use ottla_wire::message::write_txn_markers_request::{WritableTxnMarker, WritableTxnMarkerTopic};
use ottla_wire::message::{
    DescribeProducersRequest, DescribeTransactionsRequest, DescribeTransactionsResponse,
    ListTransactionsRequest, WriteTxnMarkersRequest,
};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Which transactional ids to list. The default is all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TransactionFilter {
    /// In one of these states, as `Ongoing`; all if empty.
    pub states: Vec<String>,
    /// Of one of these producers; all if empty.
    pub producers: Vec<ProducerId>,
    /// With a transaction that has been open for at least this long.
    pub open_for: Option<Duration>,
    /// Whose id matches this regular expression as a whole, as the broker understands it.
    pub pattern: Option<String>,
}

/// A transactional id in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransactionListing {
    /// The id.
    pub id: String,
    /// Its producer.
    pub producer: ProducerId,
    /// Kafka's name of its state: `Empty`, `Ongoing`, `PrepareCommit`, `CompleteAbort`, …
    pub state: String,
    /// The broker that coordinates it.
    pub coordinator: i32,
}

/// The transactional ids of a cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListedTransactions {
    /// By id.
    pub transactions: Vec<TransactionListing>,
    /// States of the filter that a broker has never heard of.
    pub unknown_states: BTreeSet<String>,
}

/// A transactional id in full.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransactionDescription {
    /// The id.
    pub id: String,
    /// Its producer.
    pub producer: ProducerId,
    /// The epoch of its producer.
    pub epoch: ProducerEpoch,
    /// Kafka's name of its state.
    pub state: String,
    /// How long its transactions may be open, in milliseconds.
    pub timeout_ms: i32,
    /// When the newest transaction began; none if there is none.
    pub started: Timestamp,
    /// What the open transaction has written to. Partitions of `__consumer_offsets` stand for groups.
    pub partitions: Vec<TopicPartition>,
}

/// A producer that has written to a partition not long ago.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActiveProducer {
    /// Its id.
    pub id: ProducerId,
    /// Its epoch there.
    pub epoch: i32,
    /// The number of the last record; -1 if there is none.
    pub last_sequence: i32,
    /// The time of its last batch.
    pub last_timestamp: Timestamp,
    /// Of the coordinator that ended its last transaction; -1 if none did.
    pub coordinator_epoch: i32,
    /// Where the transaction begins that it has open.
    pub open_since: Option<Offset>,
}

/// The end of a transaction in one partition, by force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marker {
    /// Where.
    pub partition: TopicPartition,
    /// Whose transaction.
    pub producer: ProducerId,
    /// The producer's epoch in that partition.
    pub epoch: ProducerEpoch,
    /// Of the coordinator that writes it: the last known there.
    pub coordinator_epoch: i32,
}

impl Admin {
    /// The transactional ids of all brokers that pass the filter.
    ///
    /// # Errors
    /// If a broker does not answer, refuses, or is too old to know a filter that is set.
    pub async fn list_transactions(
        &self,
        filter: &TransactionFilter,
    ) -> Result<ListedTransactions, RequestError> {
        let request = ListTransactionsRequest {
            state_filters: filter.states.iter().map(|state| state.as_str().into()).collect(),
            producer_id_filters: filter.producers.iter().map(|producer| producer.0).collect(),
            duration_filter: filter
                .open_for
                .map_or(-1, |open_for| i64::try_from(open_for.as_millis()).unwrap_or(i64::MAX)),
            transactional_id_pattern: filter.pattern.as_deref().map(Into::into),
        };
        self.client.view(TopicSet::None).await?;
        let (mut found, mut unknown_states) = (BTreeMap::new(), BTreeSet::new());
        for node in self.client.brokers() {
            let response = self.client.broker(node.id).await?.call(&request).await?;
            Refused::check(format_args!("transactions of broker {}", node.id), response.error_code, None)?;
            unknown_states.extend(response.unknown_state_filters.iter().map(ToString::to_string));
            for one in response.transaction_states {
                let listing = TransactionListing {
                    id: one.transactional_id.to_string(),
                    producer: ProducerId(one.producer_id),
                    state: one.transaction_state.to_string(),
                    coordinator: node.id,
                };
                found.insert(listing.id.clone(), listing);
            }
        }
        Ok(ListedTransactions { transactions: found.into_values().collect(), unknown_states })
    }

    /// Describes a transactional id.
    ///
    /// # Errors
    /// `TRANSACTIONAL_ID_NOT_FOUND` if there is none, or what the coordinator says.
    pub async fn describe_transaction(&self, id: &str) -> Result<TransactionDescription, RequestError> {
        let request = |_| DescribeTransactionsRequest { transactional_ids: vec![id.into()] };
        let code = |response: &DescribeTransactionsResponse| {
            response.transaction_states.first().map_or(ErrorCode::NONE, |found| found.error_code)
        };
        let key = (CoordinatorKind::Transaction, id);
        let response = self.client.ask_coordinator(key, request, code).await?;
        let found = response.transaction_states.into_iter().next().ok_or(CallError::UnknownBroker(-1))?;
        Refused::check(format_args!("transactional id {id}"), found.error_code, None)?;
        Ok(read_transaction(found))
    }

    /// Who writes to a partition, as its leader remembers.
    ///
    /// # Errors
    /// What the leader says, asked again while there may be another one.
    pub async fn describe_producers(
        &self,
        partition: &TopicPartition,
    ) -> Result<Vec<ActiveProducer>, RequestError> {
        let request = DescribeProducersRequest {
            topics: vec![TopicRequest {
                name: (&*partition.topic).into(),
                partition_indexes: vec![partition.partition.0],
            }],
        };
        let attempt = || async {
            let leader = self.client.leader(&partition.topic, partition.partition).await?;
            let response = self.client.broker(leader).await?.call(&request).await?;
            let mut found = response.topics.into_iter().flat_map(|topic| topic.partitions);
            let found = found.next().ok_or(CallError::UnknownBroker(leader))?;
            read_producers(partition, found)
        };
        self.ask_leader(partition, attempt).await
    }

    /// Aborts a transaction in one partition, past its coordinator. For transactions that no coordinator knows; one
    /// that is still being written would lose what it has written so far, and its coordinator would not know.
    ///
    /// # Errors
    /// What the leader says: `INVALID_PRODUCER_EPOCH` if the producer has gone on meanwhile.
    pub async fn abort_in_partition(&self, marker: &Marker) -> Result<(), RequestError> {
        let partition = &marker.partition;
        let request = WriteTxnMarkersRequest {
            markers: vec![WritableTxnMarker {
                producer_id: marker.producer.0,
                producer_epoch: marker.epoch.0,
                transaction_result: false,
                topics: vec![WritableTxnMarkerTopic {
                    name: (&*partition.topic).into(),
                    partition_indexes: vec![partition.partition.0],
                }],
                coordinator_epoch: marker.coordinator_epoch,
                ..Default::default()
            }],
        };
        let attempt = || async {
            let leader = self.client.leader(&partition.topic, partition.partition).await?;
            let response = self.client.broker(leader).await?.call(&request).await?;
            let topics = response.markers.into_iter().flat_map(|marker| marker.topics);
            let mut codes = topics.flat_map(|topic| topic.partitions).map(|one| one.error_code);
            let code = codes.next().ok_or(CallError::UnknownBroker(leader))?;
            Ok(Refused::check(format_args!("transaction in {partition}"), code, None)?)
        };
        self.ask_leader(partition, attempt).await
    }

    /// Tries again while there may be another leader.
    async fn ask_leader<T, F>(
        &self,
        partition: &TopicPartition,
        attempt: impl Fn() -> F,
    ) -> Result<T, RequestError>
    where
        F: Future<Output = Result<T, RequestError>>,
    {
        let mut retry = self.client.retry();
        loop {
            match attempt().await {
                Err(error) if error.is_retriable() && !is_missing(&error) && retry.pause().await => {
                    self.client.forget_topic(&partition.topic);
                }
                result => return result,
            }
        }
    }
}

/// A topic that the cluster does not have is an answer.
fn is_missing(error: &RequestError) -> bool {
    error.code() == Some(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)
}

fn read_transaction(found: TransactionState) -> TransactionDescription {
    let partitions = found.topics.iter().flat_map(|topic| {
        topic.partitions.iter().map(|index| TopicPartition::new(topic.topic.as_str(), *index))
    });
    TransactionDescription {
        id: found.transactional_id.to_string(),
        producer: ProducerId(found.producer_id),
        epoch: ProducerEpoch(found.producer_epoch),
        state: found.transaction_state.to_string(),
        timeout_ms: found.transaction_timeout_ms,
        started: Timestamp(found.transaction_start_time_ms),
        partitions: partitions.collect(),
    }
}

fn read_producers(
    partition: &TopicPartition,
    found: PartitionResponse,
) -> Result<Vec<ActiveProducer>, RequestError> {
    let what = format_args!("producers of {partition}");
    Refused::check(what, found.error_code, found.error_message.as_deref())?;
    let read = |state: ProducerState| ActiveProducer {
        id: ProducerId(state.producer_id),
        epoch: state.producer_epoch,
        last_sequence: state.last_sequence,
        last_timestamp: Timestamp(state.last_timestamp),
        coordinator_epoch: state.coordinator_epoch,
        open_since: (0 <= state.current_txn_start_offset).then_some(Offset(state.current_txn_start_offset)),
    };
    Ok(found.active_producers.into_iter().map(read).collect())
}
