//! A heartbeat with a negative epoch: a member goes for good, or a static one for a moment.

use super::heartbeat::Answered;
use super::member::{AWAY, State};
use super::request::LEAVE_FOR_A_MOMENT;
use super::tasks::Assigned;
use super::{Group, not_found};
use crate::group::live::{Directory, Live};
use crate::group::refusal::Refusal;
use crate::group::turn::Turn;
use ottla_wire::message::{StreamsGroupHeartbeatRequest, StreamsGroupHeartbeatResponse};
use ottla_wire::{ErrorCode, Str};

pub(super) fn leave(
    groups: &mut Directory,
    turn: &mut Turn<'_>,
    request: &StreamsGroupHeartbeatRequest,
) -> Result<Answered, Refusal> {
    let Some(Live::Streams(group)) = groups.0.get_mut(&request.group_id) else {
        return Err(not_found(&request.group_id));
    };
    let member = group.leaving(request)?;
    if request.shutdown_application && group.shutdown.is_none() {
        group.shutdown = Some(member.clone());
    }
    if request.member_epoch == LEAVE_FOR_A_MOMENT {
        group.leave_for_a_moment(&member, turn);
    } else {
        group.fence(&member, turn);
    }
    let response = StreamsGroupHeartbeatResponse {
        member_id: request.member_id.clone(),
        member_epoch: request.member_epoch,
        status: Some(Vec::new()),
        ..Default::default()
    };
    Ok(Answered { response, missing: Vec::new() })
}

impl Group {
    /// Who leaves, under the name that the group has for it.
    fn leaving(&self, request: &StreamsGroupHeartbeatRequest) -> Result<Str, Refusal> {
        if let Some(instance) = &request.instance_id {
            self.check_instance(&request.member_id, instance)?;
        }
        self.known(&request.member_id)?;
        Ok(request.member_id.detached())
    }

    /// Whether the member is the one that has this instance id.
    pub(super) fn check_instance(&self, member: &Str, instance: &Str) -> Result<(), Refusal> {
        match self.statics.get(instance) {
            None => {
                let message = format!("no member has group.instance.id {instance}: join again");
                Err(Refusal::new(ErrorCode::UNKNOWN_MEMBER_ID, message))
            }
            Some(current) if current != member => Err(Refusal::new(
                ErrorCode::FENCED_INSTANCE_ID,
                format!(
                    "group.instance.id {instance} of member {member} is with member {current} now: run one instance under each id"
                ),
            )),
            Some(_) => Ok(()),
        }
    }

    /// Keeps the place of a static member until it is back or its session is over.
    fn leave_for_a_moment(&mut self, id: &Str, turn: &mut Turn<'_>) {
        let Some(member) = self.members.get(id) else { return };
        let mut member = (**member).clone();
        member.epoch = AWAY;
        member.state = State::Stable;
        member.revoking = Assigned::default();
        member.assigned.forget_epochs();
        self.put(id, member);
        turn.cancel(&self.rebalance_timer(id));
        self.flush(turn);
    }
}
