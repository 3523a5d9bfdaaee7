//! A data directory that Apache Kafka has written comes along: topics with their ids and settings, records, offsets
//! and groups, producers, transactional ids.
//!
//! ```text
//! __cluster_metadata-0       topics, settings, the next producer id         -> metadata
//! TOPIC-N                    segments, producer snapshots, leader epochs    -> the same files
//! __consumer_offsets-N       groups and what they have committed            -> journal
//! __transaction_state-N      who may write under a transactional id         -> journal
//! ```
//! First all is read ([`Plan::read`]), then all is made in a directory beside the target, which gets its name at the
//! end ([`Plan::carry_out`]): there is a whole target or none. Kafka's directory is never changed. What Ottla has no
//! place for is named in the plan.

mod fields;
mod groups;
mod log;
mod make;
mod metadata;
mod transactions;

pub use make::Imported;

use crate::config;
use groups::Groups;
use metadata::Cluster;
use ottla_base::{TopicId, TopicName};
use ottla_storage::OpenError;
use ottla_storage::adopt::How;
use ottla_storage::inspect::{DataDirectory, PartitionFiles};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use transactions::Transactions;

/// What to do about a directory whose broker was not stopped in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unclean {
    /// Nothing: Kafka can mend it better.
    Refuse,
    /// Take what is whole, as after a crash.
    Take,
}

/// Why nothing was imported. Each message has the cause and a cure.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A directory or file cannot be used.
    #[error(transparent)]
    Data(#[from] OpenError),
    /// There is no Kafka in KRaft mode in it.
    #[error("{} is no data directory of Kafka: {reason}", path.display())]
    NotKafka {
        /// The directory.
        path: PathBuf,
        /// What is missing or strange.
        reason: &'static str,
    },
    /// Its broker runs, or crashed.
    #[error("{} was not closed in order: start Kafka once more and stop it with SIGTERM, or add --unclean to take what \
             is whole", .0.display())]
    Unclean(PathBuf),
    /// A record of Kafka's own logs cannot be understood.
    #[error("offset {offset} of {} cannot be understood ({what}): was it written by a newer Kafka than 4.4?",
        path.display())]
    Unreadable {
        /// The log.
        path: PathBuf,
        /// Where in it.
        offset: i64,
        /// What should be there.
        what: &'static str,
    },
    /// The metadata knows of partitions that are not in the directories.
    #[error(
        "{count} partition(s) are not in the directories that were named, {first} among them: name all of log.dirs, \
             of a broker that has all partitions"
    )]
    Missing {
        /// How many.
        count: usize,
        /// One of them, as `TOPIC-N`.
        first: String,
    },
    /// A transaction was decided, but not all partitions know.
    #[error(
        "the transaction of '{0}' is decided but not complete: start Kafka once more, and stop it in order"
    )]
    HalfEnded(String),
    /// The target has something in it.
    #[error("{} is not empty: name a directory that is, or does not exist", .0.display())]
    Target(PathBuf),
    /// The new directory's metadata could not be written.
    #[error("the metadata in {} could not be written: {reason}", path.display())]
    Store {
        /// The directory.
        path: PathBuf,
        /// What the store says.
        reason: String,
    },
}

/// All that will be imported.
pub struct Plan {
    sources: Vec<DataDirectory>,
    /// Topics, and which of their settings Ottla takes.
    topics: Vec<(TopicId, PlannedTopic)>,
    partitions: Vec<(usize, TopicId, PartitionFiles)>,
    groups: Groups,
    transactions: Transactions,
    next_producer_id: i64,
    left: Vec<String>,
}

/// A topic that will be imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedTopic {
    /// Its name.
    pub name: TopicName,
    /// Its number of partitions.
    pub partitions: i32,
    /// The settings that are its own.
    pub configs: BTreeMap<String, String>,
    /// Bytes of its logs.
    pub bytes: u64,
}

impl Plan {
    /// Reads the metadata, groups and transactions of Kafka's directories, all of one broker's `log.dirs`.
    ///
    /// # Errors
    /// [`ImportError`]; nothing is changed.
    pub fn read(sources: &[PathBuf], unclean: Unclean) -> Result<Self, ImportError> {
        let mut held = Vec::new();
        for path in sources {
            let data = DataDirectory::hold_of_kafka(path)?;
            if !data.is_clean() && unclean == Unclean::Refuse {
                return Err(ImportError::Unclean(path.clone()));
            }
            held.push(data);
        }
        let cluster = Cluster::read(&held)?;
        let mut left = cluster.left.clone();
        let topics = plan_topics(&cluster, &mut left)?;
        let partitions = find_partitions(&held, &topics)?;
        let mut topics = topics;
        for (_, id, files) in &partitions {
            let topic = topics.iter_mut().find(|(known, _)| known == id).expect("it was found by its topic");
            topic.1.bytes += files.bytes();
        }
        let mut groups = Groups::default();
        let mut transactions = Transactions::default();
        for files in
            held.iter().map(DataDirectory::partitions).collect::<Result<Vec<_>, _>>()?.iter().flatten()
        {
            match files.topic.as_str() {
                "__consumer_offsets" => groups.read(files)?,
                "__transaction_state" => transactions.read(files)?,
                _ => {}
            }
        }
        let known: BTreeMap<&str, TopicId> =
            topics.iter().map(|(id, topic)| (topic.name.as_str(), *id)).collect();
        groups.settle(&known, &mut left);
        transactions.settle(&mut left)?;
        let next_producer_id = cluster.next_producer_id;
        Ok(Self { sources: held, topics, partitions, groups, transactions, next_producer_id, left })
    }

    /// The topics, by name.
    pub fn topics(&self) -> impl Iterator<Item = &PlannedTopic> {
        self.topics.iter().map(|(_, topic)| topic)
    }

    /// How many groups, committed offsets and transactional ids come along.
    #[must_use]
    pub fn counts(&self) -> (usize, usize, usize) {
        (self.groups.groups(), self.groups.offsets(), self.transactions.count())
    }

    /// What stays behind, one sentence each.
    #[must_use]
    pub fn left(&self) -> &[String] {
        &self.left
    }

    /// Bytes of logs to take over.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.topics().map(|topic| topic.bytes).sum()
    }

    /// Makes the data directory `target`, which must not exist or be empty. `progress` hears of bytes taken over.
    ///
    /// # Errors
    /// [`ImportError`]; then there is no target, but perhaps a directory beside it with the ending `.importing`.
    pub async fn carry_out(
        &self,
        target: &Path,
        how: How,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Imported, ImportError> {
        make::carry_out(self, target, how, progress).await
    }
}

/// The topics that are not Kafka's own, with the settings that Ottla knows.
fn plan_topics(
    cluster: &Cluster,
    left: &mut Vec<String>,
) -> Result<Vec<(TopicId, PlannedTopic)>, ImportError> {
    let mut topics = Vec::new();
    for (id, topic) in &cluster.topics {
        if topic.name.as_str().starts_with("__") {
            if !OWN_TOPICS.contains(&topic.name.as_str()) {
                left.push(format!("topic {}: its name is one of Kafka's own", topic.name));
            }
            continue;
        }
        let mut configs = BTreeMap::new();
        for (name, value) in cluster.configs_of(topic.name.as_str()) {
            let own = BTreeMap::from([(name.clone(), value.clone())]);
            match config::check_topic(&own) {
                Ok(()) => drop(configs.insert(name.clone(), value.clone())),
                Err(refused) => left.push(format!("topic {}: {name}={value}: {refused}", topic.name)),
            }
        }
        let partitions = i32::try_from(topic.partitions.len()).unwrap_or(i32::MAX);
        topics.push((*id, PlannedTopic { name: topic.name.clone(), partitions, configs, bytes: 0 }));
    }
    topics.sort_by(|(_, a), (_, b)| a.name.cmp(&b.name));
    Ok(topics)
}

/// Each partition's files, and in which directory they are.
fn find_partitions(
    sources: &[DataDirectory],
    topics: &[(TopicId, PlannedTopic)],
) -> Result<Vec<(usize, TopicId, PartitionFiles)>, ImportError> {
    let mut missing: BTreeSet<(TopicName, i32)> = topics
        .iter()
        .flat_map(|(_, topic)| (0..topic.partitions).map(|index| (topic.name.clone(), index)))
        .collect();
    let mut found = Vec::new();
    for (at, data) in sources.iter().enumerate() {
        for files in data.partitions()? {
            // A directory of a deleted topic's namesake has another id.
            let of =
                topics.iter().find(|(id, topic)| topic.name == files.topic && files.topic_id == Some(*id));
            if let Some((id, _)) = of
                && missing.remove(&(files.topic.clone(), files.index.0))
            {
                found.push((at, *id, files));
            }
        }
    }
    match missing.first() {
        None => Ok(found),
        Some((topic, index)) => {
            Err(ImportError::Missing { count: missing.len(), first: format!("{topic}-{index}") })
        }
    }
}

/// Topics whose contents become something else, or nothing.
const OWN_TOPICS: [&str; 4] =
    ["__cluster_metadata", "__consumer_offsets", "__transaction_state", "__share_group_state"];

#[cfg(test)]
mod tests;
