//! Share groups: queues.

use super::{GroupDescription, GroupMember};
use crate::admin::Admin;
use crate::client::CoordinatorKind;
use crate::error::{CallError, Refused, RequestError};
use crate::group::committed::CommitResults;
use crate::metadata::TopicPartition;
use ottla_base::Offset;
use ottla_wire::ErrorCode;
use ottla_wire::message::alter_share_group_offsets_request::{
    AlterShareGroupOffsetsRequestPartition, AlterShareGroupOffsetsRequestTopic,
};
use ottla_wire::message::describe_share_group_offsets_request::DescribeShareGroupOffsetsRequestGroup;
pub use ottla_wire::message::describe_share_group_offsets_response::{Standing, StandingRange};
use ottla_wire::message::share_group_describe_response::{DescribedGroup, Member};
use ottla_wire::message::{
    AlterShareGroupOffsetsRequest, AlterShareGroupOffsetsResponse, DescribeShareGroupOffsetsRequest,
    DescribeShareGroupOffsetsResponse, ShareGroupDescribeRequest, ShareGroupDescribeResponse,
};
use std::collections::BTreeMap;

/// How a share group stands in one partition.
#[derive(Clone, Debug, PartialEq)]
pub struct SharePartition {
    /// Where.
    pub partition: TopicPartition,
    /// Every record before it is done. None if nobody has read the partition yet.
    pub start: Option<Offset>,
    /// How many records are not done; none if the broker does not know, or is too old to say.
    pub lag: Option<i64>,
    /// What Ottla tells beyond that; none from other brokers.
    pub standing: Option<Standing>,
}

impl Admin {
    /// Describes a share group.
    ///
    /// # Errors
    /// `GROUP_ID_NOT_FOUND` if there is none of that type, or what the coordinator says.
    pub async fn describe_share_group(&self, id: &str) -> Result<GroupDescription, RequestError> {
        let request = |_| ShareGroupDescribeRequest {
            group_ids: vec![id.into()],
            ..ShareGroupDescribeRequest::default()
        };
        let code = |response: &ShareGroupDescribeResponse| {
            response.groups.first().map_or(ErrorCode::NONE, |group| group.error_code)
        };
        let response = self.client().ask_coordinator((CoordinatorKind::Group, id), request, code).await?;
        let found = response.groups.into_iter().next().ok_or(CallError::UnknownBroker(-1))?;
        Refused::check(format_args!("group {id}"), found.error_code, found.error_message.as_deref())?;
        Ok(read(found))
    }

    /// How a share group stands in every partition that it has read; with at most `ranges_max` ranges of records each,
    /// from a broker that tells.
    ///
    /// # Errors
    /// `GROUP_ID_NOT_FOUND` if there is no such share group, or what the coordinator says of it or of a partition.
    pub async fn share_group_offsets(
        &self,
        id: &str,
        ranges_max: i32,
    ) -> Result<Vec<SharePartition>, RequestError> {
        let request = |_| DescribeShareGroupOffsetsRequest {
            groups: vec![DescribeShareGroupOffsetsRequestGroup { group_id: id.into(), topics: None }],
            ranges_max,
        };
        let code = |response: &DescribeShareGroupOffsetsResponse| {
            response.groups.first().map_or(ErrorCode::NONE, |group| group.error_code)
        };
        let response = self.client().ask_coordinator((CoordinatorKind::Group, id), request, code).await?;
        let found = response.groups.into_iter().next().ok_or(CallError::UnknownBroker(-1))?;
        Refused::check(format_args!("group {id}"), found.error_code, found.error_message.as_deref())?;
        let mut partitions = Vec::new();
        for topic in found.topics {
            for found in topic.partitions {
                let partition = TopicPartition::new(topic.topic_name.as_str(), found.partition_index);
                let what = format_args!("queue {id} in {partition}");
                Refused::check(what, found.error_code, found.error_message.as_deref())?;
                partitions.push(SharePartition {
                    partition,
                    start: (0 <= found.start_offset).then_some(Offset(found.start_offset)),
                    lag: (0 <= found.lag).then_some(found.lag),
                    standing: found.standing.into_iter().next(),
                });
            }
        }
        partitions.sort_by(|a, b| a.partition.cmp(&b.partition));
        Ok(partitions)
    }

    /// Lets a share group skip what lies before these offsets: everything there is done.
    ///
    /// # Errors
    /// What the coordinator says of the group; `NON_EMPTY_GROUP` from other brokers than Ottla while it has members.
    pub async fn skip_share_group_records(
        &self,
        id: &str,
        offsets: &[(TopicPartition, Offset)],
    ) -> Result<CommitResults, RequestError> {
        let mut topics: BTreeMap<&str, Vec<AlterShareGroupOffsetsRequestPartition>> = BTreeMap::new();
        for (partition, offset) in offsets {
            let asked = AlterShareGroupOffsetsRequestPartition {
                partition_index: partition.partition.0,
                start_offset: offset.0,
            };
            topics.entry(&partition.topic).or_default().push(asked);
        }
        let request = |_| AlterShareGroupOffsetsRequest {
            group_id: id.into(),
            topics: topics
                .iter()
                .map(|(name, partitions)| AlterShareGroupOffsetsRequestTopic {
                    topic_name: (*name).into(),
                    partitions: partitions.clone(),
                })
                .collect(),
            skip: true,
        };
        let code = |response: &AlterShareGroupOffsetsResponse| response.error_code;
        let response = self.client().ask_coordinator((CoordinatorKind::Group, id), request, code).await?;
        Refused::check(format_args!("group {id}"), response.error_code, response.error_message.as_deref())?;
        let mut results = Vec::with_capacity(offsets.len());
        for topic in &response.responses {
            for found in &topic.partitions {
                let partition = TopicPartition::new(topic.topic_name.as_str(), found.partition_index);
                let what = format!("queue {id} in {partition}");
                let result = Refused::check(what, found.error_code, found.error_message.as_deref());
                results.push((partition, result));
            }
        }
        Ok(results)
    }
}

fn read(found: DescribedGroup) -> GroupDescription {
    GroupDescription {
        id: found.group_id.to_string(),
        state: found.group_state.to_string(),
        group_type: "share".to_owned(),
        protocol_type: "share".to_owned(),
        protocol: found.assignor_name.to_string(),
        epoch: Some(found.group_epoch),
        assignment_epoch: None,
        members: found.members.into_iter().map(read_member).collect(),
    }
}

fn read_member(member: Member) -> GroupMember {
    let topics = member.assignment.topic_partitions.iter();
    GroupMember {
        member_id: member.member_id.to_string(),
        instance_id: None,
        client_id: member.client_id.to_string(),
        client_host: member.client_host.to_string(),
        epoch: Some(member.member_epoch),
        subscription: member.subscribed_topic_names.iter().map(ToString::to_string).collect(),
        partitions: topics
            .flat_map(|topic| {
                topic.partitions.iter().map(|index| TopicPartition::new(topic.topic_name.as_str(), *index))
            })
            .collect(),
        target: None,
        is_upgraded: None,
        tasks: Vec::new(),
    }
}
