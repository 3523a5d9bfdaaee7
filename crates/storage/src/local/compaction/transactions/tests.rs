//! Who needs a marker, and who no longer.

use super::*;
use bytes::Bytes;
use ottla_base::{ProducerEpoch, Timestamp};
use ottla_wire::record::{BatchBuilder, BatchOptions, BatchScope, Marker};

fn data(producer: i64, offset: i64) -> BatchHeader {
    let mut builder = BatchBuilder::new(BatchOptions {
        base_offset: Offset(offset),
        producer_id: ProducerId(producer),
        producer_epoch: ProducerEpoch(0),
        base_sequence: 0,
        scope: BatchScope::Transactional,
        ..BatchOptions::default()
    });
    builder.append(Timestamp(1), Some(b"k"), Some(b"v"), &[]).unwrap();
    BatchHeader::parse(&builder.build()).unwrap()
}

fn marker(producer: i64, offset: i64) -> BatchHeader {
    let marker = Marker { kind: MarkerKind::Commit, coordinator_epoch: 0 };
    let batch: Bytes = marker.batch(ProducerId(producer), ProducerEpoch(0), Timestamp(1));
    BatchHeader { base_offset: Offset(offset), ..BatchHeader::parse(&batch).unwrap() }
}

fn aborted(producer: i64, first: i64, marker: i64) -> AbortedEntry {
    let (first, marker) = (Offset(first), Offset(marker));
    AbortedEntry { producer: ProducerId(producer), first, marker, last_stable: marker }
}

#[test]
fn a_batch_is_aborted_from_the_first_offset_to_the_marker_of_its_producer() {
    let mut transactions = Transactions::new(vec![aborted(1, 30, 40), aborted(1, 10, 20)]);
    assert!(!transactions.data(&data(1, 5)));
    assert_eq!(transactions.marker(&marker(1, 6), Some(MarkerKind::Commit)), Use::Needed);
    assert!(transactions.data(&data(1, 10)));
    assert!(!transactions.data(&data(2, 11)), "somebody else's");
    assert!(transactions.data(&data(1, 12)));
    assert_eq!(transactions.marker(&marker(1, 20), Some(MarkerKind::Abort)), Use::Needed);
    assert!(!transactions.data(&data(1, 25)));
    assert_eq!(transactions.marker(&marker(1, 26), Some(MarkerKind::Commit)), Use::Needed);
    assert!(transactions.data(&data(1, 33)));
    assert_eq!(transactions.take_kept(), [aborted(1, 10, 20)]);
    assert_eq!(transactions.marker(&marker(1, 40), Some(MarkerKind::Abort)), Use::Needed);
    assert_eq!(transactions.take_kept(), [aborted(1, 30, 40)]);
}

#[test]
fn a_batch_outside_of_transactions_is_never_aborted() {
    let mut transactions = Transactions::new(vec![aborted(1, 0, 9)]);
    let plain = BatchHeader { attributes: 0, ..data(1, 3) };
    assert!(!transactions.data(&plain));
}

#[test]
fn a_marker_is_spent_when_nothing_of_its_transaction_is_left() {
    let mut transactions = Transactions::new(vec![aborted(1, 10, 20)]);
    assert_eq!(transactions.marker(&marker(2, 5), Some(MarkerKind::Commit)), Use::Spent);
    assert_eq!(transactions.marker(&marker(1, 20), Some(MarkerKind::Abort)), Use::Spent);
    assert_eq!(transactions.take_kept(), [], "nobody has to be told of it any more");
    // The next transaction of the same producer is another one.
    assert!(!transactions.data(&data(1, 21)));
    assert_eq!(transactions.marker(&marker(1, 22), Some(MarkerKind::Commit)), Use::Needed);
    assert_eq!(transactions.marker(&marker(1, 23), Some(MarkerKind::Commit)), Use::Spent);
}

#[test]
fn other_control_records_are_left_alone_unless_they_are_empty() {
    let mut transactions = Transactions::new(Vec::new());
    assert_eq!(transactions.marker(&marker(1, 1), None), Use::Needed);
    let empty = BatchHeader { record_count: 0, ..marker(1, 2) };
    assert_eq!(transactions.marker(&empty, None), Use::Spent);
}
