use super::*;
use ottla_base::{PartitionIndex, TopicId};
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};

fn partition(index: i32) -> PartitionId {
    PartitionId { topic: TopicId::NONE, index: PartitionIndex(index) }
}

fn is_woken(waiter: &Waiter) -> bool {
    pin!(waiter.progress()).poll(&mut Context::from_waker(Waker::noop())).is_ready()
}

#[test]
fn progress_between_parking_and_waiting_is_not_missed() {
    let waiting = Arc::new(Waiting::default());
    let waiter = waiting.park(vec![partition(0), partition(1)], waiting.so_far());
    assert!(!is_woken(&waiter));
    waiting.advanced(&[partition(1)]);
    assert!(is_woken(&waiter));
    waiting.advanced(&[partition(2)]);
    assert!(!is_woken(&waiter), "another partition is none of its business");
}

#[test]
fn progress_between_looking_and_parking_is_not_missed() {
    let waiting = Arc::new(Waiting::default());
    let seen = waiting.so_far();
    waiting.advanced(&[partition(0)]);
    let waiter = waiting.park(vec![partition(0)], seen);
    assert!(is_woken(&waiter));
    assert!(!is_woken(&waiter), "once is enough");
}

#[test]
fn nobody_waits_for_a_broker_that_stops() {
    let waiting = Arc::new(Waiting::default());
    let early = waiting.park(vec![partition(0)], waiting.so_far());
    waiting.close();
    let late = waiting.park(vec![partition(0)], waiting.so_far());
    assert!(is_woken(&early) && is_woken(&late));
}

#[test]
fn a_waiter_that_left_leaves_nothing_behind() {
    let waiting = Arc::new(Waiting::default());
    drop(waiting.park(vec![partition(0), partition(0)], waiting.so_far()));
    assert!(waiting.parked.lock().is_empty());
    assert_eq!(waiting.count.load(Ordering::SeqCst), 0);
}
