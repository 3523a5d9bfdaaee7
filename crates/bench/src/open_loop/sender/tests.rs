use super::*;
use std::num::NonZeroU32;

const MS: Nanos = 1_000_000;

/// A record each millisecond.
fn sender(total: u64, in_flight: usize, batch_records: u64) -> Sender {
    let schedule = Schedule::new(NonZeroU32::new(1000).unwrap());
    Sender::new(schedule, total, Bounds { in_flight, batch_records })
}

#[test]
fn each_record_goes_out_when_it_is_due() {
    let mut sender = sender(2, 5, 100);
    assert_eq!(sender.take(0), Some(0..1));
    assert_eq!(sender.take(0), None);
    assert_eq!(sender.next_due(), Some(MS));
    assert_eq!(sender.take(MS - 1), None);
    assert_eq!(sender.take(MS), Some(1..2));
    assert_eq!((sender.next_due(), sender.take(9 * MS)), (None, None), "there are no more");
}

#[test]
fn what_is_late_goes_out_at_once_and_nothing_is_skipped() {
    let mut sender = sender(100, 5, 4);
    assert_eq!(sender.take(9 * MS), Some(0..4));
    assert_eq!(sender.take(9 * MS), Some(4..8));
    assert_eq!(sender.take(9 * MS), Some(8..10));
    assert_eq!(sender.take(9 * MS), None);
}

#[test]
fn records_wait_for_an_answer_when_too_many_batches_have_none() {
    let mut sender = sender(100, 2, 50);
    assert_eq!((sender.take(0), sender.take(MS)), (Some(0..1), Some(1..2)));
    assert_eq!((sender.take(5 * MS), sender.next_due()), (None, None));
    assert_eq!(sender.acknowledged(), Some(0..1));
    assert_eq!(sender.next_due(), Some(2 * MS), "it is overdue");
    assert_eq!(sender.take(5 * MS), Some(2..6));
}

#[test]
fn it_is_done_when_the_last_answer_has_come() {
    let mut sender = sender(1, 2, 50);
    assert_eq!(sender.take(0), Some(0..1));
    assert!(!sender.is_done());
    assert_eq!(sender.acknowledged(), Some(0..1));
    assert!(sender.is_done());
    assert_eq!(sender.acknowledged(), None, "an answer that nobody asked for");
}
