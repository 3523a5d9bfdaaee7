//! The assignment of a group: what each member should have in the end.

use super::assignor::{Candidate, Part, assign};
use super::tasks::Tasks;
use super::{Config, Group};
use crate::group::turn::Turn;
use ottla_base::Tick;
use ottla_wire::Str;
use std::collections::BTreeMap;
use std::time::Duration;

/// Why there is no assignment for the group's epoch yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Delay {
    pub(super) cause: Cause,
    /// When there can be one.
    pub(super) until: Tick,
}

/// What an assignment waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// More members may come.
    Initial,
    /// The last one was made a moment ago.
    Interval,
}

impl Group {
    /// Makes an assignment for the group's epoch, unless there is one or it is too early.
    pub(super) fn assign(&mut self, config: &Config, turn: &Turn<'_>) -> Result<(), Delay> {
        if let Some(until) = self.delayed_until {
            return Err(Delay { cause: Cause::Initial, until });
        }
        if self.stored.epoch <= self.stored.assignment_epoch {
            return Ok(());
        }
        let interval = Duration::from_millis(u64::try_from(config.assignment_interval_ms).unwrap_or(0));
        let until = self.assigned_at.map(|at| at + interval);
        if let Some(until) = until.filter(|until| turn.now.tick < *until) {
            return Err(Delay { cause: Cause::Interval, until });
        }
        for (id, target) in self.targets() {
            let Some(member) = self.members.get(&id).filter(|member| member.target != target) else {
                continue;
            };
            let mut member = (**member).clone();
            member.target = target;
            self.put(&id, member);
        }
        self.stored.assignment_epoch = self.stored.epoch;
        self.assigned_at = Some(turn.now.tick);
        self.is_changed = true;
        Ok(())
    }

    /// What each member should have; nothing as long as the topics are not ready.
    fn targets(&self) -> BTreeMap<Str, Tasks> {
        let Some(configured) = self.configured.as_ref().filter(|configured| configured.is_ready()) else {
            return self.members.keys().map(|id| (id.clone(), Tasks::default())).collect();
        };
        let part = |(id, tasks): (_, &i32)| {
            let is_stateful =
                self.stored.topology.subtopologies.get(id).is_some_and(|part| part.is_stateful());
            (id, Part { tasks: *tasks, is_stateful })
        };
        let parts = configured.tasks.iter().map(part).collect();
        let none = BTreeMap::new();
        let candidates: Vec<_> = self
            .members
            .iter()
            .map(|(id, member)| Candidate {
                id,
                process: &member.process,
                active: member.assigned.active.keys().collect(),
                standby: &member.assigned.standby,
                offsets: self.task_offsets.get(id).map_or(&none, |told| &told.offsets),
            })
            .collect();
        assign(&candidates, &parts, self.stored.assignment.standby_replicas)
    }

    /// Which tags the members of this group must have, and this one lacks.
    pub(super) fn missing_tags(&self, member: &Str) -> Vec<Str> {
        let Some(member) = self.members.get(member) else { return Vec::new() };
        let wanted = self.stored.assignment.rack_aware_tags.iter();
        wanted.filter(|tag| !member.tags.contains_key(*tag)).cloned().collect()
    }
}
