//! Who waits for records: long polls park here, and the log's progress wakes them.
//!
//! A waiter registers before it looks at the log for the last time, so that no progress is missed. Waking
//! costs nothing while nobody waits.

use foldhash::HashMap;
use ottla_base::PartitionId;
use ottla_storage::Progress;
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use tokio::sync::Notify;

/// Parked long polls by partition.
#[derive(Debug, Default)]
pub(crate) struct Waiting {
    parked: Mutex<HashMap<PartitionId, Vec<Arc<Notify>>>>,
    /// How many waiters there are; lets progress pass without the lock while there are none.
    count: AtomicUsize,
    /// The broker stops: nobody waits any longer.
    closed: AtomicBool,
}

/// One parked long poll; leaves when dropped.
#[derive(Debug)]
pub(crate) struct Waiter {
    waiting: Arc<Waiting>,
    partitions: Vec<PartitionId>,
    woken: Arc<Notify>,
}

impl Waiting {
    /// Parks a long poll on `partitions`. Progress from here on is not missed.
    pub(crate) fn park(self: &Arc<Self>, partitions: Vec<PartitionId>) -> Waiter {
        let woken = Arc::new(Notify::new());
        self.count.fetch_add(1, Ordering::SeqCst);
        let mut parked = self.parked.lock();
        for &partition in &partitions {
            parked.entry(partition).or_default().push(Arc::clone(&woken));
        }
        drop(parked);
        Waiter { waiting: Arc::clone(self), partitions, woken }
    }

    /// Wakes everybody, for good: the broker stops.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        self.parked.lock().values().flatten().for_each(|woken| woken.notify_one());
    }

    /// Whether anybody waits.
    pub(crate) fn has_any(&self) -> bool {
        0 < self.count.load(Ordering::SeqCst)
    }

    /// Whether waiting makes no sense any longer.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }
}

impl Waiter {
    /// Resolves when a partition has made progress since the last call (or since parking).
    pub(crate) async fn progress(&self) {
        self.woken.notified().await;
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        let mut parked = self.waiting.parked.lock();
        for partition in &self.partitions {
            if let Some(waiters) = parked.get_mut(partition) {
                waiters.retain(|woken| !Arc::ptr_eq(woken, &self.woken));
                if waiters.is_empty() {
                    parked.remove(partition);
                }
            }
        }
        drop(parked);
        self.waiting.count.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Progress for Waiting {
    fn advanced(&self, partitions: &[PartitionId]) {
        if !self.has_any() {
            return;
        }
        let parked = self.parked.lock();
        for woken in partitions.iter().filter_map(|partition| parked.get(partition)).flatten() {
            woken.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ottla_base::{PartitionIndex, TopicId};
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Waker};

    fn partition(index: i32) -> PartitionId {
        PartitionId { topic: TopicId::NONE, index: PartitionIndex(index) }
    }

    fn is_woken(waiter: &Waiter) -> bool {
        pin!(waiter.progress()).poll(&mut Context::from_waker(Waker::noop())).is_ready()
    }

    #[test]
    fn progress_between_parking_and_waiting_is_not_missed() {
        let waiting = Arc::new(Waiting::default());
        let waiter = waiting.park(vec![partition(0), partition(1)]);
        assert!(!is_woken(&waiter));
        waiting.advanced(&[partition(1)]);
        assert!(is_woken(&waiter));
        waiting.advanced(&[partition(2)]);
        assert!(!is_woken(&waiter), "another partition is none of its business");
    }

    #[test]
    fn a_waiter_that_left_leaves_nothing_behind() {
        let waiting = Arc::new(Waiting::default());
        drop(waiting.park(vec![partition(0), partition(0)]));
        assert!(waiting.parked.lock().is_empty());
        assert_eq!(waiting.count.load(Ordering::SeqCst), 0);
    }
}
