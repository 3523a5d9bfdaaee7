//! The log as a caller sees it, on temporary directories.

mod aborted;
mod compaction;
mod data;
pub(crate) mod disk;
mod durability;
mod format;
mod idempotence;
mod inherited;
mod lost;
mod model;
mod offline;
mod reading_on;
mod recovery;
mod removal;
mod time;
mod together;
mod transactions;

use super::*;
use crate::error::{CreateError, DeleteError};
use crate::settings::Durability;
use bytes::Bytes;
use disk::Faults;
use ottla_base::{Now, PartitionIndex, ProducerEpoch, ProducerId, Tick, TopicId};
use ottla_wire::record::{BatchBuilder, BatchOptions, batches};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, AtomicUsize};
use std::task::{Context, Poll, Wake, Waker};

/// Clocks that a test moves, and chance that counts.
#[derive(Debug, Default)]
struct TestEnv {
    wall: AtomicI64,
    drawn: AtomicUsize,
}

impl Env for TestEnv {
    fn now(&self) -> Now {
        let wall = self.wall.load(Ordering::SeqCst);
        Now { wall: Timestamp(wall), tick: Tick(u64::try_from(wall).unwrap_or(0)) }
    }

    fn random(&self) -> u64 {
        self.drawn.fetch_add(1, Ordering::SeqCst) as u64
    }
}

/// Remembers which partitions have advanced.
#[derive(Default)]
struct Heard(Mutex<Vec<PartitionId>>);

impl Progress for Heard {
    fn advanced(&self, partitions: &[PartitionId]) {
        self.0.lock().extend_from_slice(partitions);
    }
}

/// A log on a temporary directory, with one partition `t-0`.
struct World {
    dir: tempfile::TempDir,
    env: Arc<TestEnv>,
    heard: Arc<Heard>,
    disk: Arc<Faults>,
    settings: LogSettings,
    log: Option<Log>,
    report: RecoveryReport,
}

const ID: PartitionId = PartitionId { topic: TopicId(uuid::Uuid::from_u128(7)), index: PartitionIndex(0) };
const START_MS: i64 = 1_700_000_000_000;

impl World {
    fn new() -> Self {
        Self::with(|_| {})
    }

    /// With changed settings; without changes, appends are durable at once.
    fn with(change: impl Fn(&mut LogSettings)) -> Self {
        let mut settings = LogSettings { durability: Durability::Os, ..LogSettings::default() };
        change(&mut settings);
        let env = Arc::new(TestEnv::default());
        env.wall.store(START_MS, Ordering::SeqCst);
        let mut world = Self {
            dir: tempfile::tempdir().unwrap(),
            env,
            heard: Arc::default(),
            disk: Arc::default(),
            settings,
            log: None,
            report: RecoveryReport::default(),
        };
        world.open();
        world.log().create(&topic(), ID, settings).unwrap();
        world.faults().syncs.store(0, Ordering::SeqCst);
        world.faults().synced.lock().clear();
        world
    }

    fn options(&self) -> LogOptions {
        let mut options = LogOptions::new(self.dir.path());
        options.disk = self.disk.clone();
        options.defaults = self.settings;
        options
    }

    /// Nothing goes wrong any more, and no sync was asked for.
    fn open(&mut self) {
        self.open_on(Faults::default());
    }

    fn open_on(&mut self, disk: Faults) {
        self.disk = Arc::new(disk);
        let (log, report) = Log::open(&self.options(), self.env.clone(), self.heard.clone()).unwrap();
        log.sync_inherited().unwrap();
        self.log = Some(log);
        self.report = report;
    }

    /// Stops without a word, and starts again.
    fn crash(&mut self) {
        self.log = None;
        self.open();
    }

    /// Stops in good order, and starts again.
    fn restart(&mut self) {
        self.log.take().unwrap().close();
        self.open();
    }

    fn log(&self) -> &Log {
        self.log.as_ref().unwrap()
    }

    fn offsets(&self) -> Offsets {
        self.log().offsets(ID).unwrap()
    }

    fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join("t-0").join(name)
    }

    fn files(&self) -> Vec<String> {
        list(&self.dir.path().join("t-0"))
    }

    fn faults(&self) -> &Faults {
        &self.disk
    }

    fn append(&self, batch: Bytes) -> Result<Appended, AppendError> {
        wait(self.log().append(vec![Append { id: ID, batch }])).remove(0)
    }

    /// Appends one batch of these values; their timestamps are the wall clock's.
    fn put(&self, values: &[&str]) -> Offset {
        self.append(batch(values, self.now())).unwrap().base_offset
    }

    fn now(&self) -> i64 {
        self.env.wall.load(Ordering::SeqCst)
    }

    fn pass_ms(&self, ms: i64) {
        self.env.wall.fetch_add(ms, Ordering::SeqCst);
    }

    fn read(&self, from: i64, bytes_max: usize) -> Result<Bytes, ReadError> {
        self.log()
            .read(ID, Offset(from), bytes_max, ReadBound::HighWatermark, WholeFirst::Yes)
            .map(|result| result.records.to_bytes().unwrap())
    }

    /// All values from `from` on, as a consumer collects them.
    fn values(&self, from: i64, bytes_max: usize) -> Vec<String> {
        let (mut at, mut values) = (Offset(from), Vec::new());
        loop {
            let bytes = self.read(at.0, bytes_max).unwrap();
            let found = records_of(&bytes);
            let Some((last, _)) = found.last() else { return values };
            let first_wanted = at;
            at = last.plus(1);
            values.extend(found.into_iter().filter(|(at, _)| first_wanted <= *at).map(|(_, value)| value));
        }
    }

    /// Flips a bit of the partition's file.
    fn flip(&self, name: &str, position: usize) {
        let mut bytes = std::fs::read(self.file(name)).unwrap();
        bytes[position] ^= 1;
        std::fs::write(self.file(name), bytes).unwrap();
    }
}

fn topic() -> TopicName {
    TopicName::parse("t").unwrap()
}

fn list(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn batch(values: &[&str], timestamp: i64) -> Bytes {
    batch_with(values, &vec![timestamp; values.len()], BatchOptions::default())
}

fn batch_with(values: &[&str], timestamps: &[i64], options: BatchOptions) -> Bytes {
    let mut builder = BatchBuilder::new(options);
    for (value, timestamp) in values.iter().zip(timestamps) {
        builder.append(Timestamp(*timestamp), None, Some(value.as_bytes()), &[]).unwrap();
    }
    builder.build()
}

/// A batch of an idempotent producer.
fn sequenced(producer: i64, epoch: i16, first_sequence: i32, values: &[&str]) -> Bytes {
    let options = BatchOptions {
        producer_id: ProducerId(producer),
        producer_epoch: ProducerEpoch(epoch),
        base_sequence: first_sequence,
        ..BatchOptions::default()
    };
    batch_with(values, &vec![START_MS; values.len()], options)
}

/// Offsets and values in whole batches.
fn records_of(bytes: &Bytes) -> Vec<(Offset, String)> {
    let mut found = Vec::new();
    for entry in batches(bytes) {
        let (header, batch) = entry.unwrap();
        ottla_wire::record::check_integrity(&batch).unwrap();
        for record in ottla_wire::record::records(header, &batch).unwrap() {
            let record = record.unwrap();
            let value = String::from_utf8(record.value.unwrap().to_vec()).unwrap();
            found.push((record.offset, value));
        }
    }
    found
}

/// Waits for a future on this thread.
fn wait<F: Future>(future: F) -> F::Output {
    struct Unpark(std::thread::Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut future = std::pin::pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => std::thread::park(),
        }
    }
}
