//! The invariants of a share group, checked by tests after every command. Compiled for tests only.

use super::{Group, Stored};
use crate::group::live::StoredMember;
use crate::group::turn::Timer;
use ottla_wire::Str;
use std::collections::BTreeMap;
use std::sync::Arc;

impl Group {
    /// Panics if the group contradicts itself or what is stored of it.
    pub(in crate::group) fn check(&self, stored: &Stored, members: &BTreeMap<Str, StoredMember>) {
        assert_eq!((&self.head, &self.recorded), (stored, &Some(stored.clone())), "stored as it lives");
        assert!(self.changed.is_empty(), "every change is written");
        let live = self.members.iter().map(|(id, member)| (id, StoredMember::Share(Arc::clone(member))));
        assert!(live.eq(members.iter().map(|(id, member)| (id, member.clone()))), "stored as they live");
        assert!(self.head.assignment_epoch <= self.head.epoch, "no target for an epoch to come");
        let mut subscribed = BTreeMap::new();
        for (id, member) in &self.members {
            assert!(member.epoch <= self.head.assignment_epoch, "{id} is not ahead of its target");
            assert!(member.previous_epoch <= member.epoch, "{id} only goes forward");
            let is_there = member.epoch == self.head.assignment_epoch;
            assert!(!is_there || member.assigned.is_subset(&member.target), "{id} has what it should have");
            for topic in member.topics.iter() {
                *subscribed.entry(topic.clone()).or_insert(0) += 1;
            }
            for partition in &member.assigned {
                let known = self.head.topics.get(&partition.topic);
                let has = known.is_none_or(|known| (0..known.partitions).contains(&partition.index.0));
                assert!(has, "{partition} is there");
            }
        }
        assert_eq!(self.subscribed, subscribed, "the topics are known");
        for known in self.head.topics.values() {
            assert!(0 < known.first && known.first <= known.partitions, "topics only grow");
        }
    }

    pub(in crate::group) fn generation(&self) -> i32 {
        self.head.epoch
    }

    /// Panics if a deadline is missing or left behind. `timers` are those of this group.
    pub(in crate::group) fn check_timers(&self, timers: &[&Timer]) {
        let sessions: Vec<Timer> = self.members.keys().map(|id| self.session_timer(id)).collect();
        assert_eq!(timers.len(), sessions.len(), "members have sessions, and nothing else happens by itself");
        assert!(sessions.iter().all(|session| timers.contains(&session)));
    }
}
