//! Worlds of members that are well, and worlds with a bug in them.

use super::*;

fn world(seed: u64, planted: Planted) -> Tally {
    run(Settings { seed, planted, is_traced: false }).0
}

#[test]
fn one_seed_is_one_world() {
    for seed in 0..4 {
        let traced = || run(Settings { seed, planted: Planted::Nothing, is_traced: true });
        assert_eq!(traced(), traced(), "seed {seed}");
    }
}

/// A modest number; `cargo xtask reliability groups` runs thousands.
#[test]
fn nobody_owns_what_is_anothers_and_every_group_settles() {
    let tally = campaign(0..40, Planted::Nothing, 3);
    assert_eq!(tally.violations, [], "cargo run -p ottla-sim -- groups run --seed N");
    assert_eq!(tally.seeds, 40);
}

/// What the first of the seeds that shows the bug says of it.
fn finds(planted: Planted, seeds: Range<u64>, what: &str) {
    let found = seeds.into_iter().find_map(|seed| world(seed, planted).violations.pop());
    let (_, violation) = found.unwrap_or_else(|| panic!("{planted:?} is not found"));
    assert!(violation.contains(what), "{violation}");
}

/// The coordinator takes a partition for given back that its member still has.
#[test]
fn a_partition_that_is_given_on_too_early_is_found() {
    finds(Planted::Unrevoked, 0..20, "is owned by the Consumer members");
}

/// The same of a task of a streams group.
#[test]
fn a_task_that_is_given_on_too_early_is_found() {
    finds(Planted::TasksUnrevoked, 0..20, "is owned by the Streams members");
}

/// What the dead have taken from a queue before the crash stays with them.
#[test]
fn locks_that_do_not_time_out_after_a_crash_are_found() {
    finds(Planted::LocksForgotten, 0..5, "has no end");
}

/// A member that has lost a partition commits after its successor.
#[test]
fn a_commit_whose_epoch_nobody_looks_at_is_found() {
    finds(Planted::EpochUnchecked, 0..60, "committed");
}
