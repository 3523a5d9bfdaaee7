//! The invariants of a classic group, checked by tests after every command. Compiled for tests only.

use super::{Group, State, Stored};
use crate::group::turn::Timer;

impl Group {
    /// Panics if the group contradicts itself or what is stored of it.
    pub(in crate::group) fn check(&self, stored: &Stored) {
        if self.state == State::Stable {
            assert_eq!(self.stored(), *stored, "a stable group is stored as it lives");
        }
        let Self { state, leader, members, statics, pending, unsynced, supported, joining, .. } = self;
        let is_member = |id: &_| members.contains_key(id);
        assert!(leader.iter().all(is_member), "the leader is a member");
        assert_eq!(leader.is_none(), members.is_empty(), "who has members has a leader");
        assert!(unsynced.iter().all(is_member), "who owes a sync is a member");
        assert!(!pending.iter().any(is_member), "nobody is pending and a member");
        let instances: Vec<_> =
            members.iter().filter_map(|(id, member)| Some((member.instance.as_ref()?, id))).collect();
        assert_eq!(instances.len(), statics.len(), "every instance is known");
        assert!(instances.into_iter().all(|(instance, id)| statics.get(instance) == Some(id)));
        assert_eq!(*joining, members.values().filter(|member| member.join.is_some()).count());
        for (protocol, count) in supported {
            let knows =
                |member: &&super::Member| member.protocols.iter().any(|known| known.name == *protocol);
            assert_ne!(*count, 0, "{protocol} is forgotten");
            assert_eq!(*count, members.values().filter(knows).count(), "{protocol} is counted");
        }
        assert!(members.is_empty() || supported.keys().any(|name| self.all_know(name)), "a protocol for all");
        match state {
            State::Empty => assert!(members.is_empty() && self.protocol.is_none()),
            State::PreparingRebalance(_) => assert!(unsynced.is_empty()),
            State::CompletingRebalance | State::Stable => {
                assert!(!members.is_empty(), "somebody is there to rebalance");
                assert_eq!(*joining, 0, "nobody waits for a generation that is there");
            }
        }
        if *state != State::CompletingRebalance {
            assert!(members.values().all(|member| member.sync.is_none()), "nobody waits for an assignment");
        }
    }

    pub(in crate::group) fn generation(&self) -> i32 {
        self.generation
    }

    /// Panics if a deadline is missing or left behind. `timers` are those of this group.
    pub(in crate::group) fn check_timers(&self, timers: &[&Timer]) {
        for (id, member) in &self.members {
            let has_session = timers.contains(&&self.session_timer(id));
            assert!(has_session || member.may_be_silent(), "{id} has a session");
        }
        assert!(self.pending.iter().all(|id| timers.contains(&&self.session_timer(id))));
        for timer in timers {
            match timer {
                Timer::Session { member, .. } => {
                    assert!(
                        self.members.contains_key(member) || self.pending.contains(member),
                        "{member} is here"
                    );
                }
                Timer::Join { .. } => assert!(self.is_preparing(), "somebody may join"),
                Timer::Sync { .. } => assert!(!self.unsynced.is_empty(), "somebody owes a sync"),
                Timer::Rebalance { .. } => panic!("classic groups reconcile nobody"),
                Timer::Expiry => {}
            }
        }
        assert!(!self.is_preparing() || timers.contains(&&self.join_timer()), "joining comes to an end");
        assert!(self.unsynced.is_empty() || timers.contains(&&self.sync_timer()), "syncing comes to an end");
    }
}
