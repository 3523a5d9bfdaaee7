//! Readers of committed records are told what to drop, and see exactly what was committed if they do.

use super::transactions::{end, inside};
use super::*;
use crate::CleanerStep;
use crate::sequencer::TransactionVersion::V1;
use crate::settings::{CleanerOptions, Cleanup};
use ottla_wire::record::{BatchScope, Marker, MarkerKind};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

fn committed(world: &World, from: i64, bytes_max: usize) -> ReadResult {
    world.log().read(ID, Offset(from), bytes_max, ReadBound::LastStable, WholeFirst::Yes).unwrap()
}

fn firsts(read: &ReadResult) -> Vec<(i64, i64)> {
    read.aborted.iter().map(|aborted| (aborted.producer.0, aborted.first_offset.0)).collect()
}

/// Everything from `from` on as a consumer of committed records has it, by the algorithm of Kafka's clients.
fn consume(world: &World, from: i64, bytes_max: usize) -> Vec<(i64, String)> {
    let (mut at, mut values) = (Offset(from), Vec::new());
    loop {
        let read = committed(world, at.0, bytes_max);
        let bytes = read.records.to_bytes().unwrap();
        if bytes.is_empty() {
            return values;
        }
        let mut announced: BTreeSet<_> =
            read.aborted.iter().map(|aborted| (aborted.first_offset, aborted.producer)).collect();
        let mut dropping = BTreeSet::new();
        let asked = at;
        for entry in batches(&bytes) {
            let (header, batch) = entry.unwrap();
            at = header.next_offset();
            while let Some(next) =
                announced.first().copied().filter(|(first, _)| *first <= header.last_offset())
            {
                announced.remove(&next);
                dropping.insert(next.1);
            }
            let mut records = ottla_wire::record::records(header, &batch).unwrap().map(Result::unwrap);
            if header.is_control() {
                let marker = Marker::of(&records.next().unwrap()).unwrap();
                if marker.kind == MarkerKind::Abort {
                    dropping.remove(&header.producer_id);
                }
                continue;
            }
            if header.is_transactional() && dropping.contains(&header.producer_id) {
                continue;
            }
            let visible = records.filter(|record| asked <= record.offset);
            let text = |value: Bytes| String::from_utf8(value.to_vec()).unwrap();
            values.extend(visible.map(|record| (record.offset.0, text(record.value.unwrap()))));
        }
    }
}

fn texts(values: &[(i64, String)]) -> Vec<&str> {
    values.iter().map(|(_, value)| value.as_str()).collect()
}

#[test]
fn aborted_transactions_that_overlap_are_named() {
    let world = World::new();
    world.put(&["plain"]);
    world.write(9, 0, &["a"]);
    world.write(8, 0, &["b"]);
    world.finish(end(9, 0, MarkerKind::Abort, V1)).unwrap();
    let read = committed(&world, 0, 1000);
    assert_eq!(firsts(&read), [(9, 1)], "it is before the open transaction of the other");
    assert_eq!(records_of(&read.records.to_bytes().unwrap()).len(), 2);
    world.finish(end(8, 0, MarkerKind::Commit, V1)).unwrap();
    assert_eq!(firsts(&committed(&world, 0, 1000)), [(9, 1)]);
    assert_eq!(firsts(&committed(&world, 3, 1000)), [(9, 1)], "the marker itself");
    assert_eq!(firsts(&committed(&world, 4, 1000)), [], "behind it");
    assert_eq!(firsts(&committed(&world, 0, 1)), [], "one batch, before it");
    let uncommitted = world.log().read(ID, Offset(0), 1000, ReadBound::HighWatermark, WholeFirst::Yes);
    assert_eq!(uncommitted.unwrap().aborted, []);
    assert_eq!(texts(&consume(&world, 0, 1000)), ["plain", "b"]);
}

/// An abort whose marker is not durable must not be hidden, and not be announced either.
#[test]
fn an_abort_is_named_when_its_marker_is_durable() {
    let world = World::with(|settings| settings.durability = Durability::Sync);
    world.write(9, 0, &["a"]);
    world.put(&["after"]);
    let gate = world.disk.sync_gate.lock();
    let marker = world.log().append_markers(vec![(ID, end(9, 0, MarkerKind::Abort, V1))]);
    let read = committed(&world, 0, 1000);
    assert!(read.records.is_empty() && read.aborted.is_empty());
    drop(gate);
    wait(marker).remove(0).unwrap();
    assert_eq!(firsts(&committed(&world, 0, 1000)), [(9, 0)]);
}

/// Over many segments, with transactions that begin in one and end in another.
fn long_world() -> World {
    let world = World::with(|settings| {
        settings.segment_bytes = 400;
        settings.index_interval_bytes = 100;
        settings.file_delete_delay_ms = 0;
    });
    let mut sequences = BTreeMap::new();
    for n in 0..60_i64 {
        let producer = n % 4;
        let sequence = sequences.entry(producer).or_insert(0);
        world.write(producer, *sequence, &[&n.to_string()]);
        *sequence += 1;
        // The third producer's transactions are long, the last one's stays open.
        if (n % 3 == 0 && producer < 2) || (producer == 2 && n % 20 == 2) {
            let kind = if n % 2 == 0 { MarkerKind::Abort } else { MarkerKind::Commit };
            world.finish(end(producer, 0, kind, V1)).unwrap();
        }
    }
    world.finish(end(3, 0, MarkerKind::Abort, V1)).unwrap();
    for producer in 0..3 {
        world.finish(end(producer, 0, MarkerKind::Commit, V1)).unwrap();
    }
    world
}

fn txnindexes(world: &World) -> Vec<(String, Vec<u8>)> {
    let names = world.files().into_iter().filter(|name| name.ends_with(".txnindex"));
    names.map(|name| (name.clone(), std::fs::read(world.file(&name)).unwrap())).collect()
}

/// Regression, found by the simulator: where the offset index of the last segment was lost, the next abort took the
/// place of the first, and consumers were shown what had been aborted.
#[test]
fn aborts_stay_where_the_other_indexes_are_lost() {
    let mut world = World::new();
    world.write(9, 0, &["aborted"]);
    world.finish(end(9, 0, MarkerKind::Abort, V1)).unwrap();
    world.log().checkpoint().unwrap();
    world.log = None;
    std::fs::remove_file(world.file("00000000000000000000.index")).unwrap();
    world.open();
    world.write(9, 1, &["aborted, too"]);
    world.finish(end(9, 0, MarkerKind::Abort, V1)).unwrap();
    assert_eq!(consume(&world, 0, 1000), []);
    world.restart();
    assert_eq!(consume(&world, 0, 1000), []);
}

/// Regression, found by the simulator: where the damage began right at the recovery point, the aborts before it were
/// forgotten until the next start.
#[test]
fn aborts_stay_where_the_log_is_torn_behind_them() {
    let mut world = World::new();
    world.write(9, 0, &["aborted"]);
    world.finish(end(9, 0, MarkerKind::Abort, V1)).unwrap();
    world.log().checkpoint().unwrap();
    world.log = None;
    let log = world.file("00000000000000000000.log");
    let size = std::fs::metadata(&log).unwrap().len();
    std::fs::File::options().write(true).open(log).unwrap().set_len(size + 100).unwrap();
    world.open();
    assert_eq!(world.report.cuts[0].bytes, 100);
    assert_eq!(consume(&world, 0, 1000), []);
}

#[test]
fn lost_and_damaged_indexes_of_aborts_are_made_anew() {
    let mut world = long_world();
    let expected = consume(&world, 0, 300);
    world.restart();
    assert_eq!(world.report.indexes_rebuilt, 0);
    let written = txnindexes(&world);
    assert!(2 < written.iter().filter(|(_, bytes)| !bytes.is_empty()).count());
    type Spoil = fn(&Path);
    let spoil: [(&str, Spoil); 5] = [
        ("removed", |path| std::fs::remove_file(path).unwrap()),
        ("torn", |path| {
            let bytes = std::fs::read(path).unwrap();
            std::fs::write(path, [&bytes[..], &[0]].concat()).unwrap();
        }),
        ("of another version", |path| {
            let bytes = std::fs::read(path).unwrap();
            std::fs::write(path, [&[1], bytes.get(1..).unwrap_or(&[0; 33])].concat()).unwrap();
        }),
        ("emptied by a power cut", |path| std::fs::write(path, []).unwrap()),
        ("ahead of the log", |path| {
            let bytes = std::fs::read(path).unwrap();
            let entry = [0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0];
            std::fs::write(path, [&bytes[..], &entry, &[0; 8]].concat()).unwrap();
        }),
    ];
    for (how, spoil) in spoil {
        for crash in [true, false] {
            // An emptied file below the recovery point cannot come from a power cut.
            if !crash && matches!(how, "emptied by a power cut" | "ahead of the log") {
                continue;
            }
            let log = world.log.take().unwrap();
            if crash {
                drop(log)
            } else {
                log.close()
            }
            if crash {
                std::fs::remove_file(world.dir.path().join("recovery-point-offset-checkpoint")).unwrap();
            }
            txnindexes(&world).iter().for_each(|(name, _)| spoil(&world.file(name)));
            world.open();
            assert_eq!(consume(&world, 0, 300), expected, "{how}");
            world.restart();
            assert_eq!(txnindexes(&world), written, "{how}");
            assert_eq!(world.report.indexes_rebuilt, 0);
        }
    }
}

/// Only the tail is read after a crash, also if the end of an index is torn.
#[test]
fn a_torn_end_of_an_index_of_aborts_costs_no_walk_through_the_log() {
    for torn in [&[][..], &[0; 3], &[0; 34], &[0xff; 100]] {
        let mut world = World::with(|settings| settings.segment_bytes = 600);
        for n in 0..20 {
            world.write(9, n, &["a", "b"][..1]);
            world
                .finish(end(9, 0, if n % 3 == 0 { MarkerKind::Commit } else { MarkerKind::Abort }, V1))
                .unwrap();
            if n == 10 {
                world.log().checkpoint().unwrap();
            }
        }
        let expected = consume(&world, 0, 300);
        world.log = None;
        let point =
            std::fs::read_to_string(world.dir.path().join("recovery-point-offset-checkpoint")).unwrap();
        assert_eq!(point, "0\n1\nt 0 22\n");
        for (name, mut bytes) in txnindexes(&world) {
            let base: i64 = name[..20].parse().unwrap();
            let markers = bytes.chunks(34).map(|entry| i64::from_be_bytes(entry[18..26].try_into().unwrap()));
            let durable = markers.filter(|marker| *marker < 22).count();
            if 10 < base || durable * 34 < bytes.len() {
                bytes.truncate(durable * 34);
                bytes.extend_from_slice(torn);
                std::fs::write(world.file(&name), bytes).unwrap();
            }
        }
        world.open();
        assert_eq!(world.report.indexes_rebuilt, 0, "{torn:?}");
        assert_eq!(consume(&world, 0, 300), expected, "{torn:?}");
        world.restart();
        assert_eq!((world.report.indexes_rebuilt, consume(&world, 0, 300)), (0, expected), "{torn:?}");
    }
}

#[test]
fn indexes_of_aborts_go_with_their_segments() {
    let world = long_world();
    let expected = consume(&world, 0, 300);
    world.log().trim(ID, Offset(40)).unwrap();
    let kept: Vec<_> = expected.into_iter().filter(|(at, _)| 40 <= *at).collect();
    assert_eq!(consume(&world, 40, 300), kept);
    let segments = world.files().iter().filter(|name| name.ends_with(".log")).count();
    assert_eq!(txnindexes(&world).len(), segments);
}

#[test]
fn an_index_of_aborts_has_kafkas_bytes() {
    let mut world = World::new();
    world.put(&["x"]);
    world.write(9, 0, &["a"]);
    world.write(8, 0, &["b"]);
    world.finish(end(9, 0, MarkerKind::Abort, V1)).unwrap();
    world.finish(end(8, 0, MarkerKind::Commit, V1)).unwrap();
    world.restart();
    let numbers = [9_i64, 1, 3, 2].map(i64::to_be_bytes).concat();
    assert_eq!(txnindexes(&world)[0].1, [&[0, 0], &numbers[..]].concat());
}

#[derive(Clone, Debug)]
enum Step {
    Write { producer: i64, records: u8, transactional: bool },
    End { producer: i64, abort: bool },
    Read { from: u16, bytes_max: u16 },
    Trim(u16),
    Checkpoint,
    Restart,
    Crash,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0..4_i64, 1..4_u8, prop::bool::weighted(0.8)).prop_map(
            |(producer, records, transactional)| Step::Write { producer, records, transactional }),
        6 => (0..4_i64, any::<bool>()).prop_map(|(producer, abort)| Step::End { producer, abort }),
        4 => (any::<u16>(), 0..2000_u16).prop_map(|(from, bytes_max)| Step::Read { from, bytes_max }),
        1 => any::<u16>().prop_map(Step::Trim),
        1 => Just(Step::Checkpoint),
        1 => Just(Step::Restart),
        1 => Just(Step::Crash),
    ]
}

/// What a transaction has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Open,
    Committed,
    Aborted,
}

struct Both {
    world: World,
    /// Of each record its offset and the number of its transaction; none outside of one.
    records: Vec<(i64, Option<usize>)>,
    fates: Vec<Fate>,
    /// Each producer's next sequence number and open transaction.
    producers: [(i32, Option<usize>); 4],
}

impl Both {
    fn run(&mut self, step: &Step) {
        match *step {
            Step::Write { producer, records, transactional } => self.write(producer, records, transactional),
            Step::End { producer, abort } => self.end(producer, abort),
            Step::Read { from, bytes_max } => self.read(from.into(), bytes_max.into()),
            Step::Trim(before) => {
                let Offsets { log_start, end, .. } = self.world.offsets();
                let before = log_start.plus(i64::from(before) % (end.0 - log_start.0 + 1));
                self.world.log().trim(ID, before).unwrap();
            }
            Step::Checkpoint => self.world.log().checkpoint().unwrap(),
            Step::Restart => self.world.restart(),
            Step::Crash => self.world.crash(),
        }
        let Offsets { log_start, end, .. } = self.world.offsets();
        let open =
            self.records.iter().find(|(_, number)| number.is_some_and(|n| self.fates[n] == Fate::Open));
        let expected = open.map_or(end.0, |(offset, _)| *offset).max(log_start.0);
        assert_eq!(self.world.last_stable(), expected);
    }

    fn write(&mut self, producer: i64, records: u8, transactional: bool) {
        let (sequence, open) = self.producers[producer as usize];
        let values = vec!["v"; records.into()];
        // Beside an open transaction nothing else is taken.
        let number = if transactional || open.is_some() {
            Some(open.unwrap_or_else(|| {
                self.fates.push(Fate::Open);
                self.fates.len() - 1
            }))
        } else {
            None
        };
        let batch = if number.is_some() {
            inside(producer, 0, sequence, &values)
        } else {
            sequenced(producer, 0, sequence, &values)
        };
        let base = self.world.append(batch).unwrap().base_offset.0;
        self.records.extend((base..base + i64::from(records)).map(|offset| (offset, number)));
        self.producers[producer as usize] = (sequence + i32::from(records), number);
    }

    fn end(&mut self, producer: i64, abort: bool) {
        let kind = if abort { MarkerKind::Abort } else { MarkerKind::Commit };
        self.world.finish(end(producer, 0, kind, V1)).unwrap();
        if let Some(number) = self.producers[producer as usize].1.take() {
            self.fates[number] = if abort { Fate::Aborted } else { Fate::Committed };
        }
    }

    fn read(&self, from: i64, bytes_max: usize) {
        let Offsets { log_start, last_stable, .. } = self.world.offsets();
        let from = log_start.0 + from % (last_stable.0 - log_start.0 + 1);
        let expected = self.records.iter().filter(|(offset, number)| {
            let dropped = number.is_some_and(|number| self.fates[number] == Fate::Aborted);
            (from..last_stable.0).contains(offset) && !dropped
        });
        let consumed = consume(&self.world, from, bytes_max);
        assert_eq!(
            consumed.iter().map(|(offset, _)| *offset).collect::<Vec<_>>(),
            expected.map(|(offset, _)| *offset).collect::<Vec<_>>()
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn a_consumer_sees_what_was_committed_and_nothing_else(steps in prop::collection::vec(step(), 1..80)) {
        let world = World::with(|settings| {
            settings.segment_bytes = 600;
            settings.index_interval_bytes = 150;
            settings.retention_ms = None;
            settings.file_delete_delay_ms = 0;
        });
        let mut both = Both { world, records: vec![], fates: vec![], producers: [(0, None); 4] };
        for step in &steps {
            both.run(step);
        }
        both.read(0, 500);
    }
}

/// A batch of one record with a key of its own.
fn keyed(producer: i64, base_sequence: i32, value: &str) -> Bytes {
    let options = BatchOptions {
        producer_id: ProducerId(producer),
        producer_epoch: ProducerEpoch(0),
        base_sequence,
        scope: BatchScope::Transactional,
        ..BatchOptions::default()
    };
    let mut builder = BatchBuilder::new(options);
    let key = format!("{producer} {base_sequence}");
    builder.append(Timestamp(START_MS), Some(key.as_bytes()), Some(value.as_bytes()), &[]).unwrap();
    builder.build()
}

/// Writers, readers, syncs, rolls and compaction at the same time: what will be aborted is never seen, and what
/// was committed is all there at the end.
fn everything_at_once(cleanup: Cleanup) {
    const WRITERS: i64 = 3;
    const TRANSACTIONS: i32 = 60;
    let world = World::with(|settings| {
        settings.durability = Durability::Sync;
        settings.segment_bytes = 2000;
        settings.index_interval_bytes = 200;
        settings.file_delete_delay_ms = 0;
        settings.cleanup = cleanup;
        settings.compaction.delete_retention_ms = 0;
    });
    let done = AtomicUsize::new(0);
    let is_done = || done.load(Ordering::SeqCst) == WRITERS as usize;
    let write = |producer: i64| {
        for n in 0..TRANSACTIONS {
            let abort = (n + i32::try_from(producer).unwrap()) % 2 == 0;
            let value = if abort { "aborted" } else { "committed" };
            for part in 0..2 {
                world.append(keyed(producer, n * 2 + part, value)).unwrap();
            }
            let kind = if abort { MarkerKind::Abort } else { MarkerKind::Commit };
            world.finish(end(producer, 0, kind, V1)).unwrap();
            world.pass_ms(1);
        }
        done.fetch_add(1, Ordering::SeqCst);
    };
    let read = |bytes_max: usize| {
        loop {
            let is_last = is_done();
            for (offset, value) in consume(&world, 0, bytes_max) {
                assert_eq!(value, "committed", "at {offset}");
            }
            if is_last {
                return;
            }
        }
    };
    let clean = || {
        let mut cleaner =
            world.log().cleaner(CleanerOptions { map_bytes_max: 1 << 20, map_load: 0.9, io_bytes: 1000 });
        while cleaner.step() != CleanerStep::Idle || !is_done() {}
    };
    std::thread::scope(|scope| {
        (0..WRITERS).for_each(|producer| drop(scope.spawn(move || write(producer))));
        [1, 300, 100_000].into_iter().for_each(|bytes_max| drop(scope.spawn(move || read(bytes_max))));
        scope.spawn(clean);
    });
    let committed = texts(&consume(&world, 0, 1000)).len();
    assert_eq!(committed, usize::try_from(TRANSACTIONS).unwrap() / 2 * 2 * WRITERS as usize);
}

#[test]
fn aborted_records_are_never_seen_while_all_goes_on() {
    everything_at_once(Cleanup { delete: true, compact: false });
}

#[test]
fn aborted_records_are_never_seen_while_the_log_is_compacted() {
    everything_at_once(Cleanup { delete: false, compact: true });
}
