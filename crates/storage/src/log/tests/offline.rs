//! A partition that cannot be read at the start is offline; all others are served, and nothing of it is lost.

use super::transactions::{end, inside};
use super::*;
use crate::sequencer::TransactionVersion::V1;
use crate::settings::Cleanup;
use ottla_wire::record::MarkerKind;
use std::collections::BTreeMap;

const NEIGHBOUR: PartitionId =
    PartitionId { topic: TopicId(uuid::Uuid::from_u128(8)), index: PartitionIndex(0) };

/// Two partitions. `t-0` has several segments, transactions of all kinds, and something behind the recovery point.
fn rich() -> World {
    let world = World::with(|settings| {
        settings.segment_bytes = 600;
        settings.index_interval_bytes = 100;
        settings.retention_ms = None;
        settings.cleanup = Cleanup { delete: true, compact: true };
    });
    let name = TopicName::parse("u").unwrap();
    world.log().create(&name, NEIGHBOUR, world.settings).unwrap();
    wait(world.log().append(vec![Append { id: NEIGHBOUR, batch: batch(&["here"], 0) }]));
    let mut sequence = 0;
    let mut write = |count: usize| {
        for _ in 0..count {
            world.append(inside(9, 0, sequence, &["in a transaction"])).unwrap();
            world.append(sequenced(5, 0, sequence, &["of an idempotent producer"])).unwrap();
            sequence += 1;
            world.pass_ms(1000);
        }
    };
    write(4);
    world.finish(end(9, 0, MarkerKind::Abort, V1)).unwrap();
    write(3);
    world.finish(end(9, 0, MarkerKind::Commit, V1)).unwrap();
    world.log().checkpoint().unwrap();
    world.log().trim(ID, Offset(2)).unwrap();
    write(4);
    world.finish(end(9, 0, MarkerKind::Abort, V1)).unwrap();
    write(2);
    world
}

fn crashed() -> World {
    let mut world = rich();
    world.log = None;
    world
}

fn stopped() -> World {
    let mut world = rich();
    world.log.take().unwrap().close();
    world
}

/// Everything that clients may ask of `t-0`.
#[derive(Debug, PartialEq)]
struct Seen {
    log_start: Offset,
    high_watermark: Offset,
    last_stable: Offset,
    end: Offset,
    records: Bytes,
    aborted: Vec<AbortedTransaction>,
    producers: Vec<ActiveProducer>,
    by_time: Vec<Option<TimedOffset>>,
}

fn seen(world: &World) -> Seen {
    let log = world.log();
    let Offsets { log_start, high_watermark, last_stable, end, leader_epoch: _ } = log.offsets(ID).unwrap();
    let (mut at, mut records, mut aborted) = (log_start, Vec::new(), Vec::new());
    while at < last_stable {
        let read = log.read(ID, at, 1 << 20, ReadBound::LastStable, WholeFirst::Yes).unwrap();
        let bytes = read.records.to_bytes().unwrap();
        let Some(last) = batches(&bytes).last() else { break };
        at = last.unwrap().0.next_offset();
        records.extend_from_slice(&bytes);
        aborted.extend(read.aborted);
    }
    let times = (0..20).map(|second| Timestamp(START_MS + 1000 * second));
    let by_time = times.map(|time| log.find_by_time(ID, time, ReadBound::HighWatermark).unwrap());
    let by_time = by_time.collect();
    let producers = log.producers(ID).unwrap();
    Seen { log_start, high_watermark, last_stable, end, records: records.into(), aborted, producers, by_time }
}

fn logs(world: &World) -> BTreeMap<String, Vec<u8>> {
    let logs = world.files().into_iter().filter(|name| name.ends_with(".log"));
    logs.map(|name| (name.clone(), std::fs::read(world.file(&name)).unwrap())).collect()
}

/// Nobody hears offsets of what is offline, nor that they are out of range.
fn assert_refused(world: &World) {
    let log = world.log();
    assert!(matches!(log.offsets(ID), Err(ReadError::Offline(ID))));
    for from in [0, 5, 1 << 40] {
        let read = log.read(ID, Offset(from), 1000, ReadBound::HighWatermark, WholeFirst::Yes);
        assert!(matches!(read, Err(ReadError::Offline(ID))));
    }
    let found = log.find_by_time(ID, Timestamp(0), ReadBound::HighWatermark);
    assert!(matches!(found, Err(ReadError::Offline(ID))));
    assert!(matches!(log.max_timestamp(ID, ReadBound::HighWatermark), Err(ReadError::Offline(ID))));
    assert!(matches!(log.producers(ID), Err(ReadError::Offline(ID))));
    assert!(matches!(log.trim(ID, Offset(3)), Err(TrimError::Offline(ID))));
    assert_eq!(log.epoch_end(ID, LeaderEpoch(0)), None);
    assert_eq!(world.append(batch(&["x"], 0)), Err(AppendError::Storage(ID)));
    assert_eq!(world.finish(end(9, 0, MarkerKind::Abort, V1)), Err(AppendError::Storage(ID)));
    assert!(matches!(log.create(&topic(), ID, world.settings), Err(CreateError::Exists(ID))));
}

/// At every single look at `t-0` the disk fails, and works again at the start after that.
fn fail_everywhere(prepare: impl Fn() -> World) {
    let mut undisturbed = prepare();
    undisturbed.open();
    let expected = seen(&undisturbed);
    for looks in 0.. {
        let mut world = prepare();
        let before = logs(&world);
        let disk = Faults::default();
        *disk.looks_left.lock() = Some(("t-0", looks));
        world.open_on(disk);
        let Some(offline) = world.report.offline.first().cloned() else {
            *world.faults().looks_left.lock() = None;
            assert_eq!(seen(&world), expected);
            assert!(20 < looks, "only {looks} looks at the partition");
            return;
        };
        assert_eq!((offline.topic.as_str(), offline.partition.0), ("t", 0));
        assert!(offline.reason.contains("Input/output error"), "{looks}: {}", offline.reason);
        assert!(world.log().claim(&topic(), ID));
        assert_refused(&world);
        assert_eq!((&world.report.damages[..], &world.report.cuts[..]), (&[][..], &[][..]), "{looks}");
        assert_eq!(logs(&world), before, "{looks}: nothing is cut");
        // The others are served, and what is done with all concerns it no more.
        wait(world.log().append(vec![Append { id: NEIGHBOUR, batch: batch(&["more"], 0) }]))
            .remove(0)
            .unwrap();
        assert_eq!(world.log().offsets(NEIGHBOUR).unwrap().high_watermark, Offset(2));
        world.log().enforce_retention();
        world.log().checkpoint().unwrap();
        assert!(world.log().open_transactions().iter().all(|(id, _)| *id != ID));
        if looks % 2 == 0 {
            world.crash()
        } else {
            world.restart()
        }
        assert_eq!(world.report.offline, []);
        assert!(!world.report.clean, "{looks}: what could not be read is checked");
        assert_eq!(seen(&world), expected, "{looks}: it comes back whole");
        world.append(sequenced(5, 0, 13, &["next"])).unwrap();
    }
}

#[test]
fn after_a_crash() {
    fail_everywhere(crashed);
}

#[test]
fn after_a_stop() {
    fail_everywhere(stopped);
}

#[test]
fn while_everything_that_can_be_made_anew_is_made_anew() {
    let without = |prepare: fn() -> World, kind: &str| {
        let world = prepare();
        let names = world.files().into_iter().filter(|name| name.ends_with(kind));
        names.for_each(|name| std::fs::remove_file(world.file(&name)).unwrap());
        world
    };
    for kind in [".index", ".timeindex", ".txnindex", "leader-epoch-checkpoint"] {
        fail_everywhere(|| without(stopped, kind));
    }
    fail_everywhere(|| without(crashed, "leader-epoch-checkpoint"));
}

/// In the middle of a compaction, too, of which the start has to finish the one half or to take back the other.
#[test]
fn while_compacted_segments_are_put_in_place() {
    for changes in [9, 11, 13, 16] {
        let mut world = rich();
        *world.faults().changes_left.lock() = Some(changes);
        let mut cleaner = world.log().cleaner(crate::settings::CleanerOptions::default());
        for _ in 0..20 {
            cleaner.step();
        }
        drop(cleaner);
        assert_eq!(*world.faults().changes_left.lock(), Some(0), "the swap was interrupted");
        world.log = None;
        let before = tree(world.dir.path());
        world.open();
        let expected = seen(&world);
        for looks in 0.. {
            world.log = None;
            restore(world.dir.path(), &before);
            let disk = Faults::default();
            *disk.looks_left.lock() = Some(("t-0", looks));
            world.open_on(disk);
            if world.report.offline.is_empty() {
                break;
            }
            assert_eq!(world.report.cuts, []);
            world.crash();
            assert_eq!(seen(&world), expected, "{changes} changes, {looks} looks");
        }
    }
}

/// All files of a data directory.
pub(super) fn tree(data: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let files = list(data).into_iter().flat_map(|name| match data.join(&name) {
        path if path.is_dir() => list(&path).into_iter().map(|file| path.join(file)).collect(),
        path => vec![path],
    });
    files.map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
}

pub(super) fn restore(data: &Path, files: &BTreeMap<PathBuf, Vec<u8>>) {
    for path in tree(data).into_keys().filter(|path| !files.contains_key(path)) {
        std::fs::remove_file(path).unwrap();
    }
    files.iter().for_each(|(path, bytes)| std::fs::write(path, bytes).unwrap());
}

#[test]
fn the_checkpoints_go_on_telling_of_it() {
    let mut world = crashed();
    let noted = |world: &World, name: &str| {
        let text = std::fs::read_to_string(world.dir.path().join(name)).unwrap();
        text.lines().find(|line| line.starts_with("t 0 ")).map(str::to_owned)
    };
    let before = ["recovery-point-offset-checkpoint", "log-start-offset-checkpoint"]
        .map(|name| (name, noted(&world, name)));
    assert!(before.iter().all(|(_, line)| line.is_some()), "{before:?}");
    for round in 0..3 {
        let disk = Faults::default();
        *disk.looks_left.lock() = Some(("t-0", round));
        world.open_on(disk);
        wait(world.log().append(vec![Append { id: NEIGHBOUR, batch: batch(&["x"], 0) }]));
        world.log().checkpoint().unwrap();
        world.log().trim(NEIGHBOUR, Offset(1)).unwrap();
        assert_eq!(before.clone().map(|(name, _)| (name, noted(&world, name))), before);
        world.log.take().unwrap().close();
        assert_eq!(before.clone().map(|(name, _)| (name, noted(&world, name))), before);
    }
}

#[test]
fn it_can_be_deleted_and_made_again() {
    for looks in [0, 1, 5] {
        let mut world = stopped();
        let disk = Faults::default();
        *disk.looks_left.lock() = Some(("t-0", looks));
        world.open_on(disk);
        assert!(world.log().claim(&topic(), ID));
        world.log().configure(ID, LogSettings { file_delete_delay_ms: 5, ..world.settings });
        assert_eq!(world.log().partitions().len(), 2);
        world.log().delete(ID).unwrap();
        assert!(matches!(world.log().delete(ID), Err(DeleteError::NotFound(ID))));
        assert!(matches!(world.log().offsets(ID), Err(ReadError::NotFound(ID))));
        // Not as if it were the one that the checkpoints know.
        *world.faults().looks_left.lock() = None;
        let new = PartitionId { topic: TopicId(uuid::Uuid::from_u128(9)), ..ID };
        world.log().create(&topic(), new, world.settings).unwrap();
        world.pass_ms(5);
        world.free_deleted();
        assert!(!list(world.dir.path()).iter().any(|name| name.ends_with("-delete")));
        world.restart();
        assert!(world.report.clean, "nothing is offline any more");
        assert_eq!(world.log().offsets(new).unwrap().log_start, Offset(0));
    }
}

/// Whatever the whole machine lacks would only show at the next partition again.
#[test]
fn a_full_disk_is_everybodys() {
    let world = crashed();
    *world.faults().bytes_left.lock() = Some(0);
    let opened = Log::open(&world.options(), world.env.clone(), world.heard.clone());
    assert!(matches!(opened, Err(OpenError::DiskFull { .. })));
}

/// So is what the whole process lacks.
#[test]
fn too_few_handles_are_everybodys() {
    let of = |code| OpenError::io("opening", "x", std::io::Error::from_raw_os_error(code));
    assert!([24, 23, 12].into_iter().all(|code| !of(code).concerns_one_partition()));
    assert!(of(5).concerns_one_partition());
}
