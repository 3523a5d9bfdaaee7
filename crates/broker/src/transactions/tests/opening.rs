//! What a start finds open in logs.

use super::*;
use crate::testing::{bench_in, idle_bench_in};
use ottla_base::{PartitionId, PartitionIndex};
use ottla_storage::Append;

/// Writes a batch past the coordinator, as if the record that its partition takes part had been lost.
pub(super) async fn write_alone(bench: &Bench, topic: ottla_base::TopicId, producer: &Producer, value: &str) {
    let id = PartitionId { topic, index: PartitionIndex(0) };
    let batch = producer.batch(value, BatchScope::Transactional);
    let written = bench.broker.log.append(vec![Append { id, batch }]).await;
    assert!(written.iter().all(Result::is_ok));
}

#[test]
fn a_transaction_that_nobody_has_is_aborted() {
    let dir = tempfile::tempdir().expect("a directory for the test");
    idle_bench_in(dir.path(), |bench| async move {
        let topic = bench.create_topic("t", 1).await;
        let stranger = Producer { id: "?", claim: super::super::claim(77, 3), sequence: 0 };
        write_alone(&bench, topic, &stranger, "a").await;
        assert_eq!(seen(&bench, "t").await, "| 0 of 1 | aborted");
    });
    bench_in(dir.path(), |bench| async move {
        assert_eq!(text(fetch(&bench, "t", 60_000).await), "a A | 2 of 2 | aborted 0");
    });
}

#[test]
fn a_write_whose_transaction_has_not_heard_of_it_counts() {
    let dir = tempfile::tempdir().expect("a directory for the test");
    idle_bench_in(dir.path(), |bench| async move {
        let topic = bench.create_topic("t", 1).await;
        let producer = Producer::new(&bench, "x").await;
        write_alone(&bench, topic, &producer, "a").await;
    });
    bench_in(dir.path(), |bench| async move {
        // The producer has no answer and sends it again: it is a repetition, and must not be lost for that.
        let mut producer = Producer { id: "x", claim: super::super::claim(0, 0), sequence: 0 };
        assert_eq!(producer.write(&bench, TWO, "t", "a").await, (ErrorCode::NONE, 0));
        assert_eq!(producer.end(&bench, 5, true).await, ErrorCode::NONE);
        assert_eq!(seen(&bench, "t").await, "a C | 2 of 2 | aborted");
    });
}

#[test]
fn nothing_is_taken_in_that_belongs_to_an_older_epoch() {
    let dir = tempfile::tempdir().expect("a directory for the test");
    idle_bench_in(dir.path(), |bench| async move {
        let topic = bench.create_topic("t", 1).await;
        let older = Producer::new(&bench, "x").await;
        Producer::new(&bench, "x").await;
        write_alone(&bench, topic, &older, "a").await;
    });
    bench_in(dir.path(), |bench| async move {
        assert_eq!(text(fetch(&bench, "t", 60_000).await), "a A | 2 of 2 | aborted 0");
        // Who is the owner now is not fenced by that marker.
        let mut owner = Producer { id: "x", claim: super::super::claim(0, 1), sequence: 0 };
        assert_eq!(owner.write(&bench, TWO, "t", "b").await.0, ErrorCode::NONE);
        assert_eq!(owner.end(&bench, 5, true).await, ErrorCode::NONE);
        assert_eq!(seen(&bench, "t").await, "a A b C | 4 of 4 | aborted 0");
    });
}
