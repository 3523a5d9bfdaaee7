//! Leaving, by a member's own wish or because it was silent for too long; and deadlines.

use super::Group;
use super::heartbeat::no_share_group;
use crate::group::live::{Directory, Live};
use crate::group::refusal::Refusal;
use crate::group::turn::Turn;
use ottla_wire::message::{ShareGroupHeartbeatRequest, ShareGroupHeartbeatResponse};
use ottla_wire::{ErrorCode, Str};

pub(super) fn leave(
    groups: &mut Directory,
    turn: &mut Turn<'_>,
    request: &ShareGroupHeartbeatRequest,
) -> Result<ShareGroupHeartbeatResponse, Refusal> {
    let Some(Live::Share(group)) = groups.0.get_mut(&request.group_id) else {
        return Err(no_share_group(groups, &request.group_id));
    };
    if !group.members.contains_key(&request.member_id) {
        let message = format!("'{}' is no member of share group '{}' any more", request.member_id, group.id);
        return Err(Refusal::new(ErrorCode::UNKNOWN_MEMBER_ID, message));
    }
    group.remove(&request.member_id, turn);
    Ok(ShareGroupHeartbeatResponse {
        member_id: Some(request.member_id.clone()),
        member_epoch: request.member_epoch,
        ..Default::default()
    })
}

/// A member was silent for its session timeout.
pub(in crate::group) fn expire_session(
    groups: &mut Directory,
    turn: &mut Turn<'_>,
    group: &Str,
    member: &Str,
) {
    if let Some(Live::Share(group)) = groups.0.get_mut(group)
        && group.members.contains_key(member)
    {
        group.remove(member, turn);
    }
}

impl Group {
    /// A member goes. What it had goes to others at their heartbeats.
    fn remove(&mut self, id: &Str, turn: &mut Turn<'_>) {
        self.take(id, turn);
        self.grow();
        if self.members.is_empty() {
            self.head.assignment_epoch = self.head.epoch;
            self.assigned_at = None;
        }
        self.record(turn);
    }

    /// After a restart every member has its whole time again.
    pub(in crate::group) fn start_sessions(&mut self, turn: &mut Turn<'_>) {
        let session_timeout_ms = turn.settings.share.session_timeout_ms;
        for id in self.members.keys() {
            turn.schedule(self.session_timer(id), session_timeout_ms.into());
        }
    }

    /// The group is gone.
    pub(in crate::group) fn stop(self, turn: &mut Turn<'_>) {
        for id in self.members.keys() {
            turn.cancel(&self.session_timer(id));
        }
    }
}
