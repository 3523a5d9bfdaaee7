//! What streams groups alone are asked, and what is in force for them.

use super::{Groups, mixed_up};
use crate::config::{BrokerConfig, Configs};
use ottla_coordinator::Ticket;
use ottla_coordinator::group::streams::{
    self, Answered, AssignmentConfig, Config, Describe, Describing, Heartbeat,
};
use ottla_coordinator::group::{Command, Reply};
use ottla_wire::message::streams_group_describe_response::DescribedGroup;
use ottla_wire::message::{
    StreamsGroupTopologyDescriptionUpdateRequest, StreamsGroupTopologyDescriptionUpdateResponse,
};
use ottla_wire::{ErrorCode, Str};
use std::sync::Arc;

impl Groups {
    /// Resolves when what the heartbeat changed is durable.
    pub(crate) async fn streams_heartbeat(
        &self,
        group: &str,
        heartbeat: impl FnOnce(Ticket) -> Heartbeat,
    ) -> Result<Answered, ErrorCode> {
        let command = |ticket| streams::Command::Heartbeat(Box::new(heartbeat(ticket)));
        match self.ask(group, |ticket| Command::Streams(command(ticket))).await? {
            Reply::Streams(streams::Reply::Heartbeat(answered)) => Ok(*answered),
            other => Err(mixed_up(&other)),
        }
    }

    pub(crate) async fn describe_streams(
        &self,
        group: Str,
        with_description: bool,
    ) -> Result<DescribedGroup, ErrorCode> {
        let id = group.clone();
        let command = |ticket| streams::Command::Describe(Describe { ticket, group, with_description });
        match self.ask(&id, |ticket| Command::Streams(command(ticket))).await? {
            Reply::Streams(streams::Reply::Describe(described)) => Ok(*described),
            other => Err(mixed_up(&other)),
        }
    }

    /// Resolves when the description is durable.
    pub(crate) async fn describe_topology(
        &self,
        request: StreamsGroupTopologyDescriptionUpdateRequest,
    ) -> Result<StreamsGroupTopologyDescriptionUpdateResponse, ErrorCode> {
        let id = request.group_id.clone();
        let command = |ticket| streams::Command::Describing(Box::new(Describing { ticket, request }));
        match self.ask(&id, |ticket| Command::Streams(command(ticket))).await? {
            Reply::Streams(streams::Reply::Describing(response)) => Ok(response),
            other => Err(mixed_up(&other)),
        }
    }
}

/// What is in force for one group as of now.
pub(crate) fn config(configs: &Configs, group: &str) -> Arc<Config> {
    let group = configs.group(group);
    let settings = &group.streams;
    Arc::new(Config {
        session_timeout_ms: saturate(settings.session_timeout_ms),
        heartbeat_interval_ms: saturate(settings.heartbeat_interval_ms),
        size_max: configs.broker().streams_groups.max_size,
        assignment: assignment(settings.num_standby_replicas, &settings.rack_aware_assignment_tags),
        initial_rebalance_delay_ms: saturate(settings.initial_rebalance_delay_ms),
        assignment_interval_ms: saturate(settings.assignment_interval_ms),
        task_offset_interval_ms: saturate(settings.task_offset_interval_ms),
        acceptable_recovery_lag: i64::try_from(settings.acceptable_recovery_lag).unwrap_or(i64::MAX),
    })
}

/// What is in force for a group that sets nothing.
pub(super) fn plain_config(broker: &BrokerConfig) -> Arc<Config> {
    let groups = &broker.streams_groups;
    Arc::new(Config {
        session_timeout_ms: saturate(groups.session_timeout_ms),
        heartbeat_interval_ms: saturate(groups.heartbeat_interval_ms),
        size_max: groups.max_size,
        assignment: assignment(groups.num_standby_replicas, &groups.rack_aware_assignment_tags),
        initial_rebalance_delay_ms: saturate(groups.initial_rebalance_delay_ms),
        assignment_interval_ms: saturate(groups.assignment_interval_ms),
        task_offset_interval_ms: saturate(groups.task_offset_interval_ms),
        acceptable_recovery_lag: i64::try_from(groups.acceptable_recovery_lag).unwrap_or(i64::MAX),
    })
}

fn assignment(standbys: u32, tags: &[String]) -> AssignmentConfig {
    AssignmentConfig {
        standby_replicas: usize::try_from(standbys).unwrap_or(usize::MAX),
        rack_aware_tags: tags.iter().map(Str::from).collect(),
    }
}

fn saturate(value: u32) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}
