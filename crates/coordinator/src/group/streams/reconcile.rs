//! One member's next step from what it has to what it should have.
//!
//! ```text
//!             nothing to give back,             all given back
//!   Stable ─> nothing to wait for  ─> Stable   Unrevoked ─────> (again, one epoch on)
//!     │                                  ^
//!     ├─> something to give back ─> Unrevoked: it stays in its epoch until it says that it gave all back
//!     └─> others hold something  ─> Unreleased: it takes what is free and asks again
//! ```
//! Invariants: an active task has one holder; a process has a task once, as active or as standby, because the two would
//! share one directory. A task changes its role within a member at once: an active one becomes a standby where it is,
//! and a standby stays one until the same member may run it.

use super::holders::Holders;
use super::member::{Member, State};
use super::tasks::{Assigned, TaskId, Tasks};
use ottla_wire::Str;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What a step is taken in view of.
pub(super) struct View<'a> {
    pub(super) members: &'a BTreeMap<Str, Arc<Member>>,
    pub(super) holders: &'a Holders,
    /// Of the assignment that is the aim.
    pub(super) epoch: i32,
}

impl View<'_> {
    /// The member as it is after its next step, or nothing if it stays as it is.
    ///
    /// `owned` is what it says that it has; `None` if it did not say.
    pub(super) fn step(&self, id: &Str, member: &Member, owned: Option<&Tasks>) -> Option<Member> {
        let next = match member.state {
            State::Stable if member.epoch == self.epoch => return None,
            State::Stable | State::Unreleased => self.advance(id, member, member.epoch, owned),
            State::Unrevoked if has_not_released(owned, &member.revoking) => return None,
            State::Unrevoked => self.advance(id, member, member.epoch.saturating_add(1), owned),
        };
        Some(next).filter(|next| next != member)
    }

    fn advance(&self, id: &Str, member: &Member, epoch: i32, owned: Option<&Tasks>) -> Member {
        let (had, target) = (&member.assigned, &member.target);
        let mut assigned = Assigned {
            active: kept(&had.active, &target.active),
            standby: had.standby.intersection(&target.standby).cloned().collect(),
        };
        let revoking = Assigned {
            active: had
                .active
                .iter()
                .filter(|(task, _)| !target.active.contains(task))
                .map(owned_pair)
                .collect(),
            // A standby that becomes active in the same place is not given back.
            standby: had
                .standby
                .iter()
                .filter(|task| !target.standby.contains(task) && !target.active.contains(task))
                .cloned()
                .collect(),
        };
        let wanted_active = target.active.iter().filter(|task| !had.active.contains_key(task));
        let (free_active, held_active): (Vec<_>, Vec<_>) =
            wanted_active.partition(|task| self.is_active_free(id, member, task));
        let wanted_standby = target.standby.difference(&had.standby);
        let (free_standby, held_standby): (Vec<_>, Vec<_>) =
            wanted_standby.partition(|task| self.is_standby_free(id, member, task));
        // What it runs now and should keep warm becomes a standby at once.
        let (demoted, free_standby): (Vec<&TaskId>, Vec<_>) =
            free_standby.into_iter().partition(|task| had.active.contains_key(*task));
        assigned.standby.extend(demoted.into_iter().cloned());

        let must_revoke = !revoking.is_empty() && has_not_released(owned, &revoking);
        // What it keeps warm and may not run yet stays warm meanwhile.
        let promoted: BTreeSet<&TaskId> = match must_revoke {
            true => BTreeSet::new(),
            false => free_active.iter().copied().collect(),
        };
        let waiting =
            had.standby.iter().filter(|task| target.active.contains(task) && !promoted.contains(task));
        assigned.standby.extend(waiting.cloned());

        let mut next = member.clone();
        next.previous_epoch = member.epoch;
        if must_revoke {
            (next.state, next.epoch) = (State::Unrevoked, epoch);
            (next.assigned, next.revoking) = (assigned, revoking);
            return next;
        }
        assigned.active.extend(free_active.into_iter().map(|task| (task.clone(), self.epoch)));
        assigned.standby.extend(free_standby.into_iter().cloned());
        let is_waiting = !held_active.is_empty() || !held_standby.is_empty();
        next.state = if is_waiting { State::Unreleased } else { State::Stable };
        next.epoch = self.epoch;
        (next.assigned, next.revoking) = (assigned, Assigned::default());
        next
    }

    /// No other member runs it, and none of this process keeps it warm. What the member itself held it has given back.
    fn is_active_free(&self, id: &Str, member: &Member, task: &TaskId) -> bool {
        self.holders.active(task).is_none_or(|other| other == id)
            && !self.holders.standby(task).any(|other| self.shares_process(id, member, other))
    }

    /// No other member of this process runs it or keeps it warm.
    fn is_standby_free(&self, id: &Str, member: &Member, task: &TaskId) -> bool {
        let mut holders = self.holders.active(task).into_iter().chain(self.holders.standby(task));
        !holders.any(|other| self.shares_process(id, member, other))
    }

    /// Whether this is another member, of the same process.
    fn shares_process(&self, id: &Str, member: &Member, other: &Str) -> bool {
        other != id && self.members.get(other).is_some_and(|other| other.process == member.process)
    }
}

/// Whether the member may still have some of what it must give back.
fn has_not_released(owned: Option<&Tasks>, revoking: &Assigned) -> bool {
    owned.is_none_or(|owned| revoking.is_any_in(owned))
}

fn kept(had: &BTreeMap<TaskId, i32>, target: &BTreeSet<TaskId>) -> BTreeMap<TaskId, i32> {
    had.iter().filter(|(task, _)| target.contains(task)).map(owned_pair).collect()
}

fn owned_pair((task, epoch): (&TaskId, &i32)) -> (TaskId, i32) {
    (task.clone(), *epoch)
}
