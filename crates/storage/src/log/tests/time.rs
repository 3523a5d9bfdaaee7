//! Records are found by their own timestamps, in whatever order those are.

use super::*;

fn find(world: &World, at: i64) -> Option<(i64, i64)> {
    let found = world.log().find_by_time(ID, Timestamp(at), ReadBound::HighWatermark).unwrap()?;
    Some((found.offset.0, found.timestamp.0))
}

#[test]
fn the_first_record_at_or_after_a_time_is_found_inside_its_batch() {
    let world = World::new();
    world.append(batch_with(&["a", "b", "c"], &[10, 20, 30], BatchOptions::default())).unwrap();
    // Not ascending: 5 comes after 30.
    world.append(batch_with(&["d", "e"], &[5, 40], BatchOptions::default())).unwrap();
    assert_eq!(find(&world, 0), Some((0, 10)));
    assert_eq!(find(&world, 11), Some((1, 20)));
    assert_eq!(find(&world, 20), Some((1, 20)));
    assert_eq!(find(&world, 31), Some((4, 40)));
    assert_eq!(find(&world, 41), None);
}

#[test]
fn searches_go_through_the_time_index_of_many_segments() {
    let mut world = World::with(|settings| {
        settings.segment_bytes = 5000;
        settings.index_interval_bytes = 200;
    });
    for n in 0..500 {
        world.append(batch(&["x"], 1000 + n * 10)).unwrap();
    }
    for _ in 0..2 {
        for n in (0..500).step_by(3) {
            assert_eq!(find(&world, 1000 + n * 10), Some((n, 1000 + n * 10)));
            assert_eq!(find(&world, 1000 + n * 10 - 9), Some((n, 1000 + n * 10)));
        }
        assert_eq!(find(&world, 1000 + 500 * 10), None);
        world.restart();
    }
    world.log().trim(ID, Offset(123)).unwrap();
    assert_eq!(find(&world, 0), Some((123, 1000 + 1230)));
}

#[test]
fn the_largest_timestamp_is_the_first_record_that_has_it() {
    let world = World::new();
    assert_eq!(world.log().max_timestamp(ID, ReadBound::HighWatermark).unwrap(), None);
    world.append(batch_with(&["a", "b"], &[10, 70], BatchOptions::default())).unwrap();
    world.append(batch_with(&["c", "d"], &[70, 20], BatchOptions::default())).unwrap();
    let found = world.log().max_timestamp(ID, ReadBound::HighWatermark).unwrap().unwrap();
    assert_eq!((found.offset, found.timestamp), (Offset(1), Timestamp(70)));
}

#[test]
fn what_is_not_durable_is_not_found() {
    let world = World::with(|settings| settings.durability = Durability::Sync);
    world.append(batch(&["a"], 10)).unwrap();
    let gate = world.faults().sync_gate.lock();
    let ticket = world.log().append(vec![Append { id: ID, batch: batch(&["b"], 20) }]);
    assert_eq!(find(&world, 15), None);
    let newest = world.log().max_timestamp(ID, ReadBound::HighWatermark).unwrap().unwrap();
    assert_eq!((newest.offset, newest.timestamp), (Offset(0), Timestamp(10)));
    drop(gate);
    wait(ticket);
    assert_eq!(find(&world, 15), Some((1, 20)));
}

#[test]
fn append_times_are_found_at_the_start_of_their_batch() {
    let world = World::with(|settings| settings.timestamp_type = crate::TimestampType::LogAppendTime);
    world.append(batch(&["a", "b"], 1)).unwrap();
    world.pass_ms(10);
    world.append(batch(&["c", "d"], 1)).unwrap();
    assert_eq!(find(&world, START_MS + 1), Some((2, START_MS + 10)));
}

#[test]
fn compressed_batches_are_searched_too() {
    let world = World::new();
    let options =
        BatchOptions { compression: ottla_wire::record::Compression::Lz4, ..BatchOptions::default() };
    world.append(batch_with(&["a", "b", "c"], &[10, 20, 30], options)).unwrap();
    assert_eq!(find(&world, 15), Some((1, 20)));
}
