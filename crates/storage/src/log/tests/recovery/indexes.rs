//! Indexes that are missing or wrong cost time, and no record.

use super::*;

#[test]
fn missing_and_wrong_indexes_are_made_anew() {
    let world_of = || {
        let world = World::with(|settings| {
            settings.index_interval_bytes = 200;
            settings.segment_bytes = 20_000;
        });
        for n in 0..1000 {
            world.pass_ms(1);
            world.put(&[&n.to_string()]);
        }
        world
    };
    let check = |world: &World| {
        assert_eq!(world.values(0, 5000).len(), 1000);
        let found = world
            .log()
            .find_by_time(ID, Timestamp(START_MS + 501), ReadBound::HighWatermark)
            .unwrap()
            .unwrap();
        assert_eq!(found.offset, Offset(500));
    };
    let mut world = world_of();
    let expected: Vec<_> = {
        world.restart();
        let names = world.files().into_iter().filter(|name| name.contains("index"));
        names.map(|name| (std::fs::read(world.file(&name)).unwrap(), name)).collect()
    };
    for clean in [true, false] {
        let stop = |world: &mut World| {
            if clean { world.log.take().unwrap().close() } else { world.log = None }
        };
        stop(&mut world);
        for (_, name) in &expected {
            std::fs::remove_file(world.file(name)).unwrap();
        }
        world.open();
        check(&world);
        if clean {
            assert!(0 < world.report.indexes_rebuilt);
            world.restart();
            for (bytes, name) in &expected {
                assert_eq!(&std::fs::read(world.file(name)).unwrap(), bytes, "{name}");
            }
        }
    }
    // Nonsense of the right length does no harm either.
    world.restart();
    world.log.take().unwrap().close();
    for (bytes, name) in &expected {
        std::fs::write(world.file(name), vec![1; bytes.len()]).unwrap();
    }
    world.open();
    assert_eq!(world.values(0, 5000).len(), 1000);
}

/// An entry that leads too far once made a reader pass over the records before it.
#[test]
fn a_wrong_index_hides_no_records() {
    let mut world = World::with(|settings| settings.index_interval_bytes = 80);
    for number in 0..6 {
        world.put(&[&format!("value {number}")]);
    }
    world.log.take().unwrap().close();
    let path = world.file("00000000000000000000.index");
    let bytes = std::fs::read(&path).unwrap();
    let entries: Vec<&[u8]> = bytes.chunks(8).collect();
    // The first entry's offset with the last entry's position.
    let wrong = [&entries[0][..4], &entries[entries.len() - 1][4..]].concat();
    std::fs::write(&path, wrong).unwrap();
    world.open();
    assert_eq!(world.values(2, 1000), ["value 2", "value 3", "value 4", "value 5"]);
}

/// Regression, found by the simulator: a power cut left zeros where the end of a time index had been, of a segment that
/// was rolled right after a checkpoint. Its records seemed to be from 1970, and retention removed them.
#[test]
fn indexes_that_were_ended_after_the_checkpoint_are_made_anew() {
    let mut world = World::with(|settings| {
        settings.segment_bytes = 200;
        settings.retention_ms = Some(1000);
        settings.index_interval_bytes = 0;
    });
    for value in ["a", "b"] {
        world.put(&[value]);
    }
    world.log().checkpoint().unwrap();
    world.put(&["c"]);
    world.log = None;
    let index = world.file("00000000000000000000.timeindex");
    assert!(world.file("00000000000000000002.log").exists());
    std::fs::write(index, [0; 12]).unwrap();
    world.open();
    world.log().enforce_retention();
    assert_eq!(world.values(0, 1000), ["a", "b", "c"]);
    let found = world.log().find_by_time(ID, Timestamp(START_MS), ReadBound::HighWatermark).unwrap().unwrap();
    assert_eq!(found.offset, Offset(0));
}
