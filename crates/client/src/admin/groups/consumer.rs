//! Groups of the consumer protocol.

use super::{GroupDescription, GroupMember};
use crate::admin::Admin;
use crate::client::CoordinatorKind;
use crate::error::{CallError, Refused, RequestError};
use crate::metadata::TopicPartition;
use ottla_wire::ErrorCode;
use ottla_wire::message::consumer_group_describe_response::{Assignment, DescribedGroup, Member};
use ottla_wire::message::{ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse};

impl Admin {
    /// Describes a group of the consumer protocol.
    ///
    /// # Errors
    /// `GROUP_ID_NOT_FOUND` if there is none of that type, or what the coordinator says.
    pub async fn describe_consumer_group(&self, id: &str) -> Result<GroupDescription, RequestError> {
        let request = |_| ConsumerGroupDescribeRequest {
            group_ids: vec![id.into()],
            ..ConsumerGroupDescribeRequest::default()
        };
        let code = |response: &ConsumerGroupDescribeResponse| {
            response.groups.first().map_or(ErrorCode::NONE, |group| group.error_code)
        };
        let response = self.client().ask_coordinator((CoordinatorKind::Group, id), request, code).await?;
        let found = response.groups.into_iter().next().ok_or(CallError::UnknownBroker(-1))?;
        Refused::check(format_args!("group {id}"), found.error_code, found.error_message.as_deref())?;
        Ok(read(found))
    }
}

fn read(found: DescribedGroup) -> GroupDescription {
    GroupDescription {
        id: found.group_id.to_string(),
        state: found.group_state.to_string(),
        group_type: "consumer".to_owned(),
        protocol_type: "consumer".to_owned(),
        protocol: found.assignor_name.to_string(),
        epoch: Some(found.group_epoch),
        assignment_epoch: Some(found.assignment_epoch),
        members: found.members.into_iter().map(read_member).collect(),
    }
}

fn read_member(member: Member) -> GroupMember {
    let mut subscription: Vec<String> =
        member.subscribed_topic_names.iter().map(ToString::to_string).collect();
    subscription
        .extend(member.subscribed_topic_regex.as_deref().filter(|text| !text.is_empty()).map(str::to_owned));
    GroupMember {
        member_id: member.member_id.to_string(),
        instance_id: member.instance_id.as_deref().map(str::to_owned),
        client_id: member.client_id.to_string(),
        client_host: member.client_host.to_string(),
        epoch: Some(member.member_epoch),
        subscription,
        partitions: partitions(&member.assignment),
        target: Some(partitions(&member.target_assignment)),
        is_upgraded: (0 <= member.member_type).then_some(member.member_type == UPGRADED),
        tasks: Vec::new(),
    }
}

fn partitions(assignment: &Assignment) -> Vec<TopicPartition> {
    let topics = assignment.topic_partitions.iter();
    let named = topics.flat_map(|topic| {
        topic.partitions.iter().map(|index| TopicPartition::new(topic.topic_name.as_str(), *index))
    });
    named.collect()
}

/// The type of a member that speaks the consumer protocol; 0 is one of the classic protocol.
const UPGRADED: i8 = 1;
