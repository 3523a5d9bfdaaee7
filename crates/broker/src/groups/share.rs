//! What share groups alone are asked.

use super::{Groups, mixed_up};
use crate::config::{BrokerConfig, Configs};
use ottla_base::{PartitionId, TopicId};
use ottla_coordinator::Ticket;
use ottla_coordinator::group::share::{
    Alter, Command as ShareCommand, Config, Describe, Forget, Heartbeat, Reply as ShareReply, Start, StartOf,
};
use ottla_coordinator::group::{Catalog, Command, Refusal, Reply};
use ottla_wire::message::ShareGroupHeartbeatResponse;
use ottla_wire::message::share_group_describe_response::DescribedGroup;
use ottla_wire::{ErrorCode, Str};
use std::sync::Arc;

impl Groups {
    async fn ask_share(
        &self,
        group: &str,
        command: impl FnOnce(Ticket) -> ShareCommand,
    ) -> Result<ShareReply, ErrorCode> {
        match self.ask(group, |ticket| Command::Share(command(ticket))).await? {
            Reply::Share(reply) => Ok(reply),
            other => Err(mixed_up(&other)),
        }
    }

    /// Resolves when what the member is told is durable.
    pub(crate) async fn share_heartbeat(
        &self,
        group: &str,
        heartbeat: impl FnOnce(Ticket) -> Heartbeat,
    ) -> Result<ShareGroupHeartbeatResponse, ErrorCode> {
        let command = |ticket| ShareCommand::Heartbeat(Box::new(heartbeat(ticket)));
        match self.ask_share(group, command).await? {
            ShareReply::Heartbeat(response) => Ok(response),
            other => Err(mixed_up(&Reply::Share(other))),
        }
    }

    /// A group that is no share group is described by an error.
    pub(crate) async fn describe_share(
        &self,
        group: Str,
        topics: Arc<Catalog>,
    ) -> Result<DescribedGroup, ErrorCode> {
        let id = group.clone();
        let command = |ticket| ShareCommand::Describe(Describe { ticket, group, topics });
        match self.ask_share(&id, command).await? {
            ShareReply::Describe(described) => Ok(*described),
            other => Err(mixed_up(&Reply::Share(other))),
        }
    }

    /// Whether this is a share group that nobody is in. Its share-partitions go before the group does, as in Kafka: if
    /// the broker dies in between, the group is still there to be deleted again.
    pub(crate) async fn may_delete_share(&self, group: &Str) -> Result<bool, ErrorCode> {
        let command = |ticket| ShareCommand::MayDelete { ticket, group: group.clone() };
        match self.ask_share(group, command).await? {
            ShareReply::MayDelete(may) => Ok(may),
            other => Err(mixed_up(&Reply::Share(other))),
        }
    }

    /// Where a share-partition begins that has no state yet; `None` if no member of such a group has ever subscribed to
    /// its topic.
    pub(crate) async fn share_start(
        &self,
        group: &Str,
        partition: PartitionId,
    ) -> Result<Option<Start>, ErrorCode> {
        let command = |ticket| ShareCommand::Start(StartOf { ticket, group: group.clone(), partition });
        match self.ask_share(group, command).await? {
            ShareReply::Start(start) => Ok(start),
            other => Err(mixed_up(&Reply::Share(other))),
        }
    }

    /// The topics that a share group knows, each with the number of its partitions; none if there is no such group.
    pub(crate) async fn share_topics(&self, group: &Str) -> Result<Vec<(TopicId, i32)>, ErrorCode> {
        let command = |ticket| ShareCommand::Topics { ticket, group: group.clone() };
        match self.ask_share(group, command).await? {
            ShareReply::Topics(topics) => Ok(topics),
            other => Err(mixed_up(&Reply::Share(other))),
        }
    }

    /// Prepares a group for offsets that are about to be set, and makes it if it is not there. The caller sets them when
    /// this has resolved.
    pub(crate) async fn alter_share(
        &self,
        group: &Str,
        topics: Vec<(TopicId, i32)>,
    ) -> Result<Result<(), Refusal>, ErrorCode> {
        let command = |ticket| ShareCommand::Alter(Alter { ticket, group: group.clone(), topics });
        match self.ask_share(group, command).await? {
            ShareReply::Alter(result) => Ok(result),
            other => Err(mixed_up(&Reply::Share(other))),
        }
    }

    /// Forgets topics whose offsets are about to be deleted, and says which ones the group knew. The caller deletes the
    /// share-partitions when this has resolved.
    pub(crate) async fn forget_share(
        &self,
        group: &Str,
        topics: Vec<TopicId>,
    ) -> Result<Result<Vec<TopicId>, Refusal>, ErrorCode> {
        let command = |ticket| ShareCommand::Forget(Forget { ticket, group: group.clone(), topics });
        match self.ask_share(group, command).await? {
            ShareReply::Forget(result) => Ok(result),
            other => Err(mixed_up(&Reply::Share(other))),
        }
    }
}

/// What is in force for the members of a share group.
pub(crate) fn config(configs: &Configs, group: &str) -> Config {
    let own = configs.group(group);
    Config {
        session_timeout_ms: saturate(own.share.session_timeout_ms),
        heartbeat_interval_ms: saturate(own.share.heartbeat_interval_ms),
        assignment_interval_ms: saturate(own.share.assignment_interval_ms),
        size_max: configs.broker().share_groups.max_size,
    }
}

/// What is in force for groups of which nothing more is known yet.
pub(super) fn plain_config(config: &BrokerConfig) -> Config {
    let groups = &config.share_groups;
    Config {
        session_timeout_ms: saturate(groups.session_timeout_ms),
        heartbeat_interval_ms: saturate(groups.heartbeat_interval_ms),
        assignment_interval_ms: saturate(groups.assignment_interval_ms),
        size_max: groups.max_size,
    }
}

fn saturate(ms: u32) -> i32 {
    i32::try_from(ms).unwrap_or(i32::MAX)
}
