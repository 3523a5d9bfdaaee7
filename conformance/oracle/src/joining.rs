//! A member of a classic group that is driven one request at a time.

use crate::scenario::Ran;
use crate::side::{Side, until};
use crate::transacting::{self, coordinator};
use bytes::Bytes;
use ottla_wire::message::join_group_request::JoinGroupRequestProtocol;
use ottla_wire::message::leave_group_request::MemberIdentity;
use ottla_wire::message::sync_group_request::SyncGroupRequestAssignment;
use ottla_wire::message::*;
use ottla_wire::{ErrorCode, Str};

/// A classic group.
#[derive(Clone, Debug)]
pub struct Group {
    pub id: Str,
}

/// What a member is called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Member {
    pub id: Str,
    pub instance: Option<Str>,
}

impl Member {
    pub fn dynamic(id: &str) -> Self {
        Self { id: id.into(), instance: None }
    }

    pub fn of(instance: &str, id: &str) -> Self {
        Self { id: id.into(), instance: Some(instance.into()) }
    }
}

impl Group {
    /// A group whose coordinator is there; Apache Kafka makes the topic of its groups only when somebody asks.
    pub fn make(side: &mut Side, suffix: &str) -> Result<Self, String> {
        let id = side.name(suffix);
        coordinator(side, &id, transacting::GROUP)?;
        Ok(Self { id })
    }

    pub fn join(&self, member: &Member, protocols: &[(&str, &str)]) -> JoinGroupRequest {
        let protocols = protocols.iter().map(|(name, metadata)| JoinGroupRequestProtocol {
            name: (*name).into(),
            metadata: Bytes::copy_from_slice(metadata.as_bytes()),
        });
        JoinGroupRequest {
            group_id: self.id.clone(),
            session_timeout_ms: 30_000,
            rebalance_timeout_ms: 30_000,
            member_id: member.id.clone(),
            group_instance_id: member.instance.clone(),
            // No consumers: then what they say about themselves is opaque.
            protocol_type: TYPE.into(),
            protocols: protocols.collect(),
            reason: Some("because".into()),
        }
    }

    /// Joins as a dynamic member until it has an id and takes part; keeps nothing.
    pub fn joined(&self, side: &mut Side, protocols: &[(&str, &str)]) -> Result<(Member, i32), String> {
        let mut member = Member::default();
        until(|| {
            let answer: JoinGroupResponse = side.setup(9, &self.join(&member, protocols))?;
            member.id = answer.member_id.clone();
            match answer.error_code {
                ErrorCode::NONE => Ok(Some((member.clone(), answer.generation_id))),
                ErrorCode::MEMBER_ID_REQUIRED => Ok(None),
                ErrorCode::COORDINATOR_LOAD_IN_PROGRESS | ErrorCode::NOT_COORDINATOR => {
                    member.id = Str::default();
                    Ok(None)
                }
                code => Err(format!("JoinGroup: {code}")),
            }
        })
    }

    /// A group of one member that has its assignment; keeps nothing.
    pub fn stable(&self, side: &mut Side) -> Result<(Member, i32), String> {
        let (member, generation) = self.joined(side, ONE)?;
        let answer = side.setup(5, &self.sync(&member, generation, &[(&member, "all")]))?;
        answer.error_code.ok().map_err(|code| format!("SyncGroup: {code}"))?;
        side.learn("member", &*member.id);
        Ok((member, generation))
    }

    pub fn sync(&self, member: &Member, generation: i32, parts: &[(&Member, &str)]) -> SyncGroupRequest {
        let assignments = parts.iter().map(|(member, part)| SyncGroupRequestAssignment {
            member_id: member.id.clone(),
            assignment: Bytes::copy_from_slice(part.as_bytes()),
        });
        SyncGroupRequest {
            group_id: self.id.clone(),
            generation_id: generation,
            member_id: member.id.clone(),
            group_instance_id: member.instance.clone(),
            protocol_type: Some(TYPE.into()),
            protocol_name: Some("one".into()),
            assignments: assignments.collect(),
        }
    }

    pub fn beat(&self, member: &Member, generation_id: i32) -> HeartbeatRequest {
        HeartbeatRequest {
            group_id: self.id.clone(),
            generation_id,
            member_id: member.id.clone(),
            group_instance_id: member.instance.clone(),
        }
    }

    /// One member goes as the version says it, several from version 3 on.
    pub fn leave(&self, version: i16, members: &[&Member]) -> LeaveGroupRequest {
        let group_id = self.id.clone();
        if version < 3 {
            let member_id = members.first().map(|member| member.id.clone()).unwrap_or_default();
            return LeaveGroupRequest { group_id, member_id, ..Default::default() };
        }
        let leaving = members.iter().map(|member| MemberIdentity {
            member_id: member.id.clone(),
            group_instance_id: member.instance.clone(),
            reason: Some("because".into()),
        });
        LeaveGroupRequest { group_id, members: leaving.collect(), ..Default::default() }
    }

    pub fn describe(&self, side: &mut Side, step: &str) {
        side.ask(step, 5, &DescribeGroupsRequest { groups: vec![self.id.clone()], ..Default::default() });
    }

    /// Waits until a member hears that it has to join again: then who joined last has been noticed.
    pub fn until_rebalancing(&self, side: &mut Side, member: &Member, generation: i32) -> Ran {
        until(|| {
            let answer = side.setup(4, &self.beat(member, generation))?;
            Ok((answer.error_code == ErrorCode::REBALANCE_IN_PROGRESS).then_some(()))
        })
    }
}

/// A member that can do one thing.
pub const ONE: &[(&str, &str)] = &[("one", "metadata")];
const TYPE: &str = "oracle";
