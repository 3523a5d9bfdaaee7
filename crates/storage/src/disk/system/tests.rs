//! What goes past the standard library does as it would.

use super::*;
use std::collections::BTreeSet;

#[test]
fn a_directory_of_any_size_is_listed() {
    let directory = tempfile::tempdir().unwrap();
    let disk = system(Syncs::Skipped);
    assert_eq!(disk.list(directory.path()).unwrap(), Vec::<String>::new());
    // Several times as much as is asked for at once.
    let names: BTreeSet<_> = (0..1000).map(|nth| format!("{nth}-{}", "x".repeat(nth % 200))).collect();
    names.iter().for_each(|name| _ = disk.write(&directory.path().join(name), b"").unwrap());
    let listed = disk.list(directory.path()).unwrap();
    assert_eq!(listed.len(), names.len());
    assert_eq!(listed.into_iter().collect::<BTreeSet<_>>(), names);
    let missing = disk.list(&directory.path().join("missing")).unwrap_err();
    assert_eq!(missing.kind(), io::ErrorKind::NotFound);
    let a_file = disk.list(&directory.path().join("0-")).unwrap_err();
    assert_eq!(a_file.kind(), io::ErrorKind::NotADirectory);
}

#[test]
fn files_of_all_lengths_are_read_whole() {
    let directory = tempfile::tempdir().unwrap();
    let (disk, path) = (system(Syncs::Skipped), directory.path().join("file"));
    for length in [0, 1, SMALL_BYTES - 1, SMALL_BYTES, SMALL_BYTES + 1, 100_000] {
        let bytes: Vec<u8> = (0..length).map(|at| at.to_le_bytes()[0]).collect();
        disk.write(&path, &bytes).unwrap();
        assert_eq!(disk.read(&path).unwrap(), bytes);
    }
    assert_eq!(disk.read(&directory.path().join("missing")).unwrap_err().kind(), io::ErrorKind::NotFound);
}
