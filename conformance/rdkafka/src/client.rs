//! The rdkafka crate as the checks need it.

use crate::suite::{Ledger, Outcome, WAIT};
use futures_executor::block_on;
use rdkafka::admin::{AdminClient, AdminOptions, AlterConfig, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer, ConsumerContext, Rebalance};
use rdkafka::message::{
    BorrowedMessage, DeliveryResult, Header, Headers, Message, OwnedHeaders, OwnedMessage,
};
use rdkafka::producer::{BaseRecord, Producer, ProducerContext, ThreadedProducer};
use rdkafka::{ClientContext, Offset, TopicPartitionList};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// A record to send.
#[derive(Default, Clone)]
pub struct Record {
    pub partition: i32,
    pub timestamp: Option<i64>,
    pub key: Option<Vec<u8>>,
    pub value: Option<Vec<u8>>,
    pub headers: Vec<(String, Option<Vec<u8>>)>,
}

fn config() -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", std::env::var("BOOTSTRAP").expect("BOOTSTRAP is the broker's address"));
    config
}

fn consumer_config(group: &str) -> ClientConfig {
    let mut config = config();
    config
        .set("group.id", group)
        .set("auto.offset.reset", "earliest")
        .set("enable.auto.commit", "false")
        .set("session.timeout.ms", "6000")
        .set("heartbeat.interval.ms", "300");
    config
}

/// What the error says, as a failed check's reason.
pub fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// Collects the offsets of delivered records by their place in the order of sending.
#[derive(Default)]
struct Deliveries(Mutex<Vec<(usize, Outcome<i64>)>>);

impl ClientContext for Deliveries {}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = Box<usize>;

    fn delivery(&self, result: &DeliveryResult<'_>, place: Box<usize>) {
        let offset = result.as_ref().map(|message| message.offset()).map_err(|(error, _)| text(error));
        self.0.lock().expect("nobody panics holding it").push((*place, offset));
    }
}

/// Sends records and gives their offsets in the same order.
pub fn produce(topic: &str, records: &[Record], settings: &[(&str, &str)]) -> Outcome<Vec<i64>> {
    let mut config = config();
    config.set("linger.ms", "5").set("batch.num.messages", "40");
    for (key, value) in settings {
        config.set(*key, *value);
    }
    let producer: ThreadedProducer<Deliveries> =
        config.create_with_context(Deliveries::default()).map_err(text)?;
    for (place, record) in records.iter().enumerate() {
        let mut sent: BaseRecord<'_, Vec<u8>, Vec<u8>, Box<usize>> =
            BaseRecord::with_opaque_to(topic, Box::new(place)).partition(record.partition);
        sent.key = record.key.as_ref();
        sent.payload = record.value.as_ref();
        sent.timestamp = record.timestamp;
        if !record.headers.is_empty() {
            let headers = record.headers.iter().fold(OwnedHeaders::new(), |headers, (key, value)| {
                headers.insert(Header { key, value: value.as_ref() })
            });
            sent = sent.headers(headers);
        }
        producer.send(sent).map_err(|(error, _)| text(error))?;
    }
    producer.flush(WAIT).map_err(text)?;
    let mut deliveries = std::mem::take(&mut *producer.context().0.lock().expect("nobody panics holding it"));
    deliveries.sort_by_key(|(place, _)| *place);
    deliveries.into_iter().map(|(_, offset)| offset).collect()
}

fn poll(consumer: &BaseConsumer, count: usize) -> Outcome<Vec<OwnedMessage>> {
    let start = Instant::now();
    let mut messages = Vec::new();
    while messages.len() < count {
        if start.elapsed() > WAIT {
            return Err(format!("waited {WAIT:?} for {count} records, got {}", messages.len()));
        }
        if let Some(Ok(message)) = consumer.poll(Duration::from_millis(200)) {
            messages.push(BorrowedMessage::detach(&message));
        }
    }
    Ok(messages)
}

/// What is sent in one transaction, and the offset that a group commits with it.
pub struct Transaction {
    pub records: Vec<Record>,
    pub offset: i64,
    pub commits: bool,
}

/// Carries out the transactions; the transactional id and the group are named as the topic.
pub fn transact(topic: &str, transactions: &[Transaction]) -> Outcome {
    let producer = transactional(topic)?;
    let member: BaseConsumer = consumer_config(topic).create().map_err(text)?;
    for transaction in transactions {
        producer.begin_transaction().map_err(text)?;
        send(&producer, topic, &transaction.records)?;
        let mut offsets = TopicPartitionList::new();
        offsets.add_partition_offset(topic, 0, Offset::Offset(transaction.offset)).map_err(text)?;
        let metadata = member.group_metadata().ok_or("the consumer has a group")?;
        producer.send_offsets_to_transaction(&offsets, &metadata, WAIT).map_err(text)?;
        match transaction.commits {
            true => producer.commit_transaction(WAIT).map_err(text)?,
            false => producer.abort_transaction(WAIT).map_err(text)?,
        }
    }
    Ok(())
}

/// Two producers with the topic's name as transactional id: the second one comes while the first one's transaction is
/// open, and commits one of its own. Gives what the first one hears when it commits.
pub fn take_over(topic: &str, old: &[Record], renewed: &[Record]) -> Outcome<Option<String>> {
    let first = transactional(topic)?;
    first.begin_transaction().map_err(text)?;
    send(&first, topic, old)?;
    let second = transactional(topic)?;
    let heard = first.commit_transaction(WAIT).err().map(text);
    second.begin_transaction().map_err(text)?;
    send(&second, topic, renewed)?;
    second.commit_transaction(WAIT).map_err(text)?;
    Ok(heard)
}

/// Whoever has had this transactional id has it no more.
fn transactional(id: &str) -> Outcome<ThreadedProducer<Deliveries>> {
    let mut config = config();
    config.set("transactional.id", id);
    let producer: ThreadedProducer<Deliveries> =
        config.create_with_context(Deliveries::default()).map_err(text)?;
    producer.init_transactions(WAIT).map_err(text)?;
    Ok(producer)
}

/// Resolves when all are sent: an abort drops what has not been.
fn send(producer: &ThreadedProducer<Deliveries>, topic: &str, records: &[Record]) -> Outcome {
    for (place, record) in records.iter().enumerate() {
        let mut sent: BaseRecord<'_, Vec<u8>, Vec<u8>, Box<usize>> =
            BaseRecord::with_opaque_to(topic, Box::new(place)).partition(record.partition);
        sent.payload = record.value.as_ref();
        producer.send(sent).map_err(|(error, _)| text(error))?;
    }
    producer.flush(WAIT).map_err(text)
}

/// Reads records of partition 0 without a group.
pub fn read(topic: &str, count: usize, start: i64) -> Outcome<Vec<OwnedMessage>> {
    read_isolated(topic, count, start, "read_committed")
}

/// Reads records of partition 0 without a group, at this isolation level.
pub fn read_isolated(
    topic: &str,
    count: usize,
    start: i64,
    isolation: &str,
) -> Outcome<Vec<OwnedMessage>> {
    let consumer: BaseConsumer =
        consumer_config("unused").set("isolation.level", isolation).create().map_err(text)?;
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(topic, 0, Offset::Offset(start)).map_err(text)?;
    consumer.assign(&list).map_err(text)?;
    poll(&consumer, count)
}

/// Reads records in a group, commits and leaves.
pub fn take(group: &str, topic: &str, count: usize) -> Outcome<Vec<OwnedMessage>> {
    let consumer: BaseConsumer = consumer_config(group).create().map_err(text)?;
    consumer.subscribe(&[topic]).map_err(text)?;
    let messages = poll(&consumer, count)?;
    consumer.commit_consumer_state(CommitMode::Sync).map_err(text)?;
    Ok(messages)
}

pub fn committed(group: &str, topic: &str) -> Outcome<Offset> {
    let consumer: BaseConsumer = consumer_config(group).create().map_err(text)?;
    let mut list = TopicPartitionList::new();
    list.add_partition(topic, 0);
    let offsets = consumer.committed_offsets(list, WAIT).map_err(text)?;
    Ok(offsets.elements()[0].offset())
}

pub fn offset_for_time(topic: &str, timestamp: i64) -> Outcome<Offset> {
    let consumer: BaseConsumer = consumer_config("unused").create().map_err(text)?;
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(topic, 0, Offset::Offset(timestamp)).map_err(text)?;
    let offsets = consumer.offsets_for_times(list, WAIT).map_err(text)?;
    Ok(offsets.elements()[0].offset())
}

/// Keys, values and headers as they were sent.
pub fn contents(message: &OwnedMessage) -> Record {
    let headers = message.headers().map(|headers| {
        headers.iter().map(|header| (header.key.to_owned(), header.value.map(<[u8]>::to_vec))).collect()
    });
    Record {
        partition: message.partition(),
        timestamp: None,
        key: message.key().map(<[u8]>::to_vec),
        value: message.payload().map(<[u8]>::to_vec),
        headers: headers.unwrap_or_default(),
    }
}

/// Tells the ledger what a member gets and gives up.
struct Watch {
    ledger: Arc<Ledger>,
    name: String,
    assignments: Arc<AtomicUsize>,
}

impl ClientContext for Watch {}

impl ConsumerContext for Watch {
    fn pre_rebalance(&self, _: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        let numbers = |list: &TopicPartitionList| {
            list.elements().iter().map(|element| element.partition()).collect::<Vec<_>>()
        };
        match rebalance {
            Rebalance::Assign(list) => {
                self.assignments.fetch_add(1, Ordering::SeqCst);
                self.ledger.assigned(&self.name, &numbers(list));
            }
            Rebalance::Revoke(list) => self.ledger.revoked(&self.name, &numbers(list)),
            Rebalance::Error(_) => {}
        }
    }
}

/// A member of a group in a thread of its own, which commits what it processed.
pub struct Member {
    stopping: Arc<AtomicBool>,
    assignments: Arc<AtomicUsize>,
    thread: JoinHandle<()>,
}

impl Member {
    /// Joins the group that is named as the topic.
    pub fn join(ledger: &Arc<Ledger>, topic: &str, name: &str, settings: &[(&str, &str)]) -> Outcome<Self> {
        let mut config = consumer_config(topic);
        config.set("client.id", name).set("partition.assignment.strategy", "range");
        for (key, value) in settings {
            config.set(*key, *value);
        }
        let assignments = Arc::new(AtomicUsize::new(0));
        let watch = Watch {
            ledger: Arc::clone(ledger),
            name: name.to_owned(),
            assignments: Arc::clone(&assignments),
        };
        let consumer: BaseConsumer<Watch> = config.create_with_context(watch).map_err(text)?;
        consumer.subscribe(&[topic]).map_err(text)?;
        let stopping = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&stopping);
        let thread = std::thread::spawn(move || {
            while !stop.load(Ordering::SeqCst) {
                let Some(Ok(message)) = consumer.poll(Duration::from_millis(50)) else { continue };
                let value = String::from_utf8_lossy(message.payload().unwrap_or_default());
                consumer.context().ledger.record(&consumer.context().name, message.partition(), &value);
                // A commit in the middle of a rebalance may be refused; the next one makes up for it.
                let _ = consumer.commit_message(&message, CommitMode::Sync);
            }
        });
        Ok(Self { stopping, assignments, thread })
    }

    /// How often it was told its partitions.
    pub fn assignments(&self) -> usize {
        self.assignments.load(Ordering::SeqCst)
    }

    pub fn leave(self) {
        self.stopping.store(true, Ordering::SeqCst);
        self.thread.join().expect("the member's thread does not panic");
    }
}

/// The admin client; each call waits for its answer.
pub struct Admin(AdminClient<DefaultClientContext>);

impl Admin {
    pub fn new() -> Outcome<Self> {
        config().create().map(Self).map_err(text)
    }

    pub fn create_topic(&self, topic: &str, partitions: i32) -> Outcome {
        let new = [NewTopic::new(topic, partitions, TopicReplication::Fixed(1))];
        let results = block_on(self.0.create_topics(&new, &AdminOptions::new())).map_err(text)?;
        results.into_iter().try_for_each(|result| result.map(drop).map_err(|(_, code)| text(code)))
    }

    /// How many partitions the topic has, 0 if there is none.
    pub fn partitions(&self, topic: &str) -> usize {
        let metadata = self.0.inner().fetch_metadata(None, WAIT);
        let of = |found: &rdkafka::metadata::MetadataTopic| {
            (found.name() == topic).then(|| found.partitions().len())
        };
        metadata.map_or(0, |metadata| metadata.topics().iter().find_map(of).unwrap_or(0))
    }

    pub fn delete_topic(&self, topic: &str) -> Outcome {
        let results = block_on(self.0.delete_topics(&[topic], &AdminOptions::new())).map_err(text)?;
        results.into_iter().try_for_each(|result| result.map(drop).map_err(|(_, code)| text(code)))
    }

    pub fn config(&self, topic: &str, name: &str) -> Outcome<Option<String>> {
        let resources = [ResourceSpecifier::Topic(topic)];
        let results = block_on(self.0.describe_configs(&resources, &AdminOptions::new())).map_err(text)?;
        let resource = results.into_iter().next().ok_or("no answer")?.map_err(text)?;
        Ok(resource.get(name).and_then(|entry| entry.value.clone()))
    }

    pub fn alter_config(&self, topic: &str, name: &str, value: &str) -> Outcome {
        let change = [AlterConfig::new(ResourceSpecifier::Topic(topic)).set(name, value)];
        let results = block_on(self.0.alter_configs(&change, &AdminOptions::new())).map_err(text)?;
        results.into_iter().try_for_each(|result| result.map(drop).map_err(|(_, code)| text(code)))
    }

    /// The group's state and its members' client ids, if it is listed.
    pub fn group(&self, group: &str) -> Outcome<Option<(String, Vec<String>)>> {
        let list = self.0.inner().fetch_group_list(None, WAIT).map_err(text)?;
        Ok(list.groups().iter().find(|info| info.name() == group).map(|info| {
            (
                info.state().to_owned(),
                info.members().iter().map(|member| member.client_id().to_owned()).collect(),
            )
        }))
    }

    pub fn delete_group(&self, group: &str) -> Outcome {
        let results = block_on(self.0.delete_groups(&[group], &AdminOptions::new())).map_err(text)?;
        results.into_iter().try_for_each(|result| result.map(drop).map_err(|(_, code)| text(code)))
    }
}
