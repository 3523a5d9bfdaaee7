//! What a note says to the next process, whenever this one ends.

use super::*;
use crate::log::tests::disk::Faults;
use std::sync::atomic::Ordering;
use uuid::Uuid;

fn id(index: i32) -> PartitionId {
    PartitionId { topic: TopicId(Uuid::from_u128(1 << 70 | 3)), index: PartitionIndex(index) }
}

/// The note of a process in `directory`, and the disk on which it lies.
fn begun(directory: &tempfile::TempDir) -> (Run, Arc<Faults>) {
    let disk = Arc::new(Faults::in_run("one"));
    let run = Run::new(disk.clone(), directory.path());
    run.begin();
    (run, disk)
}

fn said(directory: &tempfile::TempDir) -> Doubt {
    Doubt::read(directory.path(), &Faults::in_run("one"))
}

#[test]
fn a_note_counts_in_its_own_run_of_the_system() {
    let directory = tempfile::tempdir().unwrap();
    assert_eq!(said(&directory), Doubt::Everything, "nobody has been here");
    begun(&directory);
    assert_eq!(said(&directory), Doubt::Nothing);
    for other in [Faults::in_run("two"), Faults::in_run("on"), Faults::default()] {
        assert_eq!(Doubt::read(directory.path(), &other), Doubt::Everything);
    }
}

#[test]
fn what_is_being_synced_is_in_doubt_until_it_is_known() {
    let directory = tempfile::tempdir().unwrap();
    let (run, _) = begun(&directory);
    run.turn().while_syncing(&[id(0), id(i32::MAX)], || {
        assert_eq!(said(&directory), Doubt::Partitions([id(0), id(i32::MAX)].into()));
        assert!(said(&directory).covers(id(0)) && !said(&directory).covers(id(7)));
    });
    assert_eq!(said(&directory), Doubt::Nothing);
    let most: Vec<_> = (0..8).map(|nth| id(i32::MAX - nth)).collect();
    run.turn().while_syncing(&most, || {
        assert_eq!(said(&directory), Doubt::Partitions(most.iter().copied().collect()))
    });
    let too_many: Vec<_> = (0..9).map(id).collect();
    run.turn().while_syncing(&too_many, || assert_eq!(said(&directory), Doubt::Everything));
    assert_eq!(said(&directory), Doubt::Nothing);
}

/// No later sync takes it back: the system tells of a failure once.
#[test]
fn a_failure_stands_until_a_start_has_dealt_with_it() {
    let directory = tempfile::tempdir().unwrap();
    let (run, _) = begun(&directory);
    run.turn().while_syncing(&[id(0)], || run.doubt());
    assert_eq!(said(&directory), Doubt::Everything);
    run.turn().while_syncing(&[id(0)], || ());
    assert_eq!(said(&directory), Doubt::Everything);
    // What an earlier process has said does not stand either, if this one has not come to say anything.
    begun(&directory);
    Run::new(Arc::new(Faults::in_run("one")), directory.path()).doubt();
    assert_eq!(said(&directory), Doubt::Everything);
}

/// A disk that takes no bytes at all may still forget a name.
#[test]
fn a_note_that_cannot_be_changed_is_removed() {
    for what in ["a failure", "a sync"] {
        let directory = tempfile::tempdir().unwrap();
        let (run, disk) = begun(&directory);
        disk.writes_fail.store(true, Ordering::SeqCst);
        match what {
            "a failure" => run.doubt(),
            _ => run
                .turn()
                .while_syncing(&[id(0)], || assert_eq!(said(&directory), Doubt::Everything, "{what}")),
        }
        disk.writes_fail.store(false, Ordering::SeqCst);
        run.turn().while_syncing(&[id(0)], || ());
        assert_eq!(said(&directory), Doubt::Everything, "{what}");
    }
}

/// A disk that is full takes what needs no room.
#[test]
fn a_failure_is_noted_in_place() {
    let directory = tempfile::tempdir().unwrap();
    let (run, _) = begun(&directory);
    let length = || std::fs::metadata(directory.path().join(names::RUN)).unwrap().len();
    let before = length();
    run.turn().while_syncing(&[id(0)], || assert_eq!(length(), before));
    run.doubt();
    assert_eq!(length(), before);
}

#[test]
fn nonsense_is_no_note() {
    let directory = tempfile::tempdir().unwrap();
    let note = directory.path().join(names::RUN);
    for text in
        ["", "one", "one.", "one\n", "one\n?", "one\n?x-0", "one\n!", "one\n..", "onetwo\n.", "one\n. ."]
    {
        std::fs::write(&note, text).unwrap();
        assert_eq!(said(&directory), Doubt::Everything, "{text:?}");
    }
}
