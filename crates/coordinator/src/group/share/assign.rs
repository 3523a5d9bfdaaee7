//! The target assignment: what every member should have in the group's epoch.

use super::stored::FINGERPRINT_UNKNOWN;
use super::{Config, Group, Member};
use crate::assignor::{self, Assignment, simple};
use crate::group::Catalog;
use crate::group::turn::Turn;
use ottla_base::TopicId;
use ottla_wire::Str;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

impl Group {
    /// Gives the group a new epoch if members or topics ask for one, and says whether they do. Looks at the topics only
    /// if there is a reason to.
    pub(super) fn refresh(&mut self, topics: &Catalog, is_resubscribed: bool) -> bool {
        if !is_resubscribed && self.catalog_epoch == Some(topics.epoch()) {
            return false;
        }
        self.catalog_epoch = Some(topics.epoch());
        self.initialise(topics);
        let fingerprint = topics.fingerprint(self.subscribed.keys());
        let is_other = ![fingerprint, FINGERPRINT_UNKNOWN].contains(&self.head.fingerprint);
        let has_grown = is_resubscribed || is_other;
        if has_grown {
            self.head.epoch += 1;
        }
        self.head.fingerprint = fingerprint;
        has_grown
    }

    /// Gives the group a new epoch because somebody has gone. What the others subscribe to is found at the next
    /// heartbeat, and is then no reason for yet another epoch.
    pub(super) fn grow(&mut self) {
        self.head.epoch += 1;
        self.head.fingerprint = FINGERPRINT_UNKNOWN;
        self.catalog_epoch = None;
    }

    /// Computes a new target assignment if the group's epoch asks for one and the last one is old enough.
    pub(super) fn assign_when_due(&mut self, topics: &Catalog, config: &Config, turn: &Turn<'_>) {
        if self.head.epoch <= self.head.assignment_epoch || !self.wait(config, turn).is_zero() {
            return;
        }
        for (id, target) in self.targets(topics) {
            let member = &self.members[&id];
            if member.target != target {
                let next = Member { target, ..Member::clone(member) };
                self.put(&id, Arc::new(next));
            }
        }
        self.head.assignment_epoch = self.head.epoch;
        self.assigned_at = Some(turn.now.tick);
    }

    /// How long the next target assignment has to wait.
    fn wait(&self, config: &Config, turn: &Turn<'_>) -> Duration {
        let interval = Duration::from_millis(u64::try_from(config.assignment_interval_ms).unwrap_or(0));
        let Some(last) = self.assigned_at else { return Duration::ZERO };
        Duration::from_millis((last + interval).0.saturating_sub(turn.now.tick.0))
    }

    /// When the member should ask again, in milliseconds. If there is a target to come, then as soon as it can: with
    /// Kafka's answer, which is always the same, a member that comes right after another one has nothing to do for five
    /// seconds.
    pub(super) fn next_heartbeat_ms(&self, config: &Config, turn: &Turn<'_>) -> i32 {
        if self.head.epoch <= self.head.assignment_epoch {
            return config.heartbeat_interval_ms;
        }
        let wait = i32::try_from(self.wait(config, turn).as_millis()).unwrap_or(i32::MAX);
        config.heartbeat_interval_ms.min(wait.max(1))
    }

    fn targets(&self, topics: &Catalog) -> Vec<(Str, Assignment)> {
        // Members mostly subscribe to the same, and an assignor sees that at a glance if they share it.
        let mut subscriptions = HashMap::<&BTreeSet<Str>, BTreeSet<TopicId>>::new();
        for member in self.members.values() {
            subscriptions.entry(&*member.topics).or_insert_with(|| {
                let known = member.topics.iter().filter_map(|name| topics.topic(name));
                known.map(|topic| topic.id).collect()
            });
        }
        let asked = self.members.iter().map(|(id, member)| assignor::Member {
            id,
            instance: None,
            topics: &subscriptions[&*member.topics],
            target: &member.target,
        });
        let targets = simple::assign(&asked.collect::<Vec<_>>(), topics);
        assert_eq!(targets.len(), self.members.len(), "an assignor answers for every member");
        self.members.keys().cloned().zip(targets).collect()
    }
}
