//! Sharing out tasks: always whole, even, sticky, and never twice in one process.

use super::*;
use proptest::prelude::*;

/// Members by process, in the order of their ids: `a0` of process 0, and so on.
fn ids(processes: &[usize]) -> Vec<(Str, Str)> {
    let id =
        |(at, process): (usize, &usize)| (Str::from(format!("m{at:02}")), Str::from(format!("p{process}")));
    processes.iter().enumerate().map(id).collect()
}

fn run(
    members: &[(Str, Str)],
    parts: &[(&str, i32, bool)],
    standbys: usize,
    before: &BTreeMap<Str, Tasks>,
) -> BTreeMap<Str, Tasks> {
    let (nothing, offsets) = (Tasks::default(), BTreeMap::new());
    let candidates: Vec<_> = members
        .iter()
        .map(|(id, process)| {
            let had = before.get(id).unwrap_or(&nothing);
            let active = had.active.iter().collect();
            Candidate { id, process, active, standby: &had.standby, offsets: &offsets }
        })
        .collect();
    let names: Vec<(Str, Part)> = parts
        .iter()
        .map(|(id, tasks, is_stateful)| (Str::from(*id), Part { tasks: *tasks, is_stateful: *is_stateful }))
        .collect();
    let parts =
        names.iter().map(|(id, part)| (id, Part { tasks: part.tasks, is_stateful: part.is_stateful }));
    assign(&candidates, &parts.collect(), standbys)
}

/// How many active tasks each member has.
fn counts(assigned: &BTreeMap<Str, Tasks>) -> Vec<usize> {
    assigned.values().map(|tasks| tasks.active.len()).collect()
}

fn moved(before: &BTreeMap<Str, Tasks>, after: &BTreeMap<Str, Tasks>) -> usize {
    let stays = |(id, tasks): (&Str, &Tasks)| {
        before.get(id).map_or(0, |had| had.active.intersection(&tasks.active).count())
    };
    let total: usize = after.values().map(|tasks| tasks.active.len()).sum();
    total - after.iter().map(stays).sum::<usize>()
}

#[test]
fn tasks_are_spread_evenly_and_a_newcomer_takes_only_its_share() {
    let three = ids(&[0, 1, 2]);
    let alone = run(&three[..1], &[("0", 6, true), ("1", 6, false)], 0, &BTreeMap::new());
    assert_eq!(counts(&alone), [12]);
    let two = run(&three[..2], &[("0", 6, true), ("1", 6, false)], 0, &alone);
    assert_eq!((counts(&two), moved(&alone, &two)), (vec![6, 6], 6));
    let all = run(&three, &[("0", 6, true), ("1", 6, false)], 0, &two);
    assert_eq!((counts(&all), moved(&two, &all)), (vec![4, 4, 4], 4));
    assert_eq!(
        run(&three, &[("0", 6, true), ("1", 6, false)], 0, &all),
        all,
        "nothing moves without a reason"
    );
}

#[test]
fn larger_processes_get_more() {
    let members = ids(&[0, 0, 0, 1]);
    assert_eq!(counts(&run(&members, &[("0", 8, false)], 0, &BTreeMap::new())), [2, 2, 2, 2]);
}

#[test]
fn a_standby_takes_over_what_it_kept_warm() {
    let members = ids(&[0, 1, 2]);
    let before = run(&members, &[("0", 3, true)], 1, &BTreeMap::new());
    let after = run(&members[1..], &[("0", 3, true)], 1, &before);
    let lost = &before[&members[0].0].active;
    for (id, _) in &members[1..] {
        let warm = before[id].standby.intersection(lost).count();
        let taken = after[id].active.intersection(lost).count();
        assert_eq!(warm, taken, "{id}");
    }
}

#[test]
fn nobody_gets_nothing() {
    assert!(run(&[], &[("0", 6, true)], 2, &BTreeMap::new()).is_empty());
}

proptest! {
    #[test]
    fn every_task_has_one_place_and_every_process_a_task_once(
        first in prop::collection::vec(0_usize..4, 1..9),
        second in prop::collection::vec(0_usize..4, 1..9),
        parts in prop::collection::vec((0_i32..9, any::<bool>()), 1..4),
        standbys in 0_usize..3,
    ) {
        let names = ["0", "1", "2"];
        let parts: Vec<_> = names.iter().zip(&parts).map(|(name, (tasks, stateful))| (*name, *tasks, *stateful)).collect();
        let before = run(&ids(&first), &parts, standbys, &BTreeMap::new());
        let members = ids(&second);
        let after = run(&members, &parts, standbys, &before);
        let mut active = BTreeSet::new();
        let mut in_process = BTreeSet::new();
        let mut copies = BTreeMap::<&TaskId, usize>::new();
        for (id, process) in &members {
            for task in &after[id].active {
                prop_assert!(active.insert(task));
                prop_assert!(in_process.insert((process, task)));
            }
            for task in &after[id].standby {
                prop_assert!(in_process.insert((process, task)));
                *copies.entry(task).or_default() += 1;
            }
        }
        let total: i32 = parts.iter().map(|(_, tasks, _)| *tasks).sum();
        prop_assert_eq!(active.len(), usize::try_from(total).expect("small"));
        let processes = members.iter().map(|(_, process)| process).collect::<BTreeSet<_>>().len();
        for (id, tasks, is_stateful) in &parts {
            for at in 0..*tasks {
                let task = TaskId { subtopology: Str::from(*id), partition: PartitionIndex(at) };
                let wanted = if *is_stateful { standbys.min(processes - 1) } else { 0 };
                prop_assert_eq!(copies.get(&task).copied().unwrap_or(0), wanted);
            }
        }
        // Processes come first, and then stickiness; but nobody has more than its share where processes are equal.
        let processes_are_equal = members.iter().all(|(_, process)| {
            members.iter().filter(|(_, other)| other == process).count() * processes == members.len()
        });
        if processes_are_equal && standbys == 0 {
            let share = active.len().div_ceil(members.len());
            prop_assert!(counts(&after).into_iter().all(|count| count <= share), "{:?}", counts(&after));
        }
    }
}
