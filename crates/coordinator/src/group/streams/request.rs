//! What is wrong with a heartbeat whatever the group says.

use super::tasks::{TaskId, Tasks};
use super::topics::Configured;
use crate::group::refusal::Refusal;
use ottla_base::PartitionIndex;
use ottla_base::limits::{MEMBER_ID_BYTES_MAX, STREAMS_MEMBER_BYTES_MAX, STREAMS_MEMBER_ENTRIES_MAX};
use ottla_wire::message::StreamsGroupHeartbeatRequest;
use ottla_wire::message::streams_group_heartbeat_request::{TaskIds, TaskOffset};
use ottla_wire::{ErrorCode, Str};
use std::collections::{BTreeMap, BTreeSet};

/// The member epoch of who joins.
pub(super) const JOIN: i32 = 0;
/// The member epoch of a static member that leaves for a moment.
pub(super) const LEAVE_FOR_A_MOMENT: i32 = -2;

/// Whether the request is whole. In Kafka's order.
pub(super) fn check(request: &StreamsGroupHeartbeatRequest) -> Result<(), Refusal> {
    let is_blank = |text: &Str| text.trim().is_empty();
    let lists = [&request.active_tasks, &request.standby_tasks, &request.warmup_tasks];
    let owns = |tasks: &Option<Vec<TaskIds>>| tasks.as_ref().is_some_and(|tasks| !tasks.is_empty());
    let message = if is_blank(&request.member_id) {
        "a member needs an id: send a UUID of its own as MemberId"
    } else if is_blank(&request.group_id) {
        "a group needs an id: set application.id"
    } else if request.instance_id.as_ref().is_some_and(is_blank) {
        "InstanceId cannot be empty: leave it out, or set group.instance.id"
    } else if request.rack_id.as_ref().is_some_and(is_blank) {
        "RackId cannot be empty: leave it out, or set client.rack"
    } else if request.member_epoch < LEAVE_FOR_A_MOMENT {
        return Err(Refusal::new(
            ErrorCode::INVALID_REQUEST,
            format!(
                "there is no member epoch {}: -2, -1 and those from 0 on mean something",
                request.member_epoch
            ),
        ));
    } else if request.member_epoch == LEAVE_FOR_A_MOMENT && request.instance_id.is_none() {
        "only a member with an InstanceId can leave for a moment (epoch -2): leave with -1"
    } else if request.member_epoch == JOIN && request.rebalance_timeout_ms == -1 {
        "who joins has to say its RebalanceTimeoutMs: that of max.poll.interval.ms"
    } else if request.member_epoch == JOIN && owns(&request.active_tasks) {
        "who joins has no active tasks: leave ActiveTasks empty"
    } else if request.member_epoch == JOIN && owns(&request.standby_tasks) {
        "who joins has no standby tasks: leave StandbyTasks empty"
    } else if request.member_epoch == JOIN && owns(&request.warmup_tasks) {
        "who joins has no warm-up tasks: leave WarmupTasks empty"
    } else if request.member_epoch == JOIN && request.topology.is_none() {
        "who joins has to send its topology"
    } else if lists.iter().any(|list| list.is_some()) && lists.iter().any(|list| list.is_none()) {
        "active, standby and warm-up tasks are told together or not at all"
    } else if request.member_epoch != JOIN && request.topology.is_some() {
        "only who joins may send a topology"
    } else {
        return check_size(request);
    };
    Err(Refusal::invalid(message))
}

/// What is kept of a member is bounded, and so is what a request makes of its lists.
fn check_size(request: &StreamsGroupHeartbeatRequest) -> Result<(), Refusal> {
    let host = request.user_endpoint.as_ref().map(|endpoint| &endpoint.host);
    let optional =
        [request.instance_id.as_ref(), request.rack_id.as_ref(), request.process_id.as_ref(), host];
    let mut texts = optional.into_iter().flatten().chain([&request.member_id]);
    let tags = request.client_tags.iter().flatten();
    let offsets = || [&request.task_offsets, &request.task_end_offsets].into_iter().flatten().flatten();
    let entries = tags.clone().count() + offsets().count();
    let bytes = tags.map(|tag| tag.key.len() + tag.value.len()).sum::<usize>()
        + offsets().map(|task| task.subtopology_id.len()).sum::<usize>();
    let lists = [&request.active_tasks, &request.standby_tasks, &request.warmup_tasks];
    let tasks: usize = lists.into_iter().flatten().flatten().map(|list| list.partitions.len()).sum();
    let message = if texts.any(|text| MEMBER_ID_BYTES_MAX < text.len()) {
        "the member id, instance id, rack, process id or host has more than 1024 bytes: they are kept, so make them short"
    } else if STREAMS_MEMBER_ENTRIES_MAX < entries || STREAMS_MEMBER_BYTES_MAX < bytes {
        "the member sends more than 100,000 tags and offsets of tasks, or more than 4 MiB of them: send fewer"
    } else if STREAMS_MEMBER_ENTRIES_MAX < tasks {
        "the member says that it has more than 100,000 tasks, and no group has so many: tell each once"
    } else {
        return Ok(());
    };
    Err(Refusal::invalid(message))
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
        let subtopology = list.subtopology_id.detached();
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
            let message = format!(
                "the member has tasks of subtopology {id}, which the group's topology does not have: give them up"
            );
            return Err(Refusal::new(ErrorCode::INVALID_REQUEST, message));
        };
        if let Some(task) = list.partitions.iter().find(|at| !(0..*tasks).contains(*at)) {
            return Err(Refusal::new(
                ErrorCode::INVALID_REQUEST,
                format!(
                    "subtopology {id} has {tasks} tasks, counted from 0: give up task {task}, which is none of them"
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
                format!("the offset of task {subtopology_id}_{partition} is told twice: tell it once"),
            ));
        }
    }
    Ok(Some(offsets))
}
