//! The log: partitions of record batches, appended at the end and read from any offset.
//!
//! All calls are synchronous and may come from any thread. They take a partition's lock for microseconds, and
//! write on the caller's thread; only the wait for durability is asynchronous ([`AppendTicket`]). Long polls
//! are not made here: whoever waits for records hears of them by [`Progress`].

use crate::error::{AppendError, CreateError, DeleteError, OpenError, ReadError, TrimError};
use crate::local::append::{self, Item, Shell};
use crate::local::directory;
use crate::local::group_commit::GroupCommit;
use crate::local::partition::{Engine, Mark, Partition, State, Status};
use crate::local::producers::Producers;
use crate::local::reader::{self, Request};
use crate::local::retention::{self, Graveyard, Reason};
use crate::local::segment::{Active, Segment};
use crate::local::{epochs::Epochs, search, tail::Tail};
use crate::report::RecoveryReport;
use crate::settings::{LogOptions, LogSettings};
use crate::ticket::{AppendTicket, Pending};
use bytes::BytesMut;
use foldhash::HashMap;
use ottla_base::{Env, LeaderEpoch, Offset, PartitionId, PartitionIndex, Timestamp, TopicId, TopicName};
use ottla_wire::record::Records;
use parking_lot::{Mutex, RwLock};
use std::fs::File;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

pub use crate::local::partition::Offsets;

/// Hears of records that have become visible.
pub trait Progress: Send + Sync {
    /// High watermarks have moved: wake whoever waits for them. Called outside locks, on the thread of an
    /// append or of the sync, once for many partitions; it must not block.
    fn advanced(&self, partitions: &[PartitionId]);
}

/// One batch to be appended.
#[derive(Debug)]
pub struct Append {
    /// Where to.
    pub id: PartitionId,
    /// Exactly one batch of format 2, whose checksum the caller has verified. It is stamped in place.
    pub batch: BytesMut,
}

/// Where a batch lies now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Offset of its first record.
    pub base_offset: Offset,
    /// The timestamp that the broker has set, or [`Timestamp::NONE`] if the producer's hold.
    pub log_append_time: Timestamp,
    /// The partition's log start.
    pub log_start: Offset,
}

/// Up to where a read may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadBound {
    /// What is durable under the partition's setting: consumers that read uncommitted.
    HighWatermark,
    /// Also below every open transaction: consumers that read committed.
    LastStable,
    /// Everything written: debugging and replication.
    End,
}

/// Whether the first batch comes even if it is larger than the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WholeFirst {
    /// It does, so that a consumer with a small limit makes progress.
    Yes,
    /// It does not.
    No,
}

/// What a read has found.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadResult {
    /// Whole batches in offset order, the first of them containing the offset asked for; perhaps none.
    pub records: Records,
    /// The partition's offsets at the moment of the read.
    pub offsets: Offsets,
}

/// A record found by time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimedOffset {
    /// Its offset.
    pub offset: Offset,
    /// Its timestamp.
    pub timestamp: Timestamp,
    /// The leader epoch it was written in.
    pub leader_epoch: LeaderEpoch,
}

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
        options: LogOptions,
        env: Arc<dyn Env>,
        progress: Arc<dyn Progress>,
    ) -> Result<(Self, RecoveryReport), OpenError> {
        let opened = directory::open(&options, env)?;
        let engine = Arc::new(opened.engine);
        let commits = Arc::new(GroupCommit::new(engine.clone(), progress.clone()));
        let worker = commits.clone();
        let thread = std::thread::Builder::new().name("ottla-sync".to_owned());
        let thread = thread.spawn(move || worker.run());
        let thread = thread.map_err(|error| OpenError::io("starting a thread for", &options.dir, error))?;
        let graveyard = Graveyard::default();
        let now = engine.env.now().tick;
        opened.deleted.into_iter().for_each(|path| graveyard.put(now, path));
        let partitions = opened.partitions.into_iter().map(|partition| (partition.id, partition)).collect();
        let shared = Shared {
            engine,
            commits,
            progress,
            partitions: RwLock::new(partitions),
            change: Mutex::default(),
            graveyard,
            closed: AtomicBool::new(false),
            syncing: Mutex::new(Some(thread)),
            _lock: opened.lock,
        };
        Ok((Self(Arc::new(shared)), opened.report))
    }

    /// Every partition, in no order. The broker compares it with the topics it knows: it creates what is
    /// missing and deletes what nobody knows.
    #[must_use]
    pub fn partitions(&self) -> Vec<(TopicName, PartitionId)> {
        self.all().iter().map(|partition| (partition.topic.clone(), partition.id)).collect()
    }

    /// Creates an empty partition, durably.
    ///
    /// # Errors
    /// [`CreateError`]; then nothing of it is left.
    pub fn create(
        &self,
        topic: &TopicName,
        id: PartitionId,
        settings: LogSettings,
    ) -> Result<(), CreateError> {
        self.create_range(topic, id.topic, id.index.0..id.index.0 + 1, settings)
    }

    /// Creates the partitions of a topic whose numbers are in `indexes`, durably and with few syncs.
    ///
    /// # Errors
    /// [`CreateError`]; then none of them is there.
    pub fn create_range(
        &self,
        topic: &TopicName,
        topic_id: TopicId,
        indexes: std::ops::Range<i32>,
        settings: LogSettings,
    ) -> Result<(), CreateError> {
        let _change = self.0.change.lock();
        let mut made = Vec::new();
        for index in indexes {
            let id = PartitionId { topic: topic_id, index: PartitionIndex(index) };
            let result = if self.find(id).is_some() {
                Err(CreateError::Exists(id))
            } else {
                self.make(topic, id).map_err(|error| self.create_error(topic, id, error))
            };
            match result {
                Ok(directory) => made.push((id, directory)),
                Err(error) => {
                    self.unmake(&made);
                    return Err(error);
                }
            }
        }
        let directories: Vec<_> = made.iter().map(|(_, directory)| directory.clone()).collect();
        if let Err(error) = directory::sync_new(&self.0.engine, &directories) {
            self.unmake(&made);
            let id = PartitionId { topic: topic_id, index: PartitionIndex(0) };
            return Err(self.create_error(topic, id, error));
        }
        let mut partitions = self.0.partitions.write();
        for (id, _) in made {
            partitions.insert(id, Partition::new(id, topic.clone(), self.new_state(settings)));
        }
        Ok(())
    }

    /// Changes a partition's settings from the next operation on. Does nothing if there is no such partition.
    pub fn configure(&self, id: PartitionId, settings: LogSettings) {
        if let Some(partition) = self.find(id) {
            partition.state.lock().settings = settings;
        }
    }

    /// A partition's settings.
    #[must_use]
    pub fn settings(&self, id: PartitionId) -> Option<LogSettings> {
        Some(self.find(id)?.state.lock().settings)
    }

    /// Deletes a partition: at once for everybody, durably, and its files a little later.
    ///
    /// # Errors
    /// [`DeleteError`].
    pub fn delete(&self, id: PartitionId) -> Result<(), DeleteError> {
        let _change = self.0.change.lock();
        let engine = &self.0.engine;
        let partition = self.find(id).ok_or(DeleteError::NotFound(id))?;
        let path = partition.directory(engine);
        let delay_ms = {
            let mut state = partition.state.lock();
            state.status = Status::Deleted;
            state.segments.iter_mut().for_each(|segment| (segment.file, segment.index) = (None, None));
            state.unsynced = Vec::new();
            state.settings.file_delete_delay_ms
        };
        let deleted = directory::deleted_path(engine, &partition.topic, id.index);
        let renamed = std::fs::rename(&path, &deleted);
        renamed
            .and_then(|()| engine.disk.sync_directory(&engine.data))
            .map_err(|source| DeleteError::Io { path, source })?;
        self.0.partitions.write().remove(&id);
        self.0.graveyard.put(engine.env.now().tick + Duration::from_millis(delay_ms), deleted);
        Ok(())
    }

    /// Appends batches, in their order, to any number of partitions. They are decided on and written before
    /// this returns; the ticket resolves when they are durable under their partitions' settings. A repetition
    /// of an idempotent producer is answered like the first time.
    pub fn append(&self, batches: Vec<Append>) -> AppendTicket {
        if self.0.closed.load(Ordering::Acquire) {
            return AppendTicket::new(batches.iter().map(|_| Err(AppendError::Closed)).collect(), None);
        }
        let shell = Shell {
            engine: &self.0.engine,
            commits: &self.0.commits,
            now: self.0.engine.env.now().wall,
            random: 0,
        };
        let mut results: Vec<Result<Appended, AppendError>> =
            batches.iter().map(|append| Err(AppendError::NotFound(append.id))).collect();
        let mut concerned = Vec::new();
        let (mut group, mut advanced) = (None, Vec::new());
        for (id, items) in by_partition(batches) {
            let Some(partition) = self.find(id) else { continue };
            let outcome = append::append(&shell, &partition, items);
            for (at, result) in outcome.results {
                if result.is_ok() && outcome.group.is_some() {
                    concerned.push((at, id));
                }
                results[at] = result;
            }
            group = group.max(outcome.group);
            if outcome.advanced {
                advanced.push(id);
            }
        }
        if !advanced.is_empty() {
            self.0.progress.advanced(&advanced);
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
        let partition = self.find(id).ok_or(ReadError::NotFound(id))?;
        reader::read(&partition, &self.0.engine, Request { from, bytes_max, bound, whole_first })
    }

    /// A partition's offsets, or `None` if there is no such partition.
    #[must_use]
    pub fn offsets(&self, id: PartitionId) -> Option<Offsets> {
        Some(self.find(id)?.state.lock().offsets())
    }

    /// The first record below the high watermark whose timestamp is `at` or later. Timestamps are the records'
    /// own and need not ascend.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn find_by_time(&self, id: PartitionId, at: Timestamp) -> Result<Option<TimedOffset>, ReadError> {
        let partition = self.find(id).ok_or(ReadError::NotFound(id))?;
        search::by_time(&partition, &self.0.engine, at, |offsets| offsets.high_watermark)
    }

    /// The record below the high watermark with the largest timestamp; the first one if several have it.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn max_timestamp(&self, id: PartitionId) -> Result<Option<TimedOffset>, ReadError> {
        let partition = self.find(id).ok_or(ReadError::NotFound(id))?;
        search::newest_record(&partition, &self.0.engine, |offsets| offsets.high_watermark)
    }

    /// The newest leader epoch that is not after `epoch`, and the offset at which it ended. `None` if the
    /// partition or that epoch is unknown.
    #[must_use]
    pub fn epoch_end(&self, id: PartitionId, epoch: LeaderEpoch) -> Option<(LeaderEpoch, Offset)> {
        let partition = self.find(id)?;
        let state = partition.state.lock();
        state.epochs.end_of(epoch, state.end)
    }

    /// Removes everything before `before` from the log, durably. Returns the log start, which stays if it was
    /// later already.
    ///
    /// # Errors
    /// [`TrimError`]; `OutOfRange` above the high watermark.
    pub fn trim(&self, id: PartitionId, before: Offset) -> Result<Offset, TrimError> {
        let _change = self.0.change.lock();
        let partition = self.find(id).ok_or(TrimError::NotFound(id))?;
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
        if let Err(error) = retention::enforce(&partition, &self.0.engine, &self.0.graveyard, Reason::Trimmed)
        {
            tracing::warn!(%id, %error, "trimmed segments are still there");
        }
        Ok(log_start)
    }

    /// Bytes of a partition's log; 0 if there is no such partition.
    #[must_use]
    pub fn size(&self, id: PartitionId) -> u64 {
        self.find(id).map_or(0, |partition| partition.state.lock().bytes())
    }

    /// Removes segments that are older or more than the settings keep, and files whose delay has passed. To be
    /// called every few minutes (Kafka: `log.retention.check.interval.ms`).
    pub fn enforce_retention(&self) {
        let engine = &self.0.engine;
        for partition in self.all() {
            match retention::enforce(&partition, engine, &self.0.graveyard, Reason::Any) {
                Ok(0) => {}
                Ok(segments) => {
                    tracing::debug!(topic = %partition.topic, partition = %partition.id.index, segments, "retention");
                }
                Err(error) => {
                    tracing::warn!(topic = %partition.topic, partition = %partition.id.index, %error,
                        "old segments cannot be removed");
                }
            }
        }
        self.0.graveyard.clear(engine.env.now().tick);
    }

    /// Makes everything that is written durable, and notes it, so that a crash has less to check. Also closes
    /// files that nobody has used since the last call. To be called every minute or so.
    ///
    /// # Errors
    /// What the operating system said; then the former recovery points hold.
    pub fn checkpoint(&self) -> io::Result<()> {
        let _change = self.0.change.lock();
        let engine = &self.0.engine;
        let mut moved = Vec::new();
        let partitions = self.all();
        for partition in &partitions {
            let mut state = partition.state.lock();
            if state.status == Status::Live && state.recovery_point < state.end {
                prepare_checkpoint(engine, partition, &mut state)?;
                moved.push((partition, state.end));
            }
        }
        if !moved.is_empty() {
            engine.disk.sync_file_system(&engine.root)?;
            for (partition, end) in moved {
                let mut state = partition.state.lock();
                if state.status == Status::Live {
                    state.recovery_point = end;
                }
            }
            directory::save_recovery_points(engine, partitions.iter())?;
        }
        engine.handles.close_idle();
        Ok(())
    }

    /// Forgets idempotent producers that have not written for `expiration_ms` (`producer.id.expiration.ms`).
    pub fn expire_producers(&self, expiration_ms: u64) {
        let now = self.0.engine.env.now().wall;
        for partition in self.all() {
            partition.state.lock().producers.expire(now, expiration_ms);
        }
    }

    /// Ends the log in good order: everything is made durable and the next start has nothing to check. Other
    /// clones of this log refuse appends from now on.
    pub fn close(self) {
        self.0.closed.store(true, Ordering::Release);
        self.0.stop();
        if let Err(error) = self.write_out() {
            tracing::error!(%error, "the log could not be closed in good order; the next start will check it");
        }
        self.0.graveyard.clear(self.0.engine.env.now().tick);
    }

    fn write_out(&self) -> io::Result<()> {
        let _change = self.0.change.lock();
        let engine = &self.0.engine;
        let partitions = self.all();
        let mut all_live = true;
        for partition in &partitions {
            let mut state = partition.state.lock();
            let directory = partition.directory(engine);
            all_live &= state.status == Status::Live;
            let base = state.segments.last().expect("a partition has a segment").base;
            if let Some(active) = &mut state.active {
                active.finish(&directory, base)?;
            }
            save_producers(&mut state, &directory)?;
        }
        engine.disk.sync_file_system(&engine.root)?;
        for partition in &partitions {
            let mut state = partition.state.lock();
            if state.status == Status::Live {
                state.recovery_point = state.end;
            }
        }
        directory::save_recovery_points(engine, partitions.iter())?;
        directory::save_log_starts(engine, partitions.iter(), None)?;
        // A partition that has failed must be checked.
        if all_live { directory::mark_clean(engine) } else { Ok(()) }
    }

    fn find(&self, id: PartitionId) -> Option<Arc<Partition>> {
        self.0.partitions.read().get(&id).cloned()
    }

    fn all(&self) -> Vec<Arc<Partition>> {
        self.0.partitions.read().values().cloned().collect()
    }

    fn make(&self, topic: &TopicName, id: PartitionId) -> io::Result<std::path::PathBuf> {
        directory::create_partition(&self.0.engine, topic, id)
    }

    /// Takes back partitions that nobody has seen.
    fn unmake(&self, made: &[(PartitionId, std::path::PathBuf)]) {
        for (_, directory) in made {
            if let Err(error) = std::fs::remove_dir_all(directory) {
                tracing::warn!(path = %directory.display(), %error, "a half-made partition cannot be removed");
            }
        }
    }

    fn new_state(&self, settings: LogSettings) -> State {
        let now = self.0.engine.env.now().wall;
        State {
            settings,
            status: Status::Live,
            log_start: Offset::ZERO,
            high_watermark: Offset::ZERO,
            high_mark: Mark { base: Offset::ZERO, position: 0 },
            end: Offset::ZERO,
            recovery_point: Offset::ZERO,
            epochs: Epochs::first(),
            segments: vec![Segment::new(Offset::ZERO, 0)],
            active: Some(Box::new(Active::new(Offset::ZERO, now, 0))),
            tail: Tail::default(),
            producers: Producers::default(),
            queued_in: 0,
            unsynced: Vec::new(),
            directory_unsynced: false,
        }
    }

    fn create_error(&self, topic: &TopicName, id: PartitionId, source: io::Error) -> CreateError {
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => CreateError::NoSpace(id),
            _ => {
                let name = crate::local::names::directory(topic, id.index);
                CreateError::Io { path: self.0.engine.data.join(name), source }
            }
        }
    }
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

/// Writes what a recovery from the end of the log would need, without a sync.
fn prepare_checkpoint(engine: &Engine, partition: &Partition, state: &mut State) -> io::Result<()> {
    let directory = partition.directory(engine);
    let base = state.segments.last().expect("a partition has a segment").base;
    if let Some(active) = &mut state.active {
        active.save(&directory, base)?;
    }
    save_producers(state, &directory)
}

fn save_producers(state: &mut State, directory: &std::path::Path) -> io::Result<()> {
    if !state.producers.is_worth_saving() {
        return Ok(());
    }
    let (end, recovery_point) = (state.end, state.recovery_point);
    state.producers.save(directory, end, recovery_point)
}

/// Groups batches by partition, in the order in which partitions are first met.
fn by_partition(batches: Vec<Append>) -> Vec<(PartitionId, Vec<Item>)> {
    let mut groups: Vec<(PartitionId, Vec<Item>)> = Vec::with_capacity(batches.len());
    let mut places: HashMap<PartitionId, usize> = HashMap::default();
    let many = SEARCHED_MAX < batches.len();
    for (at, Append { id, batch }) in batches.into_iter().enumerate() {
        let place =
            if many { places.get(&id).copied() } else { groups.iter().position(|(known, _)| *known == id) };
        if let Some(place) = place {
            groups[place].1.push(Item { at, batch });
        } else {
            if many {
                places.insert(id, groups.len());
            }
            groups.push((id, vec![Item { at, batch }]));
        }
    }
    groups
}

/// Up to so many batches, looking at all is faster than hashing.
const SEARCHED_MAX: usize = 16;

#[cfg(test)]
mod tests;
