//! Kafka's groups and what they have committed.
//!
//! Members do not come along: they find their group empty and join again, at a later generation than they knew.

use super::fields::{Fields, IsFlexible};
use super::{ImportError, log};
use ottla_base::{LeaderEpoch, Offset, PartitionIndex, Timestamp, TopicId};
use ottla_coordinator::group::{Committed, Record as Row, Stored};
use ottla_storage::inspect::PartitionFiles;
use ottla_wire::Str;
use std::collections::{BTreeMap, BTreeSet};

/// All groups of a cluster.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Groups {
    offsets: BTreeMap<(String, String, i32), Committed>,
    groups: BTreeMap<String, Group>,
    /// Queues and the like, which have state that Ottla does not take.
    others: BTreeMap<&'static str, BTreeSet<String>>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Group {
    generation: i32,
    protocol_type: Option<String>,
    since: Option<Timestamp>,
}

impl Groups {
    /// Reads one partition of `__consumer_offsets`.
    pub(super) fn read(&mut self, files: &PartitionFiles) -> Result<(), ImportError> {
        log::read(files, &mut |path, record| {
            let what = "a record of a group";
            let unreadable =
                || ImportError::Unreadable { path: path.to_owned(), offset: record.offset.0, what };
            let key = record.key.as_deref().ok_or_else(unreadable)?;
            self.take(&mut Fields(key), record.value.as_deref()).ok_or_else(unreadable)
        })
    }

    pub(super) fn take(&mut self, key: &mut Fields<'_>, value: Option<&[u8]>) -> Option<()> {
        match key.short()? {
            KEY_OFFSET_OLD | KEY_OFFSET => {
                let place = (key.text()?.to_owned(), key.text()?.to_owned(), key.int()?);
                match value {
                    Some(value) => drop(self.offsets.insert(place, committed(&mut Fields(value))?)),
                    None => drop(self.offsets.remove(&place)),
                }
            }
            KEY_CLASSIC => {
                let group = key.text()?.to_owned();
                match value {
                    Some(value) => drop(self.groups.insert(group, classic(&mut Fields(value))?)),
                    None => drop(self.groups.remove(&group)),
                }
            }
            KEY_CONSUMER => {
                let group = key.text()?.to_owned();
                let Some(value) = value else {
                    self.groups.remove(&group);
                    return Some(());
                };
                let mut value = Fields(value);
                let (_version, epoch) = (value.short()?, value.int()?);
                let protocol_type = Some("consumer".to_owned());
                self.groups.insert(group, Group { generation: epoch, protocol_type, since: None });
            }
            kind => {
                if let Some((_, what)) = OTHERS.iter().find(|(key, _)| *key == kind) {
                    let (group, others) = (key.text()?.to_owned(), self.others.entry(what).or_default());
                    if value.is_some() {
                        others.insert(group)
                    } else {
                        others.remove(&group)
                    };
                }
            }
        }
        Some(())
    }

    /// Leaves out what was committed for topics that are not there any more.
    pub(super) fn settle(&mut self, topics: &BTreeMap<&str, TopicId>, left: &mut Vec<String>) {
        let before = self.offsets.len();
        self.offsets.retain(|(_, topic, _), committed| {
            let known = topics.get(topic.as_str()).copied();
            known.is_some_and(|id| committed.topic_id == TopicId::NONE || committed.topic_id == id)
        });
        if self.offsets.len() < before {
            left.push(format!("{} committed offset(s) of topics that are gone", before - self.offsets.len()));
        }
        for (what, groups) in &self.others {
            if !groups.is_empty() {
                let names: Vec<&str> = groups.iter().map(String::as_str).collect();
                left.push(format!("{what}: {}", names.join(", ")));
            }
        }
        // A group that only has offsets has no record of its own in Kafka.
        for ((group, ..), committed) in &self.offsets {
            let group = self.groups.entry(group.clone()).or_default();
            group.since = group.since.max(Some(committed.committed_at));
        }
    }

    pub(super) fn groups(&self) -> usize {
        self.groups.len()
    }

    pub(super) fn offsets(&self) -> usize {
        self.offsets.len()
    }

    /// The journal's records of each group, with the group.
    pub(super) fn rows(&self) -> impl Iterator<Item = (&str, Row)> {
        let groups = self.groups.iter().map(|(id, group)| {
            let protocol_type = group.protocol_type.as_deref().map(Str::from);
            let since = group.since.unwrap_or(Timestamp(0));
            let stored = Stored::vacant(group.generation, protocol_type, since);
            (id.as_str(), Row::Group { group: Str::from(id.as_str()), stored: Some(stored) })
        });
        let offsets = self.offsets.iter().map(|((group, topic, partition), committed)| {
            let row = Row::Offset {
                group: Str::from(group.as_str()),
                topic: Str::from(topic.as_str()),
                partition: PartitionIndex(*partition),
                committed: Some(committed.clone()),
            };
            (group.as_str(), row)
        });
        groups.chain(offsets)
    }
}

fn committed(value: &mut Fields<'_>) -> Option<Committed> {
    let version = value.short()?;
    let is_flexible = IsFlexible::from(version, 4);
    let offset = Offset(value.long()?);
    let leader_epoch = if 3 <= version { LeaderEpoch(value.int()?) } else { LeaderEpoch::NONE };
    let metadata = Str::from(value.text_of(is_flexible)??);
    let committed_at = Timestamp(value.long()?);
    let expires = if version == 1 { value.long()? } else { -1 };
    let mut topic_id = TopicId::NONE;
    if is_flexible == IsFlexible::Yes {
        for (tag, mut field) in value.tagged()? {
            if tag == 0 {
                topic_id = field.uuid()?;
            }
        }
    }
    let expires_at = (0 <= expires).then_some(Timestamp(expires));
    Some(Committed { offset, leader_epoch, metadata, committed_at, expires_at, topic_id, position: 0 })
}

fn classic(value: &mut Fields<'_>) -> Option<Group> {
    let version = value.short()?;
    let is_flexible = IsFlexible::from(version, 4);
    let protocol_type = value.text_of(is_flexible)??.to_owned();
    let generation = value.int()?;
    let (_protocol, _leader) = (value.text_of(is_flexible)?, value.text_of(is_flexible)?);
    let since = if 2 <= version { value.long()? } else { -1 };
    let protocol_type = Some(protocol_type).filter(|name| !name.is_empty());
    Some(Group { generation, protocol_type, since: (0 <= since).then_some(Timestamp(since)) })
}

const KEY_OFFSET_OLD: i16 = 0;
const KEY_OFFSET: i16 = 1;
const KEY_CLASSIC: i16 = 2;
const KEY_CONSUMER: i16 = 3;
const OTHERS: [(i16, &str); 2] =
    [(11, "share groups, whose positions are not committed offsets"), (17, "assignments of streams groups")];
