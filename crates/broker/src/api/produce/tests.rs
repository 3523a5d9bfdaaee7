//! The rules of reference 4.2 that concern more than the batch itself; those of the batch are tested with
//! `validation`.

use super::*;
use crate::in_process::NoAnswer;
use crate::testing::{Bench, bench};
use bytes::Bytes;
use ottla_base::{Offset, ProducerEpoch, ProducerId, Timestamp};
use ottla_storage::{ReadBound, WholeFirst};
use ottla_wire::record::{BatchBuilder, BatchOptions, Compression, Records};

const CLIENT: &str = "tester";

fn batch_of(options: BatchOptions, values: &[&[u8]]) -> Bytes {
    let mut builder = BatchBuilder::new(options);
    for value in values {
        builder.append(Timestamp(1_700_000_000_000), None, Some(value), &[]).expect("it fits");
    }
    builder.build()
}

fn plain() -> Bytes {
    batch_of(BatchOptions::default(), &[b"value"])
}

fn sequenced(epoch: i16, base_sequence: i32) -> Bytes {
    let (producer_id, producer_epoch) = (ProducerId(5), ProducerEpoch(epoch));
    let options = BatchOptions { producer_id, producer_epoch, base_sequence, ..BatchOptions::default() };
    batch_of(options, &[b"a", b"b"])
}

/// A request for one partition of the topic, which every version names its way.
fn request(version: i16, (name, id): (&str, TopicId), index: i32, batch: Bytes) -> ProduceRequest {
    let partition_data = vec![PartitionProduceData { index, records: Some(Records::from(batch)) }];
    let topic = if FIRST_VERSION_BY_ID <= version {
        TopicProduceData { topic_id: id.0, partition_data, ..Default::default() }
    } else {
        TopicProduceData { name: name.into(), partition_data, ..Default::default() }
    };
    ProduceRequest { acks: -1, timeout_ms: 1_000, topic_data: vec![topic], ..Default::default() }
}

async fn answer(bench: &Bench, request: &ProduceRequest, version: i16) -> PartitionProduceResponse {
    let mut response = bench.call(request, version).await;
    response.responses.remove(0).partition_responses.remove(0)
}

async fn code(bench: &Bench, topic: (&str, TopicId), batch: Bytes) -> ErrorCode {
    answer(bench, &request(11, topic, 0, batch), 11).await.error_code
}

#[test]
fn an_answer_says_what_its_version_can() {
    bench(|bench| async move {
        let topic = ("t", bench.create_topic("t", 1).await);
        for _ in 0..2 {
            answer(&bench, &request(11, topic, 0, plain()), 11).await;
        }
        let partition = bench.broker.image.topic("t").and_then(|topic| topic.partition(0)).expect("there");
        bench.broker.log.trim(partition, Offset(2)).expect("below the high watermark");
        for (offset, version) in (2..).zip(VERSIONS) {
            let answer = answer(&bench, &request(version, topic, 0, plain()), version).await;
            assert_eq!((answer.error_code, answer.base_offset), (ErrorCode::NONE, offset), "v{version}");
            assert_eq!(answer.log_append_time_ms, -1, "v{version}: the times are the producer's");
            assert_eq!(answer.log_start_offset, if 5 <= version { 2 } else { -1 }, "v{version}");
        }
    });
}

#[test]
fn only_a_log_that_refuses_says_where_it_starts() {
    bench(|bench| async move {
        let topic = ("t", bench.create_topic("t", 1).await);
        answer(&bench, &request(11, topic, 0, sequenced(0, 0)), 11).await;
        let partition = bench.broker.image.topic("t").and_then(|topic| topic.partition(0)).expect("there");
        bench.broker.log.trim(partition, Offset(2)).expect("below the high watermark");
        let mut damaged = plain().to_vec();
        *damaged.last_mut().expect("not empty") ^= 1;
        let at_one = batch_of(BatchOptions { base_offset: Offset(1), ..BatchOptions::default() }, &[b"v"]);
        for (batch, expected) in [
            (sequenced(0, 9), (ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER, 2)),
            (at_one, (ErrorCode::INVALID_RECORD, 2)),
            (damaged.into(), (ErrorCode::CORRUPT_MESSAGE, -1)),
            ([plain(), plain()].concat().into(), (ErrorCode::INVALID_RECORD, -1)),
            (plain().slice(..65), (ErrorCode::INVALID_RECORD, -1)),
        ] {
            let answer = answer(&bench, &request(11, topic, 0, batch), 11).await;
            assert_eq!((answer.error_code, answer.log_start_offset), expected);
        }
    });
}

#[test]
fn the_brokers_time_is_answered_where_it_holds() {
    bench(|bench| async move {
        let configs = [("message.timestamp.type", "LogAppendTime")];
        let topic = ("t", bench.create_topic_with("t", 1, &configs).await);
        let before = bench.broker.env.now().wall.0;
        let first = answer(&bench, &request(11, topic, 0, sequenced(0, 0)), 11).await;
        assert!(before <= first.log_append_time_ms, "{first:?}");
        let again = answer(&bench, &request(11, topic, 0, sequenced(0, 0)), 11).await;
        assert_eq!(again, first, "a repetition is answered with the time of the first");
    });
}

#[test]
fn refused_records_are_named_since_version_8() {
    bench(|bench| async move {
        let topic = ("t", bench.create_topic_with("t", 1, &[("cleanup.policy", "compact")]).await);
        for version in VERSIONS {
            let batch = batch_of(BatchOptions::default(), &[b"a", b"b"]);
            let answer = answer(&bench, &request(version, topic, 0, batch), version).await;
            assert_eq!((answer.error_code, answer.base_offset), (ErrorCode::INVALID_RECORD, -1));
            let blamed: Vec<_> = answer.record_errors.iter().map(|error| error.batch_index).collect();
            let (expected, is_told) = if 8 <= version { (vec![0, 1], true) } else { (vec![], false) };
            assert_eq!((blamed, answer.error_message.is_some()), (expected, is_told), "v{version}");
        }
        let partition = bench.broker.image.topic("t").and_then(|topic| topic.partition(0)).expect("there");
        assert_eq!(bench.broker.log.offsets(partition).expect("there").end, Offset(0), "nothing is written");
    });
}

#[test]
fn acks_other_than_all_none_and_one_are_refused_for_each_partition_that_is_there() {
    bench(|bench| async move {
        let topic = ("t", bench.create_topic("t", 1).await);
        let with = |acks, request| ProduceRequest { acks, ..request };
        for acks in [-2, 2, i16::MAX] {
            let refused = answer(&bench, &with(acks, request(9, topic, 0, plain())), 9).await;
            assert_eq!(refused.error_code, ErrorCode::INVALID_REQUIRED_ACKS);
            let unknown = answer(&bench, &with(acks, request(9, ("u", TopicId::NONE), 0, plain())), 9).await;
            assert_eq!(unknown.error_code, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
        }
        assert_eq!(answer(&bench, &with(1, request(9, topic, 0, plain())), 9).await.base_offset, 0);
        let silent = bench.call_as(CLIENT, &with(0, request(9, topic, 0, plain())), 9).await;
        assert_eq!(silent.expect("the connection lives"), None, "who wants no answer gets none");
        let failed = bench.call_as(CLIENT, &with(0, request(9, topic, 7, plain())), 9).await;
        assert!(
            matches!(failed, Err(NoAnswer::Closed(_))),
            "and learns of a failure by the connection's end"
        );
    });
}

#[test]
fn what_is_not_there_is_unknown() {
    bench(|bench| async move {
        let topic = ("t", bench.create_topic("t", 2).await);
        for version in VERSIONS {
            let nowhere = answer(&bench, &request(version, topic, 2, plain()), version).await;
            assert_eq!(nowhere.error_code, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, "v{version}");
            let other = ("u", TopicId(uuid::Uuid::from_u128(9)));
            let unknown = answer(&bench, &request(version, other, 0, plain()), version).await.error_code;
            let expected = if FIRST_VERSION_BY_ID <= version {
                ErrorCode::UNKNOWN_TOPIC_ID
            } else {
                ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
            };
            assert_eq!(unknown, expected, "v{version}");
        }
    });
}

#[test]
fn too_large_for_the_topic_and_too_large_for_a_segment_are_told_apart() {
    bench(|bench| async move {
        let large = || batch_of(BatchOptions::default(), &[&[7; 1_500_000]]);
        let topic = ("t", bench.create_topic("t", 1).await);
        assert_eq!(code(&bench, topic, large()).await, ErrorCode::MESSAGE_TOO_LARGE);
        let configs = [("max.message.bytes", "2000000"), ("segment.bytes", "1048576")];
        let topic = ("u", bench.create_topic_with("u", 1, &configs).await);
        assert_eq!(code(&bench, topic, large()).await, ErrorCode::RECORD_LIST_TOO_LARGE);
        let configs = [("max.message.bytes", "2000000")];
        let topic = ("v", bench.create_topic_with("v", 1, &configs).await);
        assert_eq!(code(&bench, topic, large()).await, ErrorCode::NONE);
    });
}

#[test]
fn idempotent_producers_hear_what_is_wrong_with_their_sequence() {
    bench(|bench| async move {
        let topic = ("t", bench.create_topic("t", 1).await);
        let send = async |batch| {
            let answer = answer(&bench, &request(11, topic, 0, batch), 11).await;
            (answer.error_code, answer.base_offset)
        };
        assert_eq!(send(sequenced(3, 0)).await, (ErrorCode::NONE, 0));
        assert_eq!(send(sequenced(3, 0)).await, (ErrorCode::NONE, 0), "a repetition");
        assert_eq!(send(sequenced(3, 3)).await, (ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER, -1));
        assert_eq!(send(sequenced(2, 2)).await, (ErrorCode::INVALID_PRODUCER_EPOCH, -1));
        assert_eq!(send(sequenced(4, 1)).await, (ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER, -1));
        assert_eq!(send(sequenced(3, 2)).await, (ErrorCode::NONE, 2));
    });
}

#[test]
fn kafkas_own_topics_are_not_for_clients() {
    bench(|bench| async move {
        for name in ["__consumer_offsets", "__transaction_state", "__share_group_state"] {
            let request = request(9, (name, TopicId::NONE), 0, plain());
            let code = async |client| {
                let response = bench.call_as(client, &request, 9).await.expect("an answer").expect("one");
                response.responses[0].partition_responses[0].error_code
            };
            assert_eq!(code(CLIENT).await, ErrorCode::INVALID_TOPIC_EXCEPTION);
            assert_eq!(code(ADMIN_CLIENT).await, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, "there is none");
        }
    });
}

#[test]
fn a_topic_with_a_compression_of_its_own_packs_what_comes() {
    bench(|bench| async move {
        let topic = ("t", bench.create_topic_with("t", 1, &[("compression.type", "gzip")]).await);
        assert_eq!(code(&bench, topic, plain()).await, ErrorCode::NONE);
        let id = bench.broker.image.topic("t").and_then(|topic| topic.partition(0)).expect("there");
        let log = &bench.broker.log;
        let read =
            log.read(id, Offset(0), 1 << 20, ReadBound::HighWatermark, WholeFirst::Yes).expect("readable");
        let stored = read.records.to_bytes().expect("it is in the file");
        let header = ottla_wire::record::check_integrity(&stored).expect("one whole batch");
        assert_eq!(header.compression(), Ok(Compression::Gzip));
    });
}

#[test]
fn a_topic_of_which_nothing_is_asked_is_not_answered_for() {
    bench(|bench| async move {
        bench.create_topic("t", 1).await;
        let topic_data = vec![TopicProduceData { name: "t".into(), ..Default::default() }];
        for acks in [1, -1, 7] {
            let request = ProduceRequest { acks, topic_data: topic_data.clone(), ..Default::default() };
            assert_eq!(bench.call(&request, 9).await.responses, vec![]);
        }
    });
}
