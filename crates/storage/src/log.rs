//! The log: partitions of record batches, appended at the end and read from any offset.
//!
//! All calls are synchronous and may come from any thread. They take a partition's lock for microseconds, and
//! write on the caller's thread; only the wait for durability is asynchronous ([`AppendTicket`]). Long polls
//! are not made here: whoever waits for records hears of them by [`Progress`].

use crate::disk::Space;
use crate::error::{AppendError, OpenError, ReadError, TrimError};
use crate::local::append::{self, Item, Shell};
use crate::local::directory;
use crate::local::graveyard::Graveyard;
use crate::local::group_commit::GroupCommit;
use crate::local::partition::{Engine, Partition};
use crate::local::reader::{self, Request};
use crate::local::search;
use crate::report::RecoveryReport;
use crate::sequencer::TransactionVersion;
use crate::settings::{LogOptions, LogSettings, Work};
use crate::ticket::{AppendTicket, Pending, Place};
use foldhash::HashMap;
use ottla_base::{Env, LeaderEpoch, Offset, PartitionId, Timestamp, TopicName};
use ottla_wire::record::SmallList;
use parking_lot::{Mutex, RwLock};
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

mod cleaner;
mod maintenance;
mod partitions;
mod producers;
mod types;

pub use cleaner::{Cleaner, CleanerStep};
pub use types::{
    AbortedTransaction, ActiveProducer, Append, Appended, Offsets, Progress, ReadBound, ReadResult, Rest,
    TimedOffset, TransactionEnd, WholeFirst,
};

/// The log of one data directory. Cheap to clone; all clones are the same log.
#[derive(Clone)]
pub struct Log(Arc<Shared>);

struct Shared {
    engine: Arc<Engine>,
    commits: Arc<GroupCommit>,
    progress: Arc<dyn Progress>,
    partitions: RwLock<HashMap<PartitionId, Arc<Partition>>>,
    /// One change of the set of partitions, or of a checkpoint file, at a time.
    change: Mutex<()>,
    graveyard: Graveyard,
    closed: AtomicBool,
    syncing: Mutex<Option<std::thread::JoinHandle<()>>>,
    /// Released when the last clone is gone.
    _lock: File,
}

impl Log {
    /// Locks and opens the data directory, and recovers what a crash has left. Partitions have
    /// `options.defaults` until they are [`configure`](Self::configure)d.
    ///
    /// # Errors
    /// [`OpenError`], each with its cure. Torn ends of logs are no error but in the report.
    pub fn open(
        options: &LogOptions,
        env: Arc<dyn Env>,
        progress: Arc<dyn Progress>,
    ) -> Result<(Self, RecoveryReport), OpenError> {
        let opened = directory::open(options, env)?;
        let engine = Arc::new(opened.engine);
        let commits = Arc::new(GroupCommit::new(engine.clone(), progress.clone()));
        let thread = match options.work {
            Work::Driven => None,
            Work::OwnThread => {
                let worker = commits.clone();
                let thread = std::thread::Builder::new().name("ottla-sync".to_owned());
                let thread = thread.spawn(move || worker.run());
                Some(thread.map_err(|error| OpenError::io("starting a thread for", &options.dir, error))?)
            }
        };
        let graveyard = Graveyard::default();
        let now = engine.env.now().tick;
        opened.deleted.into_iter().for_each(|path| graveyard.put_left(now, path, &*engine.disk));
        let partitions = opened.partitions.into_iter().map(|partition| (partition.id, partition)).collect();
        let shared = Shared {
            engine,
            commits,
            progress,
            partitions: RwLock::new(partitions),
            change: Mutex::default(),
            graveyard,
            closed: AtomicBool::new(false),
            syncing: Mutex::new(thread),
            _lock: opened.lock,
        };
        Ok((Self(Arc::new(shared)), opened.report))
    }

    /// Every partition, in no order. The broker compares it with the topics it knows: it creates what is
    /// missing and deletes what nobody knows.
    #[must_use]
    pub fn partitions(&self) -> Vec<(TopicName, PartitionId)> {
        let name = |partition: &Arc<Partition>| (partition.topic.clone(), partition.id);
        self.all().iter().map(name).chain(self.0.engine.offline.ids()).collect()
    }

    /// Changes a partition's settings from the next operation on. Does nothing if there is no such partition.
    pub fn configure(&self, id: PartitionId, settings: LogSettings) {
        match self.find(id) {
            Some(partition) => partition.state.lock().settings = settings,
            None => self.0.engine.offline.configure(id, settings),
        }
    }

    /// A partition's settings.
    #[must_use]
    pub fn settings(&self, id: PartitionId) -> Option<LogSettings> {
        Some(self.find(id)?.state.lock().settings)
    }

    /// Appends batches, in their order, to any number of partitions. They are decided on and written before
    /// this returns; the ticket resolves when they are durable under their partitions' settings. A repetition
    /// of an idempotent producer is answered like the first time.
    ///
    /// Whether a transactional batch belongs to a transaction that the coordinator knows is the caller's to
    /// check, in the same step: nothing else keeps a late batch from opening one that nobody ends.
    pub fn append(&self, batches: Vec<Append>) -> AppendTicket {
        self.append_with(batches, TransactionVersion::V1)
    }

    /// [`append`](Self::append) for batches whose transactions are of `version`.
    pub fn append_with(&self, batches: Vec<Append>, version: TransactionVersion) -> AppendTicket {
        let results = batches.iter().map(|append| not_found(append.id)).collect();
        let items = batches.into_iter().enumerate();
        self.append_items(results, items.map(|(at, Append { id, batch })| (id, Item { at, batch, version })))
    }

    /// [`append`](Self::append) for several callers, each with a ticket of its own, in their order. What goes to one
    /// partition is written together, whoever it comes from.
    pub fn append_together(&self, callers: Vec<Vec<Append>>) -> Vec<AppendTicket> {
        let refused = |batches: &Vec<Append>| batches.iter().map(|append| not_found(append.id)).collect();
        let results = callers.iter().map(refused).collect();
        let mut batches: Vec<(Place, Append)> = Vec::with_capacity(callers.iter().map(Vec::len).sum());
        for (caller, appends) in callers.into_iter().enumerate() {
            batches
                .extend(appends.into_iter().enumerate().map(|(at, append)| (Place { caller, at }, append)));
        }
        // Stable: a partition's batches stay in their order.
        batches.sort_by_key(|(_, append)| append.id);
        let (places, batches): (Vec<_>, Vec<_>) = batches.into_iter().unzip();
        self.append(batches).split(&places, results)
    }

    /// Ends transactions: writes one control batch for each, by the rules of [`sequencer`](crate::sequencer)
    /// and otherwise as [`append`](Self::append).
    ///
    /// A repeated end is written again, which readers do not notice; so it may be repeated until it succeeds.
    pub fn append_markers(&self, ends: Vec<(PartitionId, TransactionEnd)>) -> AppendTicket {
        let now = self.0.engine.env.now().wall;
        let item = |(at, (id, end)): (usize, (PartitionId, TransactionEnd))| {
            let batch = end.marker.batch(end.producer, end.epoch, now);
            (id, Item { at, batch, version: end.version })
        };
        let results = ends.iter().map(|(id, _)| not_found(*id)).collect();
        self.append_items(results, ends.into_iter().enumerate().map(item))
    }

    /// What is next to each other and goes to one partition is written together. `results` say of every item that there
    /// is no such partition.
    fn append_items(
        &self,
        mut results: Vec<Result<Appended, AppendError>>,
        items: impl Iterator<Item = (PartitionId, Item)>,
    ) -> AppendTicket {
        if self.0.closed.load(Ordering::Acquire) {
            results.fill_with(|| Err(AppendError::Closed));
            return AppendTicket::new(results, None);
        }
        let shell =
            Shell { engine: &self.0.engine, commits: &self.0.commits, now: self.0.engine.env.now().wall };
        let mut concerned = Vec::new();
        let (mut group, mut advanced) = (None, SmallList::default());
        let mut items = items.peekable();
        while let Some((id, first)) = items.next() {
            let from = first.at;
            let behind = std::iter::from_fn(|| items.next_if(|(next, _)| *next == id).map(|(_, item)| item));
            let together = std::iter::once(first).chain(behind);
            let Some(partition) = self.find(id) else {
                let is_offline = self.0.engine.offline.has(id);
                together
                    .filter(|_| is_offline)
                    .for_each(|item| results[item.at] = Err(AppendError::Storage(id)));
                continue;
            };
            let outcome = append::append(&shell, &partition, together, &mut results);
            if outcome.group.is_some() {
                let until = items.peek().map_or(results.len(), |(_, next)| next.at);
                concerned.push((from..until, id));
            }
            group = group.max(outcome.group);
            if outcome.advanced {
                advanced.push(id);
            }
        }
        if !advanced.as_slice().is_empty() {
            self.0.progress.advanced(advanced.as_slice());
        }
        let commits = &self.0.commits;
        let pending =
            group.map(|group| Pending { commits: commits.clone(), group, concerned, registered: None });
        AppendTicket::new(results, pending)
    }

    /// Finds the batches from the one containing `from` on, at most `bytes_max` bytes of whole batches.
    ///
    /// At or behind `bound`, up to the end of the log, the answer is empty. A read ends with its segment, so
    /// that less than `bytes_max` does not mean that there is no more.
    ///
    /// # Errors
    /// [`ReadError`]; `OutOfRange` outside log start to end.
    #[expect(clippy::too_many_arguments, reason = "five of them, and the log itself")]
    pub fn read(
        &self,
        id: PartitionId,
        from: Offset,
        bytes_max: usize,
        bound: ReadBound,
        whole_first: WholeFirst,
    ) -> Result<ReadResult, ReadError> {
        let partition = self.readable(id)?;
        reader::read(&partition, &self.0.engine, Request { from, bytes_max, bound, whole_first })
    }

    /// The file in which the batch with this offset lies now. Compaction may put another in its place at any time, whose
    /// handle is another one; until that, batches lie in it where they lay.
    ///
    /// # Errors
    /// [`ReadError`]; `OutOfRange` outside log start to end.
    pub fn file_at(&self, id: PartitionId, offset: Offset) -> Result<Arc<File>, ReadError> {
        reader::file_at(&*self.readable(id)?, &self.0.engine, offset)
    }

    /// A partition's offsets.
    ///
    /// # Errors
    /// [`ReadError`]: there is no such partition, or nothing is known of it.
    pub fn offsets(&self, id: PartitionId) -> Result<Offsets, ReadError> {
        Ok(self.readable(id)?.state.lock().offsets())
    }

    /// The first record below `bound` whose timestamp is `at` or later. Timestamps are the records' own and
    /// need not ascend.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn find_by_time(
        &self,
        id: PartitionId,
        at: Timestamp,
        bound: ReadBound,
    ) -> Result<Option<TimedOffset>, ReadError> {
        let partition = self.readable(id)?;
        search::by_time(&partition, &self.0.engine, at, bound)
    }

    /// The record below `bound` with the largest timestamp; the first one if several have it.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn max_timestamp(&self, id: PartitionId, bound: ReadBound) -> Result<Option<TimedOffset>, ReadError> {
        let partition = self.readable(id)?;
        search::newest_record(&partition, &self.0.engine, bound)
    }

    /// The leader epoch in which a batch at `offset` was or will be written; `None` if there is no such partition, or
    /// nothing is known of it.
    #[must_use]
    pub fn epoch_at(&self, id: PartitionId, offset: Offset) -> Option<LeaderEpoch> {
        self.find(id)?.state.lock().epochs.of(offset)
    }

    /// The newest leader epoch that is not after `epoch`, and the offset at which it ended. `None` if the
    /// partition or that epoch is unknown.
    #[must_use]
    pub fn epoch_end(&self, id: PartitionId, epoch: LeaderEpoch) -> Option<(LeaderEpoch, Offset)> {
        let partition = self.find(id)?;
        let state = partition.state.lock();
        state.epochs.end_of(epoch, state.log_start..state.end)
    }

    /// Removes everything before `before` from the log, durably. Returns the log start, which stays if it was
    /// later already.
    ///
    /// # Errors
    /// [`TrimError`]; `OutOfRange` above the high watermark.
    pub fn trim(&self, id: PartitionId, before: Offset) -> Result<Offset, TrimError> {
        let _change = self.0.change.lock();
        let partition = self.find(id).ok_or_else(|| match self.0.engine.offline.has(id) {
            true => TrimError::Offline(id),
            false => TrimError::NotFound(id),
        })?;
        let Offsets { log_start, high_watermark, .. } = partition.state.lock().offsets();
        if high_watermark < before {
            return Err(TrimError::OutOfRange { asked: before, high_watermark });
        }
        if before <= log_start {
            return Ok(log_start);
        }
        // Durable first: nobody may see a start that a power cut takes back.
        directory::save_log_starts(&self.0.engine, self.all().iter(), Some((id, before)))?;
        let log_start = {
            let mut state = partition.state.lock();
            state.log_start = state.log_start.max(before);
            state.log_start
        };
        self.remove_trimmed(&partition);
        Ok(log_start)
    }

    /// Bytes of a partition's log; 0 if there is no such partition, or nothing is known of it.
    #[must_use]
    pub fn size(&self, id: PartitionId) -> u64 {
        self.find(id).map_or(0, |partition| partition.state.lock().bytes())
    }

    /// The data directory, as it was opened.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.0.engine.data
    }

    /// How large the file system of the data directory is.
    ///
    /// # Errors
    /// What the operating system says; `Unsupported` where nobody can tell.
    pub fn space(&self) -> io::Result<Space> {
        self.0.engine.disk.space(&self.0.engine.data)
    }

    /// How often appends were made durable, each time for all that waited. Whoever has bulk work sees by it whether
    /// somebody else waits for the disk.
    #[must_use]
    pub fn commits(&self) -> u64 {
        self.0.commits.finished()
    }

    /// With [`Work::Driven`]: makes everything durable that was appended, and lets its tickets resolve. Returns
    /// `false`, and does nothing, if nothing waits.
    pub fn commit_waiting(&self) -> bool {
        self.0.commits.step()
    }

    fn find(&self, id: PartitionId) -> Option<Arc<Partition>> {
        self.0.partitions.read().get(&id).cloned()
    }

    fn readable(&self, id: PartitionId) -> Result<Arc<Partition>, ReadError> {
        self.find(id).ok_or_else(|| match self.0.engine.offline.has(id) {
            true => ReadError::Offline(id),
            false => ReadError::NotFound(id),
        })
    }

    /// In the order of their ids, so that what is done with all of them is done in the same order each time.
    fn all(&self) -> Vec<Arc<Partition>> {
        let mut all: Vec<_> = self.0.partitions.read().values().cloned().collect();
        all.sort_unstable_by_key(|partition| partition.id);
        all
    }
}

fn not_found(id: PartitionId) -> Result<Appended, AppendError> {
    Err(AppendError::NotFound(id))
}

impl Shared {
    /// Lets the sync thread finish what waits, and ends it.
    fn stop(&self) {
        self.commits.stop();
        if let Some(thread) = self.syncing.lock().take()
            && thread.join().is_err()
        {
            tracing::error!("the sync thread has panicked");
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.stop();
    }
}

#[cfg(test)]
pub(crate) mod tests;
