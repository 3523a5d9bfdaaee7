//! Changes to topics, one at a time. What is made, is made from below: first the logs, then the metadata, then
//! what requests see; what goes, goes from above. So a topic that is listed always has its logs, and a change that
//! fails half way leaves nothing but logs that nobody knows.
//!
//! The metadata decides at the next start: logs that it does not know are removed, those that are missing made.

use crate::Broker;
use crate::image::Topic;
use crate::off_thread;
use foldhash::HashMap;
use ottla_base::{PartitionId, PartitionIndex, TopicId, TopicName};
use ottla_storage::{CreateError, DeleteError, Log, LogSettings, MetaError, Progress as _, TopicRecord};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::task::{JoinError, spawn_local};

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
    #[error("the name is kept for Kafka's own state: choose another")]
    Internal,
    #[error("there is no such topic")]
    Unknown,
    #[error("the metadata could not be written: {0}")]
    Meta(#[from] MetaError),
    #[error("a log could not be created: {0}")]
    Create(#[from] CreateError),
    #[error("a log could not be deleted: {0}")]
    Delete(#[from] DeleteError),
    #[error("the work on the logs broke off: {0}")]
    BrokenOff(#[from] JoinError),
}

/// Runs a change to its end, also if the client that asked for it goes away: half a change would acknowledge records
/// of a topic that the metadata no longer has.
pub(crate) async fn to_the_end<T: 'static>(
    change: impl Future<Output = Result<T, TopicError>> + 'static,
) -> Result<T, TopicError> {
    spawn_local(change).await?
}

impl Broker {
    /// Creates a topic. It is durable and serves requests when this resolves.
    pub(crate) async fn create_topic(self: &Arc<Self>, new: NewTopic) -> Result<Arc<Topic>, TopicError> {
        let broker = Arc::clone(self);
        to_the_end(async move { broker.create(new).await }).await
    }

    /// Deletes a topic and its records.
    pub(crate) async fn delete_topic(self: &Arc<Self>, id: TopicId) -> Result<(), TopicError> {
        let broker = Arc::clone(self);
        to_the_end(async move { broker.delete(id).await }).await
    }

    /// Grows a topic to `total` partitions, more than it has.
    pub(crate) async fn add_partitions(
        self: &Arc<Self>,
        id: TopicId,
        total: i32,
    ) -> Result<Arc<Topic>, TopicError> {
        let broker = Arc::clone(self);
        to_the_end(async move { broker.grow(id, total).await }).await
    }

    /// Replaces what is set on a topic itself by `overrides`, valid keys and values.
    pub(crate) async fn set_overrides(
        self: &Arc<Self>,
        id: TopicId,
        overrides: BTreeMap<String, String>,
    ) -> Result<Arc<Topic>, TopicError> {
        let broker = Arc::clone(self);
        to_the_end(async move { broker.replace_overrides(id, overrides).await }).await
    }

    async fn create(&self, new: NewTopic) -> Result<Arc<Topic>, TopicError> {
        let NewTopic { name, partitions, overrides } = new;
        if name.is_internal() {
            return Err(TopicError::Internal);
        }
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
        self.create_missing_logs(&record).await?;
        if let Err(error) = self.meta.create_topic(record.clone()).await {
            self.delete_logs(partition_ids(&record)).await?;
            return Err(error.into());
        }
        Ok(self.show(&record))
    }

    async fn delete(&self, id: TopicId) -> Result<(), TopicError> {
        let _one_at_a_time = self.changing_topics.lock().await;
        let topic = self.image.topic_by_id(id).ok_or(TopicError::Unknown)?;
        self.meta.delete_topic(id).await?;
        self.image.remove(id);
        let partitions: Vec<_> = topic.partition_ids().collect();
        // Whoever waits for records of this topic learns that there will be none.
        self.waiting.advanced(&partitions);
        self.delete_logs(partitions).await?;
        if let Err(code) = self.groups.topics_gone(&[id]).await {
            tracing::warn!(topic = %topic.name, code = code.name(), "offsets of a deleted topic stay for now");
        }
        if let Err(code) = self.share.partitions.topics_gone(&[id]).await {
            tracing::warn!(topic = %topic.name, code = code.name(), "share-partitions of a deleted topic stay for now");
        }
        Ok(())
    }

    async fn grow(&self, id: TopicId, total: i32) -> Result<Arc<Topic>, TopicError> {
        let _one_at_a_time = self.changing_topics.lock().await;
        let record = self.meta.topic_by_id(id).ok_or(TopicError::Unknown)?;
        self.create_missing_logs(&TopicRecord { partitions: total, ..(*record).clone() }).await?;
        self.meta.set_partitions(id, total).await?;
        self.show_anew(id)
    }

    async fn replace_overrides(
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
        self.show_anew(id)
    }

    fn show_anew(&self, id: TopicId) -> Result<Arc<Topic>, TopicError> {
        let record = self.meta.topic_by_id(id).ok_or(TopicError::Unknown)?;
        Ok(self.show(&record))
    }

    /// Deletes as many of these logs as can be, off this thread; the first error is told.
    async fn delete_logs(&self, partitions: Vec<PartitionId>) -> Result<(), TopicError> {
        let log = self.log.clone();
        let delete_all = move || partitions.into_iter().map(|id| log.delete(id)).fold(Ok(()), Result::and);
        Ok(off_thread::run(&*self.env, delete_all).await??)
    }

    /// Creates the logs of a topic off this thread: making many files durable takes a while.
    async fn create_missing_logs(&self, record: &TopicRecord) -> Result<(), TopicError> {
        let settings = self.configs.topic(&record.configs).log_settings();
        let (log, record) = (self.log.clone(), record.clone());
        let work = move || create_missing_logs(&log, &record, settings);
        Ok(off_thread::run(&*self.env, work).await??)
    }

    /// Puts a topic's settings in force and lets requests see it. Its logs are there.
    fn show(&self, record: &TopicRecord) -> Arc<Topic> {
        let config = self.configs.topic(&record.configs);
        let topic = Arc::new(Topic {
            name: record.name.clone(),
            id: record.id,
            partitions: record.partitions,
            settings: config.log_settings(),
            config,
            overrides: record.configs.clone(),
        });
        for id in topic.partition_ids() {
            self.log.configure(id, topic.settings);
        }
        self.image.put(Arc::clone(&topic));
        topic
    }
}

fn partition_ids(record: &TopicRecord) -> Vec<PartitionId> {
    let id = |index| PartitionId { topic: record.id, index: PartitionIndex(index) };
    (0..record.partitions).map(id).collect()
}

fn create_missing_logs(log: &Log, record: &TopicRecord, settings: LogSettings) -> Result<(), CreateError> {
    let mut missing = partition_ids(record);
    missing.retain(|&id| !log.claim(&record.name, id));
    for run in missing.chunk_by(|one, next| one.index.0 + 1 == next.index.0) {
        if let [first, .., last] | [first @ last] = run {
            log.create_range(&record.name, record.id, first.index.0..last.index.0 + 1, settings)?;
        }
    }
    Ok(())
}

/// Makes the logs agree with the metadata, which decides: what a crash left undone is finished now.
pub(crate) fn load(broker: &Broker) -> Result<(), TopicError> {
    let records = broker.meta.topics();
    let known: HashMap<TopicId, i32> = records.iter().map(|record| (record.id, record.partitions)).collect();
    // Strays first: one may be in the way of a topic that was made again under its name.
    for (name, stray) in broker.log.partitions() {
        if known.get(&stray.topic).is_some_and(|&count| stray.index.0 < count) {
            continue;
        }
        tracing::warn!("removing partition {name}-{}, which no topic has", stray.index);
        broker.log.delete(stray)?;
    }
    for record in records {
        let settings = broker.configs.topic(&record.configs).log_settings();
        create_missing_logs(&broker.log, &record, settings)?;
        broker.show(&record);
    }
    Ok(())
}
