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

/// One of the seeds shows the bug for what it is.
fn finds(planted: Planted, seeds: Range<u64>, what: &str) {
    let mut found = Vec::new();
    for seed in seeds {
        let violation = world(seed, planted).violations.pop();
        if violation.as_ref().is_some_and(|(_, violation)| violation.contains(what)) {
            return;
        }
        found.extend(violation);
    }
    panic!("{planted:?} is not found; {found:?}");
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
    finds(Planted::LocksForgotten, 0..5, "is believed what it says of it");
}

/// A power cut takes the letter, and the record is done.
#[test]
fn a_record_that_is_archived_before_its_letter_is_durable_is_found() {
    finds(Planted::LetterUnwritten, 0..20, "there is no letter of it");
}

/// The writer's answer was lost with the process, and the next one writes again.
#[test]
fn letters_that_nobody_looks_for_after_a_crash_are_found() {
    finds(Planted::LetterUnlooked, 0..10, "there are 2 letters of");
}

#[test]
fn delays_that_a_crash_makes_forget_are_found() {
    finds(Planted::DelayForgotten, 0..20, "is due at");
}

#[test]
fn records_that_never_expire_are_found() {
    finds(Planted::ExpiryIgnored, 0..20, "has expired");
}

/// Records of one key in different batches are given to two members, or the later one first.
#[test]
fn keys_that_do_not_wait_for_each_other_are_found() {
    finds(Planted::KeysApart, 0..10, "has the key of");
}

#[test]
fn what_does_not_rest_when_its_member_goes_is_found() {
    finds(Planted::RestForgotten, 0..100, "rests until");
}

#[test]
fn a_cap_for_each_partition_instead_of_each_member_is_found() {
    finds(Planted::CapApart, 0..40, "records, and may have");
}

/// A member that waits takes the settings of its beginning along.
#[test]
fn a_pause_that_members_who_wait_do_not_hear_of_is_found() {
    finds(Planted::PauseUnheard, 0..100, "of a queue that is paused");
}

/// A member that has lost a partition commits after its successor.
#[test]
fn a_commit_whose_epoch_nobody_looks_at_is_found() {
    finds(Planted::EpochUnchecked, 0..60, "committed");
}
