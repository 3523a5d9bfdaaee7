//! Who holds each task now: it is assigned, or being given back. What is held cannot be given to another.

use super::member::Member;
use super::tasks::TaskId;
use ottla_wire::Str;
use std::collections::{BTreeMap, BTreeSet};

/// The holders of all tasks of a group, kept in step with its members.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Holders {
    active: BTreeMap<TaskId, Str>,
    standby: BTreeMap<TaskId, BTreeSet<Str>>,
}

impl Holders {
    /// Notes what a member holds.
    pub(super) fn add(&mut self, id: &Str, member: &Member) {
        for task in member.assigned.active.keys().chain(member.revoking.active.keys()) {
            self.active.insert(task.clone(), id.clone());
        }
        for task in member.assigned.standby.iter().chain(&member.revoking.standby) {
            self.standby.entry(task.clone()).or_default().insert(id.clone());
        }
    }

    /// Forgets what a member held.
    pub(super) fn remove(&mut self, id: &Str, member: &Member) {
        for task in member.assigned.active.keys().chain(member.revoking.active.keys()) {
            if self.active.get(task) == Some(id) {
                self.active.remove(task);
            }
        }
        for task in member.assigned.standby.iter().chain(&member.revoking.standby) {
            if let Some(holders) = self.standby.get_mut(task) {
                holders.remove(id);
                if holders.is_empty() {
                    self.standby.remove(task);
                }
            }
        }
    }

    /// Who runs a task.
    pub(super) fn active(&self, task: &TaskId) -> Option<&Str> {
        self.active.get(task)
    }

    /// Who keeps the state of a task warm.
    pub(super) fn standby(&self, task: &TaskId) -> impl Iterator<Item = &Str> {
        self.standby.get(task).into_iter().flatten()
    }
}
