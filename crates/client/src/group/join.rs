//! One way into the group: join, share out if this member leads, sync, look up where to start.

use super::assignor::{Assignor, Subscriber};
use super::{GroupError, GroupOptions, committed, protocol};
use crate::client::{Client, CoordinatorKind, TopicSet};
use crate::consumer::{Reset, Start};
use crate::error::{Refused, RequestError};
use crate::metadata::TopicPartition;
use ottla_wire::ErrorCode;
use ottla_wire::message::join_group_request::JoinGroupRequestProtocol;
use ottla_wire::message::sync_group_request::SyncGroupRequestAssignment;
use ottla_wire::message::{
    ConsumerProtocolSubscription, JoinGroupRequest, JoinGroupResponse, SyncGroupRequest, SyncGroupResponse,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// A place in the group.
#[derive(Debug)]
pub(super) struct Joined {
    pub(super) member_id: String,
    pub(super) generation: i32,
    pub(super) starts: Vec<(TopicPartition, Start)>,
}

const PROTOCOL_TYPE: &str = "consumer";

/// Beyond the rebalance timeout, for the broker to answer.
const SLACK: Duration = Duration::from_secs(5);

pub(super) async fn join(
    client: Client,
    options: Arc<GroupOptions>,
    mut member_id: String,
) -> Result<Joined, GroupError> {
    let mut retry = client.retry();
    loop {
        match attempt(&client, &options, &member_id).await {
            Ok(Attempt::In { member_id, generation, partitions }) => {
                let starts = starts(&client, &options, partitions).await?;
                return Ok(Joined { member_id, generation, starts });
            }
            Ok(Attempt::Again { as_member }) => member_id = as_member,
            Err(GroupError::Request(error)) if error.is_retriable() && retry.pause().await => {}
            Err(error) => return Err(error),
        }
    }
}

enum Attempt {
    In { member_id: String, generation: i32, partitions: Vec<TopicPartition> },
    Again { as_member: String },
}

async fn attempt(client: &Client, options: &GroupOptions, member_id: &str) -> Result<Attempt, GroupError> {
    let connection = client.coordinator(CoordinatorKind::Group, &options.group_id).await?;
    let request = join_request(options, member_id);
    let held = options.rebalance_timeout + SLACK;
    let joined = connection.call_within(&request, held).await.map_err(RequestError::from)?;
    match judge(joined.error_code, options, &joined.member_id, member_id)? {
        None => {}
        Some(again) => return Ok(again),
    }
    let member_id = joined.member_id.to_string();
    let assignments = match joined.leader == joined.member_id && !joined.skip_assignment {
        true => share_out(client, &joined).await?,
        false => Vec::new(),
    };
    let request = SyncGroupRequest {
        group_id: options.group_id.as_str().into(),
        generation_id: joined.generation_id,
        member_id: joined.member_id.clone(),
        group_instance_id: options.instance_id.as_deref().map(Into::into),
        protocol_type: Some(PROTOCOL_TYPE.into()),
        protocol_name: joined.protocol_name.clone(),
        assignments,
    };
    let synced: SyncGroupResponse =
        connection.call_within(&request, held).await.map_err(RequestError::from)?;
    if let Some(again) = judge(synced.error_code, options, &member_id, &member_id)? {
        return Ok(again);
    }
    let partitions = protocol::read_assignment(synced.assignment)?;
    Ok(Attempt::In { member_id, generation: joined.generation_id, partitions })
}

fn join_request(options: &GroupOptions, member_id: &str) -> JoinGroupRequest {
    let metadata = protocol::subscription(&options.topics);
    let offer = |assignor: &Assignor| JoinGroupRequestProtocol {
        name: assignor.name().into(),
        metadata: metadata.clone(),
    };
    let millis = |time: Duration| i32::try_from(time.as_millis()).unwrap_or(i32::MAX);
    JoinGroupRequest {
        group_id: options.group_id.as_str().into(),
        session_timeout_ms: millis(options.session_timeout),
        rebalance_timeout_ms: millis(options.rebalance_timeout),
        member_id: member_id.into(),
        group_instance_id: options.instance_id.as_deref().map(Into::into),
        protocol_type: PROTOCOL_TYPE.into(),
        protocols: options.assignors.iter().map(offer).collect(),
        reason: None,
    }
}

/// Goes on, starts over, or gives up.
fn judge(
    code: ErrorCode,
    options: &GroupOptions,
    given_id: &str,
    member_id: &str,
) -> Result<Option<Attempt>, GroupError> {
    let again = |id: &str| Ok(Some(Attempt::Again { as_member: id.to_owned() }));
    match code {
        ErrorCode::NONE => Ok(None),
        ErrorCode::MEMBER_ID_REQUIRED => again(given_id),
        ErrorCode::REBALANCE_IN_PROGRESS => again(member_id),
        ErrorCode::UNKNOWN_MEMBER_ID | ErrorCode::ILLEGAL_GENERATION => again(""),
        ErrorCode::FENCED_INSTANCE_ID => {
            Err(GroupError::Fenced(options.instance_id.clone().unwrap_or_default()))
        }
        code => {
            let what = format!("group {}", options.group_id).into();
            Err(RequestError::from(Refused { what, code, message: None }).into())
        }
    }
}

/// This member leads: it decides for all.
async fn share_out(
    client: &Client,
    joined: &JoinGroupResponse,
) -> Result<Vec<SyncGroupRequestAssignment>, GroupError> {
    let chosen = joined.protocol_name.as_deref().unwrap_or_default();
    let assignor = Assignor::from_name(chosen).ok_or(GroupError::Malformed { what: "choice of assignor" })?;
    let mut members = Vec::with_capacity(joined.members.len());
    let mut wanted: BTreeSet<Arc<str>> = BTreeSet::new();
    for member in &joined.members {
        let subscription: ConsumerProtocolSubscription =
            protocol::decode(member.metadata.clone(), "subscription")?;
        let topics: BTreeSet<Arc<str>> =
            subscription.topics.iter().map(|topic| topic.as_str().into()).collect();
        wanted.extend(topics.iter().cloned());
        let instance_id = member.group_instance_id.as_deref().map(str::to_owned);
        members.push(Subscriber { member_id: member.member_id.to_string(), instance_id, topics });
    }
    let names: Vec<&str> = wanted.iter().map(|name| &**name).collect();
    let view = client.view(TopicSet::Created(&names)).await.map_err(RequestError::from)?;
    let count = |topic: &crate::metadata::Topic| i32::try_from(topic.partitions.len()).unwrap_or(i32::MAX);
    let topics: BTreeMap<_, _> =
        view.topics.iter().map(|(name, topic)| (Arc::clone(name), count(topic))).collect();
    let share = |(member, partitions): (String, Vec<TopicPartition>)| SyncGroupRequestAssignment {
        member_id: member.into(),
        assignment: protocol::assignment(&partitions),
    };
    Ok(assignor.assign(members, &topics).into_iter().map(share).collect())
}

/// Where the group has come in these partitions.
async fn starts(
    client: &Client,
    options: &GroupOptions,
    partitions: Vec<TopicPartition>,
) -> Result<Vec<(TopicPartition, Start)>, GroupError> {
    let committed =
        committed::fetch(client, &options.group_id, Some(&partitions), committed::Stability::Required)
            .await?;
    let committed: BTreeMap<_, _> = committed.into_iter().collect();
    let start = |partition: TopicPartition| match (committed.get(&partition), options.consumer.reset) {
        (Some(found), _) => Ok((partition, Start::Offset(found.offset))),
        (None, Reset::Earliest) => Ok((partition, Start::Earliest)),
        (None, Reset::Latest) => Ok((partition, Start::Latest)),
        (None, Reset::Error) => {
            let position = ottla_base::Offset::NONE;
            Err(crate::consumer::FetchError::OutOfRange { partition, position }.into())
        }
    };
    partitions.into_iter().map(start).collect()
}
