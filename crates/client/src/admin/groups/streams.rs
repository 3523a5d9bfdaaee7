//! Groups of the streams protocol.

use super::{GroupDescription, GroupMember};
use crate::admin::Admin;
use crate::client::CoordinatorKind;
use crate::error::{CallError, Refused, RequestError};
use ottla_wire::ErrorCode;
use ottla_wire::message::streams_group_describe_response::{DescribedGroup, Member, TaskIds};
use ottla_wire::message::{StreamsGroupDescribeRequest, StreamsGroupDescribeResponse};

impl Admin {
    /// Describes a group of the streams protocol. Its members have tasks instead of partitions.
    ///
    /// # Errors
    /// `GROUP_ID_NOT_FOUND` if there is none of that type, or what the coordinator says.
    pub async fn describe_streams_group(&self, id: &str) -> Result<GroupDescription, RequestError> {
        let request = |_| StreamsGroupDescribeRequest {
            group_ids: vec![id.into()],
            ..StreamsGroupDescribeRequest::default()
        };
        let code = |response: &StreamsGroupDescribeResponse| {
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
        group_type: "streams".to_owned(),
        protocol_type: "streams".to_owned(),
        protocol: found.assignor_name.as_deref().unwrap_or_default().to_owned(),
        epoch: Some(found.group_epoch),
        assignment_epoch: None,
        members: found.members.into_iter().map(read_member).collect(),
    }
}

fn read_member(member: Member) -> GroupMember {
    let named = |tasks: &[TaskIds], suffix: &str| -> Vec<String> {
        tasks
            .iter()
            .flat_map(|ids| {
                ids.partitions.iter().map(move |index| format!("{}_{index}{suffix}", ids.subtopology_id))
            })
            .collect()
    };
    let mut tasks = named(&member.assignment.active_tasks, "");
    tasks.extend(named(&member.assignment.standby_tasks, " (standby)"));
    tasks.extend(named(&member.assignment.warmup_tasks, " (warm-up)"));
    GroupMember {
        member_id: member.member_id.to_string(),
        instance_id: member.instance_id.as_deref().map(str::to_owned),
        client_id: member.client_id.to_string(),
        client_host: member.client_host.to_string(),
        epoch: Some(member.member_epoch),
        subscription: Vec::new(),
        partitions: Vec::new(),
        target: None,
        is_upgraded: None,
        tasks,
    }
}
