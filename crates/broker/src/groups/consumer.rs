//! What consumer groups alone are asked, and what is in force for them.

use super::{Groups, mixed_up};
use crate::config::{BrokerConfig, Configs, GroupConfig};
use ottla_coordinator::Ticket;
use ottla_coordinator::group::consumer::{self, Assignor, Config, Describe, Heartbeat, Migration};
use ottla_coordinator::group::{Command, Reply};
use ottla_wire::ErrorCode;
use ottla_wire::message::ConsumerGroupHeartbeatResponse;
use ottla_wire::message::consumer_group_describe_response::DescribedGroup;
use std::sync::Arc;

impl Groups {
    /// Resolves when what the heartbeat changed is durable.
    pub(crate) async fn consumer_heartbeat(
        &self,
        group: &str,
        heartbeat: impl FnOnce(Ticket) -> Heartbeat,
    ) -> Result<ConsumerGroupHeartbeatResponse, ErrorCode> {
        let command = |ticket| consumer::Command::Heartbeat(Box::new(heartbeat(ticket)));
        match self.ask(group, |ticket| Command::Consumer(command(ticket))).await? {
            Reply::Consumer(consumer::Reply::Heartbeat(response)) => Ok(response),
            other => Err(mixed_up(&other)),
        }
    }

    pub(crate) async fn describe_consumer(
        &self,
        group: &str,
        describe: impl FnOnce(Ticket) -> Describe,
    ) -> Result<DescribedGroup, ErrorCode> {
        let command = |ticket| consumer::Command::Describe(describe(ticket));
        match self.ask(group, |ticket| Command::Consumer(command(ticket))).await? {
            Reply::Consumer(consumer::Reply::Describe(described)) => Ok(*described),
            other => Err(mixed_up(&other)),
        }
    }
}

/// What is in force for one group as of now.
pub(crate) fn config(configs: &Configs, group: &str) -> Arc<Config> {
    Arc::new(read(&configs.broker(), &configs.group(group)))
}

/// What is in force for a group that sets nothing.
pub(super) fn plain_config(broker: &BrokerConfig) -> Arc<Config> {
    let groups = &broker.consumer_groups;
    Arc::new(Config {
        session_timeout_ms: saturate(groups.session_timeout_ms),
        heartbeat_interval_ms: saturate(groups.heartbeat_interval_ms),
        assignment_interval_ms: saturate(groups.assignment_interval_ms),
        ..of_broker(broker)
    })
}

fn read(broker: &BrokerConfig, group: &GroupConfig) -> Config {
    Config {
        session_timeout_ms: saturate(group.consumer.session_timeout_ms),
        heartbeat_interval_ms: saturate(group.consumer.heartbeat_interval_ms),
        assignment_interval_ms: saturate(group.consumer.assignment_interval_ms),
        ..of_broker(broker)
    }
}

/// What no group can set for itself.
fn of_broker(broker: &BrokerConfig) -> Config {
    let groups = &broker.consumer_groups;
    Config {
        size_max: groups.max_size,
        migration: Migration {
            upgrade: groups.migration_policy.upgrade,
            downgrade: groups.migration_policy.downgrade,
        },
        assignors: groups.assignors.iter().filter_map(|name| Assignor::of_name(name)).collect(),
        ..Config::default()
    }
}

fn saturate(value: u32) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}
