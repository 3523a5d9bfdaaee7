//! A data directory that is in use, of a later release, or holds what nobody knows.

use super::*;

#[test]
fn a_directory_in_use_names_who_uses_it() {
    let world = World::new();
    let error = Log::open(&world.options(), world.env.clone(), world.heard.clone()).err().unwrap();
    let OpenError::InUse { pid, .. } = &error else { unreachable!("{error}") };
    assert_eq!(*pid, Some(std::process::id()));
    assert!(error.to_string().contains("in use by process"));
}

#[test]
fn a_directory_of_a_later_release_is_refused() {
    let mut world = World::new();
    world.log = None;
    std::fs::write(world.dir.path().join("meta.properties"), "version=2\n").unwrap();
    let error = Log::open(&world.options(), world.env.clone(), world.heard.clone()).err().unwrap();
    assert!(matches!(error, OpenError::NewerFormat { found: 2, known: 1, .. }));
}

#[test]
fn a_file_that_is_no_text_is_told_with_a_cure() {
    let mut world = World::new();
    world.log = None;
    std::fs::write(world.dir.path().join("meta.properties"), [0xff, 0xfe]).unwrap();
    let error = Log::open(&world.options(), world.env.clone(), world.heard.clone()).err().unwrap();
    assert!(matches!(&error, OpenError::Damaged { .. }), "{error}");
    assert!(error.to_string().contains("version=1"), "{error}");
}

#[test]
fn a_directory_that_cannot_be_told_is_left_alone_and_reported() {
    let mut world = World::new();
    world.log = None;
    std::fs::create_dir(world.dir.path().join("stranger-3")).unwrap();
    std::fs::write(world.dir.path().join("stranger-3/data"), "keep").unwrap();
    world.open();
    assert_eq!(world.report.unknown, [world.dir.path().join("stranger-3")]);
    assert!(world.dir.path().join("stranger-3/data").exists());
    assert_eq!(world.report.partitions, 1);
}

#[test]
fn what_was_unusual_is_told_of_each_of_many_partitions() {
    let mut world = World::new();
    let id = |index| PartitionId { index: PartitionIndex(index), ..ID };
    world.log().create_range(&topic(), ID.topic, 1..40, world.settings).unwrap();
    let value = |index: i32| format!("of partition {index}");
    let append = |index| Append { id: id(index), batch: batch(&[&value(index)], START_MS) };
    wait(world.log().append((0..40).map(append).collect())).into_iter().for_each(|done| _ = done.unwrap());
    world.log = None;
    let torn = [3, 17, 30];
    for index in torn {
        let path = world.dir.path().join(format!("t-{index}")).join(LOG);
        std::fs::File::options().append(true).open(path).unwrap().write_all(b"torn").unwrap();
    }
    std::fs::write(world.dir.path().join("t-8/partition.metadata"), "").unwrap();
    world.open();
    let mut cut: Vec<_> = world.report.cuts.iter().map(|cut| cut.partition.0).collect();
    cut.sort_unstable();
    assert_eq!(cut, torn);
    assert_eq!(world.report.unknown, [world.dir.path().join("t-8")]);
    assert_eq!(world.report.partitions, 39);
    for index in (0..40).filter(|index| *index != 8) {
        let read =
            world.log().read(id(index), Offset(0), 1000, ReadBound::HighWatermark, WholeFirst::Yes).unwrap();
        assert_eq!(records_of(&read.records.to_bytes().unwrap()), [(Offset(0), value(index))]);
    }
}

/// Regression, found by the simulator: the first start had made the directory, but the sync of the one above had failed. The
/// next one found it there, and a power cut took it with everything in it.
#[test]
fn a_new_directory_is_durable_before_anything_is_in_it() {
    let above = tempfile::tempdir().unwrap();
    let dir = above.path().join("data");
    let open = |disk: &Arc<Faults>| {
        let options = LogOptions { disk: disk.clone(), ..LogOptions::new(&dir) };
        Log::open(&options, Arc::new(TestEnv::default()), Arc::<Heard>::default()).map(|(log, _)| log)
    };
    let disk = Arc::<Faults>::default();
    disk.syncs_fail.store(true, Ordering::SeqCst);
    assert!(open(&disk).err().unwrap().to_string().starts_with("syncing"));
    assert!(dir.exists());
    disk.syncs_fail.store(false, Ordering::SeqCst);
    drop(open(&disk).unwrap());
    assert_eq!(disk.synced.lock()[0], above.path());
    // From then on it is.
    disk.synced.lock().clear();
    drop(open(&disk).unwrap());
    assert!(!disk.synced.lock().iter().any(|path| path == above.path()));
}
