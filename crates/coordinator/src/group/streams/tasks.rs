//! Tasks: one for each partition that a subtopology reads. An active task processes, a standby keeps its state warm.

use crate::codec::{DecodeError, Input, Output};
use ottla_base::PartitionIndex;
use ottla_wire::Str;
use ottla_wire::message::{streams_group_describe_response, streams_group_heartbeat_response};
use std::collections::{BTreeMap, BTreeSet};

/// One task.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct TaskId {
    pub(super) subtopology: Str,
    pub(super) partition: PartitionIndex,
}

/// What one member should have, or says that it has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tasks {
    pub(super) active: BTreeSet<TaskId>,
    pub(super) standby: BTreeSet<TaskId>,
}

/// What one member was given, or has to give back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Assigned {
    /// Each with the epoch in which the member got it: a commit from before is not of this ownership.
    pub(super) active: BTreeMap<TaskId, i32>,
    pub(super) standby: BTreeSet<TaskId>,
}

impl Assigned {
    pub(super) fn is_empty(&self) -> bool {
        self.active.is_empty() && self.standby.is_empty()
    }

    /// Whether a member that has `owned` has these and no others.
    pub(super) fn is_as_in(&self, owned: &Tasks) -> bool {
        self.active.keys().eq(&owned.active) && self.standby == owned.standby
    }

    /// Whether a member that has `owned` still has any of these.
    pub(super) fn is_any_in(&self, owned: &Tasks) -> bool {
        self.active.keys().any(|task| owned.active.contains(task))
            || !self.standby.is_disjoint(&owned.standby)
    }

    /// Forgets in which epoch the tasks were given.
    pub(super) fn forget_epochs(&mut self) {
        self.active.values_mut().for_each(|epoch| *epoch = 0);
    }

    pub(super) fn encode(&self, output: Output) -> Output {
        let output = encode_set(&self.standby, output.int(count(self.active.len())));
        self.active.iter().fold(output, |output, (task, epoch)| task.encode(output).int(*epoch))
    }

    pub(super) fn decode(input: &mut Input<'_>) -> Result<Self, DecodeError> {
        let actives = input.int()?;
        let standby = decode_set(input)?;
        let mut active = BTreeMap::new();
        for _ in 0..actives {
            active.insert(TaskId::decode(input)?, input.int()?);
        }
        Ok(Self { active, standby })
    }
}

impl Tasks {
    pub(super) fn encode(&self, output: Output) -> Output {
        encode_set(&self.standby, encode_set(&self.active, output))
    }

    pub(super) fn decode(input: &mut Input<'_>) -> Result<Self, DecodeError> {
        Ok(Self { active: decode_set(input)?, standby: decode_set(input)? })
    }
}

impl TaskId {
    fn encode(&self, output: Output) -> Output {
        output.text(&self.subtopology).int(self.partition.0)
    }

    fn decode(input: &mut Input<'_>) -> Result<Self, DecodeError> {
        Ok(Self { subtopology: input.text()?, partition: PartitionIndex(input.int()?) })
    }
}

fn encode_set(tasks: &BTreeSet<TaskId>, output: Output) -> Output {
    tasks.iter().fold(output.int(count(tasks.len())), |output, task| task.encode(output))
}

fn decode_set(input: &mut Input<'_>) -> Result<BTreeSet<TaskId>, DecodeError> {
    let tasks = input.int()?;
    (0..tasks).map(|_| TaskId::decode(input)).collect()
}

/// How many, in a stored row.
pub(super) fn count(length: usize) -> i32 {
    i32::try_from(length).expect("what comes from a frame has fewer than 2^31 elements")
}

/// Tasks in the form of a request or response: the partitions of each subtopology.
pub(super) trait Listed {
    fn new(subtopology: Str, partitions: Vec<i32>) -> Self;
}

impl Listed for streams_group_heartbeat_response::TaskIds {
    fn new(subtopology_id: Str, partitions: Vec<i32>) -> Self {
        Self { subtopology_id, partitions }
    }
}

impl Listed for streams_group_describe_response::TaskIds {
    fn new(subtopology_id: Str, partitions: Vec<i32>) -> Self {
        Self { subtopology_id, partitions }
    }
}

/// Groups tasks that come in order by their subtopologies.
pub(super) fn listed<'a, T: Listed>(tasks: impl Iterator<Item = &'a TaskId>) -> Vec<T> {
    let mut of_subtopology = BTreeMap::<&Str, Vec<i32>>::new();
    for task in tasks {
        of_subtopology.entry(&task.subtopology).or_default().push(task.partition.0);
    }
    of_subtopology.into_iter().map(|(id, partitions)| T::new(id.clone(), partitions)).collect()
}
