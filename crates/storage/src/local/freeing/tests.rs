use super::*;
use crate::disk::{Mode, system};
use crate::settings::Syncs;
use std::path::Path;

fn log(disk: &dyn Disk, path: &Path, length: u64) -> Arc<File> {
    let file = disk.open(path, Mode::Create).unwrap();
    disk.set_len(&file, length).unwrap();
    Arc::new(file)
}

#[test]
fn a_log_without_a_name_is_cut_bit_by_bit_once_nobody_reads_it() {
    let dir = tempfile::tempdir().unwrap();
    let disk = system(Syncs::Skipped);
    let (freeing, path) = (Freeing::default(), dir.path().join("0.log"));
    let file = log(&*disk, &path, 2 * FREED_BYTES + 1);
    disk.remove_file(&path).unwrap();
    freeing.put(file.clone());
    assert_eq!(freeing.step(&*disk), None, "somebody reads it");
    assert_eq!(disk.length(&file).unwrap(), 2 * FREED_BYTES + 1);
    let watch = file.try_clone().unwrap();
    drop(file);
    for length in [FREED_BYTES + 1, 1] {
        assert_eq!(freeing.step(&*disk), Some(COUNTED_BYTES));
        assert_eq!(disk.length(&watch).unwrap(), length);
    }
    assert_eq!(freeing.step(&*disk), Some(COUNTED_BYTES), "it is closed");
    assert_eq!(freeing.step(&*disk), None);
    assert_eq!(disk.length(&watch).unwrap(), 1);
}

/// An import may have linked the log of another broker.
#[test]
fn a_log_that_has_another_name_keeps_its_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let disk = system(Syncs::Skipped);
    let (path, other) = (dir.path().join("0.log"), dir.path().join("other"));
    let file = log(&*disk, &path, 3 * FREED_BYTES);
    disk.hard_link(&path, &other).unwrap();
    disk.remove_file(&path).unwrap();
    let freeing = Freeing::default();
    freeing.put(file);
    assert_eq!(freeing.step(&*disk), Some(COUNTED_BYTES));
    assert_eq!(freeing.step(&*disk), None);
    assert_eq!(disk.metadata(&other).unwrap().length, 3 * FREED_BYTES);
}

#[test]
fn only_so_many_logs_wait_for_their_readers() {
    let dir = tempfile::tempdir().unwrap();
    let disk = system(Syncs::Skipped);
    let freeing = Freeing::default();
    let readers: Vec<_> = (0..=FILES_MAX)
        .map(|number| {
            let path = dir.path().join(number.to_string());
            let file = log(&*disk, &path, 1);
            disk.remove_file(&path).unwrap();
            freeing.put(file.clone());
            file
        })
        .collect();
    assert_eq!(freeing.0.lock().len(), FILES_MAX);
    assert_eq!(Arc::strong_count(&readers[0]), 1, "the oldest is its reader's alone");
}
