//! The disk keeps what was synced, and nothing else for sure.

use super::*;
use ottla_storage::disk::Mode;
use std::collections::BTreeSet;
use std::io::IoSlice;

/// A disk of its own directory, and the directory.
fn disk(seed: u64) -> (tempfile::TempDir, Arc<SimDisk>) {
    let directory = tempfile::tempdir_in(crate::scratch()).unwrap();
    let root = directory.path().join("0");
    std::fs::create_dir(&root).unwrap();
    let disk = SimDisk::new(&root, Chance::new(seed), Planted::Nothing).unwrap();
    (directory, disk)
}

fn failing(what: Failure, operations: std::ops::Range<u64>) -> Plan {
    let fault = Fault { what, from: operations.start, to: operations.end };
    Plan { faults: vec![fault], ..Plan::default() }
}

/// What a power cut leaves of the file `name`.
fn cut(directory: &tempfile::TempDir, disk: &SimDisk, name: &str) -> Option<Vec<u8>> {
    let root = directory.path().join("1");
    std::fs::create_dir(&root).unwrap();
    disk.after_power_cut(&root).unwrap();
    std::fs::read(root.join(name)).ok()
}

#[test]
fn what_was_synced_survives_every_power_cut() {
    for seed in 0..100 {
        let (directory, disk) = disk(seed);
        let root = directory.path().join("0");
        let file = disk.write(&root.join("a"), b"durable").unwrap();
        disk.sync_data(&file).unwrap();
        disk.sync_directory(&root).unwrap();
        disk.write_all_at(&file, &mut [IoSlice::new(b" and not")], 7).unwrap();
        let bytes = cut(&directory, &disk, "a").unwrap();
        assert!(bytes.starts_with(b"durable"), "seed {seed}: {bytes:?}");
        assert!(bytes.len() <= 15, "seed {seed}: {bytes:?}");
    }
}

/// As long as the lights are on, all that was written is there.
#[test]
fn a_run_lasts_until_the_power_is_cut() {
    let (directory, disk) = disk(1);
    let run = disk.run().unwrap();
    disk.plan(Plan { last: Some(1), ..Plan::default() });
    assert_eq!(disk.run().unwrap(), run);
    let root = directory.path().join("1");
    std::fs::create_dir(&root).unwrap();
    assert_ne!(disk.after_power_cut(&root).unwrap().run().unwrap(), run);
}

#[test]
fn what_was_not_synced_is_lost_or_torn_or_kept() {
    let mut seen = BTreeSet::new();
    for seed in 0..300 {
        let (directory, disk) = disk(seed);
        let root = directory.path().join("0");
        let file = disk.open(&root.join("a"), Mode::Create).unwrap();
        disk.sync_directory(&root).unwrap();
        disk.write_all_at(&file, &mut [IoSlice::new(b"xyz")], 0).unwrap();
        seen.insert(cut(&directory, &disk, "a").unwrap());
    }
    for expected in [&b""[..], b"x", b"xy", b"xyz", &[0], &[0, 0, 0]] {
        assert!(seen.contains(expected), "{expected:?} is not among {seen:?}");
    }
}

#[test]
fn a_name_is_durable_when_its_directory_was_synced() {
    let mut seen = BTreeSet::new();
    for seed in 0..50 {
        let (directory, disk) = disk(seed);
        let root = directory.path().join("0");
        let file = disk.write(&root.join("old"), b"1").unwrap();
        disk.sync_data(&file).unwrap();
        disk.sync_directory(&root).unwrap();
        disk.rename(&root.join("old"), &root.join("new")).unwrap();
        let old = cut(&directory, &disk, "old");
        let new = std::fs::read(directory.path().join("1").join("new")).ok();
        assert!(old.is_some() != new.is_some(), "a move is whole or not at all");
        seen.insert(new.is_some());
    }
    assert_eq!(seen.len(), 2);
}

#[test]
fn after_the_last_operation_nothing_works() {
    let (directory, disk) = disk(1);
    let root = directory.path().join("0");
    let file = disk.write(&root.join("a"), b"1").unwrap();
    disk.plan(Plan { last: Some(2), ..Plan::default() });
    disk.write_all_at(&file, &mut [IoSlice::new(b"2")], 1).unwrap();
    assert!(disk.sync_data(&file).is_err());
    assert!(disk.is_dark());
    assert!(disk.read(&root.join("a")).is_err());
    assert!(disk.write_all_at(&file, &mut [IoSlice::new(b"3")], 1).is_err());
    assert!(disk.open(&root.join("b"), Mode::Create).is_err());
    assert!(disk.sync_directory(&root).is_err());
}

/// The kernel takes what it could not write for written: a second sync succeeds and brings nothing back.
#[test]
fn what_a_failed_sync_has_lost_no_later_sync_brings_back() {
    let mut lost = 0;
    for seed in 0..50 {
        let (directory, disk) = disk(seed);
        let root = directory.path().join("0");
        let file = disk.open(&root.join("a"), Mode::Create).unwrap();
        disk.sync_directory(&root).unwrap();
        disk.write_all_at(&file, &mut [IoSlice::new(b"x")], 0).unwrap();
        disk.plan(failing(Failure::Sync, 1..2));
        assert!(disk.sync_data(&file).is_err());
        disk.sync_data(&file).unwrap();
        assert_eq!(disk.read(&root.join("a")).unwrap(), b"x", "the page cache shows it");
        lost += usize::from(cut(&directory, &disk, "a").unwrap().is_empty());
    }
    assert!(0 < lost && lost < 50, "{lost}");
}

/// After a restart the cache still shows what is lost, until it is forgotten.
#[test]
fn what_is_lost_shows_until_the_cache_is_forgotten() {
    let mut lost = 0;
    for seed in 0..50 {
        let (directory, disk) = disk(seed);
        let root = directory.path().join("0");
        let file = disk.open(&root.join("a"), Mode::Create).unwrap();
        disk.sync_directory(&root).unwrap();
        disk.write_all_at(&file, &mut [IoSlice::new(b"x")], 0).unwrap();
        disk.plan(failing(Failure::Sync, 1..2));
        assert!(disk.sync_data(&file).is_err());
        disk.write_all_at(&file, &mut [IoSlice::new(b"y")], 1).unwrap();
        let again = disk.open(&root.join("a"), Mode::Read).unwrap();
        assert_eq!(disk.read(&root.join("a")).unwrap(), b"xy");
        disk.forget_cached(&again, 0..2);
        let shown = disk.read(&root.join("a")).unwrap();
        disk.sync_data(&again).unwrap();
        assert_eq!(cut(&directory, &disk, "a").unwrap(), shown, "what is shown now can be made durable");
        lost += usize::from(shown == b"\0y");
    }
    assert!(0 < lost && lost < 50, "{lost}");
}

/// The failure was told, and nobody lives to do anything about it.
#[test]
fn a_process_may_end_with_the_sync_that_fails() {
    let (directory, disk) = disk(1);
    let root = directory.path().join("0");
    let file = disk.write(&root.join("a"), b"x").unwrap();
    disk.plan(Plan { is_killed_by_fault: true, ..failing(Failure::Sync, 1..2) });
    assert!(disk.sync_data(&file).is_err() && disk.is_dark());
    assert!(disk.write(&root.join("b"), b"I was told").is_err());
    // The next process.
    disk.plan(Plan::default());
    disk.sync_data(&disk.open(&root.join("a"), Mode::Write).unwrap()).unwrap();
}

/// A failure that a sync of everything met is told once to each descriptor that was open, and to one more if nobody
/// else has heard.
#[test]
fn each_descriptor_hears_of_a_failure_once() {
    let mut heard = 0;
    for seed in 0..50 {
        let (directory, disk) = disk(seed);
        let root = directory.path().join("0");
        let one = disk.open(&root.join("a"), Mode::Create).unwrap();
        let other = disk.open(&root.join("a"), Mode::Write).unwrap();
        disk.write_all_at(&one, &mut [IoSlice::new(b"x")], 0).unwrap();
        disk.plan(failing(Failure::Sync, 1..2));
        assert!(disk.sync_file_system(&one).is_err());
        let later = disk.open(&root.join("a"), Mode::Write).unwrap();
        let is_told = disk.sync_data(&one).is_err();
        assert_eq!(disk.sync_data(&other).is_err(), is_told);
        assert_eq!(disk.sync_data(&later).is_err(), is_told);
        for file in [&one, &other, &later, &disk.open(&root.join("a"), Mode::Write).unwrap()] {
            disk.sync_data(file).unwrap();
        }
        heard += usize::from(is_told);
    }
    assert!(0 < heard && heard < 50, "{heard}");
}

/// A sync of everything tells of every file's failures, each descriptor once, whoever has heard of them by a sync of the
/// file; and one that is opened afterwards only if no sync of everything has told anybody.
#[test]
fn a_sync_of_everything_tells_each_descriptor_once() {
    let (directory, disk) = disk(1);
    let root = directory.path().join("0");
    let (one, other) = (disk.open(&root, Mode::Read).unwrap(), disk.open(&root, Mode::Read).unwrap());
    let file = disk.write(&root.join("a"), b"x").unwrap();
    disk.plan(failing(Failure::Sync, 1..2));
    assert!(disk.sync_data(&file).is_err());
    let later = disk.open(&root, Mode::Read).unwrap();
    for descriptor in [&one, &other, &later] {
        assert!(disk.sync_file_system(descriptor).is_err());
        disk.sync_file_system(descriptor).unwrap();
    }
    disk.sync_file_system(&disk.open(&root, Mode::Read).unwrap()).unwrap();
    assert_eq!(disk.counts().failed, 4);
    assert!(disk.has_struck());
    disk.plan(Plan::default());
    assert!(!disk.has_struck());
}

/// Whoever forgets the cache does not make a file longer that was cut: its length is in the inode.
#[test]
fn a_file_that_was_cut_stays_cut_whatever_was_lost() {
    for seed in 0..20 {
        let (directory, disk) = disk(seed);
        let root = directory.path().join("0");
        let file = disk.write(&root.join("a"), b"xyz").unwrap();
        disk.sync_data(&file).unwrap();
        disk.sync_directory(&root).unwrap();
        disk.set_len(&file, 1).unwrap();
        disk.plan(failing(Failure::Sync, 1..2));
        assert!(disk.sync_data(&file).is_err());
        disk.forget_cached(&file, 0..1);
        assert_eq!(disk.read(&root.join("a")).unwrap(), b"x");
        disk.sync_data(&file).unwrap();
        assert_eq!(cut(&directory, &disk, "a").unwrap(), b"x");
    }
}

#[test]
fn a_full_disk_takes_what_fits_and_has_room_again_later() {
    let (directory, disk) = disk(3);
    let root = directory.path().join("0");
    let file = disk.open(&root.join("a"), Mode::Create).unwrap();
    disk.plan(failing(Failure::Full, 1..3));
    let full = |error: io::Error| assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    full(disk.write_all_at(&file, &mut [IoSlice::new(b"xyz")], 0).unwrap_err());
    full(disk.open(&root.join("b"), Mode::Create).unwrap_err());
    disk.set_len(&file, 0).unwrap();
    disk.write_all_at(&file, &mut [IoSlice::new(b"xyz")], 0).unwrap();
    assert_eq!(disk.read(&root.join("a")).unwrap(), b"xyz");
    assert_eq!(disk.counts().failed, 2);
}
