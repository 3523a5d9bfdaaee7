//! Who waits for records: long polls park here, and the log's progress wakes them.
//!
//! Who means to wait asks [`Waiting::so_far`] before looking at the log, and parks if there was too little: progress in
//! between wakes it at once, so that none is missed and nobody has to look twice. Waking costs a count while nobody waits.

use foldhash::HashMap;
use ottla_base::PartitionId;
use ottla_storage::Progress;
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use tokio::sync::Notify;

/// Parked long polls by partition.
#[derive(Debug, Default)]
pub(crate) struct Waiting {
    parked: Mutex<HashMap<PartitionId, Vec<Arc<Notify>>>>,
    /// How many waiters there are; lets progress pass without the lock while there are none.
    count: AtomicUsize,
    /// How often there was progress anywhere.
    advances: AtomicU64,
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

/// All progress up to some moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SoFar(u64);

impl Waiting {
    /// All progress up to now. What is read from the log afterwards has it.
    pub(crate) fn so_far(&self) -> SoFar {
        SoFar(self.advances.load(Ordering::SeqCst))
    }

    /// Parks a long poll on `partitions`. Progress since `seen`, be it of others, counts as progress.
    pub(crate) fn park(self: &Arc<Self>, partitions: Vec<PartitionId>, seen: SoFar) -> Waiter {
        let woken = Arc::new(Notify::new());
        self.count.fetch_add(1, Ordering::SeqCst);
        let mut parked = self.parked.lock();
        for &partition in &partitions {
            parked.entry(partition).or_default().push(Arc::clone(&woken));
        }
        drop(parked);
        // Who advances counts first and looks for waiters then, and here it is the other way round: one of both sees the
        // other.
        if self.so_far() != seen || self.is_closed() {
            woken.notify_one();
        }
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
    /// Resolves when a partition has made progress since the last call (or since what was seen before parking), or the
    /// broker stops. At times it resolves for nothing.
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
        self.advances.fetch_add(1, Ordering::SeqCst);
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
mod tests;
