//! LeaveGroup to a consumer group: classic members go, or an operator removes members of either protocol.

use super::super::Group;
use crate::group::Leave;
use crate::group::turn::Turn;
use ottla_wire::message::LeaveGroupResponse;
use ottla_wire::message::leave_group_request::MemberIdentity;
use ottla_wire::message::leave_group_response::MemberResponse;
use ottla_wire::{ErrorCode, Str};

impl Group {
    pub(in crate::group) fn leave_classic(&mut self, turn: &mut Turn<'_>, leave: Leave) {
        let mut gone = Vec::<Str>::new();
        let mut members = Vec::with_capacity(leave.request.members.len());
        for identity in leave.request.members {
            let found = self.leaving(&identity);
            let error_code = found.as_ref().err().copied().unwrap_or(ErrorCode::NONE);
            gone.extend(found);
            let MemberIdentity { member_id, group_instance_id, .. } = identity;
            members.push(MemberResponse { member_id, group_instance_id, error_code });
        }
        turn.reply(leave.ticket, LeaveGroupResponse { members, ..Default::default() });
        if !gone.is_empty() {
            self.fence(&gone, turn);
        }
    }

    fn leaving(&self, identity: &MemberIdentity) -> Result<Str, ErrorCode> {
        let id = &identity.member_id;
        let Some(instance) = &identity.group_instance_id else {
            let known = self.members.get_key_value(id);
            return known.map(|(id, _)| id.clone()).ok_or(ErrorCode::UNKNOWN_MEMBER_ID);
        };
        match self.statics.get(instance) {
            None => Err(ErrorCode::UNKNOWN_MEMBER_ID),
            Some(current) if !id.is_empty() && current != id => Err(ErrorCode::FENCED_INSTANCE_ID),
            Some(current) => Ok(current.clone()),
        }
    }
}
