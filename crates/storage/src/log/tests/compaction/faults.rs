//! Crashes, failing disks and damage during compaction.

use super::*;

/// Two keys over four segments, which become one.
fn dirty() -> World {
    let world = compacted(|settings| settings.segment_bytes = 3000);
    for n in 0..12 {
        world.set(&[&format!("{}={n}", if n % 2 == 0 { "a" } else { "b" })]);
        if n % 3 == 2 {
            world.roll();
        }
    }
    world
}

const LEFT: [&str; 2] = ["10:a=10", "11:b=11"];

/// At every single change of a name, and every sync of a directory, the machine stops.
#[test]
fn a_crash_at_any_point_of_a_swap_leaves_the_old_or_the_new() {
    let (mut old, mut new) = (0, 0);
    for changes in 0.. {
        let mut world = dirty();
        *world.faults().changes_left.lock() = Some(changes);
        world.compact();
        let finished = world.faults().changes_left.lock().is_some_and(|left| 0 < left);
        let before = world.seen();
        world.crash();
        let seen = world.seen();
        match seen.len() {
            12 => old += 1,
            2 => {
                assert_eq!(seen, LEFT);
                new += 1;
            }
            other => panic!("after {changes} changes {other} records are left: {seen:?}"),
        }
        // What a consumer has seen before the crash is not taken back.
        assert!(before.len() == 12 || seen.len() == 2, "{changes}: {before:?} {seen:?}");
        assert_eq!((world.report.cuts.len(), world.report.damages.len()), (0, 0));
        world.assert_tidy();
        world.set(&["c=1"]);
        world.roll();
        world.compact();
        assert_eq!(world.seen(), ["10:a=10", "11:b=11", "12:c=1"]);
        world.assert_tidy();
        if finished {
            break;
        }
    }
    assert!(5 < old && 5 < new, "{old} crashes before the swap counted, {new} after");
}

/// The same with what Kafka leaves: it renames the log before the indexes, and may have removed some old segments.
#[test]
fn an_interrupted_swap_of_kafka_is_finished() {
    let mut world = dirty();
    let before = world.bases();
    assert!(2 < before.len());
    let originals: Vec<_> = world
        .files()
        .into_iter()
        .map(|name| (world.file(&name), std::fs::read(world.file(&name)).unwrap()))
        .collect();
    world.compact();
    let compacted = std::fs::read(world.file("00000000000000000000.log")).unwrap();
    world.log = None;
    // The old segments as they were but for one, the new one as .swap, and an unfinished other one.
    for (path, bytes) in originals {
        std::fs::write(path, bytes).unwrap();
    }
    std::fs::remove_file(world.file(&format!("{:020}.log", before[1]))).unwrap();
    std::fs::write(world.file("00000000000000000000.log.swap"), compacted).unwrap();
    std::fs::write(world.file("00000000000000000000.index.cleaned"), "x").unwrap();
    std::fs::write(world.file("00000000000000000005.log.cleaned"), "x").unwrap();
    std::fs::write(world.file("00000000000000000005.timeindex.swap"), "x").unwrap();
    world.open();
    assert_eq!(world.seen(), LEFT);
    assert_eq!(world.bases(), [0, 12]);
    world.assert_tidy();
    assert_eq!(
        world.log().find_by_time(ID, Timestamp(0), ReadBound::HighWatermark).unwrap().unwrap().offset,
        Offset(10)
    );
}

#[test]
fn a_full_disk_leaves_the_log_as_it_was_and_is_tried_again() {
    let world = dirty();
    for bytes in [0, 60, 130] {
        *world.faults().bytes_left.lock() = Some(bytes);
        world.compact();
        assert_eq!(world.seen().len(), 12);
        world.assert_tidy();
        *world.faults().bytes_left.lock() = None;
        assert_eq!(world.compact(), 0, "not at once");
        world.pass_ms(60_000);
    }
    world.set(&["c=1"]);
    world.compact();
    assert_eq!(world.seen(), ["10:a=10", "11:b=11", "12:c=1"]);
    world.assert_tidy();
}

impl World {
    fn flip_bits(&self, name: &str, position: usize, bits: u8) {
        let mut bytes = std::fs::read(self.file(name)).unwrap();
        bytes[position] ^= bits;
        std::fs::write(self.file(name), bytes).unwrap();
    }
}

/// Regression: it stayed claimed, and was not compacted before a restart.
#[test]
fn a_cleaner_that_panics_gives_its_log_back() {
    let (mut whole, mut offline) = (0, 0);
    for changes in 0.. {
        let mut world = dirty();
        world.log().checkpoint().unwrap();
        world.faults().changes_panic.store(true, Ordering::SeqCst);
        *world.faults().changes_left.lock() = Some(changes);
        let compacted = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| world.compact()));
        *world.faults().changes_left.lock() = None;
        if compacted.is_ok() {
            break;
        }
        assert_eq!(world.compact(), 0, "others have their turn first");
        world.pass_ms(600_000);
        if world.append(keyed(&["c=1"], world.now())).is_ok() {
            whole += 1;
        } else {
            // In the middle of a swap. Nobody knows which names there are.
            offline += 1;
            assert_eq!(world.compact(), 0);
            world.crash();
            world.set(&["c=1"]);
        }
        world.roll();
        world.compact();
        assert_eq!(world.seen(), ["10:a=10", "11:b=11", "12:c=1"], "after {changes} changes");
        world.assert_tidy();
    }
    assert!(3 < whole && 5 < offline, "{whole} that went on, {offline} offline");
}

#[test]
fn a_failing_sync_leaves_the_log_as_it_was() {
    let world = dirty();
    // A checkpoint that fails is something else: it takes the log offline.
    world.log().checkpoint().unwrap();
    world.faults().syncs_fail.store(true, Ordering::SeqCst);
    world.compact();
    world.faults().syncs_fail.store(false, Ordering::SeqCst);
    assert_eq!(world.seen().len(), 12);
    world.assert_tidy();
    world.set(&["c=1"]);
}

#[test]
fn a_damaged_log_is_left_alone() {
    let mut world = dirty();
    let name = format!("{:020}.log", world.bases()[1]);
    // A value; the offset, which no checksum covers, once up and once down; the length.
    for (position, bit) in [(68, 1), (6, 1), (7, 3), (11, 1)] {
        world.flip_bits(&name, position, bit);
        let bytes = std::fs::read(world.file(&name)).unwrap();
        world.compact();
        assert_eq!(std::fs::read(world.file(&name)).unwrap(), bytes, "nothing of it was thrown away");
        world.assert_tidy();
        world.pass_ms(1 << 40);
        assert_eq!(world.compact(), 0);
        world.flip_bits(&name, position, bit);
        world.restart();
    }
    world.compact();
    assert_eq!(world.seen(), LEFT);
}

#[test]
fn a_partition_that_is_deleted_meanwhile_is_given_up() {
    for steps in 0..60 {
        let world = dirty();
        let mut cleaner = world.log().cleaner(OPTIONS);
        for _ in 0..steps {
            cleaner.step();
        }
        world.log().delete(ID).unwrap();
        // Another one gets its name, and with it the directory.
        let new = PartitionId { topic: TopicId(uuid::Uuid::from_u128(8)), ..ID };
        world.log().create(&topic(), new, world.settings).unwrap();
        work(&mut cleaner);
        assert_eq!(world.files().iter().filter(|name| name.ends_with(".log")).count(), 1);
        let odd =
            world.files().into_iter().filter(|name| name.ends_with(".swap") || name.ends_with(".cleaned"));
        assert_eq!(odd.count(), 0);
        assert_eq!(world.log().offsets(new).unwrap().end, Offset(0));
    }
}

#[test]
fn a_log_that_is_trimmed_meanwhile_is_given_up() {
    for steps in 0..60 {
        let world = dirty();
        let mut cleaner = world.log().cleaner(OPTIONS);
        for _ in 0..steps {
            cleaner.step();
        }
        world.log().trim(ID, Offset(10)).unwrap();
        work(&mut cleaner);
        assert_eq!(world.seen(), LEFT);
        assert_eq!(world.offsets().log_start, Offset(10));
        world.assert_tidy();
    }
}

#[test]
fn a_log_that_closes_is_given_up() {
    let mut world = dirty();
    let mut cleaner = world.log().cleaner(OPTIONS);
    while !world.files().iter().any(|name| name.ends_with(".cleaned")) {
        cleaner.step();
    }
    world.log().clone().close();
    assert_eq!(cleaner.step(), CleanerStep::Idle);
    drop(cleaner);
    world.log = None;
    world.open();
    assert!(world.report.clean);
    assert_eq!(world.seen().len(), 12);
    world.assert_tidy();
}

/// Without knowing what was aborted, an aborted record would supersede a committed one.
#[test]
fn a_lost_index_of_aborted_transactions_stops_compaction() {
    let mut world = compacted(|settings| settings.segment_bytes = 3000);
    world.set(&["a=1"]);
    world.append(inside(9, 0, &["a=2"])).unwrap();
    let end = super::super::transactions::end(9, 0, MarkerKind::Abort, crate::TransactionVersion::V1);
    world.finish(end).unwrap();
    world.roll();
    std::fs::remove_file(world.file("00000000000000000000.txnindex")).unwrap();
    world.compact();
    assert_eq!(world.seen().len(), 2);
    // The next start makes it anew.
    world.crash();
    world.compact();
    assert_eq!(world.seen(), ["0:a=1"]);
}

/// Regression, found by the simulator: a start after a crash learns of producers from the recovery point on, and of what
/// lay behind it compaction had left each producer's last batch alone. A repetition of one before was refused as out of
/// order, and its producer sent it as a new one.
#[test]
fn a_repetition_is_known_after_a_compaction_and_a_crash() {
    let mut world = compacted(|_| {});
    let batch = |sequence| {
        let options = BatchOptions {
            producer_id: ProducerId(9),
            producer_epoch: ProducerEpoch(0),
            base_sequence: sequence,
            ..BatchOptions::default()
        };
        keyed_with(&["a=1"], START_MS, options)
    };
    for sequence in 0..5 {
        world.append(batch(sequence)).unwrap();
    }
    world.roll();
    // Where a checkpoint fails nothing goes.
    world.disk.file_system_syncs_fail.store(true, Ordering::SeqCst);
    world.compact();
    assert_eq!(world.seen_from(0).len(), 5);
    world.crash();
    for sequence in 0..5 {
        let again = world.append(batch(sequence)).unwrap();
        assert_eq!(again.base_offset, Offset(sequence.into()));
    }
    world.append(batch(5)).unwrap();
    world.roll();
    world.compact();
    assert_eq!(world.seen_from(0).len(), 1);
    world.crash();
    for sequence in 1..6 {
        let again = world.append(batch(sequence)).unwrap();
        assert_eq!(again.base_offset, Offset(sequence.into()));
    }
}
