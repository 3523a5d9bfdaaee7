//! Members that are silent for too long, or take too long to let go of tasks, are out.

use super::Group;
use super::member::State;
use crate::group::live::{Directory, Live};
use crate::group::turn::Turn;
use ottla_wire::Str;

/// A member's session is over.
pub(in crate::group) fn expire_session(
    groups: &mut Directory,
    turn: &mut Turn<'_>,
    group: &Str,
    member: &Str,
) {
    if let Some(Live::Streams(group)) = groups.0.get_mut(group) {
        group.fence(member, turn);
    }
}

/// A member had the time that it asked for to give back what it must.
pub(in crate::group) fn expire_rebalance(
    groups: &mut Directory,
    turn: &mut Turn<'_>,
    group: &Str,
    member: &Str,
) {
    let Some(Live::Streams(group)) = groups.0.get_mut(group) else { return };
    if group.members.get(member).is_some_and(|member| member.state == State::Unrevoked) {
        group.fence(member, turn);
    }
}

/// The first members had the time to come together.
pub(in crate::group) fn expire_delay(groups: &mut Directory, turn: &mut Turn<'_>, group: &Str) {
    let Some(Live::Streams(group)) = groups.0.get_mut(group) else { return };
    group.delayed_until = None;
    if !group.members.is_empty() && group.configured.is_some() {
        let config = turn.settings.streams.clone();
        // Whoever is still too early is assigned for at the next heartbeat.
        let _ = group.assign(&config, turn);
        group.flush(turn);
    }
}

impl Group {
    /// Sets the deadlines of a group that was loaded.
    pub(in crate::group) fn start_sessions(&mut self, turn: &mut Turn<'_>) {
        for (id, member) in &self.members {
            turn.schedule(self.session_timer(id), turn.settings.streams.session_timeout_ms.into());
            if member.state == State::Unrevoked {
                turn.schedule(self.rebalance_timer(id), member.rebalance_timeout_ms.into());
            }
        }
    }

    /// Forgets the deadlines of a group that is gone.
    pub(in crate::group) fn stop(self, turn: &mut Turn<'_>) {
        turn.cancel(&self.delay_timer());
        for id in self.members.keys() {
            turn.cancel(&self.session_timer(id));
            turn.cancel(&self.rebalance_timer(id));
        }
    }

    /// Takes a member out for good. The others share its tasks at their next heartbeats.
    pub(super) fn fence(&mut self, id: &Str, turn: &mut Turn<'_>) {
        if !self.members.contains_key(id) {
            return;
        }
        let had_endpoint = self.members[id].endpoint.is_some();
        self.remove(id, turn);
        self.advance_epoch();
        if self.members.is_empty() {
            self.stored.assignment_epoch = self.stored.epoch;
            self.assigned_at = None;
            self.shutdown = None;
        } else if had_endpoint {
            self.endpoint_epoch = self.endpoint_epoch.wrapping_add(1);
        }
        self.flush(turn);
    }
}
