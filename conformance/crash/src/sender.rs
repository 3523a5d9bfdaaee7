//! Producers outside transactions. Whatever error a delivery ends with, the record may have been stored.

use crate::history::Sent;
use crate::{PATIENCE, World, config, payload};
use rdkafka::ClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Message};
use rdkafka::producer::{BaseRecord, Producer, ProducerContext, PurgeConfig, ThreadedProducer};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

#[derive(Clone, Copy)]
pub enum Kind {
    Plain,
    Idempotent,
}

/// Takes the fate of each record.
#[derive(Default)]
pub struct Deliveries {
    done: Mutex<Vec<Sent>>,
    waiting: AtomicU64,
}

impl ClientContext for Deliveries {}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = Box<Sent>;

    fn delivery(&self, result: &DeliveryResult<'_>, mut sent: Box<Sent>) {
        sent.offset = result.as_ref().ok().map(|message| message.offset());
        self.done.lock().expect("nobody panics holding it").push(*sent);
        self.waiting.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Deliveries {
    pub fn take(&self) -> Vec<Sent> {
        std::mem::take(&mut *self.done.lock().expect("nobody panics holding it"))
    }
}

pub type Sender = ThreadedProducer<Deliveries>;

pub fn create(config: &ClientConfig) -> Sender {
    config.create_with_context(Deliveries::default()).expect("the producer's settings are right")
}

/// Queues a record; waits while the queue is full.
pub fn send(producer: &Sender, topic: &'static str, partition: i32, value: u64) -> Result<(), KafkaError> {
    let (key, text) = (value.to_string(), payload(value));
    let mut record =
        BaseRecord::with_opaque_to(topic, Box::new(Sent { topic, partition, value, offset: None }))
            .partition(partition)
            .key(&key)
            .payload(&text);
    producer.context().waiting.fetch_add(1, Ordering::SeqCst);
    loop {
        match producer.send(record) {
            Ok(()) => return Ok(()),
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), refused)) => {
                record = refused;
                std::thread::sleep(Duration::from_millis(20));
            }
            Err((error, _)) => {
                producer.context().waiting.fetch_sub(1, Ordering::SeqCst);
                return Err(error);
            }
        }
    }
}

/// Sends bursts until the end; a producer that librdkafka gives up starts over under another name.
pub fn run(world: &World, kind: Kind, topic: (&'static str, i32), number: u64) {
    let (name, compression) = match kind {
        Kind::Plain => ("plain", "none"),
        Kind::Idempotent => ("idempotent", if topic == crate::INPUT { "gzip" } else { "zstd" }),
    };
    let mut chance = world.chance(number);
    while !world.is_stopping() {
        let (client, mut value) = world.client(name);
        let mut config = config();
        config
            .set("client.id", &client)
            .set("acks", "all")
            .set("enable.idempotence", matches!(kind, Kind::Idempotent).to_string())
            .set("compression.type", compression)
            .set("linger.ms", "3")
            .set("message.timeout.ms", PATIENCE.as_millis().to_string());
        let producer = create(&config);
        let tell = |producer: &Sender| {
            for sent in producer.context().take() {
                world.history.send(&client, name, &sent);
            }
        };
        while !world.is_stopping() && producer.client().fatal_error().is_none() {
            for _ in 0..=chance.below(30) {
                value += 1;
                if let Err(error) = send(&producer, topic.0, chance.partition(topic.1), value) {
                    eprintln!("{client}: {error}");
                    break;
                }
            }
            tell(&producer);
            let is_crowded = 1000 < producer.context().waiting.load(Ordering::SeqCst);
            std::thread::sleep(Duration::from_millis(if is_crowded { 100 } else { chance.below(120) }));
        }
        if let Some((code, why)) = producer.client().fatal_error() {
            eprintln!("{client}: gave up: {code:?}: {why}");
        }
        finish(&producer);
        tell(&producer);
    }
}

/// Waits until every record has its fate.
pub fn finish(producer: &Sender) {
    if producer.flush(PATIENCE).is_err() {
        producer.purge(PurgeConfig::default().queue().inflight());
        // What is purged gets its callback during the next flush.
        let _ = producer.flush(PATIENCE);
    }
    let waiting = producer.context().waiting.load(Ordering::SeqCst);
    assert!(waiting == 0, "{waiting} records without a fate");
}
