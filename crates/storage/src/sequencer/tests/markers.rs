//! Rules 7, 10 and 11 of reference 4.3: how transactions open and end.

use super::*;

#[test]
fn transactions_open_with_their_first_batch_and_end_with_a_marker() {
    let mut producers = after(&[inside(0, 0, 2), inside(0, 2, 2)]);
    assert_eq!(producers.first_open_transaction(), Some(Offset(100)));
    let applied = producers.apply(&commit(0), Offset(104), NOW).unwrap();
    let ended = EndedTransaction {
        producer: WRITER,
        first: Offset(100),
        marker: Offset(104),
        kind: MarkerKind::Commit,
        last_stable: Offset(105),
    };
    assert_eq!(applied.ended, Some(ended));
    assert_eq!(producers.first_open_transaction(), None);
    // The marker has no sequence number: under version 1 the producer goes on after its data.
    assert_eq!(decide(&producers, &facts(0, 4, 1), V1), Decision::Accept);
    assert_eq!(decide(&producers, &inside(0, 2, 2), V1), duplicate(102, 103));
}

#[test]
fn what_is_stable_after_an_end_is_bounded_by_the_others_transactions() {
    let mut producers = after(&[inside(0, 0, 1)]);
    let other = BatchFacts { producer: ProducerId(8), ..inside(0, 0, 1) };
    producers.apply(&other, Offset(101), NOW);
    let ended = producers.apply(&marker(0, MarkerKind::Abort, 0), Offset(102), NOW).unwrap().ended.unwrap();
    assert_eq!((ended.kind, ended.last_stable), (MarkerKind::Abort, Offset(101)));
    let end = BatchFacts { producer: ProducerId(8), ..commit(0) };
    assert_eq!(producers.apply(&end, Offset(103), NOW).unwrap().ended.unwrap().last_stable, Offset(104));
}

#[test]
fn a_marker_without_data_ends_nothing() {
    let mut producers = PartitionProducers::default();
    assert_eq!(decide(&producers, &commit(0), V1), Decision::Accept);
    assert_eq!(producers.apply(&commit(0), Offset(100), NOW).unwrap().ended, None);
    assert_eq!(decide(&producers, &inside(0, 3, 1), V1), Decision::OutOfOrder { expected: 0 });
}

#[test]
fn a_marker_of_version_1_has_the_producers_epoch_or_a_newer_one() {
    let producers = after(&[inside(3, 0, 1)]);
    assert_eq!(decide(&producers, &commit(2), V1), fenced(3));
    assert_eq!(decide(&producers, &commit(3), V1), Decision::Accept);
    assert_eq!(decide(&producers, &commit(4), V1), Decision::Accept, "a time-out raises the epoch");
}

/// A late marker of the last transaction must not end the one that the producer has begun since.
#[test]
fn a_marker_of_version_2_has_a_newer_epoch() {
    let producers = after(&[inside(3, 0, 1)]);
    assert_eq!(decide(&producers, &commit(2), V2), fenced(3));
    assert_eq!(decide(&producers, &commit(3), V2), fenced(3));
    assert_eq!(decide(&producers, &commit(4), V2), Decision::Accept);
}

/// KAFKA-19999: the coordinator writes its markers again when it has not heard of the first ones.
#[test]
fn a_repeated_marker_of_version_2_passes_while_no_transaction_is_open() {
    let mut producers = after(&[inside(3, 0, 1), commit(4)]);
    assert_eq!(decide(&producers, &commit(4), V2), Decision::Accept);
    assert_eq!(producers.apply(&commit(4), Offset(102), NOW).unwrap().ended, None);
    producers.apply(&inside(4, 0, 1), Offset(103), NOW);
    assert_eq!(decide(&producers, &commit(4), V2), fenced(4));
}

#[test]
fn after_a_marker_of_version_2_sequences_restart_in_its_epoch() {
    let producers = after(&[inside(3, 0, 2), commit(4)]);
    assert_eq!(decide(&producers, &inside(4, 0, 1), V2), Decision::Accept);
    assert_eq!(decide(&producers, &inside(4, 2, 1), V2), Decision::OutOfOrder { expected: 0 });
    assert_eq!(decide(&producers, &inside(3, 2, 1), V2), fenced(4), "a late batch of the old transaction");
    assert_eq!(decide(&producers, &inside(3, 0, 2), V2), fenced(4), "and a repetition of one");
}

#[test]
fn a_replaced_coordinator_is_fenced() {
    let producers = after(&[inside(0, 0, 1), marker(0, MarkerKind::Commit, 5), inside(0, 1, 1)]);
    let by = |coordinator_epoch| decide(&producers, &marker(1, MarkerKind::Abort, coordinator_epoch), V2);
    assert_eq!(by(4), Decision::FencedCoordinator { current: 5 });
    assert_eq!(by(5), Decision::Accept);
    assert_eq!(by(6), Decision::Accept);
}

#[test]
fn an_empty_control_batch_changes_nothing() {
    let mut producers = after(&[inside(3, 0, 1)]);
    let before = producers.clone();
    let emptied = BatchFacts { content: Content::EmptyControl, ..facts(1, -1, 1) };
    assert_eq!(decide(&producers, &emptied, V2), Decision::Accept);
    assert!(producers.apply(&emptied, Offset(101), NOW).is_none());
    assert_eq!(producers, before);
}

#[test]
fn the_last_timestamp_is_the_newest_batchs_or_markers() {
    let last = |producers: &PartitionProducers| producers.get(WRITER).unwrap().last_timestamp;
    assert_eq!(last(&after(&[inside(0, 0, 1)])), Timestamp(5));
    assert_eq!(last(&after(&[inside(0, 0, 1), commit(0)])), Timestamp(6));
}
