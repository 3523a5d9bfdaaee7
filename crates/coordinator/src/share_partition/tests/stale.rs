//! Two members may read the log at once: what one of them brings may be known already, or too far ahead.

use super::script::{World, id};
use crate::share_partition::{Command, Extend, Mode, Scanned, ScannedBatch, Want};
use ottla_base::Offset;
use std::sync::Arc;

const WANT: Want = Want { records_max: 500, bytes_max: 1 << 20, batch_max: 500, mode: Mode::BatchOptimized };

fn extend(world: &mut World, from: i64, to: i64) {
    let batch = ScannedBatch { first: Offset(from), last: Offset(to - 1), bytes: 100, records: None };
    let scanned = Scanned { from: Offset(from), to: Offset(to), batches: vec![batch] };
    let (ticket, config) = (world.ticket("-"), Arc::new(world.config.clone()));
    world.apply(Command::Extend(Extend { ticket, id: id(), config, scanned }));
}

fn world() -> World {
    let mut world = World::new();
    world.run("log 0-9 10-19");
    world.run("open start=0");
    world
}

#[test]
fn what_is_known_is_not_made_available_again() {
    let mut world = world();
    world.acquire("a", WANT);
    extend(&mut world, 0, 20);
    assert!(world.acquire("b", WANT).ranges.is_empty());
    world.acknowledge("a", vec![(0, 19, vec![1])], crate::share_partition::Renew::Refused);
    extend(&mut world, 0, 20);
    assert!(world.acquire("b", WANT).ranges.is_empty());
}

#[test]
fn what_is_too_far_ahead_is_ignored() {
    let mut world = world();
    extend(&mut world, 10, 20);
    let acquired = world.acquire("a", WANT);
    assert_eq!(acquired.ranges[0].first, Offset(0), "nothing was skipped");
}

#[test]
fn what_begins_in_the_known_goes_on_after_it() {
    let mut world = world();
    world.acquire("a", Want { records_max: 10, ..WANT });
    extend(&mut world, 0, 20);
    let acquired = world.acquire("b", WANT);
    assert_eq!((acquired.ranges[0].first, acquired.ranges[0].last), (Offset(10), Offset(19)));
}
