//! Changes to topics: first the metadata, durably, then the logs, then what requests see.
//!
//! One change at a time. A crash in between is finished at the next start: the metadata decides which logs
//! there have to be.

use crate::Broker;
use crate::image::Topic;
use foldhash::HashSet;
use ottla_base::{TopicId, TopicName};
use ottla_storage::{CreateError, DeleteError, MetaError, TopicRecord};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A topic to be.
#[derive(Clone, Debug)]
pub(crate) struct NewTopic {
    pub(crate) name: TopicName,
    /// At least 1.
    pub(crate) partitions: i32,
    /// Config keys and values, valid.
    pub(crate) overrides: BTreeMap<String, String>,
}

/// Why a topic did not change.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TopicError {
    #[error("a topic of that name exists already")]
    Exists,
    #[error("the name collides with that of topic '{0}': '.' and '_' are the same in metric names")]
    Collides(TopicName),
    #[error("there is no such topic")]
    Unknown,
    #[error("the metadata could not be written: {0}")]
    Meta(#[from] MetaError),
    #[error("a log could not be created: {0}")]
    Create(#[from] CreateError),
    #[error("a log could not be deleted: {0}")]
    Delete(#[from] DeleteError),
}

impl Broker {
    /// Creates a topic. It is durable and serves requests when this resolves.
    pub(crate) async fn create_topic(&self, new: NewTopic) -> Result<Arc<Topic>, TopicError> {
        let NewTopic { name, partitions, overrides } = new;
        let _one_at_a_time = self.changing_topics.lock().await;
        if self.image.topic(name.as_str()).is_some() {
            return Err(TopicError::Exists);
        }
        if let Some(other) = self.image.collision(&name) {
            return Err(TopicError::Collides(other));
        }
        let record = TopicRecord {
            name,
            id: TopicId(self.env.random_uuid()),
            partitions,
            replication_factor: 1,
            created: self.env.now().wall,
            configs: overrides,
        };
        self.meta.create_topic(record.clone()).await?;
        self.adopt(&record)
    }

    /// Deletes a topic and its records.
    pub(crate) async fn delete_topic(&self, id: TopicId) -> Result<(), TopicError> {
        let _one_at_a_time = self.changing_topics.lock().await;
        let topic = self.image.topic_by_id(id).ok_or(TopicError::Unknown)?;
        self.meta.delete_topic(id).await?;
        self.image.remove(id);
        for partition in topic.partition_ids() {
            self.log.delete(partition)?;
        }
        if let Err(code) = self.groups.topics_gone(&[id]).await {
            tracing::warn!(topic = %topic.name, code = code.name(), "offsets of a deleted topic stay for now");
        }
        Ok(())
    }

    /// Grows a topic to `total` partitions, more than it has.
    pub(crate) async fn add_partitions(&self, id: TopicId, total: i32) -> Result<Arc<Topic>, TopicError> {
        let _one_at_a_time = self.changing_topics.lock().await;
        self.meta.set_partitions(id, total).await?;
        self.adopt_anew(id)
    }

    /// Replaces what is set on a topic itself by `overrides`, valid keys and values.
    pub(crate) async fn set_overrides(
        &self,
        id: TopicId,
        overrides: BTreeMap<String, String>,
    ) -> Result<Arc<Topic>, TopicError> {
        let _one_at_a_time = self.changing_topics.lock().await;
        let topic = self.image.topic_by_id(id).ok_or(TopicError::Unknown)?;
        let dropped = topic.overrides.keys().filter(|name| !overrides.contains_key(*name));
        let dropped = dropped.map(|name| (name.clone(), None));
        let set = overrides.iter().map(|(name, value)| (name.clone(), Some(value.clone())));
        self.meta.alter_configs(id, dropped.chain(set).collect()).await?;
        self.adopt_anew(id)
    }

    fn adopt_anew(&self, id: TopicId) -> Result<Arc<Topic>, TopicError> {
        let record = self.meta.topic_by_id(id).ok_or(TopicError::Unknown)?;
        self.adopt(&record)
    }

    /// Makes what the metadata says of a topic true: creates the logs that are missing, puts the settings in
    /// force and shows the topic.
    pub(crate) fn adopt(&self, record: &TopicRecord) -> Result<Arc<Topic>, TopicError> {
        let config = self.configs.topic(&record.configs);
        let topic = Arc::new(Topic {
            name: record.name.clone(),
            id: record.id,
            partitions: record.partitions,
            settings: config.log_settings(),
            config,
            overrides: record.configs.clone(),
        });
        let (known, missing): (Vec<_>, Vec<_>) =
            topic.partition_ids().partition(|&id| self.log.offsets(id).is_some());
        for id in known {
            self.log.configure(id, topic.settings);
        }
        for run in missing.chunk_by(|one, next| one.index.0 + 1 == next.index.0) {
            if let [first, ..] = run {
                let indexes = first.index.0..first.index.0 + i32::try_from(run.len()).unwrap_or(i32::MAX);
                self.log.create_range(&topic.name, topic.id, indexes, topic.settings)?;
            }
        }
        self.image.put(Arc::clone(&topic));
        Ok(topic)
    }
}

/// Makes the logs agree with the metadata, which decides: what a crash left undone is finished now.
pub(crate) fn load(broker: &Broker) -> Result<(), TopicError> {
    let records = broker.meta.topics();
    let known: HashSet<TopicId> = records.iter().map(|record| record.id).collect();
    for record in records {
        broker.adopt(&record)?;
    }
    for (name, stray) in broker.log.partitions() {
        if known.contains(&stray.topic) {
            continue;
        }
        tracing::warn!("removing partition {name}-{}, whose topic was deleted", stray.index);
        broker.log.delete(stray)?;
    }
    Ok(())
}
