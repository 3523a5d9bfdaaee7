//! One sync in flight per data directory, shared by everything that was written before it began.
//!
//! ```text
//! appends    a b c     d e f g         h
//! groups     [ 1 ]     [  2  ]        [3]       number = the group that collects
//! syncs           [--- 1 ---][--- 2 ---][-- 3 --]
//! ```
//! An append is in the group that collects when it enters, which is after its bytes were written; the group
//! is closed before its sync begins. So a finished group covers the append. Groups finish in order.
//!
//! A sync that fails takes its partitions offline for good: the kernel may have dropped the dirty pages, and
//! a second sync would pretend that all is well.

use super::partition::{Capture, Engine, Partition, State, Status};
use crate::log::Progress;
use ottla_base::PartitionId;
use parking_lot::{Condvar, Mutex};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Waker;

pub(crate) struct GroupCommit {
    engine: Arc<Engine>,
    progress: Arc<dyn Progress>,
    queue: Mutex<Queue>,
    work: Condvar,
    /// All groups up to this one are finished.
    finished: AtomicU64,
    waiting: Mutex<Vec<(u64, Waker)>>,
    /// In which group a partition failed; what an earlier group has synced stays good.
    failed: Mutex<HashMap<PartitionId, u64>>,
}

struct Queue {
    /// The group that collects; the first is 1.
    number: u64,
    partitions: Vec<Arc<Partition>>,
    stopping: bool,
}

impl GroupCommit {
    pub(crate) fn new(engine: Arc<Engine>, progress: Arc<dyn Progress>) -> Self {
        Self {
            engine,
            progress,
            queue: Mutex::new(Queue { number: 1, partitions: Vec::new(), stopping: false }),
            work: Condvar::new(),
            finished: AtomicU64::new(0),
            waiting: Mutex::default(),
            failed: Mutex::default(),
        }
    }

    /// Puts a partition, whose lock the caller holds, into the group that collects. Returns the group's number.
    pub(crate) fn enter(&self, partition: &Arc<Partition>, state: &mut State) -> u64 {
        let mut queue = self.queue.lock();
        if state.queued_in != queue.number {
            state.queued_in = queue.number;
            queue.partitions.push(partition.clone());
            if queue.partitions.len() == 1 {
                self.work.notify_one();
            }
        }
        queue.number
    }

    /// Whether everything in the group is on stable storage, or known to have failed.
    pub(crate) fn is_finished(&self, group: u64) -> bool {
        group <= self.finished.load(Ordering::Acquire)
    }

    /// How many groups are finished.
    pub(crate) fn finished(&self) -> u64 {
        self.finished.load(Ordering::Acquire)
    }

    /// Whether the partition had failed when this group was finished.
    pub(crate) fn has_failed(&self, id: PartitionId, group: u64) -> bool {
        self.failed.lock().get(&id).is_some_and(|failed| *failed <= group)
    }

    /// Wakes `waker` when the group is finished. Returns `false` if it is already.
    pub(crate) fn wake_when_finished(&self, group: u64, waker: Waker) -> bool {
        let mut waiting = self.waiting.lock();
        // Under the lock that `finish` takes after it has raised `finished`: no wake-up can be missed.
        if self.is_finished(group) {
            return false;
        }
        waiting.push((group, waker));
        true
    }

    /// Works until [`stop`](Self::stop); then finishes what has collected.
    pub(crate) fn run(&self) {
        loop {
            {
                let mut queue = self.queue.lock();
                while queue.partitions.is_empty() && !queue.stopping {
                    self.work.wait(&mut queue);
                }
            }
            if !self.step() {
                return;
            }
        }
    }

    /// Syncs what has collected, once. Returns `false`, and does nothing, if that is nothing.
    pub(crate) fn step(&self) -> bool {
        let (number, partitions) = {
            let mut queue = self.queue.lock();
            if queue.partitions.is_empty() {
                return false;
            }
            let next = Vec::with_capacity(queue.partitions.len());
            queue.number += 1;
            (queue.number - 1, std::mem::replace(&mut queue.partitions, next))
        };
        self.commit(&partitions, number);
        self.finish(number);
        true
    }

    pub(crate) fn stop(&self) {
        self.queue.lock().stopping = true;
        self.work.notify_one();
    }

    fn commit(&self, partitions: &[Arc<Partition>], number: u64) {
        let turn = self.engine.run.turn();
        let mut captures = Vec::with_capacity(partitions.len());
        for partition in partitions {
            match partition.capture(&self.engine, &turn) {
                Ok(capture) => captures.push((partition, capture)),
                // Something failed after the append: nobody knows what of it is on the disk.
                Err(Status::Failed) => self.note_failed(partition.id, number),
                // What a deleted partition had was durable enough for its owner.
                Err(Status::Live | Status::Deleted) => {}
            }
        }
        let together = FILES_MAX < captures.len()
            && self.engine.disk.sync_file_system(&self.engine.roots.commits).is_ok();
        // After a failed common sync each file tells whether it was the one.
        let is_alone = |capture: &Capture| !together || capture.is_inherited;
        let alone =
            captures.iter().filter(|(_, capture)| is_alone(capture)).map(|(partition, _)| partition.id);
        let alone: Vec<_> = alone.collect();
        let mut advanced = Vec::with_capacity(captures.len());
        turn.while_syncing(&alone, || {
            for (partition, capture) in &captures {
                let result = if is_alone(capture) { partition.sync(&self.engine, capture) } else { Ok(()) };
                match result {
                    Ok(()) if partition.synced(capture) => advanced.push(partition.id),
                    Ok(()) => {}
                    Err(error) => {
                        self.engine.run.doubt();
                        partition.fail(&mut partition.state.lock(), "syncing the log", &error);
                        self.note_failed(partition.id, number);
                    }
                }
            }
        });
        drop(turn);
        if !advanced.is_empty() {
            self.progress.advanced(&advanced);
        }
    }

    fn note_failed(&self, id: PartitionId, number: u64) {
        self.failed.lock().entry(id).or_insert(number);
    }

    fn finish(&self, number: u64) {
        self.finished.store(number, Ordering::Release);
        let mut ready = Vec::new();
        {
            let mut waiting = self.waiting.lock();
            let mut kept = 0;
            for at in 0..waiting.len() {
                if waiting[at].0 <= number {
                    continue;
                }
                waiting.swap(kept, at);
                kept += 1;
            }
            ready.extend(waiting.drain(kept..));
        }
        ready.into_iter().for_each(|(_, waker)| waker.wake());
    }
}

/// More files than this are synced by one `syncfs`, which also writes what others have on the file system.
const FILES_MAX: usize = 8;
