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
