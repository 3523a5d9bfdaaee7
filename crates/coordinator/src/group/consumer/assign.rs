//! The target assignment: what every member should have in the group's epoch.

use super::member::Member;
use super::{Assignor, Config, Group};
use crate::assignor::{self, Assignment, range, uniform};
use crate::group::Catalog;
use crate::group::turn::Turn;
use ottla_base::TopicId;
use ottla_wire::Str;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

impl Group {
    /// Computes a new target assignment if the group's epoch asks for one and the last one is old enough.
    pub(super) fn assign_when_due(&mut self, topics: &Catalog, config: &Config, turn: &Turn<'_>) {
        if self.assignment_is_due_in_ms(config, turn) != Some(0) {
            return;
        }
        for (id, target) in self.targets(topics, self.preferred_assignor(config)) {
            let member = &self.members[&id];
            if member.target != target {
                let next = Member { target, ..(**member).clone() };
                self.put(&id, Arc::new(next));
            }
        }
        self.head.assignment_epoch = self.head.epoch;
        self.assigned_at = Some(turn.now.tick);
    }

    /// How long it is, in milliseconds, until there can be a new target assignment; `None` if nothing asks for one.
    pub(super) fn assignment_is_due_in_ms(&self, config: &Config, turn: &Turn<'_>) -> Option<i32> {
        if self.head.epoch <= self.head.assignment_epoch {
            return None;
        }
        let Some(last) = self.assigned_at else { return Some(0) };
        let since_ms = i32::try_from(turn.now.tick.since(last)).unwrap_or(i32::MAX);
        Some(config.assignment_interval_ms.saturating_sub(since_ms).max(0))
    }

    fn targets(&self, topics: &Catalog, assignor: Assignor) -> Vec<(Str, Assignment)> {
        // Members mostly subscribe to the same, and an assignor sees that at a glance if they share it.
        let mut subscriptions = HashMap::<(&BTreeSet<Str>, &Str), BTreeSet<TopicId>>::new();
        for member in self.members.values() {
            subscriptions
                .entry((&*member.topics, &member.pattern))
                .or_insert_with(|| self.subscriptions.of(member, topics));
        }
        let seen = |(id, member): (&'_ Str, &'_ Arc<Member>)| (id.clone(), Arc::clone(member));
        let members: Vec<(Str, Arc<Member>)> = self.members.iter().map(seen).collect();
        let asked: Vec<assignor::Member<'_>> = members
            .iter()
            .map(|(id, member)| assignor::Member {
                id,
                instance: member.instance.as_deref(),
                topics: &subscriptions[&(&*member.topics, &member.pattern)],
                target: &member.target,
            })
            .collect();
        let targets = match assignor {
            Assignor::Uniform => uniform::assign(&asked, topics),
            Assignor::Range => range::assign(&asked, topics),
        };
        assert_eq!(targets.len(), asked.len(), "an assignor answers for every member");
        members.iter().map(|(id, _)| id.clone()).zip(targets).collect()
    }
}
