//! Heartbeat of a classic member of a consumer group: it lives, and hears whether it must join again.

use super::super::Group;
use crate::group::Heartbeat;
use crate::group::turn::Turn;
use ottla_wire::ErrorCode;
use ottla_wire::message::HeartbeatResponse;

impl Group {
    pub(in crate::group) fn heartbeat_classic(&mut self, turn: &mut Turn<'_>, heartbeat: &Heartbeat) {
        let error_code = self.try_heartbeat(turn, heartbeat).err().unwrap_or(ErrorCode::NONE);
        turn.reply(heartbeat.ticket, HeartbeatResponse { error_code, ..Default::default() });
    }

    fn try_heartbeat(&self, turn: &mut Turn<'_>, heartbeat: &Heartbeat) -> Result<(), ErrorCode> {
        let request = &heartbeat.request;
        let (id, member) = self.classic_member(&request.member_id, request.group_instance_id.as_ref())?;
        if request.generation_id != member.epoch {
            return Err(ErrorCode::ILLEGAL_GENERATION);
        }
        if let Some(classic) = &member.classic {
            turn.schedule(self.session_timer(id), classic.session_timeout_ms.into());
        }
        if self.must_rejoin(id, member) {
            self.expect_soon(id, member, turn);
            return Err(ErrorCode::REBALANCE_IN_PROGRESS);
        }
        Ok(())
    }
}
