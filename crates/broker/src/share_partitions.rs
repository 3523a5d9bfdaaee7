//! The broker's side of share-partitions: which shard they live in, commands as typed questions, and the log that feeds
//! them.
//!
//! Invariant: all share-partitions of a group live in one shard, chosen by the formula for groups. The number of shards
//! is part of the data on disk and never changes.

mod acknowledging;
mod acquiring;
mod dead_letters;
mod feed;
mod log_ends;
mod opening;
mod spots;
mod steering;

use crate::config::{GroupConfig, kinds};
use crate::groups::shard_of;
use crate::shard::{Asked, JournalRows, LoadError, Shard, Unavailable};
use ottla_base::{Env, PartitionId};
use ottla_coordinator::Ticket;
use ottla_coordinator::share_partition::{
    Backoff, Command, Config, Id, Order, Release, Reply, SharePartitions as Machine, Unwatch, Watch,
};
use ottla_storage::Journal;
use ottla_wire::{ErrorCode, Str};
use spots::Spots;
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::task::JoinSet;

pub(crate) use acknowledging::{Acknowledged, Acknowledgement, RenewAsked};
pub(crate) use acquiring::{Acquired, Wanted};
pub(crate) use opening::reset_start;

/// Every share-partition of this broker.
pub(crate) struct SharePartitions {
    shards: Vec<Arc<Shard<Machine>>>,
    spots: Spots,
}

/// As many as there are shards of groups.
const SHARDS: u32 = crate::groups::SHARDS;

/// The journal's shards before it belong to groups and transactions.
const FIRST_SHARD: u32 = 2_000;

impl SharePartitions {
    /// Loads all share-partitions.
    ///
    /// # Errors
    /// [`LoadError`] if the journal cannot be read; the broker must not start then.
    pub(crate) fn open(journal: &Journal, env: &Arc<dyn Env>) -> Result<Self, LoadError> {
        let shards = (FIRST_SHARD..FIRST_SHARD + SHARDS).map(|number| {
            let rows = Box::new(JournalRows::together(journal.clone(), number));
            Shard::open(rows, Arc::clone(env), Box::new(|| Command::Start))
        });
        Ok(Self { shards: shards.collect::<Result<_, _>>()?, spots: Spots::default() })
    }

    /// Starts what lets locks run out; ends with `background`.
    pub(crate) fn start_timers(&self, background: &mut JoinSet<()>) {
        for shard in &self.shards {
            background.spawn_local(Arc::clone(shard).run_timers());
        }
    }

    /// The broker stops: who waits for records is answered now.
    pub(crate) fn dismiss(&self) {
        self.shards.iter().for_each(|shard| shard.dismiss());
    }

    pub(crate) fn shard(&self, group: &str) -> &Arc<Shard<Machine>> {
        &self.shards[shard_of(group)]
    }

    fn ask(&self, group: &str, command: impl FnOnce(Ticket) -> Command) -> Asked<Reply> {
        self.shard(group).ask(command)
    }

    /// As [`ask`](Self::ask), and what the answer is going to be, if it is not lost before it is durable.
    fn ask_and_see(
        &self,
        group: &str,
        command: impl FnOnce(Ticket) -> Command,
    ) -> (Asked<Reply>, Option<Reply>) {
        self.shard(group).ask_then(command, Reply::clone)
    }

    /// Gives back what a member has. Decided when this returns; what is returned resolves when it is durable.
    pub(crate) fn release(
        &self,
        group: &Str,
        member: &Str,
        config: Arc<Config>,
    ) -> impl Future<Output = Result<(), ErrorCode>> + use<> {
        let (group, member) = (group.clone(), member.clone());
        let asked =
            self.ask(&group.clone(), |ticket| Command::Release(Release { ticket, group, member, config }));
        async move { done(asked.await) }
    }

    /// Resolves when there may be something for the member that was there before it began to wait, or when it
    /// begins to wait anew. What is new in the log wakes nobody.
    ///
    /// # Errors
    /// NOT_COORDINATOR if the state was lost or the broker stops.
    pub(crate) fn watch(
        &self,
        group: &Str,
        member: &Str,
        partitions: BTreeSet<PartitionId>,
    ) -> impl Future<Output = Result<(), ErrorCode>> + use<> {
        let (group, member) = (group.clone(), member.clone());
        let asked =
            self.ask(&group.clone(), |ticket| Command::Watch(Watch { ticket, group, member, partitions }));
        async move {
            match asked.await? {
                Reply::Awake => Ok(()),
                other => Err(mixed_up(&other)),
            }
        }
    }

    /// The member does not wait any more.
    pub(crate) fn unwatch(&self, group: &Str, member: &Str) {
        let (group, member) = (group.clone(), member.clone());
        drop(self.ask(&group.clone(), |ticket| Command::Unwatch(Unwatch { ticket, group, member })));
    }
}

/// A group's settings as its share-partitions know them.
pub(crate) fn config_of(group: &GroupConfig) -> Config {
    let GroupConfig { share, queue, consumer: _, streams: _ } = group;
    let saturate = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    let small = |value: usize| i32::try_from(value).unwrap_or(i32::MAX);
    Config {
        lock_duration_ms: i32::try_from(share.record_lock_duration_ms).unwrap_or(i32::MAX),
        delivery_count_limit: i16::try_from(share.delivery_count_limit).unwrap_or(i16::MAX),
        record_locks_max: small(share.partition_max_record_locks),
        renew: share.renew_acknowledge_enable,
        dead_letters: !share.dead_letter_topic_name.is_empty(),
        paused: queue.paused,
        backoff: Backoff {
            first_ms: saturate(queue.retry_backoff_ms),
            multiplier: queue.retry_backoff_multiplier,
            max_ms: saturate(queue.retry_backoff_max_ms),
        },
        delay: queue.delay_enable,
        ttl: queue.ttl_enable,
        ttl_ms: queue.ttl_ms,
        priority: queue.priority_enable,
        order: match queue.order {
            kinds::QueueOrder::None => Order::None,
            kinds::QueueOrder::Key => Order::Key,
        },
        member_in_flight_max: small(queue.member_in_flight_max),
        delayed_records_max: small(queue.delayed_records_max),
    }
}

fn id(group: &Str, partition: PartitionId) -> Id {
    Id { group: group.clone(), partition }
}

fn done(answer: Result<Reply, Unavailable>) -> Result<(), ErrorCode> {
    match answer? {
        // What is not there needs nothing done to it.
        Reply::Done | Reply::Absent => Ok(()),
        other => Err(mixed_up(&other)),
    }
}

/// A machine that answers one command with the reply to another is broken.
fn mixed_up(reply: &Reply) -> ErrorCode {
    tracing::error!(?reply, "a share-partition's command was answered by the reply to another one");
    ErrorCode::UNKNOWN_SERVER_ERROR
}

/// What a member is told of a share-partition whose state is being loaded: its client asks again.
fn of_unavailable(_: Unavailable) -> ErrorCode {
    ErrorCode::NOT_LEADER_OR_FOLLOWER
}

#[cfg(test)]
mod tests;
