//! Kafka's cluster metadata: a log of changes, and snapshots of what they came to.
//!
//! A record is a frame version (1), an API key and a version, all varints, then the fields of that version; all are
//! flexible. Records between a begin and an end of a transaction count when the end comes.

use super::fields::Fields;
use super::{ImportError, log};
use ottla_base::{Offset, TopicId, TopicName};
use ottla_storage::inspect::{DataDirectory, PartitionFiles};
use ottla_wire::record::Record;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// What Kafka knows of its cluster, as far as Ottla has a place for it.
#[derive(Debug, Default)]
pub(super) struct Cluster {
    pub(super) topics: BTreeMap<TopicId, KafkaTopic>,
    configs: BTreeMap<(i8, String), BTreeMap<String, String>>,
    pub(super) next_producer_id: i64,
    /// What Ottla has no place for, by kind.
    others: BTreeMap<&'static str, usize>,
    /// The same in words.
    pub(super) left: Vec<String>,
}

/// A topic.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct KafkaTopic {
    pub(super) name: TopicName,
    pub(super) partitions: BTreeSet<i32>,
}

impl Cluster {
    /// Reads the newest snapshot and the log behind it.
    pub(super) fn read(sources: &[DataDirectory]) -> Result<Self, ImportError> {
        for data in sources {
            let all = data.partitions()?;
            if let Some(files) = all.iter().find(|files| files.topic.as_str() == "__cluster_metadata") {
                return Self::read_log(files);
            }
        }
        Err(ImportError::NotKafka {
            path: sources.first().map(|data| data.path().to_owned()).unwrap_or_default(),
            reason: "it has no __cluster_metadata-0; name the directory of metadata.log.dir, too (Kafka with ZooKeeper \
                     cannot be imported: migrate to KRaft first)",
        })
    }

    fn read_log(files: &PartitionFiles) -> Result<Self, ImportError> {
        let mut cluster = Self::default();
        let mut transaction: Option<Vec<Record>> = None;
        let mut from = Offset::ZERO;
        if let Some((end, name)) = newest_snapshot(&files.directory)? {
            let path = files.directory.join(name);
            for (header, records) in log::batches(&path, Offset::ZERO, false)? {
                if !header.is_control() {
                    records.iter().try_for_each(|record| cluster.take(&path, record, &mut transaction))?;
                }
            }
            (from, transaction) = (end, None);
        }
        log::read(files, &mut |path, record| {
            if record.offset < from { Ok(()) } else { cluster.take(path, record, &mut transaction) }
        })?;
        cluster.tell();
        Ok(cluster)
    }

    fn take(
        &mut self,
        path: &Path,
        record: &Record,
        transaction: &mut Option<Vec<Record>>,
    ) -> Result<(), ImportError> {
        let unreadable =
            |what| ImportError::Unreadable { path: path.to_owned(), offset: record.offset.0, what };
        let value = record.value.as_deref().unwrap_or_default();
        let mut fields = Fields(value);
        let head = (fields.varint(), fields.varint(), fields.varint());
        let (Some(1), Some(key), Some(_version)) = head else { return Err(unreadable("a metadata record")) };
        match (key, &mut *transaction) {
            (BEGIN, _) => *transaction = Some(Vec::new()),
            (ABORT, _) => *transaction = None,
            (END, held) => {
                for record in held.take().unwrap_or_default() {
                    self.take(path, &record, &mut None)?;
                }
            }
            (_, Some(held)) => held.push(record.clone()),
            (key, None) => self.apply(key, &mut fields).ok_or_else(|| unreadable("a metadata record"))?,
        }
        Ok(())
    }

    /// `None` if the fields make no sense.
    fn apply(&mut self, key: u32, fields: &mut Fields<'_>) -> Option<()> {
        match key {
            TOPIC => {
                let name = TopicName::parse(fields.compact_text()?).ok()?;
                self.topics.insert(fields.uuid()?, KafkaTopic { name, partitions: BTreeSet::new() });
            }
            PARTITION => {
                let index = fields.int()?;
                self.topics.get_mut(&fields.uuid()?)?.partitions.insert(index);
            }
            REMOVE_TOPIC => {
                if let Some(topic) = self.topics.remove(&fields.uuid()?) {
                    self.configs.remove(&(TOPIC_RESOURCE, topic.name.to_string()));
                }
            }
            CONFIG => {
                let resource = (fields.byte()?, fields.compact_text()?.to_owned());
                let name = fields.compact_text()?.to_owned();
                let configs = self.configs.entry(resource).or_default();
                match fields.nullable_compact_text()? {
                    Some(value) => drop(configs.insert(name, value.to_owned())),
                    None => drop(configs.remove(&name)),
                }
            }
            PRODUCER_IDS => {
                let (_broker, _epoch) = (fields.int()?, fields.long()?);
                self.next_producer_id = self.next_producer_id.max(fields.long()?);
            }
            other => {
                if let Some((_, what)) = LEFT.iter().find(|(key, _)| *key == other) {
                    *self.others.entry(what).or_default() += 1;
                }
            }
        }
        Some(())
    }

    /// The settings of a topic's own.
    pub(super) fn configs_of(&self, topic: &str) -> impl Iterator<Item = (&String, &String)> {
        self.configs.get(&(TOPIC_RESOURCE, topic.to_owned())).into_iter().flatten()
    }

    fn tell(&mut self) {
        for ((kind, name), configs) in &self.configs {
            if *kind != TOPIC_RESOURCE && !configs.is_empty() {
                let names: Vec<&str> = configs.keys().map(String::as_str).collect();
                let of = match (*kind, name.as_str()) {
                    (BROKER_RESOURCE, "") => "all brokers".to_owned(),
                    (BROKER_RESOURCE, id) => format!("broker {id}"),
                    (_, name) => format!("'{name}'"),
                };
                self.left.push(format!("settings of {of}: {}", names.join(", ")));
            }
        }
        let others = self.others.iter().map(|(what, count)| format!("{count} record(s) of {what}"));
        self.left.extend(others);
    }
}

/// The snapshot with the highest offset, `<offset, 20 digits>-<epoch, 10 digits>.checkpoint`.
fn newest_snapshot(directory: &Path) -> Result<Option<(Offset, String)>, ImportError> {
    let failed =
        |source| ottla_storage::OpenError::Io { doing: "listing", path: directory.to_owned(), source };
    let mut newest = None;
    for entry in std::fs::read_dir(directory).map_err(failed)? {
        let Ok(name) = entry.map_err(failed)?.file_name().into_string() else { continue };
        let Some((offset, epoch)) = name.strip_suffix(".checkpoint").and_then(|name| name.split_once('-'))
        else {
            continue;
        };
        if let (Ok(offset), Ok(epoch)) = (offset.parse::<i64>(), epoch.parse::<i64>()) {
            newest = newest.max(Some(((offset, epoch), name.clone())));
        }
    }
    Ok(newest.map(|((offset, _), name)| (Offset(offset), name)))
}

const TOPIC: u32 = 2;
const PARTITION: u32 = 3;
const CONFIG: u32 = 4;
const REMOVE_TOPIC: u32 = 9;
const PRODUCER_IDS: u32 = 15;
const BEGIN: u32 = 23;
const END: u32 = 24;
const ABORT: u32 = 25;
/// What has no place here yet.
const LEFT: [(u32, &str); 4] = [
    (10, "delegation tokens"),
    (11, "SCRAM credentials"),
    (14, "client quotas"),
    (18, "access control lists"),
];
const TOPIC_RESOURCE: i8 = 2;
const BROKER_RESOURCE: i8 = 4;
