//! The offsets that a group has committed: read and written, by members and by administrators.
//!
//! Topics go by name here, which version 10 of both APIs no longer allows; an offset then belongs to a name even if
//! the topic was made anew meanwhile, as it did until Kafka 4.1.

use crate::client::{Client, CoordinatorKind};
use crate::error::{Refused, RequestError};
use crate::metadata::TopicPartition;
use crate::retry::Retry;
use ottla_base::{LeaderEpoch, Offset};
use ottla_wire::ErrorCode;
use ottla_wire::message::offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use ottla_wire::message::offset_fetch_request::{
    OffsetFetchRequestGroup, OffsetFetchRequestTopic, OffsetFetchRequestTopics,
};
use ottla_wire::message::{
    OffsetCommitRequest, OffsetCommitResponse, OffsetFetchRequest, OffsetFetchResponse,
};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The last version that names topics.
const NAMED_VERSION_MAX: i16 = 9;

/// A committed offset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    /// Of the next record to be read.
    pub offset: Offset,
    /// Of the record before; -1 if unknown.
    pub leader_epoch: LeaderEpoch,
    /// Whatever the member wrote beside it.
    pub metadata: Option<String>,
}

/// Who commits.
#[derive(Clone, Copy, Debug)]
pub struct Member<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its generation.
    pub generation: i32,
    /// Its instance id, if it is static.
    pub instance_id: Option<&'a str>,
}

/// What is to be told of a partition whose offset an open transaction may be about to change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stability {
    /// What is committed now: to look at.
    Any,
    /// Nothing until the transaction has ended, however long that takes: to go on from there.
    Required,
}

/// The group's committed offsets: of these partitions, or all. Partitions without one are left out.
///
/// # Errors
/// What the coordinator says, retried while that may change.
pub async fn fetch(
    client: &Client,
    group: &str,
    partitions: Option<&[TopicPartition]>,
    stability: Stability,
) -> Result<Vec<(TopicPartition, Committed)>, RequestError> {
    if partitions.is_some_and(<[_]>::is_empty) {
        return Ok(Vec::new());
    }
    let mut retry: Retry<'_> = client.retry();
    loop {
        let attempt = async {
            let connection = client.coordinator(CoordinatorKind::Group, group).await?;
            let version = connection.version_of::<OffsetFetchRequest>()?.min(NAMED_VERSION_MAX);
            let response =
                connection.call_at(&fetch_request(group, partitions, (version, stability)), version).await?;
            read(group, response)
        };
        match attempt.await {
            Err(error) if error.is_retriable() && retry.pause().await => {}
            result => return result,
        }
    }
}

fn by_topic<'a, T>(
    entries: impl Iterator<Item = (&'a TopicPartition, T)>,
) -> BTreeMap<&'a str, Vec<(i32, T)>> {
    let mut topics: BTreeMap<&str, Vec<_>> = BTreeMap::new();
    for (partition, entry) in entries {
        topics.entry(&partition.topic).or_default().push((partition.partition.0, entry));
    }
    topics
}

fn fetch_request(
    group: &str,
    partitions: Option<&[TopicPartition]>,
    (version, stability): (i16, Stability),
) -> OffsetFetchRequest {
    let topics = partitions.map(|partitions| by_topic(partitions.iter().map(|partition| (partition, ()))));
    let indexes = |partitions: Vec<(i32, ())>| partitions.into_iter().map(|(index, ())| index).collect();
    let require_stable = 7 <= version && stability == Stability::Required;
    if version < 8 {
        let topic = |(name, partitions): (&str, _)| OffsetFetchRequestTopic {
            name: name.into(),
            partition_indexes: indexes(partitions),
        };
        let topics = topics.map(|topics| topics.into_iter().map(topic).collect());
        return OffsetFetchRequest {
            group_id: group.into(),
            topics,
            require_stable,
            ..OffsetFetchRequest::default()
        };
    }
    let topic = |(name, partitions): (&str, _)| OffsetFetchRequestTopics {
        name: name.into(),
        partition_indexes: indexes(partitions),
        ..OffsetFetchRequestTopics::default()
    };
    let topics = topics.map(|topics| topics.into_iter().map(topic).collect());
    let of_group =
        OffsetFetchRequestGroup { group_id: group.into(), topics, ..OffsetFetchRequestGroup::default() };
    OffsetFetchRequest { groups: vec![of_group], require_stable, ..OffsetFetchRequest::default() }
}

fn read(
    group: &str,
    response: OffsetFetchResponse,
) -> Result<Vec<(TopicPartition, Committed)>, RequestError> {
    let mut found = Vec::new();
    let mut note = |topic: &Arc<str>, index, (offset, epoch): (i64, i32), metadata: Option<&str>, code| {
        let partition = TopicPartition::new(Arc::clone(topic), index);
        Refused::check(format_args!("offset of group {group} in {partition}"), code, None)?;
        if 0 <= offset {
            let metadata = metadata.filter(|text| !text.is_empty()).map(str::to_owned);
            let committed = Committed { offset: Offset(offset), leader_epoch: LeaderEpoch(epoch), metadata };
            found.push((partition, committed));
        }
        Ok::<_, RequestError>(())
    };
    Refused::check(format_args!("group {group}"), response.error_code, None)?;
    for topic in &response.topics {
        let name = topic.name.as_str().into();
        for one in &topic.partitions {
            let place = (one.committed_offset, one.committed_leader_epoch);
            note(&name, one.partition_index, place, one.metadata.as_deref(), one.error_code)?;
        }
    }
    for of_group in &response.groups {
        Refused::check(format_args!("group {group}"), of_group.error_code, None)?;
        for topic in &of_group.topics {
            let name = topic.name.as_str().into();
            for one in &topic.partitions {
                let place = (one.committed_offset, one.committed_leader_epoch);
                note(&name, one.partition_index, place, one.metadata.as_deref(), one.error_code)?;
            }
        }
    }
    Ok(found)
}

/// The outcome for each partition.
pub type CommitResults = Vec<(TopicPartition, Result<(), Refused>)>;

/// Commits offsets, as a member or, in a group without members, as an administrator. One outcome for each offset, in
/// their order.
///
/// # Errors
/// That no coordinator was found or none answered.
pub async fn commit(
    client: &Client,
    group: &str,
    member: Option<Member<'_>>,
    offsets: &[(TopicPartition, Committed)],
) -> Result<CommitResults, RequestError> {
    let request = commit_request(group, member, offsets);
    let mut retry = client.retry();
    loop {
        let attempt = async {
            let connection = client.coordinator(CoordinatorKind::Group, group).await?;
            let version = connection.version_of::<OffsetCommitRequest>()?.min(NAMED_VERSION_MAX);
            Ok::<_, RequestError>(connection.call_at(&request, version).await?)
        };
        let result = attempt.await;
        let again = match &result {
            Ok(response) => code_of(response, None).is_retriable(),
            Err(error) => error.is_retriable(),
        };
        if again && retry.pause().await {
            continue;
        }
        let response = result?;
        let outcome = |(partition, _): &(TopicPartition, Committed)| {
            let what = format_args!("offset of group {group} in {partition}").to_string();
            (partition.clone(), Refused::check(what, code_of(&response, Some(partition)), None))
        };
        return Ok(offsets.iter().map(outcome).collect());
    }
}

fn commit_request(
    group: &str,
    member: Option<Member<'_>>,
    offsets: &[(TopicPartition, Committed)],
) -> OffsetCommitRequest {
    let partition = |(index, committed): (i32, &Committed)| OffsetCommitRequestPartition {
        partition_index: index,
        committed_offset: committed.offset.0,
        committed_leader_epoch: committed.leader_epoch.0,
        committed_metadata: Some(committed.metadata.as_deref().unwrap_or_default().into()),
    };
    let topics = by_topic(offsets.iter().map(|(partition, committed)| (partition, committed)));
    let topic = |(name, partitions): (&str, Vec<_>)| OffsetCommitRequestTopic {
        name: name.into(),
        partitions: partitions.into_iter().map(partition).collect(),
        ..OffsetCommitRequestTopic::default()
    };
    OffsetCommitRequest {
        group_id: group.into(),
        generation_id_or_member_epoch: member.map_or(-1, |member| member.generation),
        member_id: member.map_or("", |member| member.id).into(),
        group_instance_id: member.and_then(|member| member.instance_id).map(Into::into),
        topics: topics.into_iter().map(topic).collect(),
        ..OffsetCommitRequest::default()
    }
}

/// The code for one partition, or the first that is not success.
fn code_of(response: &OffsetCommitResponse, of: Option<&TopicPartition>) -> ErrorCode {
    let all = response.topics.iter().flat_map(|topic| topic.partitions.iter().map(move |one| (topic, one)));
    let mut codes = all.filter(|(topic, one)| {
        of.is_none_or(|of| topic.name.as_str() == &*of.topic && one.partition_index == of.partition.0)
    });
    match of {
        Some(_) => codes.next().map_or(ErrorCode::UNKNOWN_SERVER_ERROR, |(_, one)| one.error_code),
        None => codes.map(|(_, one)| one.error_code).find(|code| !code.is_none()).unwrap_or(ErrorCode::NONE),
    }
}
