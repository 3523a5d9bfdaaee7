//! Appends of several callers at once: one write for each partition, and each caller hears of his own batches.

use super::*;

const OTHER: PartitionId = PartitionId { index: PartitionIndex(1), ..ID };
const NOWHERE: PartitionId = PartitionId { index: PartitionIndex(2), ..ID };

fn append(id: PartitionId, value: &str) -> Append {
    Append { id, batch: batch(&[value], START_MS) }
}

fn world() -> World {
    let world = World::new();
    world.log().create(&topic(), OTHER, world.settings).unwrap();
    world
}

#[test]
fn each_caller_hears_of_his_own_batches_in_his_order() {
    let world = world();
    let known = Append { id: ID, batch: sequenced(5, 0, 0, &["0.2"]) };
    let out_of_order = Append { id: ID, batch: sequenced(5, 0, 7, &["never"]) };
    let tickets = world.log().append_together(vec![
        vec![append(OTHER, "1.0"), append(ID, "0.0")],
        vec![],
        vec![append(NOWHERE, "never"), append(ID, "0.1"), append(OTHER, "1.1")],
        vec![known],
        vec![out_of_order, append(ID, "0.3")],
    ]);
    let base_offset = |result: Result<Appended, AppendError>| result.map(|appended| appended.base_offset.0);
    let told: Vec<Vec<_>> =
        tickets.into_iter().map(|ticket| wait(ticket).into_iter().map(base_offset).collect()).collect();
    let nowhere = Err(AppendError::NotFound(NOWHERE));
    assert_eq!(told[..4], [vec![Ok(0), Ok(0)], vec![], vec![nowhere, Ok(1), Ok(1)], vec![Ok(2)]]);
    let gap = AppendError::OutOfOrderSequence { expected: 1, found: 7 };
    assert_eq!(told[4], [Err(gap), Ok(3)]);
    assert_eq!(world.values(0, 1000), ["0.0", "0.1", "0.2", "0.3"]);
    assert_eq!(world.log().offsets(OTHER).unwrap().end, Offset(2));
}

#[test]
fn what_goes_to_one_partition_is_one_write() {
    let world = world();
    let size = batch(&["a"], START_MS).len();
    // There is room for one batch and for the beginning of another.
    *world.faults().bytes_left.lock() = Some(size + 10);
    let callers = vec![vec![append(ID, "a")], vec![append(OTHER, "o")], vec![append(ID, "b")]];
    let tickets = world.log().append_together(callers);
    let told: Vec<_> = tickets.into_iter().map(|ticket| wait(ticket).remove(0)).collect();
    assert_eq!(told, [ID, OTHER, ID].map(|id| Err(AppendError::NoSpace(id))));
    *world.faults().bytes_left.lock() = None;
    assert_eq!(world.put(&["c"]), Offset(0));
}

#[test]
fn nobody_waits_for_a_disk_that_only_others_want() {
    let world = world();
    world.log().configure(OTHER, LogSettings { durability: Durability::Sync, ..world.settings });
    let gate = world.faults().sync_gate.lock();
    let callers =
        vec![vec![append(ID, "a")], vec![append(ID, "b"), append(OTHER, "c")], vec![append(OTHER, "d")]];
    let mut tickets = world.log().append_together(callers);
    assert_eq!(tickets.iter().map(AppendTicket::is_ready).collect::<Vec<_>>(), [true, false, false]);
    world.faults().syncs_fail.store(true, Ordering::SeqCst);
    drop(gate);
    let last = tickets.pop().map(wait).unwrap();
    assert_eq!(last, [Err(AppendError::Storage(OTHER))]);
    let both = tickets.pop().map(wait).unwrap();
    assert!(matches!(both[..], [Ok(_), Err(AppendError::Storage(OTHER))]), "{both:?}");
}

#[test]
fn a_closed_log_refuses_everybody() {
    let world = world();
    world.log().clone().close();
    let tickets =
        world.log().append_together(vec![vec![append(ID, "a")], vec![append(OTHER, "b"), append(ID, "c")]]);
    let told: Vec<_> = tickets.into_iter().map(wait).collect();
    assert_eq!(
        told,
        [vec![Err(AppendError::Closed)], vec![Err(AppendError::Closed), Err(AppendError::Closed)]]
    );
}
