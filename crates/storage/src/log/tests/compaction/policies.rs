//! `cleanup.policy`: delete, compact, both, neither, and changes of it while the log is in use.

use super::*;

const DELETE: Cleanup = Cleanup { delete: true, compact: false };
const COMPACT: Cleanup = Cleanup { delete: false, compact: true };
const BOTH: Cleanup = Cleanup { delete: true, compact: true };
const NEITHER: Cleanup = Cleanup { delete: false, compact: false };

/// Four segments with the same key; the first three are too old and too large.
fn old(cleanup: Cleanup) -> World {
    let world = compacted(|settings| {
        settings.cleanup = cleanup;
        settings.compaction = always();
        settings.retention_ms = Some(1000);
        settings.retention_bytes = Some(300);
        settings.file_delete_delay_ms = 0;
    });
    for n in 0..3 {
        world.set(&[&format!("a={n}"), &format!("b{n}={n}")]);
        world.roll();
    }
    world.pass_ms(5000);
    world.set(&["a=9"]);
    world
}

fn set(world: &World, cleanup: Cleanup) {
    world.log().configure(ID, LogSettings { cleanup, ..world.log().settings(ID).unwrap() });
}

fn round(world: &World) -> Vec<String> {
    world.compact();
    world.log().enforce_retention();
    world.seen()
}

const ALL: [&str; 7] = ["0:a=0", "1:b0=0", "2:a=1", "3:b1=1", "4:a=2", "5:b2=2", "6:a=9"];

#[test]
fn delete_removes_by_age_and_nothing_by_key() {
    assert_eq!(round(&old(DELETE)), ["6:a=9"]);
}

#[test]
fn compact_removes_by_key_and_nothing_by_age() {
    assert_eq!(round(&old(COMPACT)), ["1:b0=0", "3:b1=1", "4:a=2", "5:b2=2", "6:a=9"]);
}

#[test]
fn both_remove_by_key_and_by_age() {
    let world = old(BOTH);
    world.compact();
    assert_eq!(world.seen().len(), 5);
    world.log().enforce_retention();
    assert_eq!(world.seen(), ["6:a=9"]);
    assert_eq!(world.offsets().log_start, Offset(6));
}

#[test]
fn neither_keeps_everything_but_what_is_trimmed() {
    let world = old(NEITHER);
    assert_eq!(round(&world), ALL);
    world.log().trim(ID, Offset(3)).unwrap();
    assert_eq!(round(&world), ALL[3..]);
    assert_eq!(world.bases()[0], 2);
}

#[test]
fn a_log_can_be_switched_from_one_to_the_other_and_back() {
    let mut world = old(NEITHER);
    set(&world, COMPACT);
    assert_eq!(round(&world), ["1:b0=0", "3:b1=1", "4:a=2", "5:b2=2", "6:a=9"]);
    set(&world, NEITHER);
    world.set(&["a=10", "a=11"]);
    world.roll();
    assert_eq!(round(&world).len(), 7);
    set(&world, COMPACT);
    assert_eq!(round(&world), ["1:b0=0", "3:b1=1", "5:b2=2", "8:a=11"]);
    set(&world, DELETE);
    world.pass_ms(5000);
    assert_eq!(round(&world), [] as [&str; 0]);
    assert_eq!(world.offsets().log_start, Offset(9));
    // What was noted when it was compacted lies before the start now.
    set(&world, COMPACT);
    world.set(&["a=12", "a=13"]);
    world.roll();
    assert_eq!(round(&world), ["10:a=13"]);
    world.crash();
    set(&world, COMPACT);
    assert_eq!(round(&world), ["10:a=13"]);
}

#[test]
fn a_switch_while_a_cleaner_works_stops_it() {
    for steps in 0..40 {
        let world = old(COMPACT);
        let mut cleaner = world.log().cleaner(OPTIONS);
        for _ in 0..steps {
            cleaner.step();
        }
        let before = world.seen();
        set(&world, NEITHER);
        work(&mut cleaner);
        assert_eq!(world.seen(), before);
        world.assert_tidy();
        set(&world, COMPACT);
        world.compact();
        assert_eq!(world.seen(), ["1:b0=0", "3:b1=1", "4:a=2", "5:b2=2", "6:a=9"]);
    }
}

#[test]
fn retention_while_a_cleaner_works_stops_it() {
    for steps in 0..40 {
        let world = old(BOTH);
        let mut cleaner = world.log().cleaner(OPTIONS);
        for _ in 0..steps {
            cleaner.step();
        }
        world.log().enforce_retention();
        assert_eq!(world.seen(), ["6:a=9"]);
        work(&mut cleaner);
        assert_eq!(world.seen(), ["6:a=9"]);
        world.assert_tidy();
    }
}

/// A segment goes by its largest timestamp: one record from the future keeps it and all after it.
#[test]
fn a_record_from_the_future_pins_its_segment() {
    let world = compacted(|settings| {
        settings.cleanup = DELETE;
        settings.retention_ms = Some(1000);
    });
    world.append(keyed(&["a=1"], START_MS)).unwrap();
    world.roll();
    world.append(keyed(&["b=1"], START_MS)).unwrap();
    world.append(keyed(&["c=1"], START_MS + 100_000)).unwrap();
    world.roll();
    world.append(keyed(&["d=1"], START_MS)).unwrap();
    world.roll();
    world.pass_ms(50_000);
    world.log().enforce_retention();
    assert_eq!(world.seen(), ["1:b=1", "2:c=1", "3:d=1"]);
    world.pass_ms(51_001);
    world.log().enforce_retention();
    assert_eq!(world.seen(), [] as [&str; 0]);
}

#[test]
fn a_trim_in_the_middle_of_a_segment_counts_for_compaction() {
    let world = compacted(|settings| settings.compaction = always());
    world.set(&["a=1", "b=1", "a=2", "b=2"]);
    world.roll();
    world.log().trim(ID, Offset(2)).unwrap();
    world.compact();
    assert_eq!(world.seen(), ["2:a=2", "3:b=2"]);
    assert_eq!(world.offsets().log_start, Offset(2));
    assert!(matches!(world.read(1, 100), Err(ReadError::OutOfRange { .. })));
}
