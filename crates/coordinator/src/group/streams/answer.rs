//! What a heartbeat is answered: the member's epoch and tasks, the state of the group, and where to ask for state.

use super::heartbeat::{Answered, Heartbeat, Statuses};
use super::member::Member;
use super::request::JOIN;
use super::status::{self, status};
use super::target::{Cause, Delay};
use super::tasks::{Tasks, listed};
use super::{Config, Group};
use crate::group::turn::Turn;
use ottla_wire::Str;
use ottla_wire::message::StreamsGroupHeartbeatResponse;
use ottla_wire::message::streams_group_heartbeat_response::Status;
use std::sync::Arc;

/// What a heartbeat came to.
pub(super) struct Step {
    /// The member as it was.
    pub(super) before: Arc<Member>,
    /// What the member said that it has, if it did.
    pub(super) owned: Option<Tasks>,
    /// Why there is no new assignment yet.
    pub(super) delay: Option<Delay>,
}

impl Group {
    pub(super) fn answer(
        &mut self,
        id: &Str,
        step: &Step,
        heartbeat: &Heartbeat,
        turn: &Turn<'_>,
    ) -> Answered {
        let Heartbeat { request, config, topics, statuses, .. } = heartbeat;
        let Step { before, owned, delay } = step;
        let Some(member) = self.members.get(id).cloned() else { return Answered::default() };
        let mut response = StreamsGroupHeartbeatResponse {
            member_id: id.clone(),
            member_epoch: member.epoch,
            heartbeat_interval_ms: self.next_heartbeat_ms(*delay, config, turn),
            task_offset_interval_ms: config.task_offset_interval_ms,
            acceptable_recovery_lag: config.acceptable_recovery_lag,
            status: Some(self.statuses(id, &member, *delay, *statuses)),
            ..Default::default()
        };
        let has_other_tasks = before.assigned != member.assigned;
        // Who has something else has perhaps not heard of it. Apache Kafka tells nobody twice: after an answer that was
        // lost nobody runs what it gave, and what it took away is kept until the member is thrown out for that.
        let is_uninformed = owned.as_ref().is_some_and(|owned| !member.assigned.is_as_in(owned));
        if request.member_epoch == JOIN || has_other_tasks || is_uninformed {
            response.active_tasks = Some(listed(member.assigned.active.keys()));
            response.standby_tasks = Some(listed(member.assigned.standby.iter()));
            response.warmup_tasks = Some(Vec::new());
        }
        if before.endpoint != member.endpoint || has_other_tasks && member.endpoint.is_some() {
            self.endpoint_epoch = self.endpoint_epoch.wrapping_add(1);
        }
        response.endpoint_information_epoch = self.endpoint_epoch;
        if self.endpoint_epoch != request.endpoint_information_epoch {
            response.partitions_by_user_endpoint = Some(self.endpoints(topics));
        }
        response.topology_description_required =
            *statuses == Statuses::WithTags && self.asks_for_description(member.topology_epoch, turn);
        let missing = self.configured.as_ref().map(|configured| configured.missing.clone());
        Answered { response, missing: missing.unwrap_or_default() }
    }

    /// When the member shall come again: as soon as something is due, if that is sooner than usual, so that neither an
    /// assignment that waits nor topics that are made cost a whole interval.
    fn next_heartbeat_ms(&self, delay: Option<Delay>, config: &Config, turn: &Turn<'_>) -> i32 {
        let until_ms =
            |delay: Delay| i32::try_from(delay.until.since(turn.now.tick)).unwrap_or(i32::MAX).max(1);
        let is_making = self.configured.as_ref().is_some_and(|configured| !configured.missing.is_empty());
        let soon = delay.map(until_ms).or_else(|| is_making.then_some(TOPICS_ARE_MADE_MS));
        soon.map_or(config.heartbeat_interval_ms, |soon| soon.min(config.heartbeat_interval_ms))
    }

    fn statuses(&self, id: &Str, member: &Member, delay: Option<Delay>, statuses: Statuses) -> Vec<Status> {
        let mut told = Vec::new();
        let (mine, ours) = (member.topology_epoch, self.stored.topology.epoch);
        if mine < ours {
            let detail = format!(
                "this member runs the topology of epoch {mine}, and the group that of epoch {ours}: deploy the newer one here, too"
            );
            told.push(status(status::STALE_TOPOLOGY, detail));
        }
        if let Some(delay) = delay {
            let cause = match delay.cause {
                Cause::Initial => "streams.initial.rebalance.delay.ms",
                Cause::Interval => "streams.assignment.interval.ms",
            };
            let detail = format!("tasks are shared out a little later, because of {cause}");
            told.push(status(status::ASSIGNMENT_DELAYED, detail));
        }
        if let Some(problem) = self.configured.as_ref().and_then(|configured| configured.problem.clone()) {
            told.push(status(problem.code, problem.detail));
        }
        if let Some(asking) = &self.shutdown {
            let detail = format!(
                "member {asking} has failed and asks all instances to stop: find the cause in its log, then start anew"
            );
            told.push(status(status::SHUTDOWN_APPLICATION, detail));
        }
        let missing = match statuses {
            Statuses::First => Vec::new(),
            Statuses::WithTags => self.missing_tags(id),
        };
        if !missing.is_empty() {
            let missing: Vec<&str> = missing.iter().map(Str::as_str).collect();
            let detail = format!(
                "standby tasks are spread by tags that this member does not have: {}; set client.tag.NAME for each in its \
                 configuration",
                missing.join(", ")
            );
            told.push(status(status::MISSING_CLIENT_TAGS, detail));
        }
        told
    }
}

/// The broker makes missing topics before it answers, so that the next heartbeat finds them; not sooner, because one
/// that cannot be made stays missing.
const TOPICS_ARE_MADE_MS: i32 = 1_000;
