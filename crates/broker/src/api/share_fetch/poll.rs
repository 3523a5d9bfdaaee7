//! The long poll of a ShareFetch: acquires what there is, and waits while there is nothing.

use super::partition::{Budget, Outcome};
use super::request::resolve;
use crate::Broker;
use crate::api::Context;
use crate::config::GroupConfig;
use crate::share_partitions::Wanted;
use crate::share_session::Key;
use ottla_base::PartitionId;
use ottla_coordinator::share_partition::{Config, Mode, Want};
use ottla_wire::message::ShareFetchRequest;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// When somebody else took what this member was woken for, it does not run at once again. Twice as long each time.
const FRUITLESS_PAUSE: Duration = Duration::from_millis(10);
const FRUITLESS_PAUSES_MAX: u32 = 5;

/// One member's wait for records.
pub(super) struct Poll<'a> {
    context: &'a Context,
    key: &'a Key,
    wanted: Wanted,
    budget: Budget,
    wait: Duration,
}

impl<'a> Poll<'a> {
    pub(super) fn new(
        context: &'a Context,
        key: &'a Key,
        request: &ShareFetchRequest,
        (settings, config): (&GroupConfig, &Arc<Config>),
    ) -> Self {
        let limit = i64::try_from(context.broker.config().network.fetch_max_bytes).unwrap_or(i64::MAX);
        let mode = match request.share_acquire_mode {
            ACQUIRE_RECORD_LIMIT => Mode::RecordLimit,
            _ => Mode::BatchOptimized,
        };
        let budget = Budget { records: request.max_records, bytes: i64::from(request.max_bytes).min(limit) };
        let want = Want {
            records_max: budget.records,
            bytes_max: budget.bytes,
            batch_max: request.batch_size,
            mode,
        };
        let wanted = Wanted {
            group: key.group.clone(),
            member: key.member.clone(),
            config: Arc::clone(config),
            isolation: settings.share.isolation_level,
            want,
        };
        let wait = Duration::from_millis(u64::try_from(request.max_wait_ms).unwrap_or(0));
        Self { context, key, wanted, budget, wait }
    }

    fn broker(&self) -> &Arc<Broker> {
        &self.context.broker
    }

    /// One outcome for each partition, in order.
    pub(super) async fn run(&self, partitions: &[PartitionId]) -> Vec<Outcome> {
        let deadline = Instant::now() + self.wait;
        let outcomes = self.acquire_all(partitions).await;
        if self.wait.is_zero() || is_enough(&outcomes) {
            return outcomes;
        }
        let exists = |id: &&PartitionId| resolve(self.context, **id).is_ok();
        let present: Vec<_> = partitions.iter().filter(exists).copied().collect();
        let waiter = self.broker().waiting.park(present.clone());
        let watching = Watching { broker: self.broker(), key: self.key };
        let mut fruitless = 0;
        loop {
            // Watch first, look again then: what came between the looks wakes or is seen.
            let Key { group, member } = watching.key;
            let awake = self.broker().share.partitions.watch(group, member, present.clone());
            tokio::pin!(awake);
            let outcomes = self.acquire_all(partitions).await;
            if is_enough(&outcomes) || self.broker().waiting.is_closed() {
                return outcomes;
            }
            if outcomes.iter().any(|outcome| outcome.is_cut_short) {
                tokio::task::yield_now().await;
                if Instant::now() < deadline {
                    continue;
                }
                return outcomes;
            }
            let rested = Instant::now() + FRUITLESS_PAUSE * 2_u32.pow(fruitless);
            tokio::select! {
                biased;
                () = waiter.progress() => fruitless = 0,
                _ = async { let woken = awake.await; sleep_until(rested).await; woken } => {
                    fruitless = FRUITLESS_PAUSES_MAX.min(fruitless + 1);
                }
                () = sleep_until(deadline) => return self.acquire_all(partitions).await,
            }
        }
    }

    async fn acquire_all(&self, partitions: &[PartitionId]) -> Vec<Outcome> {
        let mut budget = self.budget;
        let mut outcomes = Vec::with_capacity(partitions.len());
        for &partition in partitions {
            let outcome = match resolve(self.context, partition) {
                Err(code) => code.into(),
                Ok(_) if !budget.has_room() => Outcome::default(),
                Ok(_) => self.acquire(partition, budget).await,
            };
            budget.take(&outcome);
            outcomes.push(outcome);
        }
        outcomes
    }

    async fn acquire(&self, partition: PartitionId, budget: Budget) -> Outcome {
        let want = Want { records_max: budget.records, bytes_max: budget.bytes, ..self.wanted.want };
        let wanted = Wanted { want, ..self.wanted.clone() };
        match self.broker().share.partitions.acquire(self.broker(), &wanted, partition).await {
            Ok(acquired) => acquired.into(),
            Err(code) => code.into(),
        }
    }
}

/// Whether the member is to be answered now.
fn is_enough(outcomes: &[Outcome]) -> bool {
    outcomes.iter().any(Outcome::is_news) || outcomes.iter().all(Outcome::is_unknown)
}

/// Ends the wait also when the client goes away.
struct Watching<'a> {
    broker: &'a Broker,
    key: &'a Key,
}

impl Drop for Watching<'_> {
    fn drop(&mut self) {
        self.broker.share.partitions.unwatch(&self.key.group, &self.key.member);
    }
}

/// `record_limit`; everything else is `batch_optimized`.
const ACQUIRE_RECORD_LIMIT: i8 = 1;
