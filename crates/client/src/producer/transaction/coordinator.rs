//! What a transactional producer asks coordinators.

use super::super::accumulator::Identity;
use super::Version;
use crate::client::{Client, CoordinatorKind};
use crate::error::{Refused, RequestError};
use crate::group::committed::{Committed, Member};
use crate::metadata::TopicPartition;
use ottla_base::{ProducerEpoch, ProducerId};
use ottla_wire::message::add_partitions_to_txn_request::AddPartitionsToTxnTopic;
use ottla_wire::message::txn_offset_commit_request::{
    TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic,
};
use ottla_wire::message::{
    AddOffsetsToTxnRequest, AddPartitionsToTxnRequest, AddPartitionsToTxnResponse, EndTxnRequest,
    InitProducerIdRequest, TxnOffsetCommitRequest, TxnOffsetCommitResponse,
};
use ottla_wire::{ErrorCode, Str};
use std::collections::BTreeMap;
use std::time::Duration;

/// How a transaction ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Commit,
    Abort,
}

/// Who asks.
#[derive(Clone, Copy)]
pub(super) struct Who<'a> {
    pub(super) id: &'a Str,
    pub(super) identity: Identity,
    pub(super) version: Version,
}

/// The last versions of a client that adds by requests of its own, and of one that does not.
const ADD_PARTITIONS_MAX: i16 = 3;
const END_ONE_MAX: i16 = 4;
const OFFSETS_ONE_MAX: i16 = 4;
/// From 6 on topics go by id.
const OFFSETS_TWO_MAX: i16 = 5;

const FEATURE: &str = "transaction.version";

/// Whether a code says that another producer has our place.
pub(super) fn fence_of(code: ErrorCode) -> bool {
    [ErrorCode::PRODUCER_FENCED, ErrorCode::INVALID_PRODUCER_EPOCH, ErrorCode::INVALID_PRODUCER_ID_MAPPING]
        .contains(&code)
}

/// How the cluster wants transactions.
pub(super) async fn version(client: &Client, id: &Str) -> Result<Version, RequestError> {
    let mut retry = client.retry();
    loop {
        match client.coordinator(CoordinatorKind::Transaction, id).await {
            Ok(connection) => {
                let is_two = 2 <= connection.feature(FEATURE).unwrap_or(0);
                return Ok(if is_two { Version::Two } else { Version::One });
            }
            Err(error) if error.is_retriable() && retry.pause().await => {}
            Err(error) => return Err(error),
        }
    }
}

/// A producer id for the transactional id: the first, or the one after `before`.
pub(super) async fn init(
    client: &Client,
    id: &Str,
    timeout: Duration,
    before: Option<Identity>,
) -> Result<Identity, RequestError> {
    let request = |_| InitProducerIdRequest {
        transactional_id: Some(id.clone()),
        transaction_timeout_ms: i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX),
        producer_id: before.map_or(ProducerId::NONE, |before| before.id).0,
        producer_epoch: before.map_or(ProducerEpoch::NONE, |before| before.epoch).0,
        ..Default::default()
    };
    let key = (CoordinatorKind::Transaction, id.as_str());
    let response = client.ask_coordinator(key, request, |response| response.error_code).await?;
    Refused::check(format_args!("transactional id {id}"), response.error_code, None)?;
    let (id, epoch) = (ProducerId(response.producer_id), ProducerEpoch(response.producer_epoch));
    Ok(Identity { id, epoch })
}

/// Adds partitions to the transaction.
pub(super) async fn add_partitions(
    client: &Client,
    id: &Str,
    identity: Identity,
    partitions: &[TopicPartition],
) -> Result<(), RequestError> {
    let mut topics: BTreeMap<&str, Vec<i32>> = BTreeMap::new();
    for partition in partitions {
        topics.entry(&partition.topic).or_default().push(partition.partition.0);
    }
    let topics = topics.into_iter();
    let topics = topics.map(|(name, partitions)| AddPartitionsToTxnTopic { name: name.into(), partitions });
    let topics: Vec<_> = topics.collect();
    let request = |_| AddPartitionsToTxnRequest {
        v3_and_below_transactional_id: id.clone(),
        v3_and_below_producer_id: identity.id.0,
        v3_and_below_producer_epoch: identity.epoch.0,
        v3_and_below_topics: topics.clone(),
        ..Default::default()
    };
    let code = |response: &AddPartitionsToTxnResponse| {
        let topics = &response.results_by_topic_v3_and_below;
        let all = topics.iter().flat_map(|topic| &topic.results_by_partition);
        // Where one is refused, the others only hear that they were not tried.
        worst(all.map(|partition| partition.partition_error_code))
    };
    let key = (CoordinatorKind::Transaction, id.as_str());
    let response = client.ask_coordinator_up_to(ADD_PARTITIONS_MAX, key, request, code).await?;
    Ok(Refused::check(format_args!("transaction of {id}"), code(&response), None)?)
}

/// Ends the transaction. Gives the identity for the next one, if it is another.
pub(super) async fn end(
    client: &Client,
    id: &Str,
    identity: Identity,
    (end, version): (End, Version),
) -> Result<Option<Identity>, RequestError> {
    let request = |_| EndTxnRequest {
        transactional_id: id.clone(),
        producer_id: identity.id.0,
        producer_epoch: identity.epoch.0,
        committed: end == End::Commit,
    };
    let max = match version {
        Version::One => END_ONE_MAX,
        Version::Two => i16::MAX,
    };
    let key = (CoordinatorKind::Transaction, id.as_str());
    let response = client.ask_coordinator_up_to(max, key, request, |response| response.error_code).await?;
    Refused::check(format_args!("transaction of {id}"), response.error_code, None)?;
    Ok((0 <= response.producer_id && version == Version::Two).then_some(Identity {
        id: ProducerId(response.producer_id),
        epoch: ProducerEpoch(response.producer_epoch),
    }))
}

/// Makes offsets of a group part of the transaction.
pub(super) async fn commit_offsets(
    client: &Client,
    who: Who<'_>,
    (group, member): (&str, Option<Member<'_>>),
    offsets: &[(TopicPartition, Committed)],
) -> Result<(), RequestError> {
    if who.version == Version::One {
        add_offsets(client, who, group).await?;
    }
    let mut topics: BTreeMap<&str, Vec<TxnOffsetCommitRequestPartition>> = BTreeMap::new();
    for (partition, committed) in offsets {
        topics.entry(&partition.topic).or_default().push(TxnOffsetCommitRequestPartition {
            partition_index: partition.partition.0,
            committed_offset: committed.offset.0,
            committed_leader_epoch: committed.leader_epoch.0,
            committed_metadata: Some(committed.metadata.as_deref().unwrap_or_default().into()),
        });
    }
    let topic = |(name, partitions): (&&str, &Vec<_>)| TxnOffsetCommitRequestTopic {
        name: (*name).into(),
        partitions: partitions.clone(),
        ..Default::default()
    };
    let request = |_| TxnOffsetCommitRequest {
        transactional_id: who.id.clone(),
        group_id: group.into(),
        producer_id: who.identity.id.0,
        producer_epoch: who.identity.epoch.0,
        generation_id_or_member_epoch: member.map_or(-1, |member| member.generation),
        member_id: member.map_or_else(Str::default, |member| member.id.into()),
        group_instance_id: member.and_then(|member| member.instance_id).map(Into::into),
        topics: topics.iter().map(topic).collect(),
    };
    let code = |response: &TxnOffsetCommitResponse| {
        worst(response.topics.iter().flat_map(|topic| &topic.partitions).map(|one| one.error_code))
    };
    let max = match who.version {
        Version::One => OFFSETS_ONE_MAX,
        Version::Two => OFFSETS_TWO_MAX,
    };
    let response = client.ask_coordinator_up_to(max, (CoordinatorKind::Group, group), request, code).await?;
    Ok(Refused::check(format_args!("offsets of group {group}"), code(&response), None)?)
}

async fn add_offsets(client: &Client, who: Who<'_>, group: &str) -> Result<(), RequestError> {
    let request = |_| AddOffsetsToTxnRequest {
        transactional_id: who.id.clone(),
        producer_id: who.identity.id.0,
        producer_epoch: who.identity.epoch.0,
        group_id: group.into(),
    };
    let key = (CoordinatorKind::Transaction, who.id.as_str());
    let response = client.ask_coordinator(key, request, |response| response.error_code).await?;
    Ok(Refused::check(format_args!("transaction of {}", who.id), response.error_code, None)?)
}

/// The code that says most.
fn worst(codes: impl Iterator<Item = ErrorCode>) -> ErrorCode {
    let mut failed = codes.filter(|code| !code.is_none());
    let first = failed.next().unwrap_or(ErrorCode::NONE);
    match first {
        ErrorCode::OPERATION_NOT_ATTEMPTED => {
            failed.find(|code| *code != ErrorCode::OPERATION_NOT_ATTEMPTED).unwrap_or(first)
        }
        _ => first,
    }
}
