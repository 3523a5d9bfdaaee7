//! Nobody sees by the results on how many threads they were made.

use super::*;
use std::sync::atomic::{AtomicUsize, Ordering};

#[test]
fn results_come_in_the_order_of_the_things() {
    for threads in [0, 1, 2, 3, 100] {
        for count in [0, 1, 2, 50] {
            let things: Vec<_> = (0..count).collect();
            let doubled = map_on(threads, things.clone(), |thing| 2 * thing);
            assert_eq!(
                doubled,
                things.iter().map(|thing| 2 * thing).collect::<Vec<_>>(),
                "{threads} threads"
            );
        }
    }
}

#[test]
fn threads_work_at_the_same_time() {
    let begun = AtomicUsize::new(0);
    // Each waits for the one behind it, so that one thread has the first and the third.
    let done = map_on(2, vec![0, 1, 2], |nth| {
        begun.fetch_add(1, Ordering::SeqCst);
        let met = (0..1_000_000).any(|_| {
            thread::yield_now();
            (nth + 2).min(3) <= begun.load(Ordering::SeqCst)
        });
        (nth, met)
    });
    assert_eq!(done, [(0, true), (1, true), (2, true)]);
}

#[test]
fn work_that_is_driven_stays_on_its_thread() {
    let here = thread::current().id();
    let all_here = map(Work::Driven, vec![(); 100], |()| thread::current().id() == here);
    assert!(all_here.into_iter().all(|is_here| is_here));
}

#[test]
fn a_panic_is_not_lost() {
    let panics = |thing: i32| assert_ne!(thing, 7, "a test wants it");
    let caught = std::panic::catch_unwind(|| map_on(2, (0..10).collect(), panics));
    assert!(caught.is_err());
}
