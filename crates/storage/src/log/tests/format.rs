//! The bytes on disk, so that a change of the format is noticed.

use super::*;

#[test]
fn files_have_kafkas_names_and_forms() {
    let world = World::with(|settings| {
        settings.segment_bytes = 300;
        settings.index_interval_bytes = 100;
    });
    for n in 0..6 {
        world.append(sequenced(5, 0, n, &["x"])).unwrap();
    }
    let World { dir, log, .. } = world;
    log.unwrap().close();
    let top = list(dir.path());
    let expected = [
        ".kafka_cleanshutdown",
        ".lock",
        "log-start-offset-checkpoint",
        "meta.properties",
        "recovery-point-offset-checkpoint",
        "t-0",
    ];
    assert_eq!(top, expected);
    let read = |name: &str| std::fs::read_to_string(dir.path().join(name)).unwrap();
    assert_eq!(read("meta.properties"), "version=1\n");
    assert_eq!(read("recovery-point-offset-checkpoint"), "0\n1\nt 0 6\n");
    assert_eq!(read("log-start-offset-checkpoint"), "0\n0\n");
    assert_eq!(read("t-0/leader-epoch-checkpoint"), "0\n1\n0 0\n");
    assert_eq!(read("t-0/partition.metadata"), "version: 0\ntopic_id: AAAAAAAAAAAAAAAAAAAABw\n");
    let partition = list(&dir.path().join("t-0"));
    let expected = [
        "00000000000000000000.index",
        "00000000000000000000.log",
        "00000000000000000000.timeindex",
        "00000000000000000000.txnindex",
        "00000000000000000004.index",
        "00000000000000000004.log",
        "00000000000000000004.snapshot",
        "00000000000000000004.timeindex",
        "00000000000000000004.txnindex",
        "00000000000000000006.snapshot",
        "leader-epoch-checkpoint",
        "partition.metadata",
    ];
    assert_eq!(partition, expected);
}

#[test]
fn index_entries_point_to_the_batch_that_ends_at_their_offset() {
    let world = World::with(|settings| settings.index_interval_bytes = 100);
    let size = batch(&["x", "y"], 0).len();
    for n in 0..4 {
        world.append(batch(&["x", "y"], 1000 + n)).unwrap();
    }
    let World { dir, log, .. } = world;
    log.unwrap().close();
    let read = |name: &str| std::fs::read(dir.path().join("t-0").join(name)).unwrap();
    // The batches have less than 100 bytes, so that every second one after the first is indexed.
    assert!((51..100).contains(&size));
    let entry =
        |last: u32, at: usize| [last.to_be_bytes(), u32::try_from(at).unwrap().to_be_bytes()].concat();
    assert_eq!(read("00000000000000000000.index"), entry(5, 2 * size));
    let time = |at: u64, last: u32| [&at.to_be_bytes()[..], &last.to_be_bytes()[..]].concat();
    // The last entry is made when the segment ends.
    assert_eq!(read("00000000000000000000.timeindex"), [time(1002, 5), time(1003, 7)].concat());
}
