//! What an acknowledgement writes depends on what it changes, and not on what is in flight.

use super::script::World;
use crate::share_partition::{Mode, Renew, Want};

const WANT: Want = Want { records_max: 500, bytes_max: 1 << 20, batch_max: 500, mode: Mode::BatchOptimized };

/// The batches 0-499, 500-999, … and so many of them acquired.
fn world(batches: i64) -> World {
    let mut world = World::new();
    world.run("config window=10000");
    for batch in 0..batches {
        world.run(&format!("log {}-{}", batch * 500, batch * 500 + 499));
    }
    world.run("open start=0");
    (0..batches).for_each(|_| _ = world.acquire("a", WANT));
    world
}

#[test]
fn a_stretch_that_is_accepted_in_order_is_one_row() {
    let mut world = world(4);
    let before = world.written;
    world.acknowledge("a", vec![(0, 499, vec![1])], Renew::Refused);
    assert_eq!(world.written - before, 1, "the start moves");
}

#[test]
fn acquiring_writes_nothing() {
    let mut world = World::new();
    world.run("log 0-499");
    world.run("open start=0");
    let before = world.written;
    world.acquire("a", WANT);
    assert_eq!(world.written, before);
}

#[test]
fn what_is_accepted_out_of_order_grows_one_row() {
    let mut world = world(10);
    for batch in 2..10 {
        let before = world.written;
        world.acknowledge("a", vec![(batch * 500, batch * 500 + 499, vec![1])], Renew::Refused);
        assert_eq!(world.written - before, 1, "batch {batch}");
    }
    assert_eq!(world.rows(), 2, "where it starts, and what is done");
    let before = world.written;
    world.acknowledge("a", vec![(0, 999, vec![1])], Renew::Refused);
    assert_eq!(world.written - before, 2, "the start moves, and the row goes");
    assert_eq!(world.rows(), 1);
}

#[test]
fn what_one_record_changes_is_a_row_of_its_own() {
    let mut world = world(4);
    let before = world.written;
    world.acknowledge("a", vec![(700, 700, vec![1])], Renew::Refused);
    assert_eq!(world.written - before, 1);
    let before = world.written;
    world.acknowledge("a", vec![(701, 701, vec![1])], Renew::Refused);
    assert_eq!(world.written - before, 1, "its neighbour makes it longer");
    assert_eq!(world.rows(), 2);
}

#[test]
fn a_name_is_kept_once_and_not_as_a_slice_of_a_request() {
    let world = world(4);
    let group = &world.soft.groups["g"];
    let kept: Vec<_> = group
        .partitions
        .values()
        .flat_map(|live| live.runs.values())
        .map(|run| run.member.as_ptr())
        .collect();
    assert!(1 < kept.len() && kept.windows(2).all(|pair| pair[0] == pair[1]));
}
