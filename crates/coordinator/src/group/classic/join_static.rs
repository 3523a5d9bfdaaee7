//! JoinGroup with a group instance id: a member that keeps its place across restarts.

use super::join::{self, Join, StaticRejoin};
use super::{Group, State, join_error, sync_error};
use crate::group::live::Stored;
use crate::group::record::Record;
use crate::group::turn::Turn;
use ottla_wire::{ErrorCode, Str};

impl Group {
    pub(super) fn join_static(&mut self, instance: &Str, turn: &mut Turn<'_>, join: Join) {
        let id = join::fresh_id(instance, join.fresh);
        match self.statics.get(instance).cloned() {
            None => self.welcome(id, turn, join),
            Some(former) => self.join_in_place_of(&former, &id, turn, join),
        }
    }

    /// A static member comes back under a new id. If all is well the others do not notice.
    fn join_in_place_of(&mut self, former: &Str, id: &Str, turn: &mut Turn<'_>, join: Join) {
        let former_leader = self.leader.clone().unwrap_or_default();
        self.replace(former, id, turn);
        self.update(id, &join);
        self.park_join(id, join.ticket, turn);
        self.restart_session(id, turn);
        match self.state {
            State::Stable if self.protocol == self.elect_protocol() => {
                let mut response = self.joined(id);
                match join.static_rejoin {
                    StaticRejoin::SkipAssignment => response.skip_assignment = self.is_leader(id),
                    StaticRejoin::HideLeader => {
                        response.leader = former_leader;
                        response.members = Vec::new();
                    }
                }
                turn.record(Record::Group {
                    group: self.id.clone(),
                    stored: Some(Stored::Classic(self.stored())),
                });
                self.answer_join(id, response, turn);
            }
            State::Stable | State::CompletingRebalance => self.prepare_rebalance(turn),
            // No member is left in an empty group, so that there was none to replace.
            State::Empty | State::PreparingRebalance(_) => self.complete_when_all_joined(turn),
        }
    }

    /// Gives the place of `former` to `id`. Who waits under the former id is fenced.
    fn replace(&mut self, former: &Str, id: &Str, turn: &mut Turn<'_>) {
        self.answer_join(former, join_error(former, ErrorCode::FENCED_INSTANCE_ID), turn);
        self.answer_sync(former, sync_error(ErrorCode::FENCED_INSTANCE_ID), turn);
        turn.cancel(&self.session_timer(former));
        let Some(mut member) = self.members.remove(former) else { return };
        member.newcomer = false;
        if let Some(instance) = &member.instance {
            self.statics.insert(instance.clone(), id.clone());
        }
        self.members.insert(id.clone(), member);
        if self.is_leader(former) {
            self.leader = Some(id.clone());
        }
        if self.unsynced.remove(former) {
            self.unsynced.insert(id.clone());
        }
    }
}
