//! The topology of a streams application: which topics each of its parts reads and writes, and which topics the
//! broker has to make for it.
//!
//! Invariants of a parsed one: every subtopology reads something; every index is resolved; every name is one that a
//! topic may have, and not of Kafka's own; its size is bounded.

use super::tasks::count;
use crate::codec::{DecodeError, Input, Output};
use crate::group::refusal::Refusal;
use ottla_base::TopicName;
use ottla_base::limits::{STREAMS_TOPOLOGY_BYTES_MAX, STREAMS_TOPOLOGY_TOPICS_MAX};
use ottla_wire::message::streams_group_heartbeat_request as request;
use ottla_wire::{ErrorCode, Str};
use std::collections::{BTreeMap, BTreeSet};

/// What all members of a group run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Topology {
    /// Grows when the application changes.
    pub(super) epoch: i32,
    pub(super) subtopologies: BTreeMap<Str, Subtopology>,
}

/// A part of a topology that is connected without topics between its processors.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Subtopology {
    /// Topics of others that it reads.
    pub(super) sources: Vec<Str>,
    /// Repartition topics that it reads.
    pub(super) repartition_sources: Vec<InternalTopic>,
    /// Repartition topics that it writes.
    pub(super) repartition_sinks: Vec<Str>,
    /// Where its state is kept.
    pub(super) changelogs: Vec<InternalTopic>,
    /// Sets of what it reads that must have equally many partitions.
    pub(super) copartitions: Vec<BTreeSet<Str>>,
}

/// A topic that is made for the application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct InternalTopic {
    pub(super) name: Str,
    /// 0: follows from what is written into it.
    pub(super) partitions: i32,
    /// 0 or -1: the broker's default.
    pub(super) replication_factor: i16,
    pub(super) configs: BTreeMap<Str, Str>,
}

impl Subtopology {
    /// Whatever it reads.
    pub(super) fn inputs(&self) -> impl Iterator<Item = &Str> {
        self.sources.iter().chain(self.repartition_sources.iter().map(|topic| &topic.name))
    }

    pub(super) fn is_stateful(&self) -> bool {
        !self.changelogs.is_empty()
    }

    fn named_topics(&self) -> impl Iterator<Item = &Str> {
        let changelogs = self.changelogs.iter().map(|topic| &topic.name);
        self.inputs().chain(&self.repartition_sinks).chain(changelogs)
    }
}

impl Topology {
    /// What a member says its topology is.
    ///
    /// # Errors
    /// [`Refusal`] if no group could ever run it.
    pub(super) fn parse(topology: &request::Topology) -> Result<Self, Refusal> {
        if topology.epoch < 0 {
            return Err(Refusal::new(
                ErrorCode::STREAMS_INVALID_TOPOLOGY_EPOCH,
                format!("the topology epoch is {}, but it must be 0 or greater", topology.epoch),
            ));
        }
        check_size(topology)?;
        let mut subtopologies = BTreeMap::new();
        for subtopology in &topology.subtopologies {
            let id = subtopology.subtopology_id.detached();
            if subtopologies.insert(id, Subtopology::parse(subtopology)?).is_some() {
                let id = &subtopology.subtopology_id;
                return Err(invalid(format!("subtopology '{id}' is there twice: ids must be unique")));
            }
        }
        Ok(Self { epoch: topology.epoch, subtopologies })
    }

    /// Every topic that must exist before tasks can run.
    pub(super) fn required_topics(&self) -> BTreeSet<&Str> {
        self.subtopologies.values().flat_map(Subtopology::needs).collect()
    }

    /// The subtopologies that read a topic; more than one only where an application does so itself.
    pub(super) fn readers<'a>(&'a self, topic: &'a str) -> impl Iterator<Item = &'a Str> {
        let reads = move |subtopology: &Subtopology| subtopology.inputs().any(|input| **input == *topic);
        self.subtopologies.iter().filter(move |(_, subtopology)| reads(subtopology)).map(|(id, _)| id)
    }

    pub(super) fn encode(&self, output: Output) -> Output {
        let output = output.int(self.epoch).int(count(self.subtopologies.len()));
        self.subtopologies
            .iter()
            .fold(output, |output, (id, subtopology)| subtopology.encode(output.text(id)))
    }

    pub(super) fn decode(input: &mut Input<'_>) -> Result<Self, DecodeError> {
        let epoch = input.int()?;
        let subtopologies = input.int()?;
        let subtopologies = (0..subtopologies).map(|_| Ok((input.text()?, Subtopology::decode(input)?)));
        Ok(Self { epoch, subtopologies: subtopologies.collect::<Result<_, _>>()? })
    }
}

impl Subtopology {
    fn needs(&self) -> impl Iterator<Item = &Str> {
        self.inputs().chain(self.changelogs.iter().map(|topic| &topic.name))
    }

    fn parse(subtopology: &request::Subtopology) -> Result<Self, Refusal> {
        let id = &subtopology.subtopology_id;
        if !subtopology.source_topic_regex.is_empty() {
            return Err(Refusal::new(
                ErrorCode::INVALID_REQUEST,
                format!(
                    "subtopology '{id}' reads topics by a pattern, which streams groups cannot do: name them"
                ),
            ));
        }
        let detached = |names: &[Str]| names.iter().map(Str::detached).collect::<Vec<_>>();
        let parsed = Self {
            sources: detached(&subtopology.source_topics),
            repartition_sources: InternalTopic::parse_all(&subtopology.repartition_source_topics)?,
            repartition_sinks: detached(&subtopology.repartition_sink_topics),
            changelogs: InternalTopic::parse_all(&subtopology.state_changelog_topics)?,
            copartitions: Vec::new(),
        };
        parsed.check(id)?;
        let copartitions = subtopology.copartition_groups.iter().map(|group| parsed.copartition(id, group));
        let copartitions = copartitions.collect::<Result<_, _>>()?;
        Ok(Self { copartitions, ..parsed })
    }

    fn check(&self, id: &Str) -> Result<(), Refusal> {
        if self.inputs().next().is_none() {
            return Err(invalid(format!("subtopology {id} reads no topic: each needs a source")));
        }
        if let Some(topic) = self.changelogs.iter().find(|topic| topic.partitions != 0) {
            let InternalTopic { name, partitions, .. } = topic;
            return Err(invalid(format!(
                "changelog topic {name} asks for {partitions} partitions: it gets as many as there are tasks, so ask for 0"
            )));
        }
        for name in self.named_topics() {
            match TopicName::parse(name) {
                Ok(parsed) if parsed.is_internal() => {
                    return Err(invalid(format!(
                        "topic {name} is kept for Kafka's own state: a topology cannot use it"
                    )));
                }
                Ok(_) => {}
                Err(_) => {
                    return Err(invalid(format!(
                        "'{name}' cannot be a topic's name: 1 to 249 of a-z, A-Z, 0-9, '.', '_' and '-'"
                    )));
                }
            }
        }
        Ok(())
    }

    /// The topics that a group of indexes means.
    fn copartition(&self, id: &Str, group: &request::CopartitionGroup) -> Result<BTreeSet<Str>, Refusal> {
        let index = |index: &i16| usize::try_from(*index).unwrap_or(usize::MAX);
        let sources = group.source_topics.iter().map(|at| self.sources.get(index(at)));
        let repartitions =
            group.repartition_source_topics.iter().map(|at| self.repartition_sources.get(index(at)));
        let repartitions = repartitions.map(|topic| topic.map(|topic| &topic.name));
        let topics: Option<BTreeSet<Str>> = sources.chain(repartitions).map(|name| name.cloned()).collect();
        if !group.source_topic_regex.is_empty() {
            return Err(invalid(format!(
                "a copartition group of subtopology '{id}' has a pattern: name the topics"
            )));
        }
        topics.ok_or_else(|| {
            invalid(format!(
                "a copartition group of subtopology '{id}' has a number for which there is no topic: they count the \
                 source topics, and the repartition source topics, of the same subtopology from 0"
            ))
        })
    }

    fn encode(&self, output: Output) -> Output {
        let Self { sources, repartition_sources, repartition_sinks, changelogs, copartitions } = self;
        let output = encode_names(repartition_sinks.iter(), encode_names(sources.iter(), output));
        let output =
            InternalTopic::encode_all(changelogs, InternalTopic::encode_all(repartition_sources, output));
        let output = output.int(count(copartitions.len()));
        copartitions.iter().fold(output, |output, topics| encode_names(topics.iter(), output))
    }

    fn decode(input: &mut Input<'_>) -> Result<Self, DecodeError> {
        let (sources, repartition_sinks) = (decode_names(input)?, decode_names(input)?);
        let (repartition_sources, changelogs) =
            (InternalTopic::decode_all(input)?, InternalTopic::decode_all(input)?);
        let copartitions = input.int()?;
        let copartitions = (0..copartitions).map(|_| decode_names(input));
        let copartitions = copartitions.collect::<Result<_, _>>()?;
        Ok(Self { sources, repartition_sources, repartition_sinks, changelogs, copartitions })
    }
}

impl InternalTopic {
    fn parse_all(topics: &[request::TopicInfo]) -> Result<Vec<Self>, Refusal> {
        topics.iter().map(Self::parse).collect()
    }

    fn parse(topic: &request::TopicInfo) -> Result<Self, Refusal> {
        let request::TopicInfo { name, partitions, replication_factor, topic_configs } = topic;
        if *partitions < 0 || *replication_factor < -1 {
            return Err(invalid(format!(
                "topic '{name}' cannot have {partitions} partitions and a replication factor of {replication_factor}: 0 of \
                 either leaves the number to the broker"
            )));
        }
        let configs = topic_configs.iter().map(|config| (config.key.detached(), config.value.detached()));
        Ok(Self {
            name: name.detached(),
            partitions: *partitions,
            replication_factor: *replication_factor,
            configs: configs.collect(),
        })
    }

    fn encode_all(topics: &[Self], output: Output) -> Output {
        topics.iter().fold(output.int(count(topics.len())), |output, topic| topic.encode(output))
    }

    fn encode(&self, output: Output) -> Output {
        let Self { name, partitions, replication_factor, configs } = self;
        let output = output.text(name).int(*partitions).short(*replication_factor).int(count(configs.len()));
        configs.iter().fold(output, |output, (key, value)| output.text(key).text(value))
    }

    fn decode_all(input: &mut Input<'_>) -> Result<Vec<Self>, DecodeError> {
        let topics = input.int()?;
        (0..topics).map(|_| Self::decode(input)).collect()
    }

    fn decode(input: &mut Input<'_>) -> Result<Self, DecodeError> {
        let (name, partitions, replication_factor) = (input.text()?, input.int()?, input.short()?);
        let configs = input.int()?;
        let configs = (0..configs).map(|_| Ok((input.text()?, input.text()?)));
        Ok(Self { name, partitions, replication_factor, configs: configs.collect::<Result<_, _>>()? })
    }
}

fn encode_names<'a>(names: impl ExactSizeIterator<Item = &'a Str>, output: Output) -> Output {
    let output = output.int(count(names.len()));
    names.fold(output, |output, name| output.text(name))
}

fn decode_names<C: FromIterator<Str>>(input: &mut Input<'_>) -> Result<C, DecodeError> {
    let names = input.int()?;
    (0..names).map(|_| input.text()).collect()
}

/// A topology is kept in memory and written with its group: it may not be as large as a request may be.
fn check_size(topology: &request::Topology) -> Result<(), Refusal> {
    let infos = |topics: &[request::TopicInfo]| -> (usize, usize) {
        let config = |config: &request::KeyValue| config.key.len() + config.value.len() + SIZE_OF_ENTRY;
        let bytes = topics.iter().map(|topic| {
            topic.name.len() + SIZE_OF_ENTRY + topic.topic_configs.iter().map(config).sum::<usize>()
        });
        (topics.len(), bytes.sum())
    };
    let names =
        |names: &[Str]| (names.len(), names.iter().map(|name| name.len() + SIZE_OF_ENTRY).sum::<usize>());
    let (mut topics, mut bytes) = (0, 0);
    for subtopology in &topology.subtopologies {
        let lists = [
            names(&subtopology.source_topics),
            names(&subtopology.repartition_sink_topics),
            infos(&subtopology.repartition_source_topics),
            infos(&subtopology.state_changelog_topics),
        ];
        topics += lists.iter().map(|(count, _)| count).sum::<usize>();
        bytes += lists.iter().map(|(_, bytes)| bytes).sum::<usize>();
        let members = |group: &request::CopartitionGroup| {
            (group.source_topics.len() + group.repartition_source_topics.len() + 1) * SIZE_OF_ENTRY
        };
        bytes += subtopology.subtopology_id.len() + SIZE_OF_ENTRY;
        bytes += subtopology.copartition_groups.iter().map(members).sum::<usize>();
    }
    if STREAMS_TOPOLOGY_TOPICS_MAX < topics || STREAMS_TOPOLOGY_BYTES_MAX < bytes {
        return Err(invalid(format!(
            "the topology names {topics} topics in about {bytes} bytes; the most are {STREAMS_TOPOLOGY_TOPICS_MAX} \
             topics in {STREAMS_TOPOLOGY_BYTES_MAX} bytes: split the application"
        )));
    }
    Ok(())
}

pub(super) fn invalid(message: String) -> Refusal {
    Refusal::new(ErrorCode::STREAMS_INVALID_TOPOLOGY, message)
}

/// What an entry of a list costs besides its text, roughly.
const SIZE_OF_ENTRY: usize = 32;
