//! Power cuts while a log is compacted: whatever the disk has kept of renames and bytes, each key has its newest value.

#![expect(clippy::unwrap_used, reason = "what a test relies on either holds, or the test has failed")]

mod still;

use ottla_base::{Offset, Timestamp, TopicName};
use ottla_sim::chance::Chance;
use ottla_sim::disk::{Plan, Planted, SimDisk};
use ottla_storage::{
    Append, CleanerOptions, CleanerStep, Cleanup, Compaction, Log, LogOptions, LogSettings, ReadBound,
    RecoveryReport, WholeFirst, Work,
};
use ottla_wire::record::{BatchBuilder, BatchOptions, batches, records};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use still::{ID, NOW_MS, World};

fn settings() -> LogSettings {
    LogSettings {
        segment_bytes: 600,
        index_interval_bytes: 150,
        cleanup: Cleanup { delete: false, compact: true },
        // A tombstone goes in the second pass that meets it.
        compaction: Compaction { dirty_millionths_min: 0, delete_retention_ms: 0, ..Compaction::default() },
        ..LogSettings::default()
    }
}

fn open(dir: &Path, disk: Arc<SimDisk>, chance: &mut Chance) -> (Log, RecoveryReport) {
    let mut options = LogOptions::new(dir.join("data"));
    (options.disk, options.work, options.defaults) = (disk, Work::Driven, settings());
    let world = Arc::new(World::new(chance.fork()));
    Log::open(&options, world.clone(), world).expect("what a power cut leaves can be opened")
}

/// Writes a value or a tombstone, durably.
fn write(log: &Log, newest: &mut BTreeMap<u64, u64>, key: u64, value: Option<u64>) {
    let mut builder = BatchBuilder::new(BatchOptions::default());
    let text = value.map(|value| value.to_string());
    let value_bytes = text.as_ref().map(|text| text.as_bytes());
    builder.append(Timestamp(NOW_MS), Some(key.to_string().as_bytes()), value_bytes, &[]).unwrap();
    drop(log.append(vec![Append { id: ID, batch: builder.build() }]));
    while log.commit_waiting() {}
    match value {
        Some(value) => newest.insert(key, value),
        None => newest.remove(&key),
    };
}

/// What a reader from the start ends up with.
fn read(log: &Log) -> BTreeMap<u64, u64> {
    let (mut at, mut newest) = (log.offsets(ID).unwrap().log_start, BTreeMap::new());
    loop {
        let found = log.read(ID, at, 1 << 20, ReadBound::HighWatermark, WholeFirst::Yes).unwrap();
        let bytes = found.records.to_bytes().unwrap();
        if bytes.is_empty() {
            return newest;
        }
        for entry in batches(&bytes) {
            let (header, batch) = entry.unwrap();
            assert!(at <= header.last_offset());
            at = header.next_offset();
            for record in records(header, &batch).unwrap() {
                let record = record.unwrap();
                let number = |bytes: &[u8]| std::str::from_utf8(bytes).unwrap().parse::<u64>().unwrap();
                let key = number(&record.key.unwrap());
                match record.value {
                    Some(value) => newest.insert(key, number(&value)),
                    None => newest.remove(&key),
                };
            }
        }
    }
}

/// A few lives of a log, each ended by a power cut during compaction. An error tells what was wrong afterwards.
fn run(seed: u64, planted: Planted) -> Result<(), String> {
    let mut chance = Chance::new(seed);
    let mut dirs = vec![tempfile::tempdir_in(ottla_sim::scratch()).unwrap()];
    let mut disk = SimDisk::new(dirs[0].path(), chance.fork(), planted).unwrap();
    let (mut log, _) = open(dirs[0].path(), disk.clone(), &mut chance);
    log.create(&TopicName::parse("t").unwrap(), ID, settings()).unwrap();
    let (mut newest, mut end) = (BTreeMap::new(), Offset::ZERO);
    for life in 0..5 {
        for value in 0..40 {
            let value = (!chance.percent(20)).then_some(life * 100 + value);
            write(&log, &mut newest, chance.within(0..9), value);
            end = end.plus(1);
        }
        if chance.percent(30) {
            log.checkpoint().unwrap();
        }
        disk.plan(Plan { last: Some(chance.within(1..60)), ..Plan::default() });
        let mut cleaner = log.cleaner(CleanerOptions { io_bytes: 300, ..CleanerOptions::default() });
        while cleaner.step() != CleanerStep::Idle {}
        disk.darken();
        drop(cleaner);
        drop(log);
        dirs.push(tempfile::tempdir_in(ottla_sim::scratch()).unwrap());
        let dir = dirs.last().unwrap().path();
        disk = disk.after_power_cut(dir).unwrap();
        let (again, report) = open(dir, disk.clone(), &mut chance);
        log = again;
        if !report.damages.is_empty() || !report.cuts.is_empty() {
            return Err(format!("life {life}: {:?} {:?}", report.damages, report.cuts));
        }
        if log.offsets(ID).unwrap().end != end {
            return Err(format!("life {life}: ends at {}, not {end}", log.offsets(ID).unwrap().end));
        }
        let found = read(&log);
        if found != newest {
            return Err(format!("life {life}: {found:?}, not {newest:?}"));
        }
    }
    Ok(())
}

#[test]
fn no_power_cut_during_compaction_loses_or_brings_back_a_value() {
    for seed in 0..200 {
        assert_eq!(run(seed, Planted::Nothing), Ok(()), "seed {seed}");
    }
}

/// The test would see it if directories were not synced, neither in a swap nor when segments are rolled.
#[test]
fn missing_syncs_of_directories_are_found() {
    let found = (0..200).find(|seed| {
        std::panic::catch_unwind(|| run(*seed, Planted::NoDirectorySyncs)).is_ok_and(|result| result.is_err())
    });
    assert!(found.is_some());
}
