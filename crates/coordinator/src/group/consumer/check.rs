//! The invariants of a consumer group, checked by tests after every command. Compiled for tests only.

use super::member::MemberState;
use super::{Group, State, Stored};
use crate::group::Catalog;
use crate::group::live::StoredMember;
use crate::group::turn::Timer;
use ottla_base::{PartitionId, PartitionIndex};
use ottla_wire::Str;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

impl Group {
    /// Panics if the group contradicts itself or what is stored of it.
    pub(in crate::group) fn check(&self, stored: &Stored, members: &BTreeMap<Str, StoredMember>) {
        assert_eq!((self.head, self.recorded), (*stored, Some(*stored)), "the group is stored as it lives");
        assert!(self.changed.is_empty(), "every change is written");
        let live = self.members.iter().map(|(id, member)| (id, StoredMember::Consumer(Arc::clone(member))));
        assert!(
            live.eq(members.iter().map(|(id, member)| (id, member.clone()))),
            "members are stored as they live"
        );
        assert!(self.head.assignment_epoch <= self.head.epoch, "no target for an epoch to come");
        let mut owners = HashMap::new();
        for (id, member) in &self.members {
            for partition in member.assigned.keys().chain(member.revoking.keys()) {
                assert_eq!(owners.insert(*partition, id.clone()), None, "{partition} is with one member");
            }
            assert!(member.epoch <= self.head.assignment_epoch, "{id} is not ahead of its target");
            assert_eq!(
                member.state == MemberState::Unrevoked,
                !member.revoking.is_empty(),
                "{id} is asked for something or not"
            );
            let epochs = member.assigned.values().chain(member.revoking.values());
            assert!(epochs.clone().all(|epoch| *epoch <= member.epoch.max(self.head.assignment_epoch)));
        }
        assert_eq!(owners, self.owners, "the owners are known");
        let classic_count = self.members.values().filter(|member| member.classic.is_some()).count();
        assert_eq!(self.classic_count, classic_count, "classic members are counted");
        self.check_targets();
        let instances: BTreeMap<_, _> = self
            .members
            .iter()
            .filter_map(|(id, member)| Some((member.instance.clone()?, id.clone())))
            .collect();
        assert_eq!(instances, self.statics, "every instance is known");
        self.subscriptions.check(self.members.values().map(|member| &**member));
    }

    /// Panics if a member does not have, as far as the group knows, what its client works on.
    pub(in crate::group) fn check_has(&self, id: &str, has: impl IntoIterator<Item = PartitionId>) {
        let Some(member) = self.members.get(id) else { return };
        for partition in has {
            let is_known =
                member.assigned.contains_key(&partition) || member.revoking.contains_key(&partition);
            assert!(is_known, "{id} works on {partition}, which is free for others");
        }
    }

    /// Panics if not all is well: everybody is where they should be, and nothing is left over.
    pub(in crate::group) fn check_settled(&self, topics: &Catalog) {
        assert!(matches!(self.state(), State::Stable | State::Empty), "{self:?} has not settled");
        let wanted = self.members.values().flat_map(|member| self.subscriptions.of(member, topics));
        for topic in wanted.collect::<BTreeSet<_>>() {
            for index in (0..topics.partitions(topic).unwrap_or(0)).map(PartitionIndex) {
                assert!(
                    self.owners.contains_key(&PartitionId { topic, index }),
                    "{topic}-{index} is with somebody"
                );
            }
        }
    }

    /// Two members never have the same target.
    fn check_targets(&self) {
        let mut targets = BTreeSet::new();
        for member in self.members.values() {
            assert!(
                member.target.iter().all(|partition| targets.insert(*partition)),
                "one target for a partition"
            );
        }
    }

    pub(in crate::group) fn generation(&self) -> i32 {
        self.head.epoch
    }

    /// Panics if a deadline is missing or left behind. `timers` are those of this group.
    pub(in crate::group) fn check_timers(&self, timers: &[&Timer]) {
        for (id, member) in &self.members {
            assert!(timers.contains(&&self.session_timer(id)), "{id} has a session");
            let must_give_back = member.state == MemberState::Unrevoked && member.classic.is_none();
            assert!(
                !must_give_back || timers.contains(&&self.rebalance_timer(id)),
                "{id} must come to an end"
            );
        }
        for timer in timers {
            match timer {
                Timer::Session { member, .. } | Timer::Rebalance { member, .. } => {
                    assert!(self.members.contains_key(member), "{member} is here");
                }
                Timer::Join { .. } | Timer::Sync { .. } => panic!("nobody waits in a consumer group"),
                Timer::Expiry => {}
            }
        }
    }
}
