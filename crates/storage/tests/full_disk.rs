//! A disk that is really full: a small file system in memory, which needs the right to mount one.

use ottla_base::{
    Env, Now, Offset, PartitionId, PartitionIndex, ProducerEpoch, ProducerId, Tick, Timestamp, TopicId,
    TopicName,
};
use ottla_storage::{
    Append, AppendError, Appended, Change, Database, Durability, Log, LogOptions, LogSettings, OpenError,
    Progress, ReadBound, WholeFirst,
};
use ottla_wire::record::{BatchBuilder, BatchOptions};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

struct Fixed;

impl Env for Fixed {
    fn now(&self) -> Now {
        Now { wall: Timestamp(1_700_000_000_000), tick: Tick(0) }
    }

    fn random(&self) -> u64 {
        4
    }
}

impl Progress for Fixed {
    fn advanced(&self, _: &[PartitionId]) {}
}

/// A small file system, unmounted at the end.
struct Mounted(tempfile::TempDir);

impl Mounted {
    fn new() -> Option<Self> {
        Self::of("1m")
    }

    fn of(size: &str) -> Option<Self> {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "ottla-test"])
            .arg(dir.path())
            .output();
        if mount.is_ok_and(|output| output.status.success()) {
            return Some(Self(dir));
        }
        eprintln!("skipped: a full disk can only be tried with the right to mount a file system");
        None
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg("--lazy").arg(self.path()).status();
        assert!(unmounted.is_ok_and(|status| status.success()));
    }
}

const ID: PartitionId = PartitionId { topic: TopicId(uuid::Uuid::from_u128(7)), index: PartitionIndex(0) };

fn open(dir: &Path) -> Result<Log, OpenError> {
    Log::open(&LogOptions::new(dir), Arc::new(Fixed), Arc::new(Fixed)).map(|(log, _)| log)
}

fn append(log: &Log, sequence: i32) -> Result<Appended, AppendError> {
    let options = BatchOptions {
        producer_id: ProducerId(5),
        producer_epoch: ProducerEpoch(0),
        base_sequence: sequence,
        ..BatchOptions::default()
    };
    let mut builder = BatchBuilder::new(options);
    builder.append(Timestamp(1), None, Some(&[b'x'; 10_000]), &[]).expect("an empty batch has room");
    let ticket = log.append(vec![Append { id: ID, batch: builder.build() }]);
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(ticket).remove(0)
}

#[test]
fn a_full_disk_refuses_writes_until_there_is_room() {
    let Some(disk) = Mounted::new() else { return };
    let log = open(disk.path()).unwrap();
    let settings =
        LogSettings { durability: Durability::Sync, segment_bytes: 100_000, ..LogSettings::default() };
    log.create(&TopicName::parse("t").unwrap(), ID, settings).unwrap();
    let ballast = disk.path().join("ballast");
    std::fs::write(&ballast, vec![0; 300_000]).unwrap();
    let written = (0..).find(|n| append(&log, *n).is_err()).unwrap();
    assert!((50..75).contains(&written), "{written} batches");
    assert_eq!(append(&log, written), Err(AppendError::NoSpace(ID)));
    let end = Offset(written.into());
    assert_eq!(log.offsets(ID).unwrap().high_watermark, end);
    let read =
        log.read(ID, Offset(written as i64 - 1), 1, ReadBound::HighWatermark, WholeFirst::Yes).unwrap();
    assert!(!read.records.to_bytes().unwrap().is_empty());
    std::fs::remove_file(&ballast).unwrap();
    assert_eq!(append(&log, written).unwrap().base_offset, end);
    drop(log);
    let (log, report) = Log::open(&LogOptions::new(disk.path()), Arc::new(Fixed), Arc::new(Fixed)).unwrap();
    assert_eq!((report.cuts, report.damages), (Vec::new(), Vec::new()));
    assert_eq!(log.offsets(ID).unwrap().end, end.plus(1));
}

#[test]
fn a_disk_that_is_full_at_the_start_is_told_as_such() {
    let Some(disk) = Mounted::new() else { return };
    let filled = std::fs::write(disk.path().join("ballast"), vec![0; 2 << 20]);
    assert!(filled.is_err());
    let error = open(&disk.path().join("data")).err().unwrap();
    assert!(matches!(error, OpenError::DiskFull { .. }), "{error}");
    let error = Database::open(&LogOptions::new(disk.path()), &Fixed).err().unwrap();
    assert!(matches!(error, OpenError::DiskFull { .. }), "{error}");
}

#[test]
fn the_metadata_store_goes_on_when_there_is_room_again() {
    let Some(disk) = Mounted::of("8m") else { return };
    let options = LogOptions::new(disk.path());
    let (meta, journal) = Database::open(&options, &Fixed).unwrap();
    let wait = |change: &[Change]| {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(journal.append(7, 1, change.to_vec()))
    };
    let change =
        |number: u32| [Change { key: number.to_be_bytes().to_vec(), value: Some(vec![b'x'; 40_000]) }];
    let ballast = disk.path().join("ballast");
    let mut written = 0;
    let mut times_full = 0;
    for _ in 0..3 {
        // As much as there is room for.
        let filled = std::fs::write(&ballast, vec![0; 8 << 20]);
        assert!(filled.is_err());
        let refused = loop {
            match wait(&change(written)) {
                Ok(()) => written += 1,
                Err(error) => break error.to_string(),
            }
        };
        assert!(refused.contains("disk is full"), "{refused}");
        times_full += 1;
        // All that was acknowledged is there to be read, and what follows is refused again.
        let found = journal.load(7).unwrap();
        assert!(written as usize <= found.len() && found.len() <= written as usize + 1);
        wait(&change(written)).unwrap_err();
        std::fs::remove_file(&ballast).unwrap();
        wait(&change(written)).unwrap();
        written += 1;
    }
    assert_eq!(times_full, 3);
    drop((meta, journal));
    let (_meta, journal) = Database::open(&options, &Fixed).unwrap();
    let keys: Vec<_> = journal.load(7).unwrap().into_iter().map(|(key, _)| key).collect();
    assert_eq!(keys, (0..written).map(|number| number.to_be_bytes().to_vec()).collect::<Vec<_>>());
}
