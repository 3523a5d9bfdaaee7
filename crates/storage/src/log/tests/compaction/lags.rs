//! When a log is compacted: dirty ratio, least and largest lag.

use super::*;
use crate::Compaction;

fn with(compaction: Compaction) -> World {
    compacted(|settings| settings.compaction = compaction)
}

#[test]
fn a_log_is_compacted_when_enough_of_it_is_dirty() {
    let world = with(Compaction { dirty_millionths_min: 400_000, ..Compaction::default() });
    for n in 0..40 {
        world.set(&[&format!("k{n}=1")]);
    }
    world.roll();
    world.compact();
    let mut more = 0;
    loop {
        world.set(&[&format!("k{more}=2")]);
        world.roll();
        more += 1;
        if 0 < world.compact() {
            break;
        }
    }
    // 40 clean batches and 27 dirty ones of the same size: 27 / 67 is the first above 0.4.
    assert_eq!(more, 27);
}

/// Whoever drives the cleaner hastens it by that.
#[test]
fn a_cleaner_tells_how_much_waited_when_it_chose_a_log() {
    let world = with(Compaction { dirty_millionths_min: 250_000, ..Compaction::default() });
    let mut cleaner = world.log().cleaner(OPTIONS);
    (0..4).for_each(|_| _ = world.set(&["a=1"]));
    let bytes = world.log().size(ID);
    world.roll();
    cleaner.step();
    assert_eq!(cleaner.overdue_bytes(), bytes - bytes / 4, "a quarter may wait");
    work(&mut cleaner);
    assert_eq!(cleaner.overdue_bytes(), 0);
}

#[test]
fn records_are_safe_for_the_least_lag() {
    let world = with(Compaction { lag_ms_min: 1000, ..Compaction::default() });
    world.set(&["a=1", "a=2"]);
    world.roll();
    world.pass_ms(500);
    world.set(&["a=3", "a=4"]);
    world.roll();
    world.pass_ms(499);
    assert_eq!(world.compact(), 0);
    world.pass_ms(1);
    world.compact();
    assert_eq!(world.seen(), ["1:a=2", "2:a=3", "3:a=4"]);
    world.pass_ms(500);
    world.compact();
    assert_eq!(world.seen(), ["3:a=4"]);
}

#[test]
fn the_largest_lag_forces_compaction_and_a_new_segment() {
    let world =
        with(Compaction { lag_ms_max: 1000, dirty_millionths_min: 1_000_000, ..Compaction::default() });
    world.set(&["a=1", "a=2"]);
    world.pass_ms(1000);
    assert_eq!((world.compact(), world.bases().len()), (0, 1));
    world.pass_ms(1);
    // Nobody writes, but the record is too old to stay.
    assert!(0 < world.compact());
    assert_eq!(world.seen(), ["1:a=2"]);
    assert_eq!(world.bases(), [0, 2]);
    // An empty segment is never rolled again.
    world.pass_ms(10_000);
    world.compact();
    assert_eq!(world.bases(), [0, 2]);
}
