use super::*;
use crate::testing::{Fake, Reply, read, reply};
use ottla_wire::ErrorCode;
use ottla_wire::message::produce_response::{PartitionProduceResponse, TopicProduceResponse};
use ottla_wire::message::{InitProducerIdResponse, ProduceRequest, ProduceResponse};
use ottla_wire::record::{BatchHeader, records, validate};
use std::sync::atomic::{AtomicI64, Ordering};

/// What the broker does with one batch: `None` loses the connection after it has written.
type Judge = dyn Fn(&BatchHeader, usize) -> Option<ErrorCode> + Send + Sync;

/// A broker that writes down what it is sent: partition, sequence numbers, values.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<Seen>>>);

type Seen = (i32, ProducerId, i32, Vec<String>);

impl Log {
    fn seen(&self) -> Vec<(i32, i64, i32, String)> {
        let seen = self.0.lock().unwrap();
        seen.iter().map(|(index, id, sequence, values)| (*index, id.0, *sequence, values.join(" "))).collect()
    }

    fn broker(&self, judge: Box<Judge>) -> Fake {
        let (log, next_id) = (self.clone(), AtomicI64::new(50));
        Fake::broker(move |header, reader| match header.request_api_key {
            22 => {
                let producer_id = next_id.fetch_add(1, Ordering::Relaxed);
                reply(header, &InitProducerIdResponse { producer_id, ..Default::default() })
            }
            _ => log
                .produce(read(header, reader), &judge)
                .map_or(Reply::Close, |response| reply(header, &response)),
        })
    }

    fn produce(&self, request: ProduceRequest, judge: &Judge) -> Option<ProduceResponse> {
        let mut responses = Vec::new();
        for topic in request.topic_data {
            let mut partition_responses = Vec::new();
            for partition in topic.partition_data {
                let batch = partition.records.unwrap().to_bytes().unwrap();
                let header = validate(&batch).unwrap();
                let text = |record: ottla_wire::record::Record| {
                    String::from_utf8_lossy(&record.value.unwrap()).into()
                };
                let values = records(header, &batch).unwrap().map(|record| text(record.unwrap())).collect();
                let mut seen = self.0.lock().unwrap();
                seen.push((partition.index, header.producer_id, header.base_sequence, values));
                let error_code = judge(&header, seen.len())?;
                let base_offset = if error_code.is_none() { 100 } else { -1 };
                let index = partition.index;
                partition_responses.push(PartitionProduceResponse {
                    index,
                    error_code,
                    base_offset,
                    ..Default::default()
                });
            }
            responses.push(TopicProduceResponse {
                name: topic.name,
                topic_id: topic.topic_id,
                partition_responses,
            });
        }
        Some(ProduceResponse { responses, ..Default::default() })
    }
}

fn record(partition: i32, value: &str) -> ProducerRecord {
    ProducerRecord {
        topic: "t".into(),
        partition: Some(PartitionIndex(partition)),
        value: Some(value.to_owned().into()),
        ..ProducerRecord::default()
    }
}

async fn offset(delivery: &mut Delivery) -> Option<i64> {
    delivery.outcome().await.unwrap().offset.map(|offset| offset.0)
}

#[tokio::test(start_paused = true)]
async fn records_of_a_partition_share_a_batch_and_keep_their_order() {
    let log = Log::default();
    let client = log.broker(Box::new(|_, _| Some(ErrorCode::NONE))).client().await;
    let producer = Producer::new(&client, ProducerOptions::default()).await.unwrap();
    let mut first = producer.send(record(0, "a")).await.unwrap();
    let mut other = producer.send(record(1, "x")).await.unwrap();
    let mut second = producer.send(record(0, "b")).await.unwrap();
    assert_eq!((offset(&mut first).await, offset(&mut second).await), (Some(100), Some(101)));
    assert_eq!(offset(&mut other).await, Some(100));
    let mut third = producer.send(record(0, "c")).await.unwrap();
    assert_eq!(offset(&mut third).await, Some(100));
    let mut seen = log.seen();
    seen.sort();
    let row = |partition, sequence, values: &str| (partition, 50, sequence, values.to_owned());
    assert_eq!(seen, [row(0, 0, "a b"), row(0, 2, "c"), row(1, 0, "x")]);
}

#[tokio::test(start_paused = true)]
async fn a_retry_is_the_same_batch_and_goes_before_the_next() {
    let log = Log::default();
    // Lost once, refused once for now, then taken.
    let judge = |_: &BatchHeader, count| match count {
        1 => None,
        2 => Some(ErrorCode::NOT_LEADER_OR_FOLLOWER),
        _ => Some(ErrorCode::NONE),
    };
    let client = log.broker(Box::new(judge)).client().await;
    let options = ProducerOptions { batch_bytes: 1, ..ProducerOptions::default() };
    let producer = Producer::new(&client, options).await.unwrap();
    let mut first = producer.send(record(0, "a")).await.unwrap();
    let mut second = producer.send(record(0, "b")).await.unwrap();
    producer.flush().await;
    assert_eq!((offset(&mut first).await, offset(&mut second).await), (Some(100), Some(100)));
    let row = |sequence, value: &str| (0, 50, sequence, value.to_owned());
    assert_eq!(log.seen(), [row(0, "a"), row(0, "a"), row(0, "a"), row(1, "b")]);
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_the_broker_has_already_counts_as_written() {
    let log = Log::default();
    let client = log.broker(Box::new(|_, _| Some(ErrorCode::DUPLICATE_SEQUENCE_NUMBER))).client().await;
    let producer = Producer::new(&client, ProducerOptions::default()).await.unwrap();
    let mut delivery = producer.send(record(0, "a")).await.unwrap();
    assert_eq!(offset(&mut delivery).await, None);
}

#[tokio::test(start_paused = true)]
async fn a_refused_batch_leaves_its_number_to_the_next() {
    let log = Log::default();
    let judge = |_: &BatchHeader, count| {
        Some(if count == 1 { ErrorCode::MESSAGE_TOO_LARGE } else { ErrorCode::NONE })
    };
    let client = log.broker(Box::new(judge)).client().await;
    let producer = Producer::new(&client, ProducerOptions::default()).await.unwrap();
    let refused = producer.send(record(0, "a")).await.unwrap().outcome().await.unwrap_err();
    assert!(
        matches!(&refused, ProduceError::Refused(refused) if refused.code == ErrorCode::MESSAGE_TOO_LARGE)
    );
    producer.send(record(0, "b")).await.unwrap().outcome().await.unwrap();
    let row = |value: &str| (0, 50, 0, value.to_owned());
    assert_eq!(log.seen(), [row("a"), row("b")]);
}

/// After a batch whose fate nobody knows, the next number is uncertain: the broker would refuse or, worse, drop it.
#[tokio::test(start_paused = true)]
async fn after_an_unknown_outcome_the_partition_gets_a_new_producer_id() {
    let log = Log::default();
    let client = log
        .broker(Box::new(|header, _| (header.producer_id.0 != 50).then_some(ErrorCode::NONE)))
        .client()
        .await;
    let options = ProducerOptions { delivery_timeout: Duration::from_secs(3), ..ProducerOptions::default() };
    let producer = Producer::new(&client, options).await.unwrap();
    let error = producer.send(record(0, "a")).await.unwrap().outcome().await.unwrap_err();
    assert!(matches!(error, ProduceError::TimedOut { after_ms: 3000, .. }), "{error}");
    producer.send(record(0, "b")).await.unwrap().outcome().await.unwrap();
    assert_eq!(log.seen().last(), Some(&(0, 51, 0, "b".to_owned())));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_sent_is_refused_at_once() {
    let log = Log::default();
    let client = log.broker(Box::new(|_, _| Some(ErrorCode::NONE))).client().await;
    let options = ProducerOptions { record_bytes_max: 100, ..ProducerOptions::default() };
    let producer = Producer::new(&client, options).await.unwrap();
    let large = producer.send(record(0, &"x".repeat(100))).await.unwrap_err();
    assert!(matches!(large, ProduceError::TooLarge { limit: 100, .. }));
    let beyond = producer.send(record(2, "x")).await.unwrap_err();
    assert!(matches!(beyond, ProduceError::NoPartition { count: 2, .. }));
    let negative = producer.send(record(-1, "x")).await.unwrap_err();
    assert!(matches!(negative, ProduceError::NoPartition { .. }));
    assert_eq!(producer.shared.room.available_permits(), options.buffer_bytes as usize);
    let no_acks = ProducerOptions { acks: Acks::None, ..options };
    assert!(matches!(Producer::new(&client, no_acks).await, Err(ProduceError::IdempotenceNeedsAcks)));
}

#[tokio::test(start_paused = true)]
async fn a_full_buffer_makes_senders_wait_for_answers() {
    let log = Log::default();
    let client = log.broker(Box::new(|_, _| Some(ErrorCode::NONE))).client().await;
    let options = ProducerOptions { buffer_bytes: 200, batch_bytes: 100, ..ProducerOptions::default() };
    let producer = Producer::new(&client, options).await.unwrap();
    for n in 0..50 {
        producer.send(record(n % 2, &"x".repeat(40))).await.unwrap();
        let waiting = options.buffer_bytes as usize - producer.shared.room.available_permits();
        assert!(waiting <= 200, "{waiting}");
    }
    producer.flush().await;
    assert_eq!(producer.shared.room.available_permits(), 200);
    assert_eq!(log.seen().iter().map(|(.., values)| values.split(' ').count()).sum::<usize>(), 50);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_producer_tells_who_still_waits() {
    let log = Log::default();
    let client = log.broker(Box::new(|_, _| Some(ErrorCode::NONE))).client().await;
    let options = ProducerOptions { linger: crate::testing::LONG, ..ProducerOptions::default() };
    let producer = Producer::new(&client, options).await.unwrap();
    let mut delivery = producer.send(record(0, "a")).await.unwrap();
    drop(producer);
    assert!(matches!(delivery.outcome().await, Err(ProduceError::Closed)));
}
