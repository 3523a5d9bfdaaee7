use super::*;
use crate::testing::{Bench, bench};
use bytes::Bytes;
use ottla_base::{Offset, PartitionId, Timestamp};
use ottla_wire::record::{BatchBuilder, BatchOptions};

const ONE: ConnectionId = ConnectionId(1);
const TWO: ConnectionId = ConnectionId(2);

fn batch(bytes: usize) -> Bytes {
    let mut builder = BatchBuilder::new(BatchOptions::default());
    builder.append(Timestamp(1_700_000_000_000), None, Some(&vec![7; bytes]), &[]).expect("it fits");
    builder.build()
}

/// Gathers for a partition, on which two connections have been together before.
async fn met(bench: &Bench) -> (Rc<Gathering>, PartitionId) {
    bench.create_topic("t", 1).await;
    let id = bench.broker.image.topic("t").and_then(|topic| topic.partition(0)).expect("there");
    let gathering = Gathering::new(bench.broker.log.clone());
    gathering.state.borrow_mut().habit = Habit::default().after(2);
    (Rc::new(gathering), id)
}

fn end(bench: &Bench, id: PartitionId) -> i64 {
    bench.broker.log.offsets(id).expect("there").end.0
}

fn base_offsets(results: Results) -> Vec<Offset> {
    results.into_iter().map(|result| result.expect("appended").base_offset).collect()
}

#[test]
fn who_comes_together_is_written_together_in_order() {
    bench(|bench| async move {
        let (gathering, id) = met(&bench).await;
        let put = |connection, count| {
            let appends = (0..count).map(|_| Append { id, batch: batch(1) }).collect();
            gathering.append(connection, appends)
        };
        let (mut first, second, third) = (put(ONE, 1), put(ONE, 2), put(TWO, 1));
        assert_eq!((first.results_if_ready(), end(&bench, id), gathering.has_any()), (None, 0, true));
        gathering.write();
        assert_eq!((end(&bench, id), gathering.has_any()), (4, false));
        // Others are gathered by then, and are not mixed up with those.
        let later = put(TWO, 1);
        assert_eq!(base_offsets(third.results().await), [Offset(3)]);
        assert_eq!(base_offsets(first.results().await), [Offset(0)]);
        assert_eq!(base_offsets(second.results().await), [Offset(1), Offset(2)]);
        assert_eq!(base_offsets(later.results().await), [Offset(4)]);
        assert!(!gathering.state.borrow().habit.has_paid, "there was one connection in the last round");
    });
}

#[test]
fn who_waits_writes_when_others_had_their_turn() {
    bench(|bench| async move {
        let (gathering, id) = met(&bench).await;
        let append = |connection| gathering.append(connection, vec![Append { id, batch: batch(1) }]);
        let first = append(ONE).results();
        // The second has its turn when the first has begun to wait.
        let (first, second) = tokio::join!(first, async { append(TWO).results().await });
        assert_eq!((base_offsets(first), base_offsets(second)), (vec![Offset(0)], vec![Offset(1)]));
        assert!(gathering.state.borrow().habit.has_paid);
    });
}

#[test]
fn nobody_goes_past_those_who_wait() {
    bench(|bench| async move {
        let (gathering, id) = met(&bench).await;
        let first = gathering.append(ONE, vec![Append { id, batch: batch(1) }]);
        gathering.state.borrow_mut().habit = Habit::default();
        let second = gathering.append(ONE, vec![Append { id, batch: batch(1) }]);
        assert_eq!(base_offsets(second.results().await), [Offset(1)]);
        assert_eq!(base_offsets(first.results().await), [Offset(0)]);
    });
}

#[test]
fn what_is_large_is_written_at_once_behind_those_who_wait() {
    bench(|bench| async move {
        let (gathering, id) = met(&bench).await;
        let append = |bytes| gathering.append(ONE, vec![Append { id, batch: batch(bytes) }]);
        let (first, second) = (append(1), append(SMALL_BYTES_MAX));
        assert!(matches!(second, Appending::Written(_)));
        assert_eq!(base_offsets(second.results().await), [Offset(1)]);
        assert_eq!(base_offsets(first.results().await), [Offset(0)]);
    });
}

#[test]
fn much_is_written_at_once() {
    bench(|bench| async move {
        let (gathering, id) = met(&bench).await;
        let batch = batch(SMALL_BYTES_MAX / 2);
        let put = || gathering.append(ONE, vec![Append { id, batch: batch.clone() }]);
        let waiting: Vec<_> = (1..BYTES_MAX.div_ceil(batch.len())).map(|_| put()).collect();
        assert_eq!((end(&bench, id), gathering.has_any()), (0, true));
        assert!(matches!(put(), Appending::Written(_)));
        assert!(!gathering.has_any());
        for (appending, offset) in waiting.into_iter().zip(0..) {
            assert_eq!(base_offsets(appending.results().await), [Offset(offset)]);
        }
    });
}

#[test]
fn who_is_alone_does_not_wait() {
    let mut habit = Habit::default();
    assert!((0..1_000).all(|_| !habit.is_to_wait(ONE)));
    // And of those who never come together, few do.
    let tries = (0..10_000).filter(|n| {
        let waits = habit.is_to_wait(ConnectionId(n % 2));
        if waits {
            habit = habit.after(1);
        }
        waits
    });
    let tries = tries.count();
    assert!((10_000 / 64..10_000 / 50).contains(&tries), "{tries}");
}

#[test]
fn who_has_met_others_waits_until_nobody_comes() {
    let mut habit = Habit::default();
    habit.is_to_wait(ONE);
    assert!(habit.is_to_wait(TWO), "another may have come with it");
    let mut habit = habit.after(2);
    assert!(habit.is_to_wait(TWO) && habit.is_to_wait(TWO));
    let mut habit = habit.after(1);
    assert!(!habit.is_to_wait(TWO) && !habit.is_to_wait(ONE) && habit.is_to_wait(TWO));
}
