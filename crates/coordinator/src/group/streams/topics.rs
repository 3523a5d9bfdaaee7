//! From a topology and the topics there are: how many tasks there will be, which topics have to be made and how
//! large, and what is in the way.
//!
//! How many partitions a repartition topic has follows from what is written into it, subtopology by subtopology, until
//! nothing changes. Where topics must be copartitioned, the repartition topics among them take over the number of the
//! others. A changelog has as many as its subtopology has tasks.

use super::status;
use super::topology::{InternalTopic, Subtopology, Topology, invalid};
use crate::group::catalog::Catalog;
use crate::group::refusal::Refusal;
use ottla_base::limits::STREAMS_TASKS_MAX;
use ottla_wire::Str;
use std::collections::{BTreeMap, BTreeSet};

/// A topic that an application needs and that is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingTopic {
    /// What it must be called.
    pub name: Str,
    /// How many partitions it must have, at least 1.
    pub partitions: i32,
    /// -1: the broker's default.
    pub replication_factor: i16,
    /// What the application sets on it.
    pub configs: BTreeMap<Str, Str>,
}

/// What a topology comes to with the topics of one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Configured {
    /// Of each subtopology, how many tasks it has. Empty if that cannot be told.
    pub(super) tasks: BTreeMap<Str, i32>,
    /// How many partitions each internal topic has or must have.
    pub(super) partitions: BTreeMap<Str, i32>,
    /// What must be made before tasks can be given out.
    pub(super) missing: Vec<MissingTopic>,
    /// Why tasks cannot be given out.
    pub(super) problem: Option<Problem>,
}

/// Why the tasks of a group cannot be given out now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    /// As in the status of a heartbeat.
    pub(super) code: i8,
    pub(super) detail: String,
}

impl Configured {
    pub(super) fn is_ready(&self) -> bool {
        self.problem.is_none()
    }

    fn stopped_by(problem: Problem) -> Self {
        Self { problem: Some(problem), ..Self::default() }
    }
}

/// Works out what a topology comes to.
///
/// # Errors
/// [`Refusal`] if it cannot work with any topics.
pub(super) fn configure(topology: &Topology, catalog: &Catalog) -> Result<Configured, Refusal> {
    if let Some(problem) = missing_sources(topology, catalog) {
        return Ok(Configured::stopped_by(problem));
    }
    let mut counts = Counts { catalog, decided: repartition_counts(topology, catalog)? };
    let repartitions = topology.subtopologies.values().flat_map(|part| &part.repartition_sources);
    let repartitions = repartitions.map(|topic| (&topic.name, topic)).collect();
    for subtopology in topology.subtopologies.values() {
        for topics in &subtopology.copartitions {
            if let Err(problem) = counts.enforce_copartitioning(&repartitions, topics) {
                return Ok(Configured::stopped_by(problem));
            }
        }
    }
    let tasks: BTreeMap<Str, i32> = topology
        .subtopologies
        .iter()
        .map(|(id, subtopology)| (id.clone(), counts.largest(subtopology.inputs()).unwrap_or(0)))
        .collect();
    check_tasks(&tasks)?;
    for (id, subtopology) in &topology.subtopologies {
        for changelog in &subtopology.changelogs {
            counts.decided.insert(changelog.name.clone(), tasks[id]);
        }
    }
    Ok(match missing_topics(topology, &counts) {
        Ok(missing) => {
            let problem = (!missing.is_empty()).then(|| {
                let names: Vec<&Str> = missing.iter().map(|topic| &topic.name).collect();
                let detail = format!("internal topics are still to be made: {}", summary(&names));
                Problem { code: status::MISSING_INTERNAL_TOPICS, detail }
            });
            Configured { tasks, partitions: counts.decided, missing, problem }
        }
        Err(problem) => Configured::stopped_by(problem),
    })
}

fn missing_sources(topology: &Topology, catalog: &Catalog) -> Option<Problem> {
    let sources: BTreeSet<&Str> = topology.subtopologies.values().flat_map(|part| &part.sources).collect();
    let missing: Vec<&Str> = sources.into_iter().filter(|name| catalog.topic(name).is_none()).collect();
    (!missing.is_empty()).then(|| Problem {
        code: status::MISSING_SOURCE_TOPICS,
        detail: format!("there are no source topics {}: create them", summary(&missing)),
    })
}

/// How many partitions each repartition topic is to have.
///
/// Kafka goes through all subtopologies again and again until nothing changes, and each takes the largest of its inputs
/// that are known by then. The same order is kept here, but only those are looked at again of which an input has become
/// known: a chain of thousands that is named from its end would take a round for each of them.
fn repartition_counts(topology: &Topology, catalog: &Catalog) -> Result<BTreeMap<Str, i32>, Refusal> {
    let parts: Vec<&Subtopology> = topology.subtopologies.values().collect();
    let repartitions = || topology.subtopologies.values().flat_map(|part| &part.repartition_sources);
    let fixed = repartitions().filter(|topic| topic.partitions != 0);
    let mut decided: BTreeMap<Str, i32> = fixed.map(|topic| (topic.name.clone(), topic.partitions)).collect();
    let mut readers = BTreeMap::<&Str, Vec<usize>>::new();
    for (at, part) in parts.iter().enumerate() {
        part.repartition_sources.iter().for_each(|topic| readers.entry(&topic.name).or_default().push(at));
    }
    let (mut round, mut next) = ((0..parts.len()).collect::<BTreeSet<_>>(), BTreeSet::new());
    // Those that have been looked at while no input was known.
    let mut waiting = BTreeSet::new();
    while let Some(at) = round.pop_first() {
        match largest_input(parts[at], &decided, catalog) {
            None => _ = waiting.insert(at),
            Some(partitions) => {
                for sink in &parts[at].repartition_sinks {
                    if decided.contains_key(sink) {
                        continue;
                    }
                    decided.insert(sink.clone(), partitions);
                    let readers = readers.get(sink).into_iter().flatten();
                    for reader in readers.filter(|reader| waiting.remove(*reader)) {
                        if at < *reader { &mut round } else { &mut next }.insert(*reader);
                    }
                }
            }
        }
        if round.is_empty() {
            std::mem::swap(&mut round, &mut next);
        }
    }
    let mut open = waiting.into_iter().flat_map(|at| &parts[at].repartition_sinks);
    if open.any(|sink| !decided.contains_key(sink)) {
        return Err(invalid(
            "repartition topics feed each other in a circle, so that none can tell how many partitions the next one needs: \
             fix the number of one of them"
                .to_owned(),
        ));
    }
    if let Some(orphan) = repartitions().find(|topic| !decided.contains_key(&topic.name)) {
        return Err(invalid(format!(
            "nothing writes into repartition topic {}, so that nobody can tell how many partitions it needs: fix its \
             number",
            orphan.name
        )));
    }
    Ok(decided)
}

fn largest_input(subtopology: &Subtopology, decided: &BTreeMap<Str, i32>, catalog: &Catalog) -> Option<i32> {
    let repartitions =
        subtopology.repartition_sources.iter().filter_map(|topic| decided.get(&topic.name).copied());
    let sources =
        subtopology.sources.iter().filter_map(|name| catalog.topic(name)).map(|topic| topic.partitions);
    repartitions.chain(sources).max()
}

/// Numbers of partitions: of a topic that exists its own, of others what was decided.
struct Counts<'a> {
    catalog: &'a Catalog,
    decided: BTreeMap<Str, i32>,
}

impl Counts<'_> {
    fn of(&self, topic: &str) -> Option<i32> {
        match self.catalog.topic(topic) {
            Some(topic) => Some(topic.partitions),
            None => self.decided.get(topic).copied(),
        }
    }

    fn largest<'a>(&self, mut topics: impl Iterator<Item = &'a Str>) -> Option<i32> {
        topics.try_fold(0, |largest, topic| Some(self.of(topic)?.max(largest)))
    }

    /// Gives the repartition topics of one set as many partitions as the others in it have.
    ///
    /// Kafka compares the fixed ones of the whole topology where a set has only repartition topics; here those of
    /// the set, which is what it means to do.
    fn enforce_copartitioning(
        &mut self,
        repartitions: &BTreeMap<&Str, &InternalTopic>,
        topics: &BTreeSet<Str>,
    ) -> Result<(), Problem> {
        let repartitions: BTreeMap<&Str, &InternalTopic> =
            topics.iter().filter_map(|name| Some((name, *repartitions.get(name)?))).collect();
        let counted = |name: &Str| (name.clone(), self.of(name).unwrap_or(0));
        let mut leading: BTreeMap<Str, i32> =
            topics.iter().filter(|name| !repartitions.contains_key(name)).map(counted).collect();
        let fixed: BTreeMap<Str, i32> = repartitions
            .values()
            .filter(|topic| topic.partitions != 0)
            .map(|topic| counted(&topic.name))
            .collect();
        if leading.is_empty() {
            leading.clone_from(&fixed);
        }
        let all: Vec<i32> = repartitions.keys().map(|name| counted(name).1).collect();
        let Some(partitions) = leading.values().copied().next().or_else(|| all.iter().copied().max()) else {
            return Ok(());
        };
        if leading.values().any(|other| *other != partitions) {
            return Err(incorrectly_partitioned(format!(
                "topics that are read together must have equally many partitions, and these do not: {}",
                equations(&leading)
            )));
        }
        if let Some((name, count)) = fixed.iter().find(|(_, count)| **count != partitions) {
            return Err(incorrectly_partitioned(format!(
                "repartition topic {name} is fixed at {count} partitions, and is read together with topics of {partitions}: \
                 they must be the same"
            )));
        }
        let names: Vec<Str> = repartitions.into_keys().cloned().collect();
        self.decided.extend(names.into_iter().map(|name| (name, partitions)));
        Ok(())
    }
}

/// The internal topics that are not there; those that are must fit.
fn missing_topics(topology: &Topology, counts: &Counts<'_>) -> Result<Vec<MissingTopic>, Problem> {
    let internal = |part: &'_ Subtopology| -> Vec<InternalTopic> {
        part.repartition_sources.iter().chain(&part.changelogs).cloned().collect()
    };
    let wanted: BTreeMap<Str, InternalTopic> =
        topology.subtopologies.values().flat_map(internal).map(|topic| (topic.name.clone(), topic)).collect();
    let mut missing = Vec::new();
    for (name, topic) in wanted {
        let InternalTopic { partitions: fixed, replication_factor, configs, .. } = topic;
        let decided = counts.decided.get(&name).copied();
        let partitions = if fixed == 0 { decided.unwrap_or(1) } else { fixed };
        match counts.catalog.topic(&name) {
            Some(existing) if existing.partitions != partitions => {
                return Err(incorrectly_partitioned(format!(
                    "topic {name} needs {partitions} partitions and has {}: delete it, or reset the application",
                    existing.partitions
                )));
            }
            Some(_) => {}
            None => {
                let replication_factor = if replication_factor == 0 { -1 } else { replication_factor };
                missing.push(MissingTopic { name, partitions, replication_factor, configs });
            }
        }
    }
    Ok(missing)
}

fn check_tasks(tasks: &BTreeMap<Str, i32>) -> Result<(), Refusal> {
    let total: i64 = tasks.values().copied().map(i64::from).sum();
    if STREAMS_TASKS_MAX < total {
        return Err(invalid(format!(
            "the topology comes to {total} tasks; the most are {STREAMS_TASKS_MAX}: use fewer partitions or split the \
             application"
        )));
    }
    Ok(())
}

fn incorrectly_partitioned(detail: String) -> Problem {
    Problem { code: status::INCORRECTLY_PARTITIONED_TOPICS, detail }
}

fn equations(counts: &BTreeMap<Str, i32>) -> String {
    let equations: Vec<String> = counts.iter().map(|(name, count)| format!("{name}={count}")).collect();
    equations.join(", ")
}

/// The first names, and how many more there are.
fn summary(names: &[&Str]) -> String {
    let shown: Vec<&str> = names.iter().take(SHOWN_MAX).map(|name| name.as_str()).collect();
    match names.len().saturating_sub(SHOWN_MAX) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

const SHOWN_MAX: usize = 3;
