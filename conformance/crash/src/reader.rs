//! Readers: members of groups that commit, one that follows everything from the beginning, and the last of all, which
//! reads what is left.

use crate::history::now;
use crate::{EVENTS, INPUT, OUTPUT, World, config, copier, value};
use rdkafka::ClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer, ConsumerContext, Rebalance};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::message::Message;
use rdkafka::{Offset, TopicPartitionList};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Everything that is read, as topic and partition.
fn everything(topics: &[(&'static str, i32)]) -> Vec<(&'static str, i32)> {
    topics.iter().flat_map(|(topic, count)| (0..*count).map(|partition| (*topic, partition))).collect()
}

/// Counts rebalances of either direction.
#[derive(Default)]
pub struct Watch(AtomicU64);

impl ClientContext for Watch {}

impl ConsumerContext for Watch {
    fn pre_rebalance(&self, _: &BaseConsumer<Self>, _: &Rebalance<'_>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// One reader and what it read since it last told the history.
struct Reader<'a> {
    world: &'a World,
    client: String,
    isolation: &'static str,
    consumer: BaseConsumer<Watch>,
    read: BTreeMap<(String, i32), Vec<(i64, u64)>>,
    start: u64,
    /// The position in each partition.
    next: BTreeMap<(String, i32), i64>,
    /// Partitions whose end was reached.
    ended: usize,
}

impl<'a> Reader<'a> {
    fn new(world: &'a World, kind: &str, isolation: &'static str, settings: &[(&str, &str)]) -> Self {
        let (client, _) = world.client(kind);
        let mut config: ClientConfig = config();
        config
            .set("client.id", &client)
            .set("group.id", kind)
            .set("isolation.level", isolation)
            .set("auto.offset.reset", "earliest")
            .set("enable.auto.commit", "false")
            .set("check.crcs", "true")
            .set("session.timeout.ms", "10000")
            .set("heartbeat.interval.ms", "500");
        for (name, value) in settings {
            config.set(*name, *value);
        }
        let consumer =
            config.create_with_context(Watch::default()).expect("the consumer's settings are right");
        let (read, next, start) = (BTreeMap::new(), BTreeMap::new(), now());
        Self { world, client, isolation, consumer, read, start, next, ended: 0 }
    }

    fn assign(&self, partitions: &[(&str, i32)]) {
        let mut list = TopicPartitionList::new();
        for (topic, partition) in partitions {
            list.add_partition_offset(topic, *partition, Offset::Beginning).expect("a partition once");
            self.world.history.assign(&self.client, topic, *partition);
        }
        self.consumer.assign(&list).expect("the partitions are there");
    }

    /// Reads for a moment and tells the history.
    fn read(&mut self) {
        let begin = Instant::now();
        self.start = now();
        for _ in 0..500 {
            if Duration::from_millis(200) < begin.elapsed() {
                break;
            }
            self.step();
        }
        self.tell();
    }

    fn step(&mut self) {
        let before = self.consumer.context().0.load(Ordering::SeqCst);
        let message = self.consumer.poll(Duration::from_millis(50)).map(|message| {
            message.map(|message| {
                (
                    (message.topic().to_owned(), message.partition()),
                    message.offset(),
                    value(message.payload()),
                )
            })
        });
        if self.consumer.context().0.load(Ordering::SeqCst) != before {
            self.tell();
            self.next.clear();
            // Whatever it has now it begins to read anew.
            for (topic, count) in [EVENTS, OUTPUT] {
                (0..count).for_each(|partition| self.world.history.assign(&self.client, topic, partition));
            }
        }
        match message {
            Some(Ok((partition, offset, value))) => {
                self.next.insert(partition.clone(), offset + 1);
                self.read.entry(partition).or_default().push((offset, value));
            }
            Some(Err(KafkaError::PartitionEOF(_))) => self.ended += 1,
            Some(Err(_)) | None => {}
        }
    }

    fn tell(&mut self) {
        let times = (self.start, now());
        for ((topic, partition), records) in std::mem::take(&mut self.read) {
            let name = format!("{topic}-{partition}");
            self.world.history.poll(&self.client, self.isolation, &name, times, &records);
        }
        self.start = times.1;
    }

    fn commit(&self, group: &str) {
        let mut list = TopicPartitionList::new();
        for ((topic, partition), next) in &self.next {
            list.add_partition_offset(topic, *partition, Offset::Offset(*next)).expect("a partition once");
        }
        if list.count() == 0 {
            return;
        }
        let start = now();
        let outcome = outcome(&self.consumer.commit(&list, CommitMode::Sync));
        for ((topic, partition), next) in &self.next {
            let name = format!("{topic}-{partition}");
            self.world.history.commit(&self.client, group, &name, *next, (outcome, start));
        }
    }

    /// Asks what the group committed.
    fn ask(&self, group: &str, partitions: &[(&str, i32)]) -> bool {
        let mut list = TopicPartitionList::new();
        partitions.iter().for_each(|(topic, partition)| {
            list.add_partition(topic, *partition);
        });
        let start = now();
        let Ok(answer) = self.consumer.committed_offsets(list, Duration::from_secs(5)) else { return false };
        for element in answer.elements() {
            let offset = match (element.error(), element.offset()) {
                (Err(_), _) => return false,
                (Ok(()), Offset::Offset(offset)) => Some(offset),
                (Ok(()), _) => None,
            };
            let name = format!("{}-{}", element.topic(), element.partition());
            self.world.history.committed(&self.client, group, &name, offset, start);
        }
        true
    }
}

/// What is surely refused, and what nobody knows.
fn outcome(result: &KafkaResult<()>) -> &'static str {
    match result {
        Ok(()) => "ok",
        Err(KafkaError::ConsumerCommit(
            RDKafkaErrorCode::IllegalGeneration
            | RDKafkaErrorCode::UnknownMemberId
            | RDKafkaErrorCode::RebalanceInProgress,
        )) => "failed",
        Err(_) => "unknown",
    }
}

/// A member of a group that reads everything and commits.
pub fn member(world: &World, isolation: &'static str, number: u64) {
    let group = if isolation == "read_committed" { "committed-librdkafka" } else { "uncommitted-librdkafka" };
    let mut chance = world.chance(number);
    let mut reader = Reader::new(world, group, isolation, &[("group.id", group)]);
    reader.consumer.subscribe(&[EVENTS.0, OUTPUT.0]).expect("two topics");
    while !world.is_stopping() {
        reader.read();
        if chance.once_in(2) {
            reader.commit(group);
        }
        if chance.once_in(8) {
            reader.ask(group, &everything(&[EVENTS, OUTPUT]));
        }
    }
}

/// Follows everything from the beginning, without a group, and asks for the ends.
pub fn tail(world: &World, number: u64) {
    let mut chance = world.chance(number);
    let mut reader = Reader::new(world, "tail", "read_uncommitted", &[]);
    let partitions = everything(&[EVENTS, INPUT, OUTPUT]);
    reader.assign(&partitions);
    while !world.is_stopping() {
        reader.read();
        let (topic, partition) = partitions[chance.below(partitions.len() as u64) as usize];
        let start = now();
        if let Ok((_, end)) = reader.consumer.fetch_watermarks(topic, partition, Duration::from_secs(2)) {
            let name = format!("{topic}-{partition}");
            world.history.end(&reader.client, reader.isolation, &name, end, start);
        }
    }
}

/// Reads everything at both isolations, and what the groups committed.
pub fn drain(world: &World) {
    let partitions = everything(&[EVENTS, INPUT, OUTPUT]);
    for isolation in ["read_uncommitted", "read_committed"] {
        let begin = Instant::now();
        let mut reader = Reader::new(world, "drain", isolation, &[("enable.partition.eof", "true")]);
        reader.assign(&partitions);
        while reader.ended < partitions.len() {
            assert!(begin.elapsed() < Duration::from_secs(120), "the end is not reached");
            reader.read();
        }
        for (topic, partition) in &partitions {
            world.history.drained(&reader.client, isolation, &format!("{topic}-{partition}"));
        }
    }
    let read = everything(&[EVENTS, OUTPUT]);
    let groups = [
        ("committed-librdkafka", &read),
        ("uncommitted-librdkafka", &read),
        (copier::GROUP, &everything(&[INPUT])),
    ];
    for (group, partitions) in groups {
        let reader = Reader::new(world, "drain", "read_committed", &[("group.id", group)]);
        let asked = (0..10).any(|_| reader.ask(group, partitions));
        assert!(asked, "{group}: the committed offsets are not told");
    }
}
