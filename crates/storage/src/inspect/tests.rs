//! Directories as a broker leaves them, then with damage of every kind.

mod damage;
mod files;

use super::verify::{Depth, Verified, verify};
use super::*;
use crate::settings::{Durability, LogOptions, LogSettings};
use crate::{Append, Log, Progress, ReadBound, RecoveryReport, WholeFirst};
use bytes::Bytes;
use ottla_base::{Env, Now, Offset, PartitionId, PartitionIndex, ProducerEpoch, ProducerId, Tick, Timestamp};
use ottla_base::{TopicId, TopicName};
use ottla_wire::record::{BatchBuilder, BatchOptions, batches, records};
use std::path::{Path, PathBuf};
use std::sync::Arc;

struct Fixed;

impl Env for Fixed {
    fn now(&self) -> Now {
        Now { wall: Timestamp(START_MS), tick: Tick(0) }
    }

    fn random(&self) -> u64 {
        4
    }
}

impl Progress for Fixed {
    fn advanced(&self, _: &[PartitionId]) {}
}

const START_MS: i64 = 1_700_000_000_000;
const ID: PartitionId = PartitionId { topic: TopicId(uuid::Uuid::from_u128(7)), index: PartitionIndex(0) };

fn open(dir: &Path) -> (Log, RecoveryReport) {
    let mut options = LogOptions::new(dir);
    options.disk = disk::system(Syncs::Skipped);
    options.defaults = settings();
    Log::open(&options, Arc::new(Fixed), Arc::new(Fixed)).unwrap()
}

/// Three batches in a segment, and an index entry for every second.
fn settings() -> LogSettings {
    LogSettings {
        durability: Durability::Os,
        segment_bytes: 330,
        index_interval_bytes: 80,
        ..LogSettings::default()
    }
}

/// A directory with the partition `t-0` of eight batches of two records by an idempotent producer, stopped in order.
fn written() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let (log, _) = open(dir.path());
    log.create(&TopicName::parse("t").unwrap(), ID, settings()).unwrap();
    for number in 0..8 {
        append(&log, number);
    }
    log.close();
    dir
}

fn append(log: &Log, number: i32) {
    let options = BatchOptions {
        producer_id: ProducerId(5),
        producer_epoch: ProducerEpoch(0),
        base_sequence: 2 * number,
        ..BatchOptions::default()
    };
    let mut builder = BatchBuilder::new(options);
    for at in 0..2 {
        let value = format!("value {}", 2 * number + at);
        let timestamp = Timestamp(START_MS + i64::from(number));
        builder.append(timestamp, None, Some(value.as_bytes()), &[]).unwrap();
    }
    let ticket = log.append(vec![Append { id: ID, batch: builder.build() }]);
    let mut results = futures(ticket);
    results.remove(0).unwrap();
}

fn futures<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

fn file(dir: &Path, name: &str) -> PathBuf {
    dir.join("t-0").join(name)
}

/// The logs of the partition, by name.
fn logs(dir: &Path) -> Vec<PathBuf> {
    let mut found: Vec<_> =
        std::fs::read_dir(dir.join("t-0")).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.retain(|path| path.extension().is_some_and(|extension| extension == "log"));
    found.sort();
    found
}

fn check(dir: &Path) -> Verified {
    let data = DataDirectory::hold(dir).unwrap();
    verify(&data, Depth::Records, &|_| true, &mut |_| {}).unwrap()
}

/// One line for each finding: file, position, offset, lost offsets, what mends it.
fn told(verified: &Verified) -> String {
    let line = |finding: &Finding| {
        let name = finding.path.file_name().unwrap().to_str().unwrap();
        let lost = finding.lost.map(|lost| (lost.first.0, lost.next.map(|next| next.0)));
        let (position, offset) = (finding.position, finding.offset.map(|offset| offset.0));
        format!("{name} {position:?} {offset:?} lost {lost:?}: {:?}: {}\n", finding.mend, finding.cause)
    };
    verified.findings.iter().map(line).collect()
}

/// The offsets that a consumer gets who reads all there is, and those at which it gets an error.
fn readable(log: &Log) -> Vec<i64> {
    let offsets = log.offsets(ID).unwrap();
    let (mut at, mut found) = (offsets.log_start, Vec::new());
    loop {
        let read = log.read(ID, at, 1 << 20, ReadBound::End, WholeFirst::Yes).unwrap();
        let bytes: Bytes = read.records.to_bytes().unwrap();
        if bytes.is_empty() {
            return found;
        }
        for batch in batches(&bytes) {
            let (header, batch) = batch.unwrap();
            ottla_wire::record::check_integrity(&batch).unwrap();
            for record in records(header, &batch).unwrap() {
                let record = record.unwrap();
                assert_eq!(record.value.unwrap(), format!("value {}", record.offset.0));
                found.push(record.offset.0);
            }
            at = header.next_offset();
        }
    }
}

/// What the offsets of `lost` are, if the log ended at `end` before.
fn lost_offsets(verified: &Verified, end: i64) -> Vec<i64> {
    let mut lost: Vec<i64> = verified
        .findings
        .iter()
        .filter_map(|finding| finding.lost)
        .flat_map(|lost| lost.first.0..lost.next.map_or(end, |next| next.0))
        .collect();
    lost.sort_unstable();
    lost
}

#[test]
fn a_sound_directory_has_no_findings() {
    let dir = written();
    let verified = check(dir.path());
    assert_eq!(told(&verified), "");
    assert_eq!((verified.totals.batches, verified.totals.records, verified.totals.segments), (8, 16, 3));
}

#[test]
fn a_directory_that_a_broker_works_on_is_refused() {
    let dir = written();
    let (log, _) = open(dir.path());
    let error = DataDirectory::hold(dir.path()).err().unwrap().to_string();
    assert!(error.contains(&format!("in use by process {}", std::process::id())), "{error}");
    drop(log);
    let held = DataDirectory::hold(dir.path()).unwrap();
    let mut options = LogOptions::new(dir.path());
    options.disk = disk::system(Syncs::Skipped);
    assert!(Log::open(&options, Arc::new(Fixed), Arc::new(Fixed)).is_err());
    drop(held);
}
