//! A shard whose state was lost while the broker runs, as after an append that the journal refused.

use super::opening::write_alone;
use super::*;
use crate::testing::bench;
use std::pin::pin;

/// Loses the state, and waits until the shard serves again.
async fn lose(bench: &Bench) {
    let shard = bench.broker.transactions.shard("x");
    shard.lose().await;
    while !shard.serves() {
        tokio::task::yield_now().await;
    }
}

#[test]
fn nobody_is_answered_before_logs_and_transactions_were_compared() {
    bench(|bench| async move {
        bench.create_topic("t", 1).await;
        let forgotten = bench.create_topic("u", 1).await;
        let mut producer = Producer::new(&bench, "x").await;
        producer.write(&bench, TWO, "t", "a").await;
        let alone = Producer { sequence: 0, ..producer };
        write_alone(&bench, forgotten, &alone, "b").await;
        bench.broker.transactions.shard("x").lose().await;
        // It is loaded, and knows nothing of `u` yet.
        let early = init(&bench, "x", 60_000).await;
        assert_eq!((early.error_code, early.producer_id), (ErrorCode::NOT_COORDINATOR, -1));
        assert_eq!(producer.end(&bench, 5, true).await, ErrorCode::NOT_COORDINATOR);
        while init(&bench, "x", 60_000).await.error_code != ErrorCode::NONE {
            tokio::task::yield_now().await;
        }
        // The successor has ended what its predecessor had begun, everywhere.
        assert_eq!(seen(&bench, "t").await, "a A | 2 of 2 | aborted 0");
        assert_eq!(seen(&bench, "u").await, "b A | 2 of 2 | aborted 0");
    });
}

#[test]
fn the_finisher_goes_on_with_what_was_loaded() {
    bench(|bench| async move {
        bench.create_topic("t", 1).await;
        let mut producer = Producer::new(&bench, "x").await;
        producer.write(&bench, TWO, "t", "a").await;
        lose(&bench).await;
        assert_eq!(producer.write(&bench, TWO, "t", "b").await, (ErrorCode::NONE, 1));
        assert_eq!(producer.end(&bench, 5, true).await, ErrorCode::NONE);
        assert_eq!(seen(&bench, "t").await, "a b C | 3 of 3 | aborted");
    });
}

#[test]
fn a_write_that_the_transaction_has_forgotten_is_taken_in() {
    bench(|bench| async move {
        bench.create_topic("t", 1).await;
        let forgotten = bench.create_topic("u", 1).await;
        let mut producer = Producer::new(&bench, "x").await;
        producer.write(&bench, TWO, "t", "a").await;
        let alone = Producer { sequence: 0, ..producer };
        write_alone(&bench, forgotten, &alone, "b").await;
        lose(&bench).await;
        while !bench.described("x").await.contains(&(Str::from("u"), vec![0])) {
            tokio::task::yield_now().await;
        }
        assert_eq!(producer.end(&bench, 5, true).await, ErrorCode::NONE);
        assert_eq!(seen(&bench, "u").await, "b C | 2 of 2 | aborted");
    });
}

#[test]
fn a_write_that_is_forgotten_and_left_behind_is_aborted() {
    bench(|bench| async move {
        bench.create_topic("t", 1).await;
        let forgotten = bench.create_topic("u", 1).await;
        let mut producer = Producer::new(&bench, "x").await;
        let left_behind = Producer { sequence: 0, ..producer };
        producer.write(&bench, TWO, "t", "a").await;
        assert_eq!(producer.end(&bench, 5, true).await, ErrorCode::NONE);
        write_alone(&bench, forgotten, &left_behind, "b").await;
        lose(&bench).await;
        assert_eq!(text(fetch(&bench, "u", 60_000).await), "b A | 2 of 2 | aborted 0");
        producer.sequence = 0;
        assert_eq!(producer.write(&bench, TWO, "u", "c").await.0, ErrorCode::NONE);
        assert_eq!(producer.end(&bench, 5, true).await, ErrorCode::NONE);
        assert_eq!(seen(&bench, "u").await, "b A c C | 4 of 4 | aborted 0");
    });
}

#[test]
fn a_write_is_not_acknowledged_if_its_transaction_may_not_know_of_it() {
    bench(|bench| async move {
        bench.create_topic("t", 1).await;
        let mut producer = Producer::new(&bench, "x").await;
        let request = producer.request("t", producer.batch("a", BatchScope::Transactional));
        let mut write = pin!(bench.call(&request, TWO));
        begin(write.as_mut()).await;
        lose(&bench).await;
        let answer = write.await;
        let code = answer.responses[0].partition_responses[0].error_code;
        // Every client sends it again, and hears where it has been all the time.
        assert_eq!(code, ErrorCode::NOT_ENOUGH_REPLICAS);
        assert_eq!(producer.write(&bench, TWO, "t", "a").await, (ErrorCode::NONE, 0));
        assert_eq!(producer.end(&bench, 5, true).await, ErrorCode::NONE);
        assert_eq!(seen(&bench, "t").await, "a C | 2 of 2 | aborted");
    });
}
