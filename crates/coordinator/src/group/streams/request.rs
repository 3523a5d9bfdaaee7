//! What is wrong with a heartbeat whatever the group says.

use super::tasks::{TaskId, Tasks};
use super::topics::Configured;
use crate::group::refusal::Refusal;
use ottla_base::PartitionIndex;
use ottla_base::limits::STREAMS_MEMBER_ENTRIES_MAX;
use ottla_wire::message::StreamsGroupHeartbeatRequest;
use ottla_wire::message::streams_group_heartbeat_request::{TaskIds, TaskOffset};
use ottla_wire::{ErrorCode, Str};
use std::collections::{BTreeMap, BTreeSet};

/// The member epoch of who joins.
pub(super) const JOIN: i32 = 0;
/// The member epoch of a static member that leaves for a moment.
pub(super) const LEAVE_FOR_A_MOMENT: i32 = -2;

/// Whether the request is whole. In Kafka's order and words.
pub(super) fn check(request: &StreamsGroupHeartbeatRequest) -> Result<(), Refusal> {
    let is_blank = |text: &Str| text.trim().is_empty();
    let lists = [&request.active_tasks, &request.standby_tasks, &request.warmup_tasks];
    let owns = |tasks: &Option<Vec<TaskIds>>| tasks.as_ref().is_some_and(|tasks| !tasks.is_empty());
    let message = if is_blank(&request.member_id) {
        "MemberId can't be empty."
    } else if is_blank(&request.group_id) {
        "GroupId can't be empty."
    } else if request.instance_id.as_ref().is_some_and(is_blank) {
        "InstanceId can't be empty."
    } else if request.rack_id.as_ref().is_some_and(is_blank) {
        "RackId can't be empty."
    } else if request.member_epoch < LEAVE_FOR_A_MOMENT {
        return Err(Refusal::new(
            ErrorCode::INVALID_REQUEST,
            format!("MemberEpoch is {}, but must be greater than or equal to -2.", request.member_epoch),
        ));
    } else if request.member_epoch == LEAVE_FOR_A_MOMENT && request.instance_id.is_none() {
        "InstanceId can't be null."
    } else if request.member_epoch == JOIN && request.rebalance_timeout_ms == -1 {
        "RebalanceTimeoutMs must be provided in first request."
    } else if request.member_epoch == JOIN && owns(&request.active_tasks) {
        "ActiveTasks must be empty when (re-)joining."
    } else if request.member_epoch == JOIN && owns(&request.standby_tasks) {
        "StandbyTasks must be empty when (re-)joining."
    } else if request.member_epoch == JOIN && owns(&request.warmup_tasks) {
        "WarmupTasks must be empty when (re-)joining."
    } else if request.member_epoch == JOIN && request.topology.is_none() {
        "Topology must be non-null when (re-)joining."
    } else if lists.iter().any(|list| list.is_some()) && lists.iter().any(|list| list.is_none()) {
        "If one task-type is non-null, all must be non-null."
    } else if request.member_epoch != JOIN && request.topology.is_some() {
        "Topology can only be provided when (re-)joining."
    } else if STREAMS_MEMBER_ENTRIES_MAX < entries(request) {
        "The member reports more tags and task offsets than Ottla keeps: 100,000."
    } else {
        return Ok(());
    };
    Err(Refusal::invalid(message))
}

fn entries(request: &StreamsGroupHeartbeatRequest) -> usize {
    let tags = request.client_tags.as_ref().map_or(0, Vec::len);
    let offsets = [&request.task_offsets, &request.task_end_offsets];
    tags + offsets.iter().map(|list| list.as_ref().map_or(0, Vec::len)).sum::<usize>()
}

/// What the member says that it has; `None` if it does not say. Who joins has nothing.
pub(super) fn owned(request: &StreamsGroupHeartbeatRequest) -> Option<Tasks> {
    if request.member_epoch == JOIN {
        return Some(Tasks::default());
    }
    let active = tasks(request.active_tasks.as_ref()?);
    let standby = tasks(request.standby_tasks.as_ref()?);
    Some(Tasks { active, standby })
}

fn tasks(lists: &[TaskIds]) -> BTreeSet<TaskId> {
    let of = |list: &TaskIds| {
        let subtopology = list.subtopology_id.clone();
        let task = move |at: i32| TaskId { subtopology: subtopology.clone(), partition: PartitionIndex(at) };
        list.partitions.clone().into_iter().map(task)
    };
    lists.iter().flat_map(of).collect()
}

/// Whether all tasks that the member says it has are tasks that there are.
pub(super) fn check_tasks(
    request: &StreamsGroupHeartbeatRequest,
    configured: &Configured,
) -> Result<(), Refusal> {
    let lists = [&request.active_tasks, &request.standby_tasks, &request.warmup_tasks];
    for list in lists.into_iter().flatten().flatten() {
        let id = &list.subtopology_id;
        let Some(tasks) = configured.tasks.get(id) else {
            let message = format!("Subtopology {id} does not exist in the topology.");
            return Err(Refusal::new(ErrorCode::INVALID_REQUEST, message));
        };
        if let Some(task) = list.partitions.iter().find(|at| !(0..*tasks).contains(*at)) {
            return Err(Refusal::new(
                ErrorCode::INVALID_REQUEST,
                format!(
                    "Task {task} for subtopology {id} is invalid. Number of tasks for this subtopology: {tasks}"
                ),
            ));
        }
    }
    Ok(())
}

/// Offsets of tasks as a request lists them.
pub(super) fn task_offsets(list: Option<&Vec<TaskOffset>>) -> Result<Option<BTreeMap<TaskId, i64>>, Refusal> {
    let Some(list) = list else { return Ok(None) };
    let mut offsets = BTreeMap::new();
    for TaskOffset { subtopology_id, partition, offset } in list {
        let task = TaskId { subtopology: subtopology_id.detached(), partition: PartitionIndex(*partition) };
        if offsets.insert(task, *offset).is_some() {
            return Err(Refusal::new(
                ErrorCode::INVALID_REQUEST,
                format!(
                    "Task offsets contain a duplicate entry for subtopology {subtopology_id} and partition {partition}."
                ),
            ));
        }
    }
    Ok(Some(offsets))
}
