//! Leaving: for good, or, as a static member, for a while.

use super::Group;
use super::heartbeat::no_consumer_group;
use super::member::{AWAY, Held, Member, MemberState};
use crate::group::live::{Directory, Live};
use crate::group::migration;
use crate::group::refusal::Refusal;
use crate::group::turn::Turn;
use ottla_wire::Str;
use ottla_wire::message::{ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse};
use std::sync::Arc;

pub(super) fn leave(
    groups: &mut Directory,
    turn: &mut Turn<'_>,
    request: &ConsumerGroupHeartbeatRequest,
) -> Result<ConsumerGroupHeartbeatResponse, Refusal> {
    let Some(Live::Consumer(group)) = groups.0.get_mut(&request.group_id) else {
        return Err(no_consumer_group(groups, &request.group_id));
    };
    let id = group.who_leaves(request)?;
    match request.member_epoch {
        AWAY => group.let_go(&id, turn),
        _ => {
            group.fence(&[id], turn);
            migration::downgrade(groups, turn, &request.group_id);
        }
    }
    Ok(ConsumerGroupHeartbeatResponse {
        member_id: Some(request.member_id.clone()),
        member_epoch: request.member_epoch,
        ..Default::default()
    })
}

impl Group {
    /// A static member goes for a while: its partitions wait for it until its session is over. What it was to give back
    /// it has given back by going.
    fn let_go(&mut self, id: &Str, turn: &mut Turn<'_>) {
        let Some(member) = self.members.get(id) else { return };
        let assigned = member.assigned.keys().map(|partition| (*partition, 0)).collect();
        let (revoking, state) = (Held::new(), MemberState::Stable);
        let away = Member { epoch: AWAY, state, assigned, revoking, ..(**member).clone() };
        turn.cancel(&self.rebalance_timer(id));
        self.put(id, Arc::new(away));
        self.record(turn);
    }

    /// Members go for good, whether or not they know it. Their partitions are free at once.
    pub(super) fn fence(&mut self, ids: &[Str], turn: &mut Turn<'_>) {
        for id in ids {
            self.take(id, turn);
        }
        // Classic members that are left alone go on in their generation, and so hear that they rebalance.
        if self.migrants(turn).is_none() {
            self.head.epoch += 1;
        }
        if self.members.is_empty() {
            self.head.assignment_epoch = self.head.epoch;
            self.assigned_at = None;
        }
        self.record(turn);
    }
}
