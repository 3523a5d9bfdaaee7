//! What may be written into a transaction, and what an older or mistaken client hears.

use super::*;
use crate::testing::bench;

#[test]
fn a_write_of_version_1_needs_its_partition_added() {
    bench(|bench| async move {
        bench.create_topic("t", 1).await;
        let mut producer = Producer::new(&bench, "x").await;
        assert_eq!(producer.write(&bench, 10, "t", "a").await.0, ErrorCode::INVALID_TXN_STATE);
        assert_eq!(producer.write(&bench, 11, "t", "a").await.0, ErrorCode::TRANSACTION_ABORTABLE);
        assert_eq!(seen(&bench, "t").await, "| 0 of 0 | aborted");
        producer.add(&bench, &["t"]).await;
        assert_eq!(producer.write(&bench, 10, "t", "a").await, (ErrorCode::NONE, 0));
        assert_eq!(producer.end(&bench, 3, true).await, ErrorCode::NONE);
        // What comes late opens no transaction.
        assert_eq!(producer.write(&bench, 11, "t", "b").await.0, ErrorCode::TRANSACTION_ABORTABLE);
        assert_eq!(seen(&bench, "t").await, "a C | 2 of 2 | aborted");
    });
}

#[test]
fn what_comes_late_under_version_2_is_fenced() {
    bench(|bench| async move {
        bench.create_topic("t", 1).await;
        let mut producer = Producer::new(&bench, "x").await;
        producer.write(&bench, TWO, "t", "a").await;
        let late = producer.request("t", producer.batch("b", BatchScope::Transactional));
        assert_eq!(producer.end(&bench, 5, true).await, ErrorCode::NONE);
        let answered = bench.call(&late, TWO).await;
        let code = answered.responses[0].partition_responses[0].error_code;
        assert_eq!(code, ErrorCode::INVALID_PRODUCER_EPOCH);
        assert_eq!(seen(&bench, "t").await, "a C | 2 of 2 | aborted");
    });
}

#[test]
fn a_transactional_batch_needs_its_transactional_id() {
    bench(|bench| async move {
        bench.create_topic("t", 1).await;
        let producer = Producer::new(&bench, "x").await;
        let mut request = producer.request("t", producer.batch("a", BatchScope::Transactional));
        request.transactional_id = None;
        let code = async |request: &ProduceRequest| {
            bench.call(request, TWO).await.responses[0].partition_responses[0].error_code
        };
        assert_eq!(code(&request).await, ErrorCode::TRANSACTIONAL_ID_AUTHORIZATION_FAILED);
        request.transactional_id = Some("y".into());
        assert_eq!(code(&request).await, ErrorCode::INVALID_PRODUCER_ID_MAPPING);
        // The other way round, a batch on its own is no part of anything.
        let plain = producer.request("t", producer.batch("a", BatchScope::Plain));
        assert_eq!(code(&plain).await, ErrorCode::NONE);
        assert_eq!(seen(&bench, "t").await, "a | 1 of 1 | aborted");
    });
}

#[test]
fn a_batch_outside_of_the_open_transaction_is_refused() {
    bench(|bench| async move {
        bench.create_topic("t", 1).await;
        let mut producer = Producer::new(&bench, "x").await;
        producer.write(&bench, TWO, "t", "a").await;
        let plain = producer.request("t", producer.batch("b", BatchScope::Plain));
        let response = bench.call(&plain, TWO).await;
        assert_eq!(response.responses[0].partition_responses[0].error_code, ErrorCode::INVALID_TXN_STATE);
    });
}

#[test]
fn one_request_is_of_one_producer() {
    bench(|bench| async move {
        bench.create_topic("t", 1).await;
        bench.create_topic("u", 1).await;
        let (one, other) = (Producer::new(&bench, "x").await, Producer::new(&bench, "y").await);
        let mut request = one.request("t", one.batch("a", BatchScope::Transactional));
        let second = other.request("u", other.batch("b", BatchScope::Transactional));
        request.topic_data.extend(second.topic_data);
        let response = bench.call(&request, TWO).await;
        for topic in &response.responses {
            let code = topic.partition_responses[0].error_code;
            assert_eq!(code, ErrorCode::INVALID_PRODUCER_ID_MAPPING, "{}", topic.name);
        }
        assert_eq!(seen(&bench, "t").await, "| 0 of 0 | aborted");
    });
}

#[test]
fn a_repeated_batch_is_stored_once() {
    bench(|bench| async move {
        bench.create_topic("t", 1).await;
        let mut producer = Producer::new(&bench, "x").await;
        let first = producer.write(&bench, TWO, "t", "a").await;
        producer.sequence = 0;
        assert_eq!(producer.write(&bench, TWO, "t", "a").await, first);
        producer.end(&bench, 5, true).await;
        assert_eq!(seen(&bench, "t").await, "a C | 2 of 2 | aborted");
    });
}

#[test]
fn a_write_and_an_end_at_the_same_time_leave_nothing_open() {
    bench(|bench| async move {
        bench.create_topic("t", 1).await;
        let mut producer = Producer::new(&bench, "x").await;
        producer.write(&bench, TWO, "t", "a").await;
        let write = producer.request("t", producer.batch("b", BatchScope::Transactional));
        let abort = producer.end_request(false);
        let (written, ended) = tokio::join!(bench.call(&write, TWO), bench.call(&abort, 5));
        assert_eq!(written.responses[0].partition_responses[0].error_code, ErrorCode::NONE);
        assert_eq!(ended.error_code, ErrorCode::NONE);
        assert_eq!(seen(&bench, "t").await, "a b A | 3 of 3 | aborted 0");
        let mut producer = Producer {
            claim: super::super::claim(ended.producer_id, ended.producer_epoch),
            id: "x",
            sequence: 0,
        };
        producer.write(&bench, TWO, "t", "c").await;
        let write = producer.request("t", producer.batch("d", BatchScope::Transactional));
        let commit = producer.end_request(true);
        let (ended, written) = tokio::join!(bench.call(&commit, 5), bench.call(&write, TWO));
        assert_eq!(ended.error_code, ErrorCode::NONE);
        // The end came first.
        assert_eq!(written.responses[0].partition_responses[0].error_code, ErrorCode::INVALID_PRODUCER_EPOCH);
        assert_eq!(seen(&bench, "t").await, "a b A c C | 5 of 5 | aborted 0");
    });
}

#[test]
fn a_deleted_topic_holds_up_nobody() {
    bench(|bench| async move {
        let gone = bench.create_topic("t", 1).await;
        bench.create_topic("u", 1).await;
        let mut producer = Producer::new(&bench, "x").await;
        producer.write(&bench, TWO, "t", "a").await;
        producer.sequence = 0;
        producer.write(&bench, TWO, "u", "b").await;
        bench.broker.delete_topic(gone).await.expect("it is there");
        assert_eq!(producer.end(&bench, 5, true).await, ErrorCode::NONE);
        assert_eq!(seen(&bench, "u").await, "b C | 2 of 2 | aborted");
    });
}
