//! What a killed process has left in the page cache, while the system ran on.

use super::*;

const LOG: &str = "00000000000000000000.log";
const RUN: &str = ".run";

/// Three batches of a process that is gone, in a system that runs on.
fn left(change: impl Fn(&mut LogSettings)) -> World {
    let mut world = World::with(change);
    world.log = None;
    world.open_on(in_run());
    ["a", "b", "c"].into_iter().for_each(|value| _ = world.put(&[value]));
    world.log = None;
    world
}

fn in_run() -> Faults {
    Faults::in_run("one")
}

fn note(world: &World) -> std::path::PathBuf {
    world.dir.path().join(RUN)
}

fn logs(world: &World) -> Vec<std::path::PathBuf> {
    let names = world.files().into_iter().filter(|name| name.ends_with(".log"));
    names.map(|name| world.file(&name).canonicalize().unwrap()).collect()
}

#[test]
fn it_is_neither_synced_nor_compared_before_the_start_but_by_the_checkpoint() {
    let mut world = left(|settings| settings.segment_bytes = 150);
    let epoch = |world: &World| world.offsets().leader_epoch;
    world.open_on(in_run());
    assert!(!world.report.clean && 0 < world.report.bytes_checked);
    assert_eq!(world.report.doubted, []);
    assert_eq!(world.faults().syncs.load(Ordering::SeqCst), 0);
    assert!(world.faults().forgotten.lock().is_empty());
    assert_eq!(world.values(0, 1000), ["a", "b", "c"]);
    assert_eq!(world.put(&["d"]), Offset(3));
    let (before, logs) = (epoch(&world), logs(&world));
    assert!(1 < logs.len());
    world.log().checkpoint().unwrap();
    // Once more after the sync of everything, with whose answer the other process may have died.
    logs.iter().for_each(|log| assert!(world.faults().synced.lock().contains(log), "{log:?}"));
    world.faults().synced.lock().clear();
    world.put(&["e"]);
    world.log().checkpoint().unwrap();
    let synced = world.faults().synced.lock().clone();
    assert!(!synced.iter().any(|path| path.extension().is_some_and(|end| end == "log")), "{synced:?}");
    world.log = None;
    world.open_on(in_run());
    assert_eq!(world.report.bytes_checked, 0, "the recovery point has moved");
    assert_eq!(epoch(&world), before, "nothing is gone that anybody has seen");
}

#[test]
fn where_records_count_when_they_are_durable_it_is_synced_before_anybody_sees_it() {
    let mut world = left(|settings| (settings.durability, settings.segment_bytes) = (Durability::Sync, 150));
    world.open_on(in_run());
    let synced = world.faults().synced.lock().clone();
    logs(&world).iter().for_each(|log| assert!(synced.contains(log), "{log:?}"));
    assert!(synced.contains(&world.dir.path().join("t-0")), "{synced:?}");
    assert!(world.faults().forgotten.lock().is_empty());
    assert_eq!(world.values(0, 1000), ["a", "b", "c"]);
}

/// Also where nobody has asked for it so far: what is acknowledged as durable lies behind it.
#[test]
fn the_first_record_that_counts_when_it_is_durable_waits_for_it() {
    let mut world = left(|settings| settings.segment_bytes = 150);
    world.open_on(in_run());
    world.log().configure(ID, LogSettings { durability: Durability::Sync, ..world.settings });
    world.put(&["d"]);
    let synced = world.faults().synced.lock().clone();
    logs(&world).iter().for_each(|log| assert!(synced.contains(log), "{log:?}"));
    world.faults().synced.lock().clear();
    world.put(&["e"]);
    assert!(!world.faults().synced.lock().contains(&logs(&world)[0]), "it is known to be well");
}

/// Many logs are made durable by a sync of the whole file system, and that tells nothing of an earlier process.
#[test]
fn it_is_synced_by_itself_also_where_many_are_synced_together() {
    let mut world = left(|settings| settings.segment_bytes = 150);
    world.open_on(in_run());
    let settings = LogSettings { durability: Durability::Sync, ..world.settings };
    world.log().configure(ID, settings);
    let id = |index| PartitionId { index: PartitionIndex(index), ..ID };
    (1..=10).for_each(|index| world.log().create(&topic(), id(index), settings).unwrap());
    let append = |index| Append { id: id(index), batch: batch(&["d"], START_MS) };
    world.faults().synced.lock().clear();
    world.faults().syncs.store(0, Ordering::SeqCst);
    // All come together, behind one that is being synced.
    let gate = world.faults().sync_gate.lock();
    let first = world.log().append(vec![append(10)]);
    while world.faults().syncs.load(Ordering::SeqCst) == 0 {
        std::thread::yield_now();
    }
    let ticket = world.log().append((0..10).map(append).collect());
    drop(gate);
    wait(first);
    wait(ticket).into_iter().for_each(|appended| _ = appended.unwrap());
    let synced = world.faults().synced.lock().clone();
    logs(&world).iter().for_each(|log| assert!(synced.contains(log), "{log:?}"));
    assert!(!synced.iter().any(|path| path.starts_with(world.dir.path().join("t-1"))), "{synced:?}");
}

/// The process has noted that a sync has failed.
#[test]
fn after_a_failed_sync_it_is_compared_with_the_disk() {
    let mut world = left(|_| {});
    world.open_on(in_run());
    world.faults().file_system_syncs_fail.store(true, Ordering::SeqCst);
    assert!(world.log().checkpoint().is_err());
    lose_the_first_bytes(&mut world);
    assert_eq!(world.report.doubted, [(topic(), ID.index)]);
    assert_eq!(world.values(0, 1000), ["a", "b", "c"]);
    assert!(world.disk.synced.lock().contains(&world.file(LOG).canonicalize().unwrap()));
    // The start has made it good.
    world.log = None;
    world.open_on(in_run());
    assert_eq!(world.report.doubted, []);
}

/// The next process finds that the disk has not what the page cache shows.
fn lose_the_first_bytes(world: &mut World) {
    world.log = None;
    let disk = in_run();
    *disk.lost.lock() = 0..10;
    world.open_on(disk);
    assert_eq!(*world.disk.lost.lock(), 10..10, "it was looked for");
}

/// The sync may have failed, and nobody but that process was told.
#[test]
fn what_a_process_died_over_syncing_is_compared_with_the_disk() {
    let mut world = World::with(|settings| settings.durability = Durability::Sync);
    world.log = None;
    world.open_on(in_run());
    world.faults().syncs.store(0, Ordering::SeqCst);
    let gate = world.faults().sync_gate.lock();
    let ticket = world.log().append(vec![Append { id: ID, batch: batch(&["a"], START_MS) }]);
    while world.faults().syncs.load(Ordering::SeqCst) == 0 {
        std::thread::yield_now();
    }
    let noted = std::fs::read(note(&world)).unwrap();
    drop(gate);
    wait(ticket);
    // As it was when the process died.
    world.log = None;
    std::fs::write(note(&world), noted).unwrap();
    lose_the_first_bytes(&mut world);
    assert_eq!(world.report.doubted, [(topic(), ID.index)]);
    assert_eq!(world.values(0, 1000), ["a"]);
    let epochs = world.file("leader-epoch-checkpoint.tmp");
    assert!(world.disk.synced.lock().contains(&epochs), "no batch may be durable in an epoch that is not");
}

/// The system tells whoever syncs a file first. Nothing is acknowledged behind what is lost, and the next start puts it back.
#[test]
fn a_failure_that_nobody_has_heard_of_takes_the_partition_offline() {
    let mut world = left(|_| {});
    let disk = in_run();
    disk.older_failures_of_files.store(1, Ordering::SeqCst);
    world.open_on(disk);
    world.put(&["d"]);
    world.log().checkpoint().unwrap();
    assert_eq!(world.append(batch(&["e"], START_MS)), Err(AppendError::Storage(ID)));
    lose_the_first_bytes(&mut world);
    assert_eq!(world.values(0, 1000), ["a", "b", "c", "d"]);
    assert_eq!(world.put(&["e"]), Offset(4));
}

#[test]
fn where_records_count_when_they_are_durable_such_a_failure_ends_the_start() {
    let mut world = left(|settings| settings.durability = Durability::Sync);
    world.disk = Arc::new(in_run());
    world.disk.older_failures_of_files.store(1, Ordering::SeqCst);
    let (log, _) = Log::open(&world.options(), world.env.clone(), world.heard.clone()).unwrap();
    assert!(matches!(log.sync_inherited(), Err(OpenError::Io { .. })));
    drop(log);
    lose_the_first_bytes(&mut world);
    assert_eq!(world.values(0, 1000), ["a", "b", "c"]);
}

/// Also by a stop in good order, which would let the next start look at nothing.
#[test]
fn a_stop_looks_at_what_was_left() {
    let mut world = left(|_| {});
    let disk = in_run();
    disk.older_failures_of_files.store(1, Ordering::SeqCst);
    world.open_on(disk);
    world.log.take().unwrap().close();
    lose_the_first_bytes(&mut world);
    assert!(!world.report.clean);
    assert_eq!(world.values(0, 1000), ["a", "b", "c"]);
}

/// A start that compares all logs with the disk and cannot read one has not looked at that.
#[test]
fn what_could_not_be_looked_at_stays_in_doubt() {
    let mut world = left(|_| {});
    std::fs::remove_file(note(&world)).unwrap();
    let disk = in_run();
    *disk.looks_left.lock() = Some(("t-0", 0));
    world.open_on(disk);
    assert_eq!(world.report.offline.len(), 1);
    lose_the_first_bytes(&mut world);
    assert_eq!(world.values(0, 1000), ["a", "b", "c"]);
}

/// A kill in the middle of a large write leaves its first part.
#[test]
fn a_torn_end_is_cut_and_what_follows_is_no_part_of_it() {
    let mut world = left(|_| {});
    let whole = std::fs::metadata(world.file(LOG)).unwrap().len();
    let torn = std::fs::File::options().write(true).open(world.file(LOG)).unwrap();
    torn.set_len(whole - 1).unwrap();
    world.open_on(in_run());
    assert_eq!(world.report.cuts.len(), 1);
    assert_eq!(world.put(&["d"]), Offset(2));
    world.log().configure(ID, LogSettings { durability: Durability::Sync, ..world.settings });
    world.put(&["e"]);
    assert!(world.faults().synced.lock().contains(&world.file(LOG).canonicalize().unwrap()));
    world.crash();
    assert_eq!(world.values(0, 1000), ["a", "b", "d", "e"]);
}

/// What was cut off would stand before the same offsets again if the power were cut.
#[test]
fn a_cut_is_durable_before_a_record_behind_it_in_another_segment() {
    let mut world = World::with(|settings| {
        (settings.durability, settings.segment_bytes) = (Durability::Sync, 100);
    });
    world.log = None;
    world.open_on(in_run());
    world.put(&["a"]);
    world.log().checkpoint().unwrap();
    world.log = None;
    let mut log = std::fs::File::options().append(true).open(world.file(LOG)).unwrap();
    std::io::Write::write_all(&mut log, &batch(&["b"], START_MS)[..50]).unwrap();
    world.open_on(in_run());
    assert_eq!(world.report.cuts.len(), 1);
    world.put(&["b"]);
    let synced = world.faults().synced.lock().clone();
    assert_eq!(logs(&world).len(), 2);
    logs(&world).iter().for_each(|log| assert!(synced.contains(log), "{log:?}"));
}

/// The system tells of a failure once: who comes second would take the log for well, and move the recovery point past it.
#[test]
fn a_checkpoint_waits_for_who_looks_at_what_was_left() {
    let mut world = left(|_| {});
    world.open_on(in_run());
    let (log, engine) = (world.log(), &world.log().0.engine);
    let partition = log.find(ID).unwrap();
    let before = partition.state.lock().recovery_point;
    let turn = engine.run.turn();
    assert!(partition.capture(engine, &turn).is_ok_and(|capture| capture.is_inherited));
    std::thread::scope(|scope| {
        let checkpoint = scope.spawn(|| log.checkpoint());
        // One that does not wait comes to its end.
        for _ in 0..100_000 {
            if !checkpoint.is_finished() {
                std::thread::yield_now();
            }
        }
        let error = std::io::Error::other("a test wants it");
        partition.fail(&mut partition.state.lock(), "syncing the log", &error);
        drop(turn);
        checkpoint.join().unwrap().unwrap();
    });
    assert_eq!(partition.state.lock().recovery_point, before);
}
