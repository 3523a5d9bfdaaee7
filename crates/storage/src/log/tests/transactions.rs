//! Transactions open with their first batch, end with a marker, and bound what readers of committed records see.

use super::*;
use crate::sequencer::TransactionVersion::{self, V1, V2};
use ottla_wire::record::{BatchScope, Marker, MarkerKind};

pub(super) fn inside(producer: i64, epoch: i16, first_sequence: i32, values: &[&str]) -> Bytes {
    let options = BatchOptions {
        producer_id: ProducerId(producer),
        producer_epoch: ProducerEpoch(epoch),
        base_sequence: first_sequence,
        scope: BatchScope::Transactional,
        ..BatchOptions::default()
    };
    batch_with(values, &vec![START_MS; values.len()], options)
}

pub(super) fn end(
    producer: i64,
    epoch: i16,
    kind: MarkerKind,
    version: TransactionVersion,
) -> TransactionEnd {
    let marker = Marker { kind, coordinator_epoch: 3 };
    TransactionEnd { producer: ProducerId(producer), epoch: ProducerEpoch(epoch), marker, version }
}

impl World {
    pub(super) fn write(&self, producer: i64, first_sequence: i32, values: &[&str]) -> i64 {
        self.append(inside(producer, 0, first_sequence, values)).unwrap().base_offset.0
    }

    pub(super) fn finish(&self, end: TransactionEnd) -> Result<i64, AppendError> {
        let appended = wait(self.log().append_markers(vec![(ID, end)])).remove(0);
        appended.map(|appended| appended.base_offset.0)
    }

    pub(super) fn last_stable(&self) -> i64 {
        self.offsets().last_stable.0
    }
}

#[test]
fn a_marker_ends_a_transaction_also_over_a_restart() {
    type Restart = fn(&mut World);
    for restart in [(|_| {}) as Restart, World::crash, World::restart] {
        let mut world = World::new();
        world.put(&["before"]);
        world.write(9, 0, &["a", "b"]);
        restart(&mut world);
        world.write(9, 2, &["c"]);
        assert_eq!(world.last_stable(), 1);
        restart(&mut world);
        assert_eq!(world.finish(end(9, 0, MarkerKind::Commit, V1)), Ok(4));
        restart(&mut world);
        assert_eq!(world.last_stable(), 5);
        assert_eq!(world.log().open_transactions(), []);
        let producer = world.log().producers(ID).unwrap()[0];
        assert_eq!((producer.coordinator_epoch, producer.last_sequence), (3, 2));
        assert_eq!(world.write(9, 3, &["d"]), 5, "version 1 goes on with the next sequence number");
    }
}

#[test]
fn after_a_marker_of_version_2_sequences_restart_also_over_a_restart() {
    type Restart = fn(&mut World);
    for restart in [(|_| {}) as Restart, World::crash, World::restart] {
        let mut world = World::new();
        world.write(9, 0, &["a", "b"]);
        world.finish(end(9, 1, MarkerKind::Abort, V2)).unwrap();
        restart(&mut world);
        let late = world.append(inside(9, 0, 2, &["late"]));
        let current = ProducerEpoch(1);
        assert_eq!(late, Err(AppendError::InvalidProducerEpoch { found: ProducerEpoch(0), current }));
        let gap = world.append(inside(9, 1, 2, &["x"]));
        assert_eq!(gap, Err(AppendError::OutOfOrderSequence { expected: 0, found: 2 }));
        assert_eq!(world.finish(end(9, 1, MarkerKind::Abort, V2)), Ok(3), "a repetition of the marker");
        assert_eq!(world.append(inside(9, 1, 0, &["c"])).unwrap().base_offset, Offset(4));
        let refused = world.finish(end(9, 1, MarkerKind::Abort, V2));
        assert_eq!(refused, Err(AppendError::InvalidProducerEpoch { found: ProducerEpoch(1), current }));
    }
}

#[test]
fn batches_of_version_2_start_at_0_where_nothing_is_known() {
    let world = World::new();
    let late = |version| {
        let append = Append { id: ID, batch: inside(9, 0, 4, &["late"]) };
        wait(world.log().append_with(vec![append], version)).remove(0)
    };
    assert_eq!(late(V2), Err(AppendError::OutOfOrderSequence { expected: 0, found: 4 }));
    assert!(late(V1).is_ok());
}

#[test]
fn a_replaced_coordinator_writes_no_marker() {
    let world = World::new();
    world.write(9, 0, &["a"]);
    world.finish(end(9, 0, MarkerKind::Commit, V1)).unwrap();
    let old = TransactionEnd {
        marker: Marker { kind: MarkerKind::Abort, coordinator_epoch: 2 },
        ..end(9, 0, MarkerKind::Abort, V1)
    };
    assert_eq!(world.finish(old), Err(AppendError::FencedCoordinator { current: 3 }));
}

/// A consumer that has read committed records must never find them aborted after a power cut, nor the other
/// way round.
#[test]
fn a_marker_that_is_not_durable_moves_nothing() {
    for kind in [MarkerKind::Commit, MarkerKind::Abort] {
        let world = World::with(|settings| settings.durability = Durability::Sync);
        world.write(9, 0, &["a"]);
        world.put(&["after"]);
        assert_eq!(world.last_stable(), 0);
        let gate = world.disk.sync_gate.lock();
        let marker = world.log().append_markers(vec![(ID, end(9, 0, kind, V1))]);
        assert_eq!(world.log().open_transactions(), [], "the transaction is decided");
        assert_eq!(world.last_stable(), 0, "but not for readers");
        drop(gate);
        wait(marker).remove(0).unwrap();
        assert_eq!(world.last_stable(), 3);
    }
}

/// The sync under way when a marker is written does not cover it.
#[test]
fn a_sync_that_began_before_the_marker_settles_nothing() {
    let world = World::with(|settings| settings.durability = Durability::Sync);
    let engine = &world.log().0.engine;
    let turn = engine.run.turn();
    let data = world.log().append(vec![Append { id: ID, batch: inside(9, 0, 0, &["a"]) }]);
    let partition = world.log().find(ID).unwrap();
    let capture = partition.capture(engine, &turn).unwrap();
    let marker = world.log().append_markers(vec![(ID, end(9, 0, MarkerKind::Commit, V1))]);
    assert!(partition.synced(&capture));
    let Offsets { last_stable, high_watermark, .. } = world.offsets();
    assert_eq!((last_stable, high_watermark), (Offset(0), Offset(1)));
    drop(turn);
    wait(data).remove(0).unwrap();
    wait(marker).remove(0).unwrap();
    assert_eq!(world.last_stable(), 2);
}

#[test]
fn a_marker_whose_sync_fails_moves_nothing() {
    let world = World::with(|settings| settings.durability = Durability::Sync);
    world.write(9, 0, &["a"]);
    world.disk.syncs_fail.store(true, Ordering::SeqCst);
    assert_eq!(world.finish(end(9, 0, MarkerKind::Commit, V1)), Err(AppendError::Storage(ID)));
    assert_eq!(world.last_stable(), 0);
}

#[test]
fn a_marker_that_cannot_be_written_ends_nothing() {
    let world = World::new();
    world.write(9, 0, &["a"]);
    *world.disk.bytes_left.lock() = Some(10);
    assert_eq!(world.finish(end(9, 0, MarkerKind::Commit, V1)), Err(AppendError::NoSpace(ID)));
    assert_eq!(world.log().open_transactions().len(), 1);
    *world.disk.bytes_left.lock() = None;
    assert_eq!(world.finish(end(9, 0, MarkerKind::Commit, V1)), Ok(1));
    assert_eq!(world.last_stable(), 2);
}

#[test]
fn the_oldest_transaction_bounds_what_is_stable() {
    let world = World::new();
    world.write(1, 0, &["a"]);
    world.write(2, 0, &["b"]);
    world.write(3, 0, &["c"]);
    let commit = |producer| world.finish(end(producer, 0, MarkerKind::Commit, V1)).unwrap();
    commit(2);
    assert_eq!(world.last_stable(), 0);
    commit(1);
    assert_eq!(world.last_stable(), 2);
    commit(3);
    assert_eq!(world.last_stable(), 6);
}

#[test]
fn what_is_stable_is_never_before_the_start() {
    let world = World::new();
    world.write(9, 0, &["a", "b"]);
    world.put(&["after"]);
    world.log().trim(ID, Offset(2)).unwrap();
    assert_eq!(world.last_stable(), 2);
    assert_eq!(world.log().open_transactions().len(), 1, "trimming decides on nothing");
}

#[test]
fn producers_are_described() {
    let mut world = World::new();
    world.append(sequenced(5, 2, 0, &["x", "y"])).unwrap();
    world.pass_ms(7);
    world.write(9, 0, &["a"]);
    world.finish(end(4, 6, MarkerKind::Commit, V1)).unwrap();
    for _ in 0..2 {
        let expected = [
            ActiveProducer {
                producer: ProducerId(4),
                epoch: ProducerEpoch(6),
                last_sequence: -1,
                last_timestamp: Timestamp(START_MS + 7),
                coordinator_epoch: 3,
                transaction_start: None,
            },
            ActiveProducer {
                producer: ProducerId(5),
                epoch: ProducerEpoch(2),
                last_sequence: 1,
                last_timestamp: Timestamp(START_MS),
                coordinator_epoch: -1,
                transaction_start: None,
            },
            ActiveProducer {
                producer: ProducerId(9),
                epoch: ProducerEpoch(0),
                last_sequence: 0,
                last_timestamp: Timestamp(START_MS),
                coordinator_epoch: -1,
                transaction_start: Some(Offset(2)),
            },
        ];
        assert_eq!(world.log().producers(ID).unwrap(), expected);
        assert_eq!(world.log().open_transactions(), [(ID, expected[2])]);
        world.restart();
    }
}

#[test]
fn an_open_transaction_keeps_its_producer_from_expiry() {
    let mut world = World::new();
    world.write(9, 0, &["a"]);
    world.append(sequenced(5, 0, 0, &["x"])).unwrap();
    world.pass_ms(2000);
    world.log().expire_producers(1000);
    world.crash();
    let ids: Vec<_> = world.log().producers(ID).unwrap().iter().map(|known| known.producer.0).collect();
    assert!(ids.contains(&9));
    assert_eq!(world.finish(end(9, 0, MarkerKind::Commit, V1)), Ok(2));
    assert_eq!(world.last_stable(), 3);
}

#[test]
fn searches_by_time_stop_at_what_is_stable() {
    let world = World::new();
    world.append(batch(&["a"], START_MS)).unwrap();
    world.write(9, 0, &["b"]);
    world.append(batch(&["c"], START_MS + 5)).unwrap();
    let find = |bound| world.log().find_by_time(ID, Timestamp(START_MS + 1), bound).unwrap();
    assert_eq!(find(ReadBound::HighWatermark).map(|found| found.offset), Some(Offset(2)));
    assert_eq!(find(ReadBound::LastStable), None);
    let newest = |bound| world.log().max_timestamp(ID, bound).unwrap().unwrap().offset;
    assert_eq!(newest(ReadBound::HighWatermark), Offset(2));
    assert_eq!(newest(ReadBound::LastStable), Offset(0));
}

#[test]
fn markers_have_kafkas_bytes() {
    let world = World::new();
    world.write(9, 0, &["a"]);
    world.pass_ms(3);
    world.finish(end(9, 0, MarkerKind::Commit, V1)).unwrap();
    let (header, bytes) = batches(&world.read(1, 1000).unwrap()).next().unwrap().unwrap();
    assert_eq!((header.is_control(), header.is_transactional(), header.base_sequence), (true, true, -1));
    assert_eq!((header.record_count, header.max_timestamp), (1, Timestamp(START_MS + 3)));
    let record = ottla_wire::record::records(header, &bytes).unwrap().next().unwrap().unwrap();
    assert_eq!(record.key.as_deref(), Some(&[0, 0, 0, 1][..]));
    assert_eq!(record.value.as_deref(), Some(&[0, 0, 0, 0, 0, 3][..]));
}

/// Regression, found by the simulator: a shard of the coordinator had lost that a partition takes part, the producer went
/// on with a new epoch, and the next commit committed the records that it had left behind.
#[test]
fn a_new_epoch_does_not_go_on_with_a_transaction_that_was_left_behind() {
    let world = World::new();
    world.write(9, 0, &["left behind"]);
    let next = || world.append(inside(9, 1, 0, &["next"]));
    assert_eq!(next(), Err(AppendError::InvalidTransactionState));
    world.finish(end(9, 0, MarkerKind::Abort, V1)).unwrap();
    assert_eq!(next().unwrap().base_offset, Offset(2));
}
