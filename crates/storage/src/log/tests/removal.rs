//! Old records go by time, by size and by request; partitions go as a whole.

use super::*;

fn rolled() -> World {
    let world = World::with(|settings| {
        settings.segment_bytes = 200;
        settings.retention_ms = None;
        settings.file_delete_delay_ms = 1000;
    });
    for n in 0..12 {
        world.put(&[&n.to_string()]);
        world.pass_ms(100);
    }
    world
}

fn keep(world: &World, change: impl Fn(&mut LogSettings)) {
    let mut settings = world.settings;
    change(&mut settings);
    world.log().configure(ID, settings);
}

#[test]
fn segments_go_when_all_their_records_are_too_old() {
    let mut world = rolled();
    let bases = segment_bases(&world);
    assert!(5 <= bases.len());
    // The records of the first two segments are older than 1200 - 100 × base of the third.
    let limit = u64::try_from(1200 - bases[2] * 100).unwrap();
    keep(&world, |settings| settings.retention_ms = Some(limit));
    world.log().enforce_retention();
    assert_eq!(segment_bases(&world), bases[2..]);
    assert_eq!(world.offsets().log_start, Offset(bases[2]));
    assert!(matches!(world.read(0, 100), Err(ReadError::OutOfRange { .. })));
    world.restart();
    assert_eq!(world.offsets().log_start, Offset(bases[2]));
}

fn segment_bases(world: &World) -> Vec<i64> {
    let partition = world.log().0.partitions.read()[&ID].clone();
    partition.state.lock().segments.iter().map(|segment| segment.base.0).collect()
}

#[test]
fn everything_goes_when_everything_is_too_old() {
    let mut world = rolled();
    world.pass_ms(10_000);
    keep(&world, |settings| settings.retention_ms = Some(5000));
    world.log().enforce_retention();
    let Offsets { log_start, end, .. } = world.offsets();
    assert_eq!((log_start, end), (Offset(12), Offset(12)));
    assert_eq!(world.log().size(ID), 0);
    // An empty log stays as it is.
    world.log().enforce_retention();
    assert_eq!(segment_bases(&world), [12]);
    world.crash();
    assert_eq!(world.put(&["next"]), Offset(12));
}

#[test]
fn the_oldest_segments_go_when_there_are_too_many_bytes() {
    let world = rolled();
    let (bases, size) = (segment_bases(&world), world.log().size(ID));
    let first: u64 = u64::from(world.log().0.partitions.read()[&ID].state.lock().segments[0].size);
    keep(&world, |settings| settings.retention_bytes = Some(size - first + 1));
    world.log().enforce_retention();
    assert_eq!(segment_bases(&world), bases);
    keep(&world, |settings| settings.retention_bytes = Some(size - first));
    world.log().enforce_retention();
    assert_eq!(segment_bases(&world), bases[1..]);
}

#[test]
fn a_compacted_topic_keeps_old_segments() {
    let world = rolled();
    world.pass_ms(10_000);
    keep(&world, |settings| {
        settings.retention_ms = Some(1);
        settings.cleanup = crate::Cleanup { delete: false, compact: true };
    });
    world.log().enforce_retention();
    assert_eq!(world.offsets().log_start, Offset(0));
}

#[test]
fn removed_files_stay_for_a_while_and_readers_are_not_disturbed() {
    let world = rolled();
    let read = world.log().read(ID, Offset(0), 1 << 20, ReadBound::End, WholeFirst::Yes).unwrap();
    world.log().trim(ID, Offset(12)).unwrap();
    let deleted = || world.files().into_iter().filter(|name| name.ends_with(".deleted")).count();
    assert!(0 < deleted());
    world.pass_ms(999);
    assert_eq!(world.log().free_deleted(), None);
    assert!(0 < deleted());
    world.pass_ms(1);
    world.free_deleted();
    assert_eq!(deleted(), 0);
    assert!(!records_of(&read.records.to_bytes().unwrap()).is_empty());
}

/// Whoever reads a log that goes has all of it, however long he takes: also by a handle that the handle cache would have
/// closed, and whether the segment or the partition goes.
#[test]
fn a_large_log_is_not_cut_while_somebody_reads_it() {
    type Remove = fn(&Log);
    let removals: [Remove; 2] = [|log| _ = log.trim(ID, Offset(5)).unwrap(), |log| log.delete(ID).unwrap()];
    for remove in removals {
        let world = World::with(|settings| {
            settings.segment_bytes = 5 << 20;
            settings.file_delete_delay_ms = 0;
        });
        let value = "x".repeat(1 << 20);
        (0..6).for_each(|_| _ = world.put(&[&value]));
        let log = world.file("00000000000000000000.log");
        let (watch, length) = (std::fs::File::open(&log).unwrap(), std::fs::metadata(&log).unwrap().len());
        let read = world.log().read(ID, Offset(0), 1 << 30, ReadBound::End, WholeFirst::Yes).unwrap();
        // Not used since the last look.
        (0..2).for_each(|_| world.log().checkpoint().unwrap());
        remove(world.log());
        world.free_deleted();
        assert!(!log.exists());
        assert_eq!(watch.metadata().unwrap().len(), length);
        assert_eq!(records_of(&read.records.to_bytes().unwrap()).len(), 4);
        drop(read);
        world.free_deleted();
        assert!(watch.metadata().unwrap().len() < length, "bit by bit");
    }
}

/// A power cut may bring their old names back.
#[test]
fn files_whose_new_names_are_not_durable_are_left_to_the_next_start() {
    let mut world = rolled();
    let log = world.file("00000000000000000000.log.deleted");
    world.log().checkpoint().unwrap();
    world.faults().syncs_fail.store(true, Ordering::SeqCst);
    keep(&world, |settings| settings.retention_bytes = Some(1));
    world.log().enforce_retention();
    world.faults().syncs_fail.store(false, Ordering::SeqCst);
    world.pass_ms(1000);
    world.free_deleted();
    assert!(log.exists());
    world.crash();
    world.free_deleted();
    assert!(!log.exists());
}

impl World {
    pub(super) fn free_deleted(&self) {
        while self.log().free_deleted().is_some() {}
    }
}

#[test]
fn a_trim_moves_the_log_start_for_good() {
    let mut world = rolled();
    assert_eq!(world.log().trim(ID, Offset(7)).unwrap(), Offset(7));
    // It never goes back.
    assert_eq!(world.log().trim(ID, Offset(3)).unwrap(), Offset(7));
    let above = world.log().trim(ID, Offset(13));
    assert!(matches!(above, Err(TrimError::OutOfRange { high_watermark: Offset(12), .. })));
    assert!(matches!(world.read(6, 100), Err(ReadError::OutOfRange { log_start: Offset(7), .. })));
    world.crash();
    assert_eq!(world.offsets().log_start, Offset(7));
    assert_eq!(world.values(7, 1000), ["7", "8", "9", "10", "11"]);
    world.restart();
    assert_eq!(world.offsets().log_start, Offset(7));
}

#[test]
fn a_deleted_partition_is_gone_and_its_name_is_free() {
    let mut world = World::with(|settings| settings.file_delete_delay_ms = 1000);
    world.put(&["old"]);
    world.log().delete(ID).unwrap();
    assert!(matches!(world.log().offsets(ID), Err(ReadError::NotFound(ID))));
    assert_eq!(world.append(batch(&["x"], 0)), Err(AppendError::NotFound(ID)));
    assert!(matches!(world.log().delete(ID), Err(DeleteError::NotFound(ID))));
    let new = PartitionId { topic: TopicId(uuid::Uuid::from_u128(8)), ..ID };
    world.log().create(&topic(), new, world.settings).unwrap();
    assert_eq!(world.log().offsets(new).unwrap().end, Offset(0));
    assert_eq!(list(world.dir.path()).iter().filter(|name| name.ends_with("-delete")).count(), 1);
    world.crash();
    assert_eq!(world.log().partitions(), [(topic(), new)]);
    world.free_deleted();
    assert_eq!(list(world.dir.path()).iter().filter(|name| name.ends_with("-delete")).count(), 0);
}

/// Regression: the recovery point and the log start of a deleted topic were taken for those of the next one of its
/// name, which after a crash was damaged then, and refused everything.
#[test]
fn a_partition_is_not_judged_by_what_was_noted_of_its_namesake() {
    let between: [fn(&mut World); 4] =
        [|_| (), World::restart, World::crash, |world| world.log().checkpoint().unwrap()];
    for between in between {
        let mut world = World::new();
        for value in ["a", "b", "c"] {
            world.put(&[value]);
        }
        world.log().checkpoint().unwrap();
        world.log().trim(ID, Offset(2)).unwrap();
        world.log().delete(ID).unwrap();
        between(&mut world);
        let new = PartitionId { topic: TopicId(uuid::Uuid::from_u128(8)), ..ID };
        world.log().create(&topic(), new, world.settings).unwrap();
        world.crash();
        assert_eq!(world.report.damages, []);
        let offsets = world.log().offsets(new).unwrap();
        assert_eq!((offsets.log_start, offsets.end), (Offset(0), Offset(0)));
    }
}

#[test]
fn partitions_are_created_once_and_survive_a_crash() {
    let mut world = World::new();
    assert!(matches!(world.log().create(&topic(), ID, world.settings), Err(CreateError::Exists(ID))));
    world.log().create_range(&topic(), ID.topic, 1..4, world.settings).unwrap();
    // All or none.
    let clash = world.log().create_range(&topic(), ID.topic, 3..6, world.settings);
    assert!(matches!(clash, Err(CreateError::Exists(_))));
    world.crash();
    let mut indexes: Vec<_> = world.log().partitions().iter().map(|(_, id)| id.index.0).collect();
    indexes.sort_unstable();
    assert_eq!(indexes, [0, 1, 2, 3]);
}

/// Regression: what an interrupted creation has left must not keep its name for ever.
#[test]
fn a_half_made_partition_is_taken_over() {
    let world = World::new();
    let half = world.dir.path().join("t-1");
    std::fs::create_dir(&half).unwrap();
    std::fs::write(half.join("00000000000000000000.log"), []).unwrap();
    let id = PartitionId { index: PartitionIndex(1), ..ID };
    world.log().create(&topic(), id, world.settings).unwrap();
    // One with records is somebody's.
    let foreign = world.dir.path().join("t-2");
    std::fs::create_dir(&foreign).unwrap();
    std::fs::write(foreign.join("00000000000000000000.log"), "x").unwrap();
    let id = PartitionId { index: PartitionIndex(2), ..ID };
    assert!(matches!(world.log().create(&topic(), id, world.settings), Err(CreateError::Io { .. })));
}

/// Regression: a failure in the middle must not leave segments in the log whose files are gone.
#[test]
fn a_removal_that_fails_in_the_middle_goes_on_later() {
    let mut world = rolled();
    let bases = segment_bases(&world);
    // The second segment cannot be renamed: its place is taken by a directory.
    let blocked = world.file(&format!("{:020}.log.deleted", bases[1]));
    std::fs::create_dir(&blocked).unwrap();
    assert_eq!(world.log().trim(ID, Offset(12)).unwrap(), Offset(12));
    assert_eq!(segment_bases(&world), bases[1..]);
    std::fs::remove_dir(&blocked).unwrap();
    world.log().enforce_retention();
    assert_eq!(segment_bases(&world), bases[bases.len() - 1..]);
    world.restart();
    assert_eq!(world.offsets().log_start, Offset(12));
}

#[test]
fn jitter_lets_segments_roll_earlier_but_never_later() {
    let world = World::with(|settings| {
        settings.segment_ms = 1000;
        settings.segment_jitter_ms = 500;
    });
    let mut ages = Vec::new();
    for _ in 0..10 {
        let before = segment_bases(&world).len();
        let mut age = 0;
        while segment_bases(&world).len() == before {
            world.put(&["x"]);
            world.pass_ms(1);
            age += 1;
        }
        ages.push(age);
    }
    assert!(ages.iter().all(|age| (500..=1002).contains(age)), "{ages:?}");
    ages.dedup();
    assert!(3 < ages.len(), "{ages:?}");
}

#[test]
fn a_segment_stays_for_exactly_its_time() {
    let world = World::with(|settings| settings.retention_ms = Some(1000));
    world.put(&["a"]);
    world.pass_ms(1000);
    world.log().enforce_retention();
    assert_eq!(world.offsets().log_start, Offset(0));
    world.pass_ms(1);
    world.log().enforce_retention();
    assert_eq!(world.offsets().log_start, Offset(1));
}

#[test]
fn what_is_not_durable_yet_is_not_removed() {
    let world = World::with(|settings| {
        settings.durability = Durability::Sync;
        settings.segment_bytes = 100;
        settings.retention_ms = Some(1);
        settings.retention_bytes = Some(1);
    });
    let gate = world.faults().sync_gate.lock();
    let appends = (0..5).map(|n| Append { id: ID, batch: batch(&[&n.to_string()], 0) });
    let ticket = world.log().append(appends.collect());
    world.log().enforce_retention();
    assert_eq!(segment_bases(&world), [0, 1, 2, 3, 4]);
    drop(gate);
    wait(ticket);
    world.log().enforce_retention();
    assert_eq!(segment_bases(&world), [5]);
}

/// Regression, found by the simulator: bytes that no sync had covered counted as kept, and when that sync failed less
/// was left than the settings keep.
#[test]
fn what_is_not_durable_yet_is_not_counted_as_kept() {
    let world = World::with(|settings| {
        settings.durability = Durability::Sync;
        settings.segment_bytes = 100;
    });
    for n in 0..4 {
        world.put(&[&n.to_string()]);
    }
    world.log().checkpoint().unwrap();
    let size = world.log().size(ID);
    keep(&world, |settings| settings.retention_bytes = Some(size));
    let gate = world.faults().sync_gate.lock();
    let appends = (4..8).map(|n| Append { id: ID, batch: batch(&[&n.to_string()], 0) });
    let ticket = world.log().append(appends.collect());
    world.log().enforce_retention();
    assert_eq!(segment_bases(&world), [0, 1, 2, 3, 4, 5, 6, 7]);
    drop(gate);
    wait(ticket);
    world.log().enforce_retention();
    assert_eq!(segment_bases(&world), [4, 5, 6, 7]);
}

/// Regression, found by the simulator: what the producers of removed segments had written was only in a snapshot that no
/// sync had covered. After a power cut the next batch of theirs was refused as out of order.
#[test]
fn nothing_is_removed_before_it_is_below_the_recovery_point() {
    let mut world = World::with(|settings| {
        settings.durability = Durability::Sync;
        settings.segment_bytes = 200;
    });
    for sequence in 0..6 {
        world.append(sequenced(9, 0, sequence, &["x"])).unwrap();
    }
    // A checkpoint that fails keeps the segments, but not what is in them.
    let bases = segment_bases(&world);
    world.disk.file_system_syncs_fail.store(true, Ordering::SeqCst);
    assert_eq!(world.log().trim(ID, Offset(6)).unwrap(), Offset(6));
    assert_eq!(segment_bases(&world), bases);
    assert!(world.read(0, 100).is_err());
    // What that sync lost is unknown until a start has looked.
    world.crash();
    world.log().enforce_retention();
    assert_eq!(segment_bases(&world), [bases[bases.len() - 1]]);
    let checkpoint = world.dir.path().join("recovery-point-offset-checkpoint");
    assert_eq!(std::fs::read_to_string(checkpoint).unwrap(), "0\n1\nt 0 6\n");
    world.crash();
    assert_eq!(world.append(sequenced(9, 0, 6, &["x"])).unwrap().base_offset, Offset(6));
}

/// The lock is given back while a read looks for its batch. The index of aborted transactions of a segment that went
/// meanwhile went with it, and without it an aborted record would look committed.
#[test]
fn what_goes_while_a_read_looks_for_it_is_not_given() {
    type Remove = fn(&Log);
    let removals: [(&str, Remove); 3] = [
        ("the segment", |log| _ = log.trim(ID, Offset(8)).unwrap()),
        ("only the record", |log| _ = log.trim(ID, Offset(1)).unwrap()),
        ("what is too much", |log| {
            log.configure(ID, LogSettings { retention_bytes: Some(200), ..log.settings(ID).unwrap() });
            log.enforce_retention();
        }),
    ];
    for (what, remove) in removals {
        let mut world = World::with(|settings| settings.segment_bytes = 300);
        world.append(super::transactions::inside(9, 0, 0, &["aborted"])).unwrap();
        let abort = ottla_wire::record::MarkerKind::Abort;
        world.finish(super::transactions::end(9, 0, abort, crate::TransactionVersion::V1)).unwrap();
        for _ in 0..10 {
            world.put(&["value"]);
        }
        // Nothing of it is in memory.
        world.restart();
        let read =
            |world: &World| world.log().read(ID, Offset(0), 100, ReadBound::LastStable, WholeFirst::Yes);
        assert_eq!(read(&world).unwrap().aborted.len(), 1);
        let log = world.log().clone();
        *world.faults().before_read.lock() = Some(Box::new(move || remove(&log)));
        let found = read(&world);
        assert!(world.faults().before_read.lock().is_none(), "{what} went meanwhile");
        assert!(matches!(found, Err(ReadError::OutOfRange { .. })), "{what}: {found:?}");
    }
}
