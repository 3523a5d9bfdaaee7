//! Groups of every type, and committed offsets. What only one type has, stands in its own file.

mod consumer;
mod share;
mod streams;

pub use share::{SharePartition, Standing, StandingRange};

use super::{Admin, Outcome};
use crate::client::{CoordinatorKind, TopicSet};
use crate::error::{CallError, Refused, RequestError};
use crate::group::committed::{self, CommitResults, Committed, Stability};
use crate::group::read_assignment;
use crate::metadata::TopicPartition;
use ottla_wire::ErrorCode;
use ottla_wire::message::describe_groups_response::{DescribedGroup, DescribedGroupMember};
use ottla_wire::message::offset_delete_request::{OffsetDeleteRequestPartition, OffsetDeleteRequestTopic};
use ottla_wire::message::{
    DeleteGroupsRequest, DeleteGroupsResponse, DescribeGroupsRequest, DescribeGroupsResponse,
    ListGroupsRequest, OffsetDeleteRequest,
};
use std::collections::BTreeMap;

/// A group in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupListing {
    /// Its id.
    pub id: String,
    /// What its members speak, as `consumer`; empty if it only has offsets.
    pub protocol_type: String,
    /// Kafka's name of its state, as `Stable`; empty from old brokers.
    pub state: String,
    /// Kafka's name of its type, as `classic`; empty from old brokers.
    pub group_type: String,
    /// The broker that coordinates it.
    pub coordinator: i32,
}

/// A group in full.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupDescription {
    /// Its id.
    pub id: String,
    /// Kafka's name of its state: `Empty`, `Stable`, `PreparingRebalance`, `CompletingRebalance`, `Dead` of
    /// a classic group, others of newer types.
    pub state: String,
    /// `classic`, `consumer`, `share` or `streams`.
    pub group_type: String,
    /// What its members speak, as `consumer`.
    pub protocol_type: String,
    /// Which of its members' protocols was chosen: the assignor of a consumer group.
    pub protocol: String,
    /// How often what it is made of has changed; none of classic groups, which do not tell.
    pub epoch: Option<i32>,
    /// For which epoch its partitions were shared out; only of consumer groups.
    pub assignment_epoch: Option<i32>,
    /// Its members.
    pub members: Vec<GroupMember>,
}

/// A member of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupMember {
    /// Its id.
    pub member_id: String,
    /// Its instance id, if it is static.
    pub instance_id: Option<String>,
    /// Who it says it is.
    pub client_id: String,
    /// From where it is connected.
    pub client_host: String,
    /// The epoch that it has reached; none in a classic group.
    pub epoch: Option<i32>,
    /// The topics that it asked for, and its pattern; none in a classic or streams group.
    pub subscription: Vec<String>,
    /// Its partitions; none if it is no consumer.
    pub partitions: Vec<TopicPartition>,
    /// The partitions that it shall have in the end; only in a consumer group.
    pub target: Option<Vec<TopicPartition>>,
    /// Whether it speaks the consumer protocol and not the classic one; only in a consumer group, if the broker tells.
    pub is_upgraded: Option<bool>,
    /// Its tasks, in a streams group.
    pub tasks: Vec<String>,
}

impl Admin {
    /// All groups of all brokers, by id.
    ///
    /// # Errors
    /// If a broker does not answer or refuses.
    pub async fn list_groups(&self) -> Result<Vec<GroupListing>, RequestError> {
        self.client.view(TopicSet::None).await?;
        let mut groups = BTreeMap::new();
        for node in self.client.brokers() {
            let connection = self.client.broker(node.id).await?;
            let response = connection.call(&ListGroupsRequest::default()).await?;
            Refused::check(format_args!("groups of broker {}", node.id), response.error_code, None)?;
            for group in response.groups {
                let listing = GroupListing {
                    id: group.group_id.to_string(),
                    protocol_type: group.protocol_type.to_string(),
                    state: group.group_state.to_string(),
                    group_type: group.group_type.to_string(),
                    coordinator: node.id,
                };
                groups.insert(listing.id.clone(), listing);
            }
        }
        Ok(groups.into_values().collect())
    }

    /// Describes a group of the classic protocol.
    ///
    /// # Errors
    /// `GROUP_ID_NOT_FOUND` if there is none (old brokers describe it as `Dead`), or what the coordinator says.
    pub async fn describe_group(&self, id: &str) -> Result<GroupDescription, RequestError> {
        let request =
            |_| DescribeGroupsRequest { groups: vec![id.into()], ..DescribeGroupsRequest::default() };
        let code = |response: &DescribeGroupsResponse| {
            response.groups.first().map_or(ErrorCode::NONE, |group| group.error_code)
        };
        let key = (CoordinatorKind::Group, id);
        let response = self.client.ask_coordinator(key, request, code).await?;
        let found = response.groups.into_iter().next().ok_or(CallError::UnknownBroker(-1))?;
        Refused::check(format_args!("group {id}"), found.error_code, found.error_message.as_deref())?;
        Ok(read_group(found))
    }

    /// Deletes groups without members, with their offsets.
    ///
    /// # Errors
    /// If a coordinator cannot be found or does not answer.
    pub async fn delete_groups(&self, ids: &[&str]) -> Result<Vec<Outcome<()>>, RequestError> {
        let mut outcomes = Vec::with_capacity(ids.len());
        for id in ids {
            let request = |_| DeleteGroupsRequest { groups_names: vec![(*id).into()] };
            let code = |response: &DeleteGroupsResponse| {
                response.results.first().map_or(ErrorCode::NONE, |group| group.error_code)
            };
            let key = (CoordinatorKind::Group, *id);
            let response = self.client.ask_coordinator(key, request, code).await?;
            outcomes.extend(response.results.iter().map(|group| {
                let what = format!("group {id}");
                ((*id).into(), Refused::check(what, group.error_code, group.error_message.as_deref()))
            }));
        }
        Ok(outcomes)
    }

    /// The group's committed offsets: of these partitions, or all. Partitions without one are left out; what open
    /// transactions may change is told as it is now.
    ///
    /// # Errors
    /// What the coordinator says.
    pub async fn group_offsets(
        &self,
        group: &str,
        partitions: Option<&[TopicPartition]>,
    ) -> Result<Vec<(TopicPartition, Committed)>, RequestError> {
        committed::fetch(&self.client, group, partitions, Stability::Any).await
    }

    /// Sets committed offsets of a group that has no members (it is made, if there is none).
    ///
    /// # Errors
    /// If the coordinator cannot be found or does not answer.
    pub async fn alter_group_offsets(
        &self,
        group: &str,
        offsets: &[(TopicPartition, Committed)],
    ) -> Result<CommitResults, RequestError> {
        committed::commit(&self.client, group, None, offsets).await
    }

    /// Deletes committed offsets of topics that no member reads.
    ///
    /// # Errors
    /// What the coordinator says of the group.
    pub async fn delete_group_offsets(
        &self,
        group: &str,
        partitions: &[TopicPartition],
    ) -> Result<CommitResults, RequestError> {
        let mut topics: BTreeMap<&str, Vec<OffsetDeleteRequestPartition>> = BTreeMap::new();
        for partition in partitions {
            let index = OffsetDeleteRequestPartition { partition_index: partition.partition.0 };
            topics.entry(&partition.topic).or_default().push(index);
        }
        let request = |_| OffsetDeleteRequest {
            group_id: group.into(),
            topics: topics
                .iter()
                .map(|(name, partitions)| OffsetDeleteRequestTopic {
                    name: (*name).into(),
                    partitions: partitions.clone(),
                })
                .collect(),
        };
        let key = (CoordinatorKind::Group, group);
        let response = self.client.ask_coordinator(key, request, |response| response.error_code).await?;
        Refused::check(format_args!("group {group}"), response.error_code, None)?;
        let mut results = Vec::with_capacity(partitions.len());
        for topic in &response.topics {
            for found in &topic.partitions {
                let partition = TopicPartition::new(topic.name.as_str(), found.partition_index);
                let what = format!("offset of group {group} in {partition}");
                results.push((partition, Refused::check(what, found.error_code, None)));
            }
        }
        Ok(results)
    }
}

fn read_group(found: DescribedGroup) -> GroupDescription {
    let consumers = found.protocol_type.as_str() == "consumer";
    let member = |member: DescribedGroupMember| GroupMember {
        member_id: member.member_id.to_string(),
        instance_id: member.group_instance_id.as_deref().map(str::to_owned),
        client_id: member.client_id.to_string(),
        client_host: member.client_host.to_string(),
        epoch: None,
        subscription: Vec::new(),
        partitions: match consumers {
            // What a member holds while the group rebalances may be anything.
            true => read_assignment(member.member_assignment).unwrap_or_default(),
            false => Vec::new(),
        },
        target: None,
        is_upgraded: None,
        tasks: Vec::new(),
    };
    GroupDescription {
        id: found.group_id.to_string(),
        state: found.group_state.to_string(),
        group_type: "classic".to_owned(),
        protocol_type: found.protocol_type.to_string(),
        protocol: found.protocol_data.to_string(),
        epoch: None,
        assignment_epoch: None,
        members: found.members.into_iter().map(member).collect(),
    }
}
