//! Topics, configs and ids: what the cluster knows about itself.
//!
//! Reading is from memory and sees what is committed. Changes go to the one writer, which decides whether they
//! are possible, and resolve when they are durable and visible.

mod record;

pub(crate) use record::{decode_topic, encode_topic};

use crate::base64;
use crate::database::{Job, Queue};
use crate::error::MetaError;
use ottla_base::{BrokerId, ProducerId, Timestamp, TopicId, TopicName};
use parking_lot::RwLock;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use tokio::sync::oneshot;

/// What is known of a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicRecord {
    /// Its name, unique among the topics that exist.
    pub name: TopicName,
    /// Its id, unique for ever.
    pub id: TopicId,
    /// How many partitions it has, at least 1.
    pub partitions: i32,
    /// The replication factor as it was asked for.
    pub replication_factor: i16,
    /// When it was created.
    pub created: Timestamp,
    /// Its config overrides, by Kafka's names.
    pub configs: BTreeMap<String, String>,
}

/// New values of configs, by name; `None` removes the override.
pub type ConfigChanges = Vec<(String, Option<String>)>;

/// All metadata at one moment. Topics are shared with clones until they change.
#[derive(Clone, Debug, Default)]
pub(crate) struct Image {
    pub(crate) cluster_id: uuid::Uuid,
    pub(crate) next_producer_id: u64,
    /// How many changes led here since the database is; 0 where an older version began.
    pub(crate) changes: u64,
    pub(crate) broker_configs: BTreeMap<String, String>,
    /// By group id, then by name.
    pub(crate) group_configs: Arc<BTreeMap<String, BTreeMap<String, String>>>,
    topics: Arc<Topics>,
}

#[derive(Clone, Debug, Default)]
struct Topics {
    by_name: BTreeMap<TopicName, Arc<TopicRecord>>,
    by_id: HashMap<TopicId, Arc<TopicRecord>>,
}

/// A change that the writer makes or refuses.
#[derive(Clone, Debug)]
pub(crate) enum MetaChange {
    CreateTopic(TopicRecord),
    DeleteTopic(TopicId),
    SetPartitions(TopicId, i32),
    AlterConfigs(TopicId, ConfigChanges),
    AlterBrokerConfigs(Option<BrokerId>, ConfigChanges),
    AlterGroupConfigs(String, ConfigChanges),
    AllocateProducerIds(u32),
}

/// What a change gives back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Done,
    ProducerIds(ProducerId),
}

impl Image {
    pub(crate) fn new(cluster_id: uuid::Uuid, next_producer_id: u64) -> Self {
        Self { cluster_id, next_producer_id, ..Self::default() }
    }

    pub(crate) fn insert(&mut self, topic: TopicRecord) {
        let topic = Arc::new(topic);
        let topics = Arc::make_mut(&mut self.topics);
        topics.by_id.insert(topic.id, topic.clone());
        topics.by_name.insert(topic.name.clone(), topic);
    }

    pub(crate) fn topic_by_id(&self, id: TopicId) -> Option<&Arc<TopicRecord>> {
        self.topics.by_id.get(&id)
    }

    /// Makes the change, or refuses it and changes nothing.
    pub(crate) fn apply(&mut self, change: &MetaChange) -> Result<Answer, MetaError> {
        let answer = self.make(change)?;
        self.changes += 1;
        Ok(answer)
    }

    fn make(&mut self, change: &MetaChange) -> Result<Answer, MetaError> {
        match change {
            MetaChange::CreateTopic(topic) => {
                if self.topics.by_name.contains_key(&topic.name) {
                    return Err(MetaError::TopicExists(topic.name.clone()));
                }
                self.insert(topic.clone());
            }
            MetaChange::DeleteTopic(id) => {
                let topic = self.existing(*id)?;
                let topics = Arc::make_mut(&mut self.topics);
                topics.by_id.remove(id);
                topics.by_name.remove(&topic.name);
            }
            MetaChange::SetPartitions(id, asked) => {
                let mut topic = TopicRecord::clone(&*self.existing(*id)?);
                if *asked <= topic.partitions {
                    return Err(MetaError::NotMore { current: topic.partitions, asked: *asked });
                }
                topic.partitions = *asked;
                self.insert(topic);
            }
            MetaChange::AlterConfigs(id, changes) => {
                let mut topic = TopicRecord::clone(&*self.existing(*id)?);
                changes.iter().for_each(|(name, value)| set(&mut topic.configs, name, value.as_ref()));
                self.insert(topic);
            }
            MetaChange::AlterBrokerConfigs(broker, changes) => {
                for (name, value) in changes {
                    set(&mut self.broker_configs, &broker_config_key(*broker, name), value.as_ref());
                }
            }
            MetaChange::AlterGroupConfigs(group_id, changes) => {
                let groups = Arc::make_mut(&mut self.group_configs);
                let configs = groups.entry(group_id.clone()).or_default();
                changes.iter().for_each(|(name, value)| set(configs, name, value.as_ref()));
                if configs.is_empty() {
                    groups.remove(group_id);
                }
            }
            MetaChange::AllocateProducerIds(count) => {
                let first = i64::try_from(self.next_producer_id).expect("2^63 ids are never used up");
                self.next_producer_id += u64::from(*count);
                return Ok(Answer::ProducerIds(ProducerId(first)));
            }
        }
        Ok(Answer::Done)
    }

    fn existing(&self, id: TopicId) -> Result<Arc<TopicRecord>, MetaError> {
        self.topic_by_id(id).cloned().ok_or(MetaError::TopicNotFound(id))
    }
}

/// The metadata of a data directory. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Meta {
    image: Arc<RwLock<Arc<Image>>>,
    queue: Arc<Queue>,
}

impl Meta {
    pub(crate) fn new(image: Arc<RwLock<Arc<Image>>>, queue: Arc<Queue>) -> Self {
        Self { image, queue }
    }

    /// The cluster's id, 22 characters of URL-safe base64; it never changes.
    #[must_use]
    pub fn cluster_id(&self) -> String {
        base64::encode(self.image.read().cluster_id)
    }

    /// How many changes were made, all of them durable; it never falls. What an older version changed does not count.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.image.read().changes
    }

    /// All topics, by name.
    #[must_use]
    pub fn topics(&self) -> Vec<Arc<TopicRecord>> {
        let image = self.image.read().clone();
        image.topics.by_name.values().cloned().collect()
    }

    /// The topic of that name.
    #[must_use]
    pub fn topic(&self, name: &str) -> Option<Arc<TopicRecord>> {
        self.image.read().topics.by_name.get(name).cloned()
    }

    /// The topic with that id.
    #[must_use]
    pub fn topic_by_id(&self, id: TopicId) -> Option<Arc<TopicRecord>> {
        self.image.read().topic_by_id(id).cloned()
    }

    /// Adds a topic. Its partitions' logs are the caller's to create, also after a restart in between.
    ///
    /// # Errors
    /// `TopicExists`, `Failed`.
    pub fn create_topic(
        &self,
        topic: TopicRecord,
    ) -> impl Future<Output = Result<(), MetaError>> + Send + use<> {
        self.change(MetaChange::CreateTopic(topic))
    }

    /// Removes a topic. Its partitions' logs are the caller's to delete, also after a restart in between.
    ///
    /// # Errors
    /// `TopicNotFound`, `Failed`.
    pub fn delete_topic(&self, id: TopicId) -> impl Future<Output = Result<(), MetaError>> + Send + use<> {
        self.change(MetaChange::DeleteTopic(id))
    }

    /// Raises a topic's number of partitions.
    ///
    /// # Errors
    /// `TopicNotFound`, `NotMore`, `Failed`.
    pub fn set_partitions(
        &self,
        id: TopicId,
        partitions: i32,
    ) -> impl Future<Output = Result<(), MetaError>> + Send + use<> {
        self.change(MetaChange::SetPartitions(id, partitions))
    }

    /// Changes a topic's config overrides; those that are not named stay.
    ///
    /// # Errors
    /// `TopicNotFound`, `Failed`.
    pub fn alter_configs(
        &self,
        id: TopicId,
        changes: ConfigChanges,
    ) -> impl Future<Output = Result<(), MetaError>> + Send + use<> {
        self.change(MetaChange::AlterConfigs(id, changes))
    }

    /// The dynamic config overrides of one broker, or with `None` those of all brokers.
    #[must_use]
    pub fn broker_configs(&self, broker: Option<BrokerId>) -> BTreeMap<String, String> {
        let image = self.image.read().clone();
        let prefix = broker_config_key(broker, "");
        let ours =
            image.broker_configs.range(prefix.clone()..).take_while(|(key, _)| key.starts_with(&prefix));
        ours.map(|(key, value)| (key[prefix.len()..].to_owned(), value.clone())).collect()
    }

    /// Changes dynamic config overrides of one broker, or with `None` of all brokers; the others stay.
    ///
    /// # Errors
    /// `Failed`.
    pub fn alter_broker_configs(
        &self,
        broker: Option<BrokerId>,
        changes: ConfigChanges,
    ) -> impl Future<Output = Result<(), MetaError>> + Send + use<> {
        self.change(MetaChange::AlterBrokerConfigs(broker, changes))
    }

    /// The config overrides of all groups that have some, by group id.
    #[must_use]
    pub fn group_configs(&self) -> BTreeMap<String, BTreeMap<String, String>> {
        BTreeMap::clone(&self.image.read().group_configs)
    }

    /// Changes config overrides of a group, which need not exist; those that are not named stay.
    ///
    /// # Errors
    /// `Failed`.
    pub fn alter_group_configs(
        &self,
        group_id: &str,
        changes: ConfigChanges,
    ) -> impl Future<Output = Result<(), MetaError>> + Send + use<> {
        self.change(MetaChange::AlterGroupConfigs(group_id.to_owned(), changes))
    }

    /// Takes `count` producer ids that nobody else will get, also after a crash. Gives the first.
    ///
    /// # Errors
    /// `Failed`.
    pub fn allocate_producer_ids(
        &self,
        count: u32,
    ) -> impl Future<Output = Result<ProducerId, MetaError>> + Send + use<> {
        let answer = self.submit(MetaChange::AllocateProducerIds(count));
        async move {
            match answer.await? {
                Answer::ProducerIds(first) => Ok(first),
                Answer::Done => unreachable!("apply answers with ids"),
            }
        }
    }

    /// With [`Work::Driven`](crate::Work::Driven): makes the changes that wait durable, here and in the journal,
    /// and answers them. Returns whether any waited.
    #[must_use = "what is answered may ask for more"]
    pub fn commit_waiting(&self) -> bool {
        self.queue.step()
    }

    fn change(&self, change: MetaChange) -> impl Future<Output = Result<(), MetaError>> + Send + use<> {
        let answer = self.submit(change);
        async move { answer.await.map(drop) }
    }

    /// The change is handed over before this returns; dropping the future does not take it back.
    fn submit(&self, change: MetaChange) -> impl Future<Output = Result<Answer, MetaError>> + Send + use<> {
        let (reply, answer) = oneshot::channel();
        self.queue.put(Job::Meta(change, reply));
        async move { answer.await.map_err(|_| MetaError::Failed("its thread has ended".to_owned()))? }
    }
}

/// `<broker>/<name>`, or `/<name>` for all brokers.
pub(crate) fn broker_config_key(broker: Option<BrokerId>, name: &str) -> String {
    match broker {
        Some(BrokerId(id)) => format!("{id}/{name}"),
        None => format!("/{name}"),
    }
}

/// `<name>/<group id>`: no name of a config has a slash, a group id may.
pub(crate) fn group_config_key(group_id: &str, name: &str) -> String {
    format!("{name}/{group_id}")
}

fn set(configs: &mut BTreeMap<String, String>, name: &str, value: Option<&String>) {
    match value {
        Some(value) => drop(configs.insert(name.to_owned(), value.clone())),
        None => drop(configs.remove(name)),
    }
}
