use super::*;
use crate::disk::system;
use crate::settings::Syncs;

const LARGE: u64 = 5 << 20;

/// Until nothing can be done. Returns how many bytes the file of `watch` had after each step.
fn clear_bit_by_bit(graveyard: &Graveyard, now: Tick, disk: &dyn Disk, watch: &File) -> Vec<u64> {
    let mut lengths = Vec::new();
    while graveyard.step(now, disk).is_some() {
        lengths.push(watch.metadata().unwrap().len());
        assert!(lengths.len() < 100);
    }
    lengths
}

fn file(path: &Path, length: u64) -> File {
    let file = File::create(path).unwrap();
    file.set_len(length).unwrap();
    file
}

#[test]
fn a_large_log_goes_bit_by_bit_once_it_is_due() {
    let (dir, disk) = (tempfile::tempdir().unwrap(), system(Syncs::Skipped));
    let path = dir.path().join("00000000000000000000.log.deleted");
    let watch = file(&path, LARGE);
    let graveyard = Graveyard::default();
    graveyard.put_file(Tick(10), path.clone(), None);
    assert_eq!(graveyard.step(Tick(9), &*disk), None);
    let lengths = clear_bit_by_bit(&graveyard, Tick(10), &*disk, &watch);
    assert_eq!(lengths, [LARGE, 3 << 20, 1 << 20, 1 << 20], "name, two cuts, and the rest when it is closed");
    assert!(!path.exists());
}

#[test]
fn large_logs_in_a_directory_go_bit_by_bit_and_then_all_else() {
    let (dir, disk) = (tempfile::tempdir().unwrap(), system(Syncs::Skipped));
    let path = dir.path().join("t-0.0000000000000001-delete");
    std::fs::create_dir(&path).unwrap();
    let logs = ["00000000000000000000.log", "00000000000000000007.log.deleted"];
    let watches = logs.map(|name| file(&path.join(name), LARGE));
    file(&path.join("00000000000000000009.log"), 1);
    file(&path.join("00000000000000000009.index"), 1);
    let graveyard = Graveyard::default();
    graveyard.put_left(Tick(0), path.clone(), &*disk);
    let lengths = clear_bit_by_bit(&graveyard, Tick(0), &*disk, &watches[0]);
    assert!(lengths.contains(&(3 << 20)) && lengths.last() == Some(&(1 << 20)), "{lengths:?}");
    assert_eq!(watches[1].metadata().unwrap().len(), 1 << 20);
    assert!(!path.exists());
}

#[test]
fn a_log_that_somebody_reads_loses_its_name_and_no_byte() {
    let (dir, disk) = (tempfile::tempdir().unwrap(), system(Syncs::Skipped));
    let path = dir.path().join("00000000000000000000.log.deleted");
    drop(file(&path, LARGE));
    let reader = Arc::new(disk.open(&path, Mode::Write).unwrap());
    let watch = File::open(&path).unwrap();
    let graveyard = Graveyard::default();
    graveyard.put_file(Tick(0), path.clone(), Some(reader.clone()));
    assert_eq!(clear_bit_by_bit(&graveyard, Tick(0), &*disk, &watch), [LARGE]);
    assert!(!path.exists());
    drop(reader);
    assert_eq!(clear_bit_by_bit(&graveyard, Tick(0), &*disk, &watch), [3 << 20, 1 << 20, 1 << 20]);
}

#[test]
fn at_the_end_all_that_is_due_goes_at_once() {
    let (dir, disk) = (tempfile::tempdir().unwrap(), system(Syncs::Skipped));
    let graveyard = Graveyard::default();
    let [due, later] = ["due", "later"].map(|name| dir.path().join(name));
    [&due, &later].iter().for_each(|path| drop(file(path, LARGE)));
    graveyard.put_file(Tick(0), due.clone(), None);
    graveyard.put_file(Tick(2), later.clone(), None);
    graveyard.clear(Tick(1), &*disk);
    assert!(!due.exists() && later.exists());
}
