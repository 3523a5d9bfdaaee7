//! What a transactional producer asks its broker for.

use super::{Identity, Open, Transactor, Version};
use crate::world::call::{Counter, Number, Reply};
use crate::world::desk::Place;
use crate::world::producer::partition_data;
use ottla_wire::Str;
use ottla_wire::message::add_partitions_to_txn_request::AddPartitionsToTxnTopic;
use ottla_wire::message::offset_fetch_request::{OffsetFetchRequestGroup, OffsetFetchRequestTopics};
use ottla_wire::message::txn_offset_commit_request::{
    TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic,
};
use ottla_wire::message::{
    AddOffsetsToTxnRequest, AddPartitionsToTxnRequest, EndTxnRequest, InitProducerIdRequest,
    OffsetFetchRequest, ProduceRequest, TxnOffsetCommitRequest,
};
use ottla_wire::record::{BatchOptions, BatchScope};

impl Transactor {
    pub(super) fn identify(&self, counter: &mut Counter<'_>) -> Number {
        let request = InitProducerIdRequest {
            transactional_id: Some(Str::from(self.transactional_id.as_str())),
            transaction_timeout_ms: TIMEOUT_MS,
            producer_id: -1,
            producer_epoch: -1,
            ..Default::default()
        };
        counter.ask(&request, 4, Reply::InitProducerId)
    }

    pub(super) fn find_position(&self, input: &Place, counter: &mut Counter<'_>) -> Number {
        let topic = OffsetFetchRequestTopics {
            name: Str::from(input.topic.as_str()),
            partition_indexes: vec![input.index],
            ..Default::default()
        };
        let group = OffsetFetchRequestGroup {
            group_id: Str::from(self.group()),
            member_epoch: -1,
            topics: Some(vec![topic]),
            ..Default::default()
        };
        let request = OffsetFetchRequest { groups: vec![group], require_stable: true, ..Default::default() };
        counter.ask(&request, 8, Reply::OffsetFetch)
    }

    pub(super) fn add_partition(
        &self,
        place: &Place,
        (id, epoch): Identity,
        counter: &mut Counter<'_>,
    ) -> Number {
        let name = Str::from(place.topic.as_str());
        let request = AddPartitionsToTxnRequest {
            v3_and_below_transactional_id: Str::from(self.transactional_id.as_str()),
            v3_and_below_producer_id: id.0,
            v3_and_below_producer_epoch: epoch.0,
            v3_and_below_topics: vec![AddPartitionsToTxnTopic { name, partitions: vec![place.index] }],
            ..Default::default()
        };
        counter.ask(&request, 3, Reply::AddPartitionsToTxn)
    }

    pub(super) fn add_group(&self, (id, epoch): Identity, counter: &mut Counter<'_>) -> Number {
        let request = AddOffsetsToTxnRequest {
            transactional_id: Str::from(self.transactional_id.as_str()),
            producer_id: id.0,
            producer_epoch: epoch.0,
            group_id: Str::from(self.group()),
        };
        counter.ask(&request, 3, Reply::AddOffsetsToTxn)
    }

    pub(super) fn commit_offset(
        &self,
        input: &Place,
        next: i64,
        (id, epoch): Identity,
        counter: &mut Counter<'_>,
    ) -> Number {
        let partition = TxnOffsetCommitRequestPartition {
            partition_index: input.index,
            committed_offset: next,
            committed_leader_epoch: -1,
            committed_metadata: None,
        };
        let name = Str::from(input.topic.as_str());
        let request = TxnOffsetCommitRequest {
            transactional_id: Str::from(self.transactional_id.as_str()),
            group_id: Str::from(self.group()),
            producer_id: id.0,
            producer_epoch: epoch.0,
            generation_id_or_member_epoch: -1,
            topics: vec![TxnOffsetCommitRequestTopic {
                name,
                partitions: vec![partition],
                ..Default::default()
            }],
            ..Default::default()
        };
        let version = if self.version == Version::One { 3 } else { 5 };
        counter.ask(&request, version, Reply::TxnOffsetCommit)
    }

    pub(super) fn send(&self, open: &Open, (id, epoch): Identity, counter: &mut Counter<'_>) -> Number {
        let (place, records, sequence, time) = open.batch.as_ref().expect("there is a batch to send");
        let options = BatchOptions {
            producer_id: id,
            producer_epoch: epoch,
            base_sequence: *sequence,
            scope: BatchScope::Transactional,
            ..BatchOptions::default()
        };
        let request = ProduceRequest {
            transactional_id: Some(Str::from(self.transactional_id.as_str())),
            acks: -1,
            timeout_ms: 30_000,
            topic_data: vec![partition_data(place, records, *time, options)],
        };
        let version = if self.version == Version::One { 11 } else { 12 };
        counter.ask(&request, version, Reply::Produce)
    }

    pub(super) fn end(&self, commits: bool, (id, epoch): Identity, counter: &mut Counter<'_>) -> Number {
        let request = EndTxnRequest {
            transactional_id: Str::from(self.transactional_id.as_str()),
            producer_id: id.0,
            producer_epoch: epoch.0,
            committed: commits,
        };
        let version = if self.version == Version::One { 3 } else { 5 };
        counter.ask(&request, version, Reply::EndTxn)
    }
}

/// In simulated time, so that transactions time out now and then.
const TIMEOUT_MS: i32 = 8000;
