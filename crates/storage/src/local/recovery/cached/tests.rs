//! On a disk that has lost a part of a file, which the page cache still shows.

use super::*;
use crate::log::tests::disk::Faults;
use std::sync::atomic::Ordering;

/// A log of some pieces, no two bytes near each other alike.
fn log(directory: &tempfile::TempDir) -> (Vec<u8>, File) {
    let bytes: Vec<u8> = (0..3 * PIECE_BYTES + 500).map(|at| (at % 251) as u8 + 1).collect();
    let path = directory.path().join("0.log");
    std::fs::write(&path, &bytes).unwrap();
    (bytes, File::options().read(true).write(true).open(path).unwrap())
}

fn read(directory: &tempfile::TempDir) -> Vec<u8> {
    std::fs::read(directory.path().join("0.log")).unwrap()
}

#[test]
fn what_the_disk_has_not_is_written_again() {
    let directory = tempfile::tempdir().unwrap();
    let (bytes, file) = log(&directory);
    let disk = Faults::default();
    let length = bytes.len() as u64;
    *disk.lost.lock() = PIECE_BYTES - 5..length - 300;
    // Five bytes of the first piece, one whole piece, and all that follows.
    assert_eq!(put_back(&disk, &file, 100_000..length).unwrap(), 5 + 2 * PIECE_BYTES + 500);
    assert_eq!(read(&directory), bytes);
    assert_eq!(disk.synced.lock().len(), 2, "to know what is lost, and to have it");
    assert_eq!(put_back(&disk, &file, 100_000..length).unwrap(), 0);
    assert_eq!(disk.synced.lock().len(), 3);
}

/// What is known to be durable is never written again, also where it shares a page with what is not.
#[test]
fn what_lies_before_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let (bytes, file) = log(&directory);
    let disk = Faults::default();
    *disk.lost.lock() = 99_990..100_010;
    assert_eq!(put_back(&disk, &file, 100_000..bytes.len() as u64).unwrap(), PIECE_BYTES - 100_000);
    let after = read(&directory);
    assert_eq!(after[100_000..], bytes[100_000..]);
    assert_eq!(after[99_990..100_000], [0; 10]);
}

#[test]
fn a_file_with_nothing_to_look_for_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let (_, file) = log(&directory);
    let disk = Faults::default();
    assert_eq!(put_back(&disk, &file, 7..7).unwrap(), 0);
    assert!(disk.synced.lock().is_empty() && disk.forgotten.lock().is_empty());
}

/// Then the cache may still have it at the next start, and nothing is decided.
#[test]
fn what_cannot_be_made_durable_is_not_believed() {
    let directory = tempfile::tempdir().unwrap();
    let (bytes, file) = log(&directory);
    let disk = Faults::default();
    disk.syncs_fail.store(true, Ordering::SeqCst);
    assert_eq!(put_back(&disk, &file, 0..bytes.len() as u64).unwrap(), 0);
    *disk.lost.lock() = 10..20;
    assert!(put_back(&disk, &file, 0..bytes.len() as u64).is_err());
}
