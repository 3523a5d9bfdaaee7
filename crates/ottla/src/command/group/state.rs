//! What a group's coordinator knows of it.

use crate::exit::{Failure, Outcome};
use crate::offsets::{self, At, Found, Key};
use ottla_base::{Offset, PartitionIndex};
use ottla_client::{Client, CoordinatorKind, Refused, RequestError, TopicSet};
use ottla_wire::ErrorCode;
use ottla_wire::codec::{Message, Reader};
use ottla_wire::message::consumer_protocol_assignment::ConsumerProtocolAssignment;
use ottla_wire::message::describe_groups_response::{DescribedGroup, DescribedGroupMember};
use ottla_wire::message::offset_fetch_request::OffsetFetchRequestGroup;
use ottla_wire::message::{DescribeGroupsRequest, ListGroupsRequest, OffsetFetchRequest};
use std::collections::{BTreeMap, BTreeSet};

/// Ids of all groups of all brokers, with protocol type, state and type.
pub(super) async fn list(
    client: &Client,
) -> Outcome<Vec<ottla_wire::message::list_groups_response::ListedGroup>> {
    let mut groups = Vec::new();
    for broker in client.brokers() {
        let response = client.broker(broker.id).await?.call(&ListGroupsRequest::default()).await?;
        Refused::check(format_args!("groups of broker {}", broker.id), response.error_code, None)
            .map_err(RequestError::from)?;
        groups.extend(response.groups);
    }
    groups.sort_by(|a, b| a.group_id.cmp(&b.group_id));
    Ok(groups)
}

/// The group as its coordinator describes it.
pub(super) async fn describe(client: &Client, group: &str) -> Outcome<DescribedGroup> {
    let coordinator = client.coordinator(CoordinatorKind::Group, group).await?;
    let request = DescribeGroupsRequest { groups: vec![group.into()], ..Default::default() };
    let response = coordinator.call(&request).await?;
    let described = response.groups.into_iter().next().unwrap_or_default();
    let what = format!("group {group}");
    Refused::check(what, described.error_code, described.error_message.as_deref())
        .map_err(RequestError::from)?;
    if described.group_state == "Dead" {
        return Err(Failure::not_found(format!(
            "there is no group '{group}': 'ottla group list' has all of them"
        )));
    }
    Ok(described)
}

/// The partitions that a member of a consumer group has. Other protocols' assignments are nobody's business.
pub(super) fn assignment(member: &DescribedGroupMember) -> BTreeSet<Key> {
    let bytes = &member.member_assignment;
    let Some(version) = bytes.first_chunk::<2>().map(|bytes| i16::from_be_bytes(*bytes)) else {
        return BTreeSet::new();
    };
    let version = version
        .clamp(*ConsumerProtocolAssignment::VERSIONS.start(), *ConsumerProtocolAssignment::VERSIONS.end());
    let mut reader = Reader::new(bytes.slice(2..));
    let Ok(assignment) = ConsumerProtocolAssignment::decode(&mut reader, version) else {
        return BTreeSet::new();
    };
    let of_topic = |topic: ottla_wire::message::consumer_protocol_assignment::TopicPartition| {
        let name = topic.topic.to_string();
        topic.partitions.into_iter().map(move |index| (name.clone(), PartitionIndex(index)))
    };
    assignment.assigned_partitions.into_iter().flat_map(of_topic).collect()
}

/// What the group has committed.
pub(super) async fn committed(client: &Client, group: &str) -> Outcome<Found> {
    let coordinator = client.coordinator(CoordinatorKind::Group, group).await?;
    // Later versions speak of topics by their ids.
    let version = coordinator.version_of::<OffsetFetchRequest>()?.min(LAST_VERSION_BY_NAME);
    let mut request = OffsetFetchRequest::default();
    if version < FIRST_VERSION_OF_MANY_GROUPS {
        request.group_id = group.into();
        request.topics = None;
    } else {
        let all = OffsetFetchRequestGroup { group_id: group.into(), topics: None, ..Default::default() };
        request.groups = vec![all];
    }
    let response = coordinator.call_at(&request, version).await?;
    let mut found = Found::new();
    let mut code = response.error_code;
    for topic in response.topics {
        for partition in topic.partitions {
            found.insert(
                (topic.name.to_string(), PartitionIndex(partition.partition_index)),
                Offset(partition.committed_offset),
            );
        }
    }
    for group in response.groups {
        code = group.error_code;
        for topic in group.topics {
            for partition in topic.partitions {
                found.insert(
                    (topic.name.to_string(), PartitionIndex(partition.partition_index)),
                    Offset(partition.committed_offset),
                );
            }
        }
    }
    if code != ErrorCode::GROUP_ID_NOT_FOUND {
        Refused::check(format_args!("offsets of group {group}"), code, None).map_err(RequestError::from)?;
    }
    found.retain(|_, offset| *offset != Offset::NONE);
    Ok(found)
}

/// The ends of these partitions; those whose topic is gone are left out.
pub(super) async fn ends(client: &Client, partitions: impl Iterator<Item = &Key>) -> Outcome<Found> {
    let wanted: Vec<Key> = partitions.cloned().collect();
    let names: BTreeSet<&str> = wanted.iter().map(|(topic, _)| topic.as_str()).collect();
    let names: Vec<&str> = names.into_iter().collect();
    let view = client.view(TopicSet::Named(&names)).await?;
    let counts: BTreeMap<&str, usize> =
        view.topics.iter().map(|(name, topic)| (&**name, topic.partitions.len())).collect();
    let is_there = |(topic, index): &&Key| {
        let count = counts.get(topic.as_str()).copied().unwrap_or_default();
        usize::try_from(index.0).is_ok_and(|index| index < count)
    };
    let there: Vec<Key> = wanted.iter().filter(is_there).cloned().collect();
    offsets::find(client, &there, At::End).await
}

const LAST_VERSION_BY_NAME: i16 = 9;
const FIRST_VERSION_OF_MANY_GROUPS: i16 = 8;
