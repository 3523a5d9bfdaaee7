//! What clients ask and hear.

use super::*;
use crate::testing::bench;
use ottla_wire::message::describe_producers_request::TopicRequest;
use ottla_wire::message::write_txn_markers_request::{WritableTxnMarker, WritableTxnMarkerTopic};

#[test]
fn a_commit_shows_everything_and_an_abort_nothing() {
    for (write, end) in [(ONE, 4), (TWO, 5)] {
        bench(|bench| async move {
            bench.create_topic("t", 1).await;
            bench.create_topic("u", 1).await;
            let mut producer = Producer::new(&bench, "x").await;
            if write == ONE {
                assert_eq!(producer.add(&bench, &["t", "u"]).await, [ErrorCode::NONE; 2]);
            }
            assert_eq!(producer.write(&bench, write, "t", "a").await, (ErrorCode::NONE, 0));
            producer.sequence = 0;
            assert_eq!(producer.write(&bench, write, "u", "b").await, (ErrorCode::NONE, 0));
            assert_eq!(seen(&bench, "t").await, "| 0 of 1 | aborted");
            assert_eq!(producer.end(&bench, end, true).await, ErrorCode::NONE);
            // What was committed is there when the answer is.
            assert_eq!(seen(&bench, "t").await, "a C | 2 of 2 | aborted");
            assert_eq!(seen(&bench, "u").await, "b C | 2 of 2 | aborted");
            if write == ONE {
                producer.add(&bench, &["t"]).await;
            }
            assert_eq!(producer.write(&bench, write, "t", "c").await, (ErrorCode::NONE, 2));
            assert_eq!(producer.end(&bench, end, false).await, ErrorCode::NONE);
            assert_eq!(seen(&bench, "t").await, "a C c A | 4 of 4 | aborted 2");
            assert_eq!(seen(&bench, "u").await, "b C | 2 of 2 | aborted");
        });
    }
}

#[test]
fn version_2_gives_an_epoch_with_each_end() {
    bench(|bench| async move {
        bench.create_topic("t", 1).await;
        let mut producer = Producer::new(&bench, "x").await;
        let first = producer.claim;
        producer.write(&bench, TWO, "t", "a").await;
        let commit = producer.end_request(true);
        assert_eq!(producer.end(&bench, 5, true).await, ErrorCode::NONE);
        assert_eq!((producer.claim.producer, producer.claim.epoch.0), (first.producer, first.epoch.0 + 1));
        // The same again, as by a client that did not hear the answer.
        let again = bench.call(&commit, 5).await;
        assert_eq!((again.error_code, again.producer_epoch), (ErrorCode::NONE, producer.claim.epoch.0));
    });
}

#[test]
fn a_second_instance_fences_the_first_one() {
    bench(|bench| async move {
        bench.create_topic("t", 1).await;
        let mut first = Producer::new(&bench, "x").await;
        first.write(&bench, TWO, "t", "a").await;
        assert_eq!(init(&bench, "x", 60_000).await.error_code, ErrorCode::CONCURRENT_TRANSACTIONS);
        // The abort shows as soon as it is there.
        assert_eq!(text(fetch(&bench, "t", 60_000).await), "a A | 2 of 2 | aborted 0");
        let mut second = loop {
            match init(&bench, "x", 60_000).await {
                response if response.error_code == ErrorCode::NONE => {
                    let claim = super::super::claim(response.producer_id, response.producer_epoch);
                    break Producer { id: "x", claim, sequence: 0 };
                }
                _ => tokio::task::yield_now().await,
            }
        };
        assert_eq!(first.claim.epoch.0 + 2, second.claim.epoch.0);
        assert_eq!(first.write(&bench, TWO, "t", "b").await.0, ErrorCode::INVALID_PRODUCER_EPOCH);
        assert_eq!(first.end(&bench, 5, true).await, ErrorCode::PRODUCER_FENCED);
        assert_eq!(first.end(&bench, 1, true).await, ErrorCode::INVALID_PRODUCER_EPOCH);
        assert_eq!(second.write(&bench, TWO, "t", "c").await.0, ErrorCode::NONE);
        assert_eq!(second.end(&bench, 5, true).await, ErrorCode::NONE);
        assert_eq!(seen(&bench, "t").await, "a A c C | 4 of 4 | aborted 0");
    });
}

#[test]
fn a_transaction_that_takes_too_long_is_aborted() {
    bench(|bench| async move {
        bench.create_topic("t", 1).await;
        let response = init(&bench, "x", 1).await;
        let claim = super::super::claim(response.producer_id, response.producer_epoch);
        let mut producer = Producer { id: "x", claim, sequence: 0 };
        producer.write(&bench, TWO, "t", "a").await;
        assert_eq!(text(fetch(&bench, "t", 60_000).await), "a A | 2 of 2 | aborted 0");
        assert_eq!(producer.write(&bench, TWO, "t", "b").await.0, ErrorCode::INVALID_PRODUCER_EPOCH);
    });
}

#[test]
fn all_partitions_are_added_or_none() {
    bench(|bench| async move {
        bench.create_topic("t", 1).await;
        let mut producer = Producer::new(&bench, "x").await;
        let (attempted, missing) =
            (ErrorCode::OPERATION_NOT_ATTEMPTED, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
        assert_eq!(producer.add(&bench, &["t", "nowhere"]).await, [attempted, missing]);
        assert_eq!(producer.write(&bench, ONE, "t", "a").await.0, ErrorCode::TRANSACTION_ABORTABLE);
    });
}

#[test]
fn transactions_can_be_listed_and_described() {
    bench(|bench| async move {
        bench.create_topic("t", 1).await;
        let mut producer = Producer::new(&bench, "orders-1").await;
        Producer::new(&bench, "orders-2").await;
        producer.write(&bench, TWO, "t", "a").await;
        let offsets = AddOffsetsToTxnRequest {
            transactional_id: "orders-1".into(),
            producer_id: producer.claim.producer.0,
            producer_epoch: producer.claim.epoch.0,
            group_id: "g".into(),
        };
        assert_eq!(bench.call(&offsets, 4).await.error_code, ErrorCode::NONE);
        let ids = vec!["orders-1".into(), "nobody".into(), "".into()];
        let described = bench.call(&DescribeTransactionsRequest { transactional_ids: ids }, 0).await;
        let codes: Vec<_> = described.transaction_states.iter().map(|state| state.error_code).collect();
        let unknown = ErrorCode::TRANSACTIONAL_ID_NOT_FOUND;
        assert_eq!(codes, [ErrorCode::NONE, unknown, ErrorCode::INVALID_REQUEST]);
        let state = &described.transaction_states[0];
        assert_eq!(&*state.transaction_state, "Ongoing");
        let topics: Vec<_> =
            state.topics.iter().map(|data| (&*data.topic, data.partitions.clone())).collect();
        assert_eq!(
            topics,
            [("__consumer_offsets", vec![crate::groups::partition_of("g").0]), ("t", vec![0])]
        );
        let list = async |request: ListTransactionsRequest| {
            let response = bench.call(&request, 2).await;
            let mut ids: Vec<_> =
                response.transaction_states.iter().map(|state| state.transactional_id.to_string()).collect();
            ids.sort();
            (response.error_code, ids.join(" "), response.unknown_state_filters.len())
        };
        let all = ListTransactionsRequest { duration_filter: -1, ..Default::default() };
        let pattern = |text: &str| ListTransactionsRequest {
            transactional_id_pattern: Some(text.into()),
            ..all.clone()
        };
        let states = |names: &[&str]| ListTransactionsRequest {
            state_filters: names.iter().map(|name| (*name).into()).collect(),
            ..all.clone()
        };
        let none = ErrorCode::NONE;
        assert_eq!(list(all.clone()).await, (none, "orders-1 orders-2".into(), 0));
        assert_eq!(list(pattern("orders-[2-9]")).await, (none, "orders-2".into(), 0));
        assert_eq!(list(pattern("rders-1")).await, (none, String::new(), 0));
        assert_eq!(list(pattern("(")).await.0, ErrorCode::INVALID_REGULAR_EXPRESSION);
        assert_eq!(list(states(&["Ongoing", "Nonsense"])).await, (none, "orders-1".into(), 1));
        assert_eq!(list(states(&["Nonsense"])).await, (none, String::new(), 1));
        let longer = ListTransactionsRequest { duration_filter: 3_600_000, ..all.clone() };
        assert_eq!(list(longer).await.1, "orders-2", "what never began is as old as time, as in Kafka");
    });
}

#[test]
fn an_operator_ends_a_transaction_in_one_partition() {
    bench(|bench| async move {
        bench.create_topic("t", 1).await;
        let mut producer = Producer::new(&bench, "x").await;
        producer.write(&bench, TWO, "t", "a").await;
        let marker = |topic: &str, epoch, transaction_version| WriteTxnMarkersRequest {
            markers: vec![WritableTxnMarker {
                producer_id: producer.claim.producer.0,
                producer_epoch: epoch,
                transaction_result: false,
                topics: vec![WritableTxnMarkerTopic { name: topic.into(), partition_indexes: vec![0] }],
                coordinator_epoch: 0,
                transaction_version,
            }],
        };
        let epoch = producer.claim.epoch.0;
        let write = async |request: WriteTxnMarkersRequest, version| {
            let response = bench.call(&request, version).await;
            response.markers[0].topics[0].partitions[0].error_code
        };
        assert_eq!(write(marker("t", epoch, 2), 2).await, ErrorCode::INVALID_PRODUCER_EPOCH);
        assert_eq!(write(marker("u", epoch, 0), 1).await, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
        assert_eq!(write(marker("__consumer_offsets", epoch, 0), 1).await, ErrorCode::NONE);
        assert_eq!(seen(&bench, "t").await, "| 0 of 1 | aborted");
        assert_eq!(write(marker("t", epoch, 0), 1).await, ErrorCode::NONE);
        assert_eq!(seen(&bench, "t").await, "a A | 2 of 2 | aborted 0");
    });
}

#[test]
fn producers_are_described_where_they_wrote() {
    bench(|bench| async move {
        bench.create_topic("t", 1).await;
        let describe = |topic: &str, partitions: &[i32]| {
            let topics = vec![TopicRequest { name: topic.into(), partition_indexes: partitions.to_vec() }];
            DescribeProducersRequest { topics }
        };
        let mut producer = Producer::new(&bench, "x").await;
        producer.write(&bench, TWO, "t", "a").await;
        producer.write(&bench, TWO, "t", "b").await;
        let open = bench.call(&describe("t", &[0]), 0).await;
        let [state] = &open.topics[0].partitions[0].active_producers[..] else { panic!("one has written") };
        let facts = (state.producer_epoch, state.last_sequence, state.coordinator_epoch);
        assert_eq!((state.producer_id, facts), (producer.claim.producer.0, (0, 1, -1)));
        assert_eq!(state.current_txn_start_offset, 0);
        producer.end(&bench, 5, true).await;
        let ended = bench.call(&describe("t", &[0]), 0).await;
        let [state] = &ended.topics[0].partitions[0].active_producers[..] else { panic!("it is remembered") };
        let facts = (state.producer_epoch, state.last_sequence, state.coordinator_epoch);
        assert_eq!((facts, state.current_txn_start_offset), ((1, -1, 0), -1));
        let codes = async |topic: &str, partitions: &[i32]| -> Vec<ErrorCode> {
            let response = bench.call(&describe(topic, partitions), 0).await;
            response.topics[0].partitions.iter().map(|partition| partition.error_code).collect()
        };
        let unknown = ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;
        assert_eq!(codes("t", &[0, 1, -1]).await, [ErrorCode::NONE, unknown, unknown]);
        assert_eq!(codes("u", &[0]).await, [unknown]);
        assert_eq!(codes("a b", &[0]).await, [ErrorCode::INVALID_TOPIC_EXCEPTION]);
    });
}
