//! What this broker knows of its topics, as requests see it: always a whole truth, never a half-made change.

use crate::config::TopicConfig;
use foldhash::HashMap;
use ottla_base::{PartitionId, PartitionIndex, TopicId, TopicName};
use ottla_storage::LogSettings;
use parking_lot::RwLock;
use std::collections::BTreeMap;
use std::sync::Arc;

/// One topic. Immutable: a change puts a new one in its place.
#[derive(Debug)]
pub(crate) struct Topic {
    pub(crate) name: TopicName,
    pub(crate) id: TopicId,
    /// How many partitions it has, at least 1.
    pub(crate) partitions: i32,
    /// What is in force, from the overrides and the broker's defaults.
    pub(crate) config: TopicConfig,
    /// The part of it that its logs need.
    pub(crate) settings: LogSettings,
    /// What was set on the topic itself.
    pub(crate) overrides: BTreeMap<String, String>,
}

impl Topic {
    /// The identity of partition `index`, if the topic has it.
    pub(crate) fn partition(&self, index: i32) -> Option<PartitionId> {
        (0..self.partitions)
            .contains(&index)
            .then_some(PartitionId { topic: self.id, index: PartitionIndex(index) })
    }

    /// Every partition, in order.
    pub(crate) fn partition_ids(&self) -> impl Iterator<Item = PartitionId> + '_ {
        (0..self.partitions).map(|index| PartitionId { topic: self.id, index: PartitionIndex(index) })
    }
}

/// All topics, by name and by id.
#[derive(Debug, Default)]
pub(crate) struct Image(RwLock<Topics>);

#[derive(Debug, Default)]
struct Topics {
    by_name: BTreeMap<TopicName, Arc<Topic>>,
    by_id: HashMap<TopicId, Arc<Topic>>,
}

impl Image {
    pub(crate) fn topic(&self, name: &str) -> Option<Arc<Topic>> {
        self.0.read().by_name.get(name).cloned()
    }

    pub(crate) fn topic_by_id(&self, id: TopicId) -> Option<Arc<Topic>> {
        self.0.read().by_id.get(&id).cloned()
    }

    /// Every topic, by name.
    pub(crate) fn topics(&self) -> Vec<Arc<Topic>> {
        self.0.read().by_name.values().cloned().collect()
    }

    /// A topic whose name `name` would collide with in metric names (`a.b` and `a_b`).
    pub(crate) fn collision(&self, name: &TopicName) -> Option<TopicName> {
        let key = name.collision_key();
        let topics = self.0.read();
        topics.by_name.keys().find(|other| *other != name && other.collision_key() == key).cloned()
    }

    /// Puts `topic` in, in place of the one with its id if there is one.
    pub(crate) fn put(&self, topic: Arc<Topic>) {
        let mut topics = self.0.write();
        topics.by_name.insert(topic.name.clone(), Arc::clone(&topic));
        topics.by_id.insert(topic.id, topic);
    }

    pub(crate) fn remove(&self, id: TopicId) {
        let mut topics = self.0.write();
        if let Some(topic) = topics.by_id.remove(&id) {
            topics.by_name.remove(&topic.name);
        }
    }
}
