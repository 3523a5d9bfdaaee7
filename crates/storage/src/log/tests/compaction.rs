//! Compaction as callers of the log see it.

mod faults;
mod lags;
mod model;
mod policies;
mod power;
mod reading;
mod transactions;

use super::*;
use crate::settings::{CleanerOptions, Cleanup};
use crate::{Cleaner, CleanerStep};
use ottla_wire::record::{BatchScope, Marker, MarkerKind};

/// A record as the tests write it: offset, key, value.
type Seen = (i64, String, Option<String>);

/// A log that is compacted, in segments of about five small batches.
fn compacted(change: impl Fn(&mut LogSettings)) -> World {
    World::with(|settings| {
        settings.cleanup = Cleanup { delete: false, compact: true };
        settings.segment_bytes = 500;
        settings.index_interval_bytes = 100;
        settings.compaction.delete_retention_ms = 1000;
        change(settings);
    })
}

/// Small steps, so that a pass takes many.
const OPTIONS: CleanerOptions = CleanerOptions { map_bytes_max: 1 << 20, map_load: 0.9, io_bytes: 200 };

/// A batch of `key=value` and tombstones, which are a `key` alone.
fn keyed(records: &[&str], timestamp: i64) -> Bytes {
    keyed_with(records, timestamp, BatchOptions::default())
}

fn keyed_with(records: &[&str], timestamp: i64, options: BatchOptions) -> Bytes {
    let mut builder = BatchBuilder::new(options);
    for record in records {
        let (key, value) = record.split_once('=').map_or((*record, None), |(key, value)| (key, Some(value)));
        builder.append(Timestamp(timestamp), Some(key.as_bytes()), value.map(str::as_bytes), &[]).unwrap();
    }
    builder.build()
}

/// A batch of a transaction.
fn inside(producer: i64, base_sequence: i32, records: &[&str]) -> Bytes {
    let options = BatchOptions {
        producer_id: ProducerId(producer),
        producer_epoch: ProducerEpoch(0),
        base_sequence,
        scope: BatchScope::Transactional,
        ..BatchOptions::default()
    };
    keyed_with(records, START_MS, options)
}

impl World {
    fn set(&self, records: &[&str]) -> Offset {
        self.append(keyed(records, self.now())).unwrap().base_offset
    }

    /// Begins a new segment, so that all before it can be compacted.
    fn roll(&self) {
        let log = self.log();
        let partition = log.find(ID).unwrap();
        let mut state = partition.state.lock();
        if state.segments.last().unwrap().size == 0 {
            return;
        }
        partition.resume_active(&log.0.engine, &mut state, Timestamp(self.now())).unwrap();
        partition.roll(&log.0.engine, &mut state, Timestamp(self.now())).unwrap();
    }

    /// Compacts until nothing is due. Returns how many steps it took.
    fn compact(&self) -> usize {
        work(&mut self.log().cleaner(OPTIONS))
    }

    /// All records that a consumer gets that starts at `from`, committed or not.
    fn seen_from(&self, from: i64) -> Vec<Seen> {
        self.consume(from, ReadBound::HighWatermark)
    }

    /// The same, by the algorithm of Kafka's clients, for any kind of consumer.
    fn consume(&self, from: i64, bound: ReadBound) -> Vec<Seen> {
        let (mut at, mut seen) = (Offset(from), Vec::new());
        loop {
            let read = self.log().read(ID, at, 300, bound, WholeFirst::Yes).unwrap();
            let mut aborted = read.aborted;
            let mut dropping = Vec::new();
            let mut last = None;
            for entry in batches(&read.records.to_bytes().unwrap()) {
                let (header, batch) = entry.unwrap();
                ottla_wire::record::check_integrity(&batch).unwrap();
                last = Some(header.next_offset());
                dropping.extend(
                    aborted
                        .extract_if(.., |aborted| aborted.first_offset <= header.last_offset())
                        .map(|aborted| aborted.producer),
                );
                if header.is_control() {
                    let marker =
                        ottla_wire::record::records(header, &batch).unwrap().next().unwrap().unwrap();
                    if Marker::of(&marker).unwrap().kind == MarkerKind::Abort {
                        dropping.retain(|producer| *producer != header.producer_id);
                    }
                    continue;
                }
                if header.is_transactional() && dropping.contains(&header.producer_id) {
                    continue;
                }
                for record in ottla_wire::record::records(header, &batch).unwrap() {
                    let record = record.unwrap();
                    let text = |bytes: Bytes| String::from_utf8(bytes.to_vec()).unwrap();
                    if at <= record.offset {
                        seen.push((record.offset.0, text(record.key.unwrap()), record.value.map(text)));
                    }
                }
            }
            let Some(last) = last else { return seen };
            assert!(at < last, "a consumer must get on");
            at = last;
        }
    }

    fn seen(&self) -> Vec<String> {
        let text = |(offset, key, value): Seen| match value {
            Some(value) => format!("{offset}:{key}={value}"),
            None => format!("{offset}:{key}"),
        };
        self.seen_from(self.offsets().log_start.0).into_iter().map(text).collect()
    }

    fn bases(&self) -> Vec<i64> {
        let partition = self.log().find(ID).unwrap();
        partition.state.lock().segments.iter().map(|segment| segment.base.0).collect()
    }

    fn compacted_to(&self) -> Option<Offset> {
        self.log().find(ID).unwrap().state.lock().compaction.compacted_to
    }

    /// Nothing of a compaction lies around, and memory and disk agree.
    fn assert_tidy(&self) {
        let logs = self.files().into_iter().filter(|name| name.ends_with(".log"));
        let logs: Vec<i64> = logs.map(|name| name[..20].parse().unwrap()).collect();
        assert_eq!(logs, self.bases());
        let odd =
            self.files().into_iter().filter(|name| name.ends_with(".swap") || name.ends_with(".cleaned"));
        assert_eq!(odd.count(), 0);
        let bytes: u64 = logs
            .iter()
            .map(|base| std::fs::metadata(self.file(&format!("{base:020}.log"))).unwrap().len())
            .sum();
        assert_eq!(self.log().size(ID), bytes);
    }
}

fn work(cleaner: &mut Cleaner) -> usize {
    let mut steps = 0;
    while cleaner.step() != CleanerStep::Idle {
        steps += 1;
        assert!(steps < 1_000_000, "a cleaner must come to an end");
    }
    steps
}

#[test]
fn the_newest_record_of_every_key_stays_where_it_is() {
    let mut world = compacted(|_| {});
    world.set(&["a=1", "b=1", "c=1"]);
    world.set(&["a=2", "b=2"]);
    world.set(&["a=3"]);
    world.roll();
    world.set(&["c=9"]);
    assert!(3 < world.compact());
    // What is in the active segment supersedes nothing yet.
    let left = ["2:c=1", "4:b=2", "5:a=3", "6:c=9"];
    assert_eq!(world.seen(), left);
    world.assert_tidy();
    assert_eq!(world.compacted_to(), Some(Offset(6)));
    assert_eq!(world.offsets().end, Offset(7));
    for _ in 0..2 {
        world.restart();
        assert_eq!(world.seen(), left);
        world.crash();
        assert_eq!(world.seen(), left);
        assert_eq!((world.report.cuts.len(), world.report.damages.len()), (0, 0));
    }
    assert_eq!(world.compact(), 0, "there is nothing new");
}

#[test]
fn small_segments_are_joined() {
    let world = compacted(|_| {});
    for n in 0..60 {
        world.set(&[&format!("k{}={n}", n % 4)]);
    }
    world.roll();
    let before = world.bases();
    assert!(10 < before.len());
    world.compact();
    assert_eq!(world.bases(), before, "each is full before it is compacted");
    world.log().configure(ID, LogSettings { compaction: always(), ..world.settings });
    world.set(&["x=1"]);
    world.roll();
    // Now the next pass sees how small they have become.
    world.compact();
    assert!(world.bases().len() <= 4, "{:?}", world.bases());
    assert_eq!(world.seen(), ["56:k0=56", "57:k1=57", "58:k2=58", "59:k3=59", "60:x=1"]);
    world.assert_tidy();
}

/// However little is dirty, it is worth while.
fn always() -> crate::Compaction {
    crate::Compaction { dirty_millionths_min: 0, delete_retention_ms: 1000, ..crate::Compaction::default() }
}

#[test]
fn a_tombstone_goes_when_readers_had_their_time() {
    let mut world = compacted(|settings| settings.compaction = always());
    world.set(&["a=1", "b=1"]);
    world.set(&["a"]);
    let pass = |world: &World| {
        world.set(&["z=1"]);
        world.roll();
        world.compact();
        world.seen_from(0).into_iter().filter(|(_, key, _)| key != "z").map(|(at, ..)| at).collect::<Vec<_>>()
    };
    assert_eq!(pass(&world), [1, 2], "the value is gone, its mark is there");
    world.pass_ms(999);
    world.crash();
    assert_eq!(pass(&world), [1, 2]);
    world.pass_ms(1);
    assert_eq!(pass(&world), [1]);
    assert_eq!(world.seen_from(0)[0].1, "b");
}

#[test]
fn a_map_that_is_too_small_takes_several_passes() {
    let world = compacted(|settings| settings.segment_bytes = 5000);
    for round in 0..2 {
        for n in (0..3000).step_by(10) {
            let records: Vec<String> = (n..n + 10).map(|n| format!("k{n}={round}")).collect();
            world.set(&records.iter().map(String::as_str).collect::<Vec<_>>());
        }
    }
    world.roll();
    // 1024 slots is the least: it takes seven of them for 6000 records.
    let mut cleaner = world.log().cleaner(CleanerOptions { map_bytes_max: 1, ..OPTIONS });
    let (mut passes, mut before) = (0, None);
    while cleaner.step() != CleanerStep::Idle {
        passes += usize::from(std::mem::replace(&mut before, world.compacted_to()) != world.compacted_to());
    }
    assert_eq!(passes, 7);
    let seen = world.seen_from(0);
    assert_eq!(seen.len(), 3000);
    assert!((3000..).zip(&seen).all(|(at, (offset, key, value))| {
        (*offset, key, value.as_deref()) == (at, &format!("k{}", at - 3000), Some("1"))
    }));
}

#[test]
fn how_far_logs_were_compacted_is_known_after_a_crash() {
    let mut world = compacted(|_| {});
    world.set(&["a=1", "a=2"]);
    world.roll();
    world.compact();
    let text = std::fs::read_to_string(world.dir.path().join("cleaner-offset-checkpoint")).unwrap();
    assert_eq!(text, "0\n1\nt 0 2\n");
    world.crash();
    assert_eq!(world.compacted_to(), Some(Offset(2)));
    assert_eq!(world.compact(), 0);
    // A partition that comes to have this name was not compacted.
    world.log().delete(ID).unwrap();
    world.log().create(&topic(), ID, world.settings).unwrap();
    world.crash();
    assert_eq!(world.compacted_to(), None);
}

#[test]
fn sequences_survive_although_their_records_and_snapshots_are_gone() {
    let mut world = compacted(|_| {});
    let options = |base_sequence| BatchOptions {
        producer_id: ProducerId(5),
        producer_epoch: ProducerEpoch(1),
        base_sequence,
        ..BatchOptions::default()
    };
    world.append(keyed_with(&["a=1", "b=1"], START_MS, options(0))).unwrap();
    world.append(keyed_with(&["a=2"], START_MS, options(2))).unwrap();
    world.set(&["a=3", "b=3"]);
    world.roll();
    world.compact();
    assert_eq!(world.seen(), ["3:a=3", "4:b=3"]);
    world.log = None;
    for name in world.files().iter().filter(|name| name.ends_with(".snapshot")) {
        std::fs::remove_file(world.file(name)).unwrap();
    }
    std::fs::remove_file(world.dir.path().join("recovery-point-offset-checkpoint")).unwrap_or(());
    world.open();
    let repeated = world.append(keyed_with(&["a=2"], START_MS, options(2))).unwrap();
    assert_eq!(repeated.base_offset, Offset(2), "it is still known");
    let gap = world.append(keyed_with(&["a=9"], START_MS, options(4)));
    assert_eq!(gap, Err(AppendError::OutOfOrderSequence { expected: 3, found: 4 }));
    assert_eq!(world.append(keyed_with(&["a=4"], START_MS, options(3))).unwrap().base_offset, Offset(5));
}

#[test]
fn what_is_not_durable_is_not_compacted() {
    let world = compacted(|settings| settings.durability = Durability::Sync);
    world.set(&["a=1"]);
    world.roll();
    world.set(&["a=2"]);
    let gate = world.faults().sync_gate.lock();
    let ticket = world.log().append(vec![Append { id: ID, batch: keyed(&["a=3"], START_MS) }]);
    world.roll();
    // Offset 2 is not durable: the segment that it lies in is left alone.
    let partition = world.log().find(ID).unwrap();
    let target = crate::local::compaction::survey::survey(&partition, &world.log().0.engine, world.env.now());
    assert_eq!(target.unwrap().unwrap().until, Offset(1));
    drop(gate);
    wait(ticket);
    world.compact();
    assert_eq!(world.seen(), ["2:a=3"]);
}

#[test]
fn the_handle_cache_knows_the_files_of_compacted_segments() {
    let world = compacted(|_| {});
    for n in 0..30 {
        world.set(&[&format!("k{}={n}", n % 7)]);
    }
    world.roll();
    world.compact();
    let handles = &world.log().0.engine.handles;
    for _ in 0..2 {
        handles.close_idle();
        handles.close_idle();
        assert_eq!(handles.len(), 0);
        let open = world.log().find(ID).unwrap();
        assert!(open.state.lock().segments.iter().all(|segment| segment.file.is_none()));
        assert_eq!(world.seen().len(), 7);
    }
}

#[test]
fn two_cleaners_never_take_the_same_log() {
    let world = compacted(|_| {});
    world.set(&["a=1", "a=2"]);
    world.roll();
    let (mut one, mut other) = (world.log().cleaner(OPTIONS), world.log().cleaner(OPTIONS));
    assert_eq!(one.step(), CleanerStep::Busy { io_bytes: 0 });
    assert_eq!(other.step(), CleanerStep::Idle);
    // One that goes away gives its log back.
    drop(one);
    assert_eq!(other.step(), CleanerStep::Busy { io_bytes: 0 });
    work(&mut other);
    assert_eq!(world.seen(), ["1:a=2"]);
}
