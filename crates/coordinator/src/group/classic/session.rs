//! Deadlines: members that are silent, that do not join, or that do not ask for their assignment.

use super::{Group, State};
use crate::group::live::Directory;
use crate::group::turn::Turn;
use ottla_wire::Str;

/// A member was silent for its session timeout.
pub(in crate::group) fn expire_session(
    groups: &mut Directory,
    turn: &mut Turn<'_>,
    group: &str,
    member: &Str,
) {
    if let Some(group) = groups.classic(group) {
        group.expire_session(member, turn);
    }
}

/// The time for joining is over.
pub(in crate::group) fn expire_join(groups: &mut Directory, turn: &mut Turn<'_>, group: &str) {
    if let Some(group) = groups.classic(group) {
        group.join_time_is_over(turn);
    }
}

/// The time for asking for assignments is over.
pub(in crate::group) fn expire_sync(groups: &mut Directory, turn: &mut Turn<'_>, group: &str) {
    if let Some(group) = groups.classic(group) {
        group.remove_unsynced(turn);
    }
}

impl Group {
    fn expire_session(&mut self, id: &Str, turn: &mut Turn<'_>) {
        let was_member = match self.members.get(id) {
            Some(member) if member.may_be_silent() => return,
            Some(_) => true,
            None if self.pending.contains(id) => false,
            None => return,
        };
        self.remove(id, turn);
        match self.state {
            State::CompletingRebalance | State::Stable if was_member => self.prepare_rebalance(turn),
            // Unlike a leave this ends also the wait of a first rebalance, as in Kafka.
            State::PreparingRebalance(_) if self.have_all_joined() => self.complete_join(turn),
            State::Empty | State::PreparingRebalance(_) | State::CompletingRebalance | State::Stable => {}
        }
    }

    fn remove_unsynced(&mut self, turn: &mut Turn<'_>) {
        match self.state {
            State::CompletingRebalance | State::Stable if !self.unsynced.is_empty() => {
                for id in std::mem::take(&mut self.unsynced) {
                    self.remove(&id, turn);
                }
                self.prepare_rebalance(turn);
            }
            State::Empty | State::PreparingRebalance(_) | State::CompletingRebalance | State::Stable => {}
        }
    }

    /// The group is gone: it was empty, so that only ids that were given out can have deadlines.
    pub(in crate::group) fn stop(self, turn: &mut Turn<'_>) {
        for id in &self.pending {
            turn.cancel(&self.session_timer(id));
        }
    }

    /// After a restart every member has its whole session to come back.
    pub(in crate::group) fn start_sessions(&mut self, turn: &mut Turn<'_>) {
        for id in self.members.keys() {
            self.restart_session(id, turn);
        }
        if turn.settings.size_max < self.members.len() {
            // The limit was lowered: as they join again, the first ones stay.
            self.prepare_rebalance(turn);
        }
    }
}
