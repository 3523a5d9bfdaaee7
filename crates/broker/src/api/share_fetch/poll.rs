//! The long poll of a ShareFetch: acquires what there is, and waits while there is nothing.

use super::partition::{Budget, Outcome};
use super::request::resolve;
use crate::Broker;
use crate::api::Context;
use crate::share_partitions::Wanted;
use crate::share_session::Key;
use ottla_base::PartitionId;
use ottla_coordinator::share_partition::{Mode, Want};
use ottla_storage::{ReadBound, WholeFirst};
use ottla_wire::message::ShareFetchRequest;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// When somebody else took what this member was woken for, it does not run at once again. Twice as long each time.
const FRUITLESS_PAUSE: Duration = Duration::from_millis(10);
const FRUITLESS_PAUSES_MAX: u32 = 5;

/// Where bytes are only counted: all of a segment.
const READ_BYTES: usize = 1 << 30;

/// One member's wait for records.
pub(super) struct Poll<'a> {
    context: &'a Context,
    key: &'a Key,
    wanted: Wanted,
    budget: Budget,
    wait: Duration,
    /// What must be there before anything is acquired, unless the time is up.
    bytes_min: usize,
}

/// Whether records are taken that are fewer than the member waits for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Few {
    Wait,
    Take,
}

impl<'a> Poll<'a> {
    pub(super) fn new(context: &'a Context, key: &'a Key, request: &ShareFetchRequest) -> Self {
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
        let wanted = Wanted { group: key.group.clone(), member: key.member.clone(), want };
        let wait = Duration::from_millis(u64::try_from(request.max_wait_ms).unwrap_or(0));
        let bytes_min = usize::try_from(i64::from(request.min_bytes).min(budget.bytes)).unwrap_or(0);
        Self { context, key, wanted, budget, wait, bytes_min }
    }

    fn broker(&self) -> &Arc<Broker> {
        &self.context.broker
    }

    /// Those of the partitions that exist.
    fn present(&self, partitions: &[PartitionId]) -> BTreeSet<PartitionId> {
        partitions.iter().filter(|id| resolve(self.context, **id).is_ok()).copied().collect()
    }

    /// One outcome for each partition, in order.
    pub(super) async fn run(&self, partitions: &[PartitionId]) -> Vec<Outcome> {
        let deadline = Instant::now() + self.wait;
        if self.wait.is_zero() {
            return self.acquire_all(partitions, Few::Take).await;
        }
        let outcomes = self.acquire_all(partitions, Few::Wait).await;
        if is_enough(&outcomes) {
            return outcomes;
        }
        let present = self.present(partitions);
        let waiting = &self.broker().waiting;
        let waiter = waiting.park(present.iter().copied().collect(), waiting.so_far());
        let watching = Watching { broker: self.broker(), key: self.key };
        let mut fruitless = 0;
        loop {
            // Watch first, look again then: what came between the looks wakes or is seen.
            let Key { group, member } = watching.key;
            let awake = self.broker().share.partitions.watch(group, member, present.clone());
            tokio::pin!(awake);
            let outcomes = self.acquire_all(partitions, Few::Wait).await;
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
                () = sleep_until(deadline) => return self.acquire_all(partitions, Few::Take).await,
            }
        }
    }

    /// Whether the log has as much as the member waits for, from where each share-partition would go on: an estimate, as
    /// in Apache Kafka, which costs nobody a delivery.
    async fn has_enough(&self, partitions: &BTreeSet<PartitionId>) -> bool {
        let share = &self.broker().share.partitions;
        let group = &self.key.group;
        let mut described = share.describe(group, partitions.clone(), 0).await.unwrap_or_default();
        if described.len() < partitions.len() {
            for &partition in partitions {
                if share.open_one(self.broker(), group, partition).await.is_err() {
                    // Acquiring tells why.
                    return true;
                }
            }
            described = share.describe(group, partitions.clone(), 0).await.unwrap_or_default();
        }
        let mut bytes = 0;
        for described in described {
            let from = if 0 < described.ready { described.start } else { described.next };
            let (id, whole) = (described.id.partition, WholeFirst::Yes);
            let read = self.broker().log.read(id, from, READ_BYTES, ReadBound::HighWatermark, whole);
            bytes += read.map_or(0, |read| read.records.len());
        }
        self.bytes_min <= bytes
    }

    async fn acquire_all(&self, partitions: &[PartitionId], few: Few) -> Vec<Outcome> {
        if few == Few::Wait && 1 < self.bytes_min {
            let present = self.present(partitions);
            if !present.is_empty() && !self.has_enough(&present).await {
                return partitions.iter().map(|_| Outcome::default()).collect();
            }
        }
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
