//! SyncGroup of a classic member of a consumer group: it hears what it has.

use super::super::Group;
use super::super::member::MemberState;
use crate::group::turn::Turn;
use crate::group::{Sync, embedded};
use ottla_wire::message::SyncGroupResponse;
use ottla_wire::{ErrorCode, Str};

impl Group {
    pub(in crate::group) fn sync_classic(&mut self, turn: &mut Turn<'_>, sync: &Sync) {
        let response = self
            .try_sync(turn, sync)
            .unwrap_or_else(|error_code| SyncGroupResponse { error_code, ..Default::default() });
        turn.reply(sync.ticket, response);
    }

    fn try_sync(&self, turn: &mut Turn<'_>, sync: &Sync) -> Result<SyncGroupResponse, ErrorCode> {
        let request = &sync.request;
        let (id, member) = self.classic_member(&request.member_id, request.group_instance_id.as_ref())?;
        let Some(classic) = &member.classic else { return Err(ErrorCode::UNKNOWN_MEMBER_ID) };
        let (protocol, subscription) = classic.protocol();
        let differs = |said: &Option<Str>, known: &str| said.as_deref().is_some_and(|said| said != known);
        if request.generation_id != member.epoch {
            return Err(ErrorCode::ILLEGAL_GENERATION);
        }
        if differs(&request.protocol_type, "consumer") || differs(&request.protocol_name, &protocol) {
            return Err(ErrorCode::INCONSISTENT_GROUP_PROTOCOL);
        }
        if member.epoch < self.head.assignment_epoch && member.state != MemberState::Unrevoked {
            self.expect_soon(id, member, turn);
            return Err(ErrorCode::REBALANCE_IN_PROGRESS);
        }
        turn.cancel(&self.rebalance_timer(id));
        turn.schedule(self.session_timer(id), classic.session_timeout_ms.into());
        Ok(SyncGroupResponse {
            protocol_type: request.protocol_type.clone(),
            protocol_name: request.protocol_name.clone(),
            assignment: embedded::encode_assignment(&member.has(), &subscription, &sync.topics),
            ..Default::default()
        })
    }
}
