//! Consume, transform, produce: a member of a group that copies its input in transactions, offsets included.
//!
//! The input's offsets have no gaps, for nobody writes to it in transactions, so the ranges that committed
//! transactions consumed must join exactly.

use crate::history::{Reads, Sent};
use crate::sender::{self, Sender};
use crate::transaction::{self, Verdict};
use crate::{INPUT, OUTPUT, World, config};
use rdkafka::ClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext, Rebalance};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::message::Message;
use rdkafka::producer::Producer;
use rdkafka::{Offset, TopicPartitionList};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

pub const GROUP: &str = "copy-librdkafka";

/// Counts how often partitions were taken away.
#[derive(Default)]
struct Watch(AtomicU64);

impl ClientContext for Watch {}

impl ConsumerContext for Watch {
    fn pre_rebalance(&self, _: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        if !matches!(rebalance, Rebalance::Assign(_)) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
}

/// What was read since the last transaction: first offset, position and count by partition.
#[derive(Default)]
struct Input(BTreeMap<i32, (i64, i64)>);

impl Input {
    fn count(&self) -> i64 {
        self.0.values().map(|(first, next)| next - first).sum()
    }

    fn reads(&self) -> Reads {
        self.0.iter().map(|(partition, (first, next))| (*partition, *first, *next)).collect()
    }
}

/// Copies until the end. When a transaction's end is unknown both halves start over, the producer first: then the
/// group's offsets are settled before anybody asks for them.
pub fn run(world: &World, number: u64) {
    let mut chance = world.chance(number);
    while !world.is_stopping() {
        let (client, mut value) = world.client("copier");
        let Some(producer) = transaction::open(world, &format!("librdkafka-copier-{number}"), &client) else {
            continue;
        };
        let consumer = consumer(&client);
        while !world.is_stopping() {
            let input = read(&consumer, 1 + chance.below(40) as i64);
            if input.count() == 0 {
                continue;
            }
            let mut sends = Vec::new();
            let offered = offer(&producer, &consumer, &input, |partitions| {
                value += 1;
                let partition = chance.partition(partitions);
                sends.push(Sent { topic: OUTPUT.0, partition, value, offset: None });
                (partition, value)
            });
            let is_wanted = match &offered {
                Ok(()) => !chance.once_in(8),
                Err(error) => {
                    eprintln!("{client}: {error}");
                    false
                }
            };
            let Verdict { end, is_usable } =
                if is_wanted { transaction::commit(&producer) } else { transaction::abort(&producer) };
            transaction::placed(&producer, &mut sends);
            world.history.transaction(&client, &end, &sends, Some((GROUP, &input.reads())));
            if !is_usable || (end.outcome != "committed" && !went_back(&consumer, &input)) {
                eprintln!("{client}: starts over after an end that was {}", end.outcome);
                break;
            }
        }
    }
}

fn consumer(client: &str) -> BaseConsumer<Watch> {
    let mut config = config();
    config
        .set("client.id", client)
        .set("group.id", GROUP)
        .set("isolation.level", "read_committed")
        .set("auto.offset.reset", "earliest")
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("session.timeout.ms", "10000")
        .set("heartbeat.interval.ms", "500");
    let consumer: BaseConsumer<Watch> =
        config.create_with_context(Watch::default()).expect("the consumer's settings are right");
    consumer.subscribe(&[INPUT.0]).expect("one topic");
    consumer
}

/// Reads up to `count` records, for a moment. What was read before partitions were taken away is forgotten: who gets
/// them begins at the committed offsets.
fn read(consumer: &BaseConsumer<Watch>, count: i64) -> Input {
    let start = Instant::now();
    let mut input = Input::default();
    while input.count() < count && start.elapsed() < Duration::from_millis(200) {
        let before = consumer.context().0.load(Ordering::SeqCst);
        let message = consumer.poll(Duration::from_millis(50));
        if consumer.context().0.load(Ordering::SeqCst) != before {
            input = Input::default();
        }
        if let Some(Ok(message)) = message {
            let (first, next) = (message.offset(), message.offset() + 1);
            input.0.entry(message.partition()).or_insert((first, next)).1 = next;
        }
    }
    input
}

/// Begins a transaction, sends one record for each that was read, and adds the offsets.
fn offer(
    producer: &Sender,
    consumer: &BaseConsumer<Watch>,
    input: &Input,
    mut next: impl FnMut(i32) -> (i32, u64),
) -> KafkaResult<()> {
    producer.begin_transaction()?;
    for _ in 0..input.count() {
        let (partition, value) = next(OUTPUT.1);
        sender::send(producer, OUTPUT.0, partition, value)?;
    }
    let mut offsets = TopicPartitionList::new();
    for (partition, _, next) in input.reads() {
        offsets.add_partition_offset(INPUT.0, partition, Offset::Offset(next))?;
    }
    let member = consumer.group_metadata().ok_or(KafkaError::Canceled)?;
    transaction::retried(|| producer.send_offsets_to_transaction(&offsets, &member, Duration::from_secs(5)))
}

/// After an abort the same input is read again, if it is still ours.
fn went_back(consumer: &BaseConsumer<Watch>, input: &Input) -> bool {
    input.reads().into_iter().all(|(partition, first, _)| {
        let outcome = consumer.seek(INPUT.0, partition, Offset::Offset(first), Duration::from_secs(10));
        outcome.map_err(|error| eprintln!("seek: {error}")).is_ok()
    })
}
