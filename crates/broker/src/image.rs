//! What this broker knows of its topics, as requests see it: always a whole truth, never a half-made change.

use crate::config::TopicConfig;
use foldhash::HashMap;
use ottla_base::{PartitionId, PartitionIndex, TopicId, TopicName};
use ottla_coordinator::group::{Catalog, CatalogTopic};
use ottla_storage::LogSettings;
use ottla_wire::Str;
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
    /// Counts the changes.
    epoch: u64,
    /// Of this epoch, if somebody asked for it.
    catalog: Option<Arc<Catalog>>,
}

impl Topics {
    fn changed(&mut self) {
        self.epoch += 1;
        self.catalog = None;
    }

    fn make_catalog(&self) -> Catalog {
        let listed = self.by_name.values().map(|topic| {
            (Str::from(topic.name.as_str()), CatalogTopic { id: topic.id, partitions: topic.partitions })
        });
        Catalog::new(self.epoch, listed)
    }
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

    /// All topics as groups see them. Made anew only when it is asked for after a change.
    pub(crate) fn catalog(&self) -> Arc<Catalog> {
        if let Some(catalog) = &self.0.read().catalog {
            return Arc::clone(catalog);
        }
        let mut topics = self.0.write();
        let catalog = topics.catalog.take().unwrap_or_else(|| Arc::new(topics.make_catalog()));
        topics.catalog = Some(Arc::clone(&catalog));
        catalog
    }

    /// Puts `topic` in, in place of the one with its id if there is one.
    pub(crate) fn put(&self, topic: Arc<Topic>) {
        let mut topics = self.0.write();
        topics.by_name.insert(topic.name.clone(), Arc::clone(&topic));
        topics.by_id.insert(topic.id, topic);
        topics.changed();
    }

    pub(crate) fn remove(&self, id: TopicId) {
        let mut topics = self.0.write();
        if let Some(topic) = topics.by_id.remove(&id) {
            topics.by_name.remove(&topic.name);
            topics.changed();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Configs, Layers, Overrides};

    fn topic(name: &str, id: u128, partitions: i32) -> Arc<Topic> {
        let config = Configs::new(Layers::default()).topic(&Overrides::new());
        Arc::new(Topic {
            name: TopicName::parse(name).expect("a legal name"),
            id: TopicId(uuid::Uuid::from_u128(id)),
            partitions,
            settings: config.log_settings(),
            config,
            overrides: Overrides::new(),
        })
    }

    #[test]
    fn a_catalog_is_made_once_for_each_state_of_the_topics() {
        let image = Image::default();
        image.put(topic("orders", 1, 2));
        let before = image.catalog();
        assert!(Arc::ptr_eq(&before, &image.catalog()));
        image.put(topic("orders", 1, 3));
        let grown = image.catalog();
        assert!(before.epoch() < grown.epoch());
        assert_eq!(before.topic("orders").map(|topic| topic.partitions), Some(2));
        assert_eq!(grown.topic("orders").map(|topic| topic.partitions), Some(3));
        image.remove(TopicId(uuid::Uuid::from_u128(1)));
        assert_eq!(image.catalog().iter().count(), 0);
        assert_eq!(grown.name(TopicId(uuid::Uuid::from_u128(1))).map(|name| &**name), Some("orders"));
    }
}
