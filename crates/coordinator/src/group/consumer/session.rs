//! Deadlines: members that are silent, and members that do not give back what they must not have any more.

use super::member::MemberState;
use super::{Config, Group};
use crate::group::live::{Directory, Live};
use crate::group::migration;
use crate::group::turn::Turn;
use ottla_wire::Str;

/// A member was silent for its session timeout.
pub(in crate::group) fn expire_session(groups: &mut Directory, turn: &mut Turn<'_>, id: &Str, member: &Str) {
    if let Some(Live::Consumer(group)) = groups.0.get_mut(id)
        && group.members.contains_key(member)
    {
        group.fence(std::slice::from_ref(member), turn);
        migration::downgrade(groups, turn, id);
    }
}

/// A member had its rebalance timeout to give partitions back.
pub(in crate::group) fn expire_rebalance(
    groups: &mut Directory,
    turn: &mut Turn<'_>,
    id: &Str,
    member: &Str,
) {
    if let Some(Live::Consumer(group)) = groups.0.get_mut(id)
        && group.members.get(member).is_some_and(|member| member.is_expected())
    {
        group.fence(std::slice::from_ref(member), turn);
        migration::downgrade(groups, turn, id);
    }
}

impl Group {
    /// After a restart every member has its whole time again.
    pub(in crate::group) fn start_sessions(&mut self, turn: &mut Turn<'_>) {
        let config = &turn.settings.consumer.clone();
        self.restart_all(config, turn);
    }

    /// Every member has its whole time again.
    pub(super) fn restart_all(&self, config: &Config, turn: &mut Turn<'_>) {
        for (id, member) in &self.members {
            turn.schedule(self.session_timer(id), self.session_timeout_ms(member, config).into());
            if member.state == MemberState::Unrevoked && member.classic.is_none() {
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
