//! What must hold of a streams group, for tests.

use super::member::State;
use super::tasks::TaskId;
use super::{Group, Stored};
use crate::group::live::StoredMember;
use crate::group::turn::Timer;
use ottla_wire::Str;
use std::collections::{BTreeMap, BTreeSet};

impl Group {
    /// Panics if the group contradicts itself or what is stored of it.
    pub(in crate::group) fn check(&self, stored: &Stored, members: &BTreeMap<Str, StoredMember>) {
        assert_eq!(self.stored, *stored, "the group is stored as it lives");
        assert!(!self.is_changed && self.changed.is_empty(), "what has changed is recorded");
        assert!(self.members.keys().eq(members.keys()), "members are stored as they live");
        for (id, member) in &self.members {
            assert_eq!(StoredMember::Streams(member.clone()), members[id], "a member is stored as it lives");
        }
        assert!(self.stored.assignment_epoch <= self.stored.epoch);
        let statics: BTreeMap<Str, Str> = self
            .members
            .iter()
            .filter_map(|(id, member)| Some((member.instance.clone()?, id.clone())))
            .collect();
        assert_eq!(self.statics, statics, "instance ids lead to their members");
        self.check_holders();
        self.check_targets();
        for member in self.members.values() {
            assert!(member.epoch <= self.stored.assignment_epoch, "nobody is ahead of the assignment");
            assert_eq!(member.state == State::Unrevoked, !member.revoking.is_empty());
        }
        assert!(self.shutdown.is_none() || !self.members.is_empty());
        assert!(self.told.keys().all(|id| self.members.contains_key(id)), "only members say what they have");
    }

    fn check_holders(&self) {
        let mut active = BTreeMap::<&TaskId, &Str>::new();
        let mut processes = BTreeSet::<(&TaskId, &Str)>::new();
        for (id, member) in &self.members {
            let revoking = &member.revoking;
            for task in member.assigned.active.keys().chain(revoking.active.keys()) {
                assert_eq!(active.insert(task, id), None, "{task:?} has one holder");
            }
            // Within a member a task may be on its way from active to standby.
            let all: BTreeSet<_> = member
                .assigned
                .active
                .keys()
                .chain(revoking.active.keys())
                .chain(&member.assigned.standby)
                .chain(&revoking.standby)
                .collect();
            for task in all {
                assert!(processes.insert((task, &member.process)), "a process has {task:?} once");
            }
            for (task, holder) in active.iter().filter(|(_, holder)| **holder == id) {
                assert_eq!(self.holders.active(task), Some(*holder));
            }
            for task in member.assigned.standby.iter().chain(&revoking.standby) {
                assert!(self.holders.standby(task).any(|holder| holder == id));
            }
        }
    }

    fn check_targets(&self) {
        let mut targets = BTreeSet::new();
        for member in self.members.values() {
            for task in &member.target.active {
                assert!(targets.insert(task), "{task:?} is assigned once");
            }
        }
    }

    /// Panics if a deadline is missing or left behind.
    pub(in crate::group) fn check_timers(&self, timers: &[&Timer]) {
        for timer in timers {
            match timer {
                Timer::Session { member, .. } => assert!(self.members.contains_key(member)),
                Timer::Rebalance { member, .. } => {
                    assert_eq!(self.members.get(member).map(|member| member.state), Some(State::Unrevoked));
                }
                Timer::Join { .. } => assert!(self.delayed_until.is_some(), "the first assignment waits"),
                Timer::Sync { .. } => panic!("streams groups have no SyncGroup"),
                Timer::Expiry => {}
            }
        }
        for (id, member) in &self.members {
            assert!(timers.contains(&&self.session_timer(id)), "every member has a session");
            let has_deadline = timers.contains(&&self.rebalance_timer(id));
            assert_eq!(has_deadline, member.state == State::Unrevoked);
        }
        assert_eq!(timers.contains(&&self.delay_timer()), self.delayed_until.is_some());
    }

    pub(in crate::group) fn generation(&self) -> i32 {
        self.stored.epoch
    }
}
