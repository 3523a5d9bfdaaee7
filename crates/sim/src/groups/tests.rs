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
    assert!(0 < tally.large, "there are hundreds of each kind in one of these worlds");
}

/// That one of the seeds shows the bug, and as what.
fn finds(planted: Planted, seeds: Range<u64>, what: &str) {
    let shows = |seed| world(seed, planted).violations.iter().any(|(_, violation)| violation.contains(what));
    assert!(seeds.into_iter().any(shows), "{planted:?} is not found");
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

/// A static member comes in while the one with its instance id lives.
#[test]
fn an_instance_id_that_two_live_under_is_found() {
    finds(Planted::InstanceShared, 0..20, "is owned by the");
}

/// A static member comes back, and is somebody new to the group.
#[test]
fn a_static_member_that_does_not_get_back_what_it_had_is_found() {
    finds(Planted::InstanceForgotten, 0..20, "away for a moment");
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
