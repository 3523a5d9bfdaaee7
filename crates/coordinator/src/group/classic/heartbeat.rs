//! Heartbeat: a member lives, and hears whether it must join again. A commit is a sign of life, too.

use super::{Group, State};
use crate::group::live::Directory;
use crate::group::turn::Turn;
use crate::machine::Ticket;
use ottla_wire::message::{HeartbeatRequest, HeartbeatResponse};
use ottla_wire::{ErrorCode, Str};

/// A heartbeat to decide.
#[derive(Debug)]
pub struct Heartbeat {
    /// Who waits.
    pub ticket: Ticket,
    /// What was asked.
    pub request: HeartbeatRequest,
}

pub(in crate::group) fn heartbeat(groups: &mut Directory, turn: &mut Turn<'_>, heartbeat: Heartbeat) {
    let request = &heartbeat.request;
    let error_code = match groups.classic(&request.group_id) {
        _ if request.group_id.is_empty() => ErrorCode::INVALID_GROUP_ID,
        None => ErrorCode::UNKNOWN_MEMBER_ID,
        Some(group) => group.heartbeat(request, turn),
    };
    turn.reply(heartbeat.ticket, HeartbeatResponse { error_code, ..Default::default() });
}

impl Group {
    fn heartbeat(&self, request: &HeartbeatRequest, turn: &mut Turn<'_>) -> ErrorCode {
        if let Err(error) = self.check_member(&request.member_id, request.group_instance_id.as_ref()) {
            return error;
        }
        if request.generation_id != self.generation {
            return ErrorCode::ILLEGAL_GENERATION;
        }
        match self.state {
            State::Empty => return ErrorCode::UNKNOWN_MEMBER_ID,
            State::PreparingRebalance(_) | State::CompletingRebalance | State::Stable => {}
        }
        self.restart_session(&request.member_id, turn);
        if self.is_preparing() { ErrorCode::REBALANCE_IN_PROGRESS } else { ErrorCode::NONE }
    }

    /// A member that commits lives. Not while it owes a SyncGroup.
    pub(in crate::group) fn keep_alive_by_commit(&self, turn: &mut Turn<'_>, member: &Str) {
        match self.state {
            State::PreparingRebalance(_) | State::Stable => self.restart_session(member, turn),
            State::Empty | State::CompletingRebalance => {}
        }
    }
}
