//! Who runs which task: the sticky assignor, which Kafka has built in.
//!
//! Every member gets at most its share, rounded up. Within that, an active task goes to the member that runs it now, then
//! to one whose state is warm, then to the least loaded process; standbys go where the task or its state was
//! before, then to the least loaded process that does not have the task yet. A process never has a task twice.
//! The same input gives the same answer: ties go to the first by name.

use super::tasks::{TaskId, Tasks};
use ottla_base::PartitionIndex;
use ottla_wire::Str;
use std::collections::{BTreeMap, BTreeSet};

/// What the assignor may know of a member.
pub(super) struct Candidate<'a> {
    pub(super) id: &'a Str,
    pub(super) process: &'a Str,
    pub(super) active: Vec<&'a TaskId>,
    pub(super) standby: &'a BTreeSet<TaskId>,
    /// How much of the state of each task the member has on its disk, as it told.
    pub(super) offsets: &'a BTreeMap<TaskId, i64>,
}

/// What there is to assign of one subtopology.
pub(super) struct Part {
    pub(super) tasks: i32,
    pub(super) is_stateful: bool,
}

/// Gives every task to one member, and each stateful one to as many standbys as wanted and possible.
pub(super) fn assign(
    members: &[Candidate<'_>],
    parts: &BTreeMap<&Str, Part>,
    standbys: usize,
) -> BTreeMap<Str, Tasks> {
    let mut desk = Desk::new(members, parts, standbys);
    if !members.is_empty() {
        let previous = previous_members(members);
        let warm = warm_members(members);
        desk.assign_active(&tasks(parts, Kind::All), &previous, &warm);
        desk.assign_standbys(&tasks(parts, Kind::Stateful), standbys, &previous, &warm);
    }
    members.iter().zip(desk.seats).map(|(member, seat)| (member.id.clone(), seat.tasks)).collect()
}

/// Which tasks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    All,
    Stateful,
}

fn tasks(parts: &BTreeMap<&Str, Part>, kind: Kind) -> Vec<TaskId> {
    let of = |(id, part): (&&Str, &Part)| {
        let subtopology = (*id).clone();
        (0..part.tasks)
            .map(move |at| TaskId { subtopology: subtopology.clone(), partition: PartitionIndex(at) })
    };
    parts.iter().filter(|(_, part)| kind == Kind::All || part.is_stateful).flat_map(of).collect()
}

/// Who runs each task now, by the member's place in the list.
fn previous_members<'a>(members: &[Candidate<'a>]) -> BTreeMap<&'a TaskId, usize> {
    let of =
        |(at, member): (usize, &Candidate<'a>)| member.active.clone().into_iter().map(move |task| (task, at));
    members.iter().enumerate().flat_map(of).collect()
}

/// Who has state of each task: standbys first, and among equals who has more.
fn warm_members<'a>(members: &[Candidate<'a>]) -> BTreeMap<&'a TaskId, Vec<usize>> {
    let mut ranked = BTreeMap::<&TaskId, Vec<(bool, i64, usize)>>::new();
    for (at, member) in members.iter().enumerate() {
        for task in member.standby {
            let offset = member.offsets.get(task).copied().unwrap_or(0);
            ranked.entry(task).or_default().push((false, offset.saturating_neg(), at));
        }
        for (task, offset) in member.offsets.iter().filter(|(task, _)| !member.standby.contains(*task)) {
            ranked.entry(task).or_default().push((true, offset.saturating_neg(), at));
        }
    }
    let by_rank = |(task, mut candidates): (&'a TaskId, Vec<(bool, i64, usize)>)| {
        candidates.sort_unstable();
        (task, candidates.into_iter().map(|(_, _, at)| at).collect())
    };
    ranked.into_iter().map(by_rank).collect()
}

/// The state of one assignment.
struct Desk {
    seats: Vec<Seat>,
    processes: Vec<Process>,
    /// Processes, least loaded first.
    queue: BTreeSet<(Load, usize)>,
    active: Quota,
    total: Quota,
}

/// A member.
struct Seat {
    process: usize,
    tasks: Tasks,
    count: usize,
}

#[derive(Default)]
struct Process {
    /// Its members, least loaded first.
    members: BTreeSet<(usize, usize)>,
    tasks: BTreeSet<TaskId>,
    count: usize,
}

/// Tasks for each member of a process, compared without division.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Load {
    tasks: usize,
    members: usize,
}

impl Ord for Load {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let (this, that) = (self.tasks * other.members, other.tasks * self.members);
        // Of equals in load, the smaller numbers first, so that only equal loads compare equal.
        this.cmp(&that).then(self.tasks.cmp(&other.tasks)).then(self.members.cmp(&other.members))
    }
}

impl PartialOrd for Load {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// How many tasks a member may get. Whoever has its share is counted out, and the rest shared out anew.
struct Quota {
    tasks: usize,
    members: usize,
    share: usize,
}

impl Quota {
    fn new(tasks: usize, members: usize) -> Self {
        Self { tasks, members, share: share(tasks, members) }
    }

    fn given(&mut self, count: usize) {
        if count == self.share {
            self.members = self.members.saturating_sub(1);
            self.tasks = self.tasks.saturating_sub(count);
            self.share = share(self.tasks, self.members);
        }
    }
}

fn share(tasks: usize, members: usize) -> usize {
    if members == 0 { 0 } else { tasks.div_ceil(members) }
}

impl Desk {
    fn new(members: &[Candidate<'_>], parts: &BTreeMap<&Str, Part>, standbys: usize) -> Self {
        let mut numbers = BTreeMap::<&Str, usize>::new();
        for member in members {
            let next = numbers.len();
            numbers.entry(member.process).or_insert(next);
        }
        let mut processes: Vec<Process> = numbers.iter().map(|_| Process::default()).collect();
        let mut seats = Vec::with_capacity(members.len());
        for (at, member) in members.iter().enumerate() {
            let process = numbers[member.process];
            processes[process].members.insert((0, at));
            seats.push(Seat { process, tasks: Tasks::default(), count: 0 });
        }
        let count = |part: &Part| usize::try_from(part.tasks).unwrap_or(0);
        let active: usize = parts.values().map(count).sum();
        let stateful: usize = parts.values().filter(|part| part.is_stateful).map(count).sum();
        let queue = processes.iter().enumerate().map(|(at, process)| (process.load(), at)).collect();
        Self {
            active: Quota::new(active, seats.len()),
            total: Quota::new(active + stateful * standbys, seats.len()),
            seats,
            processes,
            queue,
        }
    }

    fn assign_active(
        &mut self,
        tasks: &[TaskId],
        previous: &BTreeMap<&TaskId, usize>,
        warm: &BTreeMap<&TaskId, Vec<usize>>,
    ) {
        // By partition first, so that what has to move is spread over the subtopologies.
        let mut open: Vec<&TaskId> = tasks.iter().collect();
        open.sort_unstable_by_key(|task| (task.partition, &task.subtopology));
        open.retain(|task| !self.give_within_share(previous.get(task).copied(), task));
        open.retain(|task| {
            let candidate = warm.get(task).and_then(|members| self.least_loaded(members.iter().copied()));
            !self.give_within_share(candidate, task)
        });
        open.sort_unstable();
        for task in open {
            let Some((_, process)) = self.queue.first().copied() else { return };
            self.give_to_process(process, task, Role::Active);
        }
    }

    fn assign_standbys(
        &mut self,
        tasks: &[TaskId],
        standbys: usize,
        previous: &BTreeMap<&TaskId, usize>,
        warm: &BTreeMap<&TaskId, Vec<usize>>,
    ) {
        let mut open: Vec<&TaskId> = tasks.iter().collect();
        open.sort_unstable_by_key(|task| std::cmp::Reverse((task.partition, &task.subtopology)));
        let mut rest = Vec::new();
        for task in open {
            let placed = (0..standbys).take_while(|_| self.give_warm_standby(task, previous, warm)).count();
            if placed < standbys {
                rest.push((task, standbys - placed));
            }
        }
        rest.sort_unstable_by(|one, other| other.cmp(one));
        for (task, missing) in rest {
            for _ in 0..missing {
                let free =
                    self.queue.iter().find(|(_, process)| !self.processes[*process].tasks.contains(task));
                // With fewer processes than copies some standbys are not given; more processes are the cure.
                let Some((_, process)) = free.copied() else { break };
                self.give_to_process(process, task, Role::Standby);
            }
        }
    }

    /// Gives a standby to who ran the task before, or to who has its state. Says whether it could.
    fn give_warm_standby(
        &mut self,
        task: &TaskId,
        previous: &BTreeMap<&TaskId, usize>,
        warm: &BTreeMap<&TaskId, Vec<usize>>,
    ) -> bool {
        let is_free =
            |desk: &Self, member: &usize| !desk.processes[desk.seats[*member].process].tasks.contains(task);
        let has_room = |desk: &Self, member: &usize| desk.seats[*member].count < desk.total.share;
        let active = previous.get(task).copied().filter(|at| is_free(self, at) && has_room(self, at));
        let candidate = active.or_else(|| {
            let free = warm.get(task)?.iter().copied().filter(|at| is_free(self, at));
            self.least_loaded(free).filter(|at| has_room(self, at))
        });
        match candidate {
            Some(member) => self.give(member, task, Role::Standby),
            None => return false,
        }
        true
    }

    /// Gives an active task to a member that has room for one. Says whether it could.
    fn give_within_share(&mut self, member: Option<usize>, task: &TaskId) -> bool {
        match member {
            Some(member) if self.seats[member].count < self.active.share => {
                self.give(member, task, Role::Active);
                true
            }
            Some(_) | None => false,
        }
    }

    /// The first of those whose process, and then who themselves, have least to do.
    fn least_loaded(&self, members: impl Iterator<Item = usize>) -> Option<usize> {
        members.min_by_key(|at| (self.processes[self.seats[*at].process].load(), self.seats[*at].count))
    }

    fn give_to_process(&mut self, process: usize, task: &TaskId, role: Role) {
        if let Some((_, member)) = self.processes[process].members.first().copied() {
            self.give(member, task, role);
        }
    }

    fn give(&mut self, member: usize, task: &TaskId, role: Role) {
        let seat = &mut self.seats[member];
        let process = &mut self.processes[seat.process];
        self.queue.remove(&(process.load(), seat.process));
        process.members.remove(&(seat.count, member));
        seat.count += 1;
        process.count += 1;
        process.members.insert((seat.count, member));
        process.tasks.insert(task.clone());
        self.queue.insert((process.load(), seat.process));
        match role {
            Role::Active => {
                seat.tasks.active.insert(task.clone());
                self.active.given(seat.count);
            }
            Role::Standby => {
                seat.tasks.standby.insert(task.clone());
            }
        }
        self.total.given(seat.count);
    }
}

#[derive(Clone, Copy)]
enum Role {
    Active,
    Standby,
}

impl Process {
    fn load(&self) -> Load {
        Load { tasks: self.count, members: self.members.len() }
    }
}

#[cfg(test)]
mod tests;
