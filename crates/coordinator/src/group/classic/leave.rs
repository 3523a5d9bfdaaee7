//! LeaveGroup: members go, by their own wish or an operator's.

use super::{Group, State};
use crate::group::live::Directory;
use crate::group::turn::Turn;
use crate::machine::Ticket;
use ottla_wire::ErrorCode;
use ottla_wire::message::leave_group_request::MemberIdentity;
use ottla_wire::message::leave_group_response::MemberResponse;
use ottla_wire::message::{LeaveGroupRequest, LeaveGroupResponse};

/// A leave to decide.
#[derive(Debug)]
pub struct Leave {
    /// Who waits.
    pub ticket: Ticket,
    /// What was asked, with the member of versions 0-2 moved into the list.
    pub request: LeaveGroupRequest,
}

pub(in crate::group) fn leave(groups: &mut Directory, turn: &mut Turn<'_>, leave: Leave) {
    let LeaveGroupRequest { group_id, members: leaving, .. } = leave.request;
    if group_id.is_empty() {
        let error_code = ErrorCode::INVALID_GROUP_ID;
        return turn.reply(leave.ticket, LeaveGroupResponse { error_code, ..Default::default() });
    }
    let mut group = groups.classic(&group_id);
    let mut members = Vec::with_capacity(leaving.len());
    let mut has_changed = false;
    for identity in leaving {
        let result = match &mut group {
            Some(group) => group.leave(&identity, turn),
            None => Err(ErrorCode::UNKNOWN_MEMBER_ID),
        };
        has_changed |= result.is_ok();
        members.push(MemberResponse {
            member_id: identity.member_id,
            group_instance_id: identity.group_instance_id,
            error_code: result.err().unwrap_or(ErrorCode::NONE),
        });
    }
    // The answer to the leave comes first: whoever leaves must not wait for what its leaving sets off.
    turn.reply(leave.ticket, LeaveGroupResponse { members, ..Default::default() });
    if let Some(group) = group.filter(|_| has_changed) {
        group.go_on_without(turn);
    }
}

impl Group {
    fn leave(&mut self, identity: &MemberIdentity, turn: &mut Turn<'_>) -> Result<(), ErrorCode> {
        let instance = identity.group_instance_id.as_ref();
        let id = if identity.member_id.is_empty() {
            // An operator removes a static member, whose member id nobody knows.
            instance
                .and_then(|instance| self.statics.get(instance))
                .ok_or(ErrorCode::UNKNOWN_MEMBER_ID)?
                .clone()
        } else {
            if !self.pending.contains(&identity.member_id) {
                self.check_member(&identity.member_id, instance)?;
            }
            identity.member_id.clone()
        };
        self.remove(&id, turn);
        Ok(())
    }

    /// Members have gone.
    fn go_on_without(&mut self, turn: &mut Turn<'_>) {
        match self.state {
            State::Empty => {}
            State::PreparingRebalance(_) => self.complete_when_all_joined(turn),
            // Also when only an id that nobody used yet was given back, as in Kafka.
            State::CompletingRebalance | State::Stable => self.prepare_rebalance(turn),
        }
    }
}
