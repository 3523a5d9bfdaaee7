//! The broker's side of groups: which shard a group lives in, and commands as typed questions.
//!
//! Invariant: a group's shard depends on nothing but its id, with Kafka's own formula over the 50 partitions that
//! `__consumer_offsets` has by default, so that shard and partition number are the same. The number of shards is
//! part of the data on disk and never changes.

mod consumer;
mod share;
mod streams;

use crate::config::BrokerConfig;
use crate::shard::{Asked, JournalRows, LoadError, Shard, Unavailable};
use ottla_base::{Env, PartitionIndex, ProducerEpoch, ProducerId, TopicId};
use ottla_coordinator::Ticket;
use ottla_coordinator::group::{
    Catalog, Command, Commit, CompleteTransaction, Delete, DeleteOffsets, Describe, Fetch, Groups as Machine,
    Heartbeat, Join, Leave, List, Reply, Settings, Stability, Sync, TxnCommit, UnknownGroup, Words,
};
use ottla_storage::Journal;
use ottla_wire::message::delete_groups_response::DeletableGroupResult;
use ottla_wire::message::describe_groups_response::DescribedGroup;
use ottla_wire::message::list_groups_response::ListedGroup;
use ottla_wire::message::offset_fetch_request::OffsetFetchRequestGroup;
use ottla_wire::message::offset_fetch_response::OffsetFetchResponseGroup;
use ottla_wire::message::{
    HeartbeatRequest, HeartbeatResponse, JoinGroupResponse, LeaveGroupRequest, LeaveGroupResponse,
    OffsetCommitRequest, OffsetCommitResponse, OffsetDeleteRequest, OffsetDeleteResponse, SyncGroupRequest,
    SyncGroupResponse, TxnOffsetCommitRequest, TxnOffsetCommitResponse,
};
use ottla_wire::record::MarkerKind;
use ottla_wire::{ErrorCode, Str};
use std::sync::Arc;
use tokio::task::JoinSet;

pub(crate) use consumer::config as consumer_config;
pub(crate) use share::config as share_config;
pub(crate) use streams::config as streams_config;

/// Every group of this broker.
pub(crate) struct Groups {
    shards: Vec<Arc<Shard<Machine>>>,
}

/// Where Kafka keeps the offsets of groups. Ottla has no such topic; its shards of groups go by this name.
pub(crate) const OFFSETS_TOPIC: &str = "__consumer_offsets";

/// As many as `__consumer_offsets` has partitions in Kafka.
pub(crate) const SHARDS: u32 = 50;

impl Groups {
    /// Loads all groups.
    ///
    /// # Errors
    /// [`LoadError`] if the journal cannot be read; the broker must not start then.
    pub(crate) fn open(
        journal: Journal,
        env: Arc<dyn Env>,
        config: &BrokerConfig,
    ) -> Result<Self, LoadError> {
        let settings = settings(config);
        let shards = (0..SHARDS).map(|number| {
            let rows = Box::new(JournalRows::new(journal.clone(), number));
            let settings = settings.clone();
            let start = Box::new(move || Command::Start(settings.clone()));
            Shard::open(rows, Arc::clone(&env), start)
        });
        Ok(Self { shards: shards.collect::<Result<_, _>>()? })
    }

    /// Starts what lets sessions expire; ends with `background`.
    pub(crate) fn start_timers(&self, background: &mut JoinSet<()>) {
        for shard in &self.shards {
            background.spawn_local(Arc::clone(shard).run_timers());
        }
    }

    /// The broker stops: members that wait for others are told to look for another coordinator.
    pub(crate) fn dismiss(&self) {
        self.shards.iter().for_each(|shard| shard.dismiss());
    }

    fn ask(&self, group: &str, command: impl FnOnce(Ticket) -> Command) -> Asked<Reply> {
        self.shards[shard_of(group)].ask(command)
    }

    /// Asks every shard; the answers come in the order of the shards.
    async fn ask_all(&self, command: impl Fn(Ticket) -> Command) -> Result<Vec<Reply>, Unavailable> {
        let asked: Vec<_> = self.shards.iter().map(|shard| shard.ask(&command)).collect();
        let mut replies = Vec::with_capacity(asked.len());
        for answer in asked {
            replies.push(answer.await?);
        }
        Ok(replies)
    }

    /// Resolves when the group has a new generation, or at once if there is nothing to wait for.
    pub(crate) async fn join(
        &self,
        group: &str,
        join: impl FnOnce(Ticket) -> Join,
    ) -> Result<JoinGroupResponse, ErrorCode> {
        match self.ask(group, |ticket| Command::Join(Box::new(join(ticket)))).await? {
            Reply::Join(response) => Ok(*response),
            other => Err(mixed_up(&other)),
        }
    }

    /// Resolves when the leader has assigned, or at once if there is nothing to wait for.
    pub(crate) async fn sync(
        &self,
        request: SyncGroupRequest,
        topics: Arc<Catalog>,
    ) -> Result<SyncGroupResponse, ErrorCode> {
        let group = request.group_id.clone();
        match self.ask(&group, |ticket| Command::Sync(Sync { ticket, request, topics })).await? {
            Reply::Sync(response) => Ok(response),
            other => Err(mixed_up(&other)),
        }
    }

    pub(crate) async fn heartbeat(&self, request: HeartbeatRequest) -> Result<HeartbeatResponse, ErrorCode> {
        let group = request.group_id.clone();
        match self.ask(&group, |ticket| Command::Heartbeat(Heartbeat { ticket, request })).await? {
            Reply::Heartbeat(response) => Ok(response),
            other => Err(mixed_up(&other)),
        }
    }

    pub(crate) async fn leave(&self, request: LeaveGroupRequest) -> Result<LeaveGroupResponse, ErrorCode> {
        let group = request.group_id.clone();
        match self.ask(&group, |ticket| Command::Leave(Leave { ticket, request })).await? {
            Reply::Leave(response) => Ok(response),
            other => Err(mixed_up(&other)),
        }
    }

    /// Resolves when the offsets are durable.
    pub(crate) async fn commit(
        &self,
        request: OffsetCommitRequest,
        unknown_group: UnknownGroup,
    ) -> Result<OffsetCommitResponse, ErrorCode> {
        let group = request.group_id.clone();
        match self.ask(&group, |ticket| Command::Commit(Commit { ticket, request, unknown_group })).await? {
            Reply::Commit(response) => Ok(response),
            other => Err(mixed_up(&other)),
        }
    }

    /// Decides a commit in a transaction now, before this returns, so that the caller may hold the transaction's
    /// lock; what is returned resolves when the offsets are durable. A transaction's lock is always taken before
    /// a group's, never after.
    pub(crate) fn txn_commit(
        &self,
        request: TxnOffsetCommitRequest,
    ) -> impl Future<Output = Result<TxnOffsetCommitResponse, ErrorCode>> + use<> {
        let group = request.group_id.clone();
        let asked = self.ask(&group, |ticket| Command::TxnCommit(TxnCommit { ticket, request }));
        async move {
            match asked.await? {
                Reply::TxnCommit(response) => Ok(response),
                other => Err(mixed_up(&other)),
            }
        }
    }

    /// Ends a transaction for all groups of one partition of `__consumer_offsets`: what it has pending there is
    /// committed or goes. Resolves when that is durable. Asking again is harmless.
    ///
    /// # Errors
    /// UNKNOWN_TOPIC_OR_PARTITION if there is no such partition. NOT_COORDINATOR if the groups are being loaded
    /// anew, and the caller asks again.
    pub(crate) async fn complete_transaction(
        &self,
        partition: PartitionIndex,
        producer_id: ProducerId,
        producer_epoch: ProducerEpoch,
        outcome: MarkerKind,
    ) -> Result<(), ErrorCode> {
        let number = usize::try_from(partition.0).map_err(|_| ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)?;
        let shard = self.shards.get(number).ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)?;
        let complete = |ticket| CompleteTransaction { ticket, producer_id, producer_epoch, outcome };
        match shard.ask(|ticket| Command::CompleteTransaction(complete(ticket))).await? {
            Reply::Done => Ok(()),
            other => Err(mixed_up(&other)),
        }
    }

    /// Whose transactions have offsets pending, in which partition of `__consumer_offsets`, and under which epoch.
    pub(crate) fn open_transactions(&self) -> Vec<(PartitionIndex, ProducerId, ProducerEpoch)> {
        let mut open = Vec::new();
        for (index, shard) in (0..).map(PartitionIndex).zip(&self.shards) {
            let (asked, seen) = shard.ask_then(Command::OpenTransactions, |reply| match reply {
                Reply::OpenTransactions(seen) => seen.clone(),
                other => {
                    mixed_up(other);
                    Vec::new()
                }
            });
            drop(asked);
            open.extend(seen.into_iter().flatten().map(|(producer, epoch)| (index, producer, epoch)));
        }
        open
    }

    pub(crate) async fn fetch(
        &self,
        request: OffsetFetchRequestGroup,
        stability: Stability,
    ) -> Result<OffsetFetchResponseGroup, ErrorCode> {
        let group = request.group_id.clone();
        match self.ask(&group, |ticket| Command::Fetch(Fetch { ticket, request, stability })).await? {
            Reply::Fetch(response) => Ok(response),
            other => Err(mixed_up(&other)),
        }
    }

    /// Resolves when it is durable that they are gone.
    pub(crate) async fn delete_offsets(
        &self,
        request: OffsetDeleteRequest,
    ) -> Result<OffsetDeleteResponse, ErrorCode> {
        let group = request.group_id.clone();
        match self.ask(&group, |ticket| Command::DeleteOffsets(DeleteOffsets { ticket, request })).await? {
            Reply::DeleteOffsets(response) => Ok(response),
            other => Err(mixed_up(&other)),
        }
    }

    /// `None` if there is no such group.
    pub(crate) async fn describe(&self, group: Str) -> Result<Option<DescribedGroup>, ErrorCode> {
        let id = group.clone();
        match self.ask(&id, |ticket| Command::Describe(Describe { ticket, group })).await? {
            Reply::Describe(described) => Ok(described),
            other => Err(mixed_up(&other)),
        }
    }

    /// The groups in these states and of these types; an empty filter lets all pass.
    pub(crate) async fn list(&self, states: &[Str], types: &[Str]) -> Result<Vec<ListedGroup>, ErrorCode> {
        let (states, types) = (Words::new(states), Words::new(types));
        let list = |ticket| Command::List(List { ticket, states: states.clone(), types: types.clone() });
        let mut groups = Vec::new();
        for reply in self.ask_all(list).await? {
            match reply {
                Reply::List(listed) => groups.extend(listed),
                other => return Err(mixed_up(&other)),
            }
        }
        Ok(groups)
    }

    /// Deletes each group; one fsync serves as many as possible.
    pub(crate) async fn delete(&self, groups: Vec<Str>) -> Vec<DeletableGroupResult> {
        let ask = |group: Str| {
            let id = group.clone();
            (group, self.ask(&id, |ticket| Command::Delete(Delete { ticket, group: id.clone() })))
        };
        let asked: Vec<_> = groups.into_iter().map(ask).collect();
        let mut results = Vec::with_capacity(asked.len());
        for (group_id, answer) in asked {
            let error_code = match answer.await {
                Ok(Reply::Delete(result)) => {
                    results.push(result);
                    continue;
                }
                Ok(other) => mixed_up(&other),
                Err(unavailable) => unavailable.into(),
            };
            results.push(DeletableGroupResult { group_id, error_code, ..Default::default() });
        }
        results
    }

    /// Forgets what was committed for topics that were deleted.
    pub(crate) async fn topics_gone(&self, topics: &[TopicId]) -> Result<(), ErrorCode> {
        let topics = topics.to_vec();
        self.ask_all(|ticket| Command::TopicsGone { ticket, topics: topics.clone() }).await?;
        Ok(())
    }
}

/// The partition of `__consumer_offsets` in which Kafka keeps a group; a transaction that commits offsets of the
/// group names it among its partitions.
pub(crate) fn partition_of(group: &str) -> PartitionIndex {
    PartitionIndex(i32::try_from(shard_of(group)).expect("a shard's number is small"))
}

/// A machine that answers one command with the reply to another is broken.
fn mixed_up(reply: &Reply) -> ErrorCode {
    tracing::error!(?reply, "a group command was answered by the reply to another one");
    ErrorCode::UNKNOWN_SERVER_ERROR
}

/// Java's `String.hashCode`, made positive as Kafka does, modulo the number of shards.
pub(crate) fn shard_of(group: &str) -> usize {
    let hash =
        group.encode_utf16().fold(0_i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)));
    let positive = hash.checked_abs().unwrap_or(0).unsigned_abs();
    usize::try_from(positive % SHARDS).expect("a shard's number is small")
}

fn settings(config: &BrokerConfig) -> Settings {
    const MINUTE_MS: i64 = 60_000;
    let groups = &config.groups;
    let saturate = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    Settings {
        initial_rebalance_delay_ms: groups.group_initial_rebalance_delay_ms,
        session_timeout_ms_min: groups.group_min_session_timeout_ms,
        session_timeout_ms_max: groups.group_max_session_timeout_ms,
        size_max: groups.group_max_size,
        consumer: consumer::plain_config(config),
        share: share::plain_config(config),
        streams: streams::plain_config(config),
        offset_metadata_max: groups.offset_metadata_max_bytes,
        offsets_retention_ms: saturate(groups.offsets_retention_minutes).saturating_mul(MINUTE_MS),
        offsets_check_interval_ms: saturate(groups.offsets_retention_check_interval_ms),
    }
}

#[cfg(test)]
mod tests;
