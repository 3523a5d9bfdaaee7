//! Deadlines: members that are silent, and members that do not give back what they must not have any more.

use super::Group;
use super::member::MemberState;
use crate::group::live::{Directory, Live};
use crate::group::turn::Turn;
use ottla_wire::Str;

/// A member was silent for its session timeout.
pub(in crate::group) fn expire_session(
    groups: &mut Directory,
    turn: &mut Turn<'_>,
    group: &Str,
    member: &Str,
) {
    if let Some(Live::Consumer(group)) = groups.0.get_mut(group)
        && group.members.contains_key(member)
    {
        group.fence(std::slice::from_ref(member), turn);
    }
}

/// A member had its rebalance timeout to give partitions back.
pub(in crate::group) fn expire_rebalance(
    groups: &mut Directory,
    turn: &mut Turn<'_>,
    group: &Str,
    member: &Str,
) {
    if let Some(Live::Consumer(group)) = groups.0.get_mut(group)
        && group.members.get(member).is_some_and(|member| member.state == MemberState::Unrevoked)
    {
        group.fence(std::slice::from_ref(member), turn);
    }
}

impl Group {
    /// After a restart every member has its whole time again.
    pub(in crate::group) fn start_sessions(&mut self, turn: &mut Turn<'_>) {
        let session_timeout_ms = turn.settings.consumer.session_timeout_ms;
        for (id, member) in &self.members {
            turn.schedule(self.session_timer(id), session_timeout_ms.into());
            if member.state == MemberState::Unrevoked {
                turn.schedule(self.rebalance_timer(id), member.rebalance_timeout_ms.into());
            }
        }
    }

    /// The group is gone.
    pub(in crate::group) fn stop(self, turn: &mut Turn<'_>) {
        for id in self.members.keys() {
            turn.cancel(&self.session_timer(id));
            turn.cancel(&self.rebalance_timer(id));
        }
    }
}
