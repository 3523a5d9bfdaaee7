//! Pages that a failed sync has lost, and that the page cache goes on to show.

use super::*;

const LOG: &str = "00000000000000000000.log";

/// Three batches, of which the disk has all but the second one.
fn with_a_hole() -> World {
    let world = World::new();
    let mut ends = Vec::new();
    for value in ["a", "b", "c"] {
        world.put(&[value]);
        ends.push(std::fs::metadata(world.file(LOG)).unwrap().len());
    }
    *world.disk.lost.lock() = ends[0]..ends[1];
    world
}

/// Stops without a word, and starts again on the same disk.
fn crash_on(world: &mut World) {
    world.log = None;
    let disk = Arc::into_inner(std::mem::take(&mut world.disk)).unwrap();
    world.open_on(disk);
}

/// Regression, found by the simulator: where records are acknowledged from the page cache, the start after a crash threw
/// the only copy away, and everything behind it.
#[test]
fn records_that_only_the_page_cache_has_outlive_the_process() {
    let mut world = with_a_hole();
    crash_on(&mut world);
    assert!(world.disk.lost.lock().is_empty(), "what the cache showed was not forgotten");
    assert_eq!(world.values(0, 1000), ["a", "b", "c"]);
    assert!(world.report.cuts.is_empty());
    let log = world.file(LOG).canonicalize().unwrap();
    assert!(world.disk.synced.lock().contains(&log), "nobody else would");
    world.crash();
    assert_eq!(world.values(0, 1000), ["a", "b", "c"]);
}

/// The disk does not take it this time either: the next start may do better, if this one decides nothing.
#[test]
fn a_log_that_cannot_be_completed_stays_offline_as_it_is() {
    let mut world = with_a_hole();
    world.disk.log_syncs_fail.store(true, Ordering::SeqCst);
    let before = std::fs::read(world.file(LOG)).unwrap();
    crash_on(&mut world);
    assert_eq!(world.report.offline.len(), 1, "{:?}", world.report);
    assert_eq!(std::fs::read(world.file(LOG)).unwrap(), before);
    world.crash();
    assert_eq!(world.values(0, 1000), ["a", "b", "c"]);
}

/// Regression, found by the simulator: after a checkpoint whose sync failed a partition went on to acknowledge records from
/// the page cache, behind a hole.
#[test]
fn a_checkpoint_that_fails_takes_the_logs_offline_whose_pages_are_lost() {
    for is_lost in [false, true] {
        let world = World::new();
        world.put(&["a"]);
        world.disk.file_system_syncs_fail.store(true, Ordering::SeqCst);
        world.disk.log_syncs_fail.store(is_lost, Ordering::SeqCst);
        assert!(world.log().checkpoint().is_err());
        let expected = if is_lost { Err(AppendError::Storage(ID)) } else { Ok(Offset(1)) };
        assert_eq!(world.append(batch(&["b"], START_MS)).map(|appended| appended.base_offset), expected);
        assert_eq!(world.values(0, 1000)[0], "a", "reads go on");
    }
}

/// What earlier processes have lost is nothing that a sync of this one is to hear of: it would take a log offline, or the
/// checkpoints, for what the start has mended.
#[test]
fn a_start_lets_older_failures_be_told_before_it_reads() {
    let mut world = World::with(|settings| settings.durability = Durability::Sync);
    world.put(&["a"]);
    world.log = None;
    let disk = Faults::default();
    disk.older_failures.store(1, Ordering::SeqCst);
    disk.older_failures_of_files.store(1, Ordering::SeqCst);
    world.open_on(disk);
    assert_eq!(world.values(0, 1000), ["a"]);
    world.put(&["b"]);
    world.log().checkpoint().unwrap();
}

/// Regression: a start that had cut a log back could not sync it, and nobody asked which file it was. The next start found
/// the log whole; its first sync was told, and took it offline.
#[test]
fn a_start_whose_sync_failed_asks_each_log() {
    let mut world = World::new();
    world.put(&["a"]);
    world.log().checkpoint().unwrap();
    world.log = None;
    world.disk = Arc::default();
    world.disk.file_system_syncs_fail.store(true, Ordering::SeqCst);
    assert!(Log::open(&world.options(), world.env.clone(), world.heard.clone()).is_err());
    let log = world.file(LOG).canonicalize().unwrap();
    assert!(world.disk.synced.lock().contains(&log), "{:?}", world.disk.synced.lock());
}
