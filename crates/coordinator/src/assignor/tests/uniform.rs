//! `uniform`: balance first, then stickiness.

use super::given::{Given, given, homogeneous, moved};
use crate::assignor::Assignment;
use crate::assignor::uniform::assign;
use expect_test::expect;
use proptest::prelude::*;
use std::collections::BTreeSet;

/// The fewest partitions that must go to somebody who does not have them, all subscriptions being the same.
fn fewest_moves(given: &Given) -> usize {
    let all: BTreeSet<_> = given.partitions().collect();
    let mut taken = BTreeSet::new();
    let mut kept: Vec<usize> = given
        .members
        .iter()
        .map(|member| {
            member.target.iter().filter(|target| all.contains(target) && taken.insert(**target)).count()
        })
        .collect();
    kept.sort_unstable_by(|left, right| right.cmp(left));
    let (base, extra) = (all.len() / kept.len(), all.len() % kept.len());
    let may_keep = |(rank, kept): (usize, &usize)| (*kept).min(base + usize::from(rank < extra));
    all.len() - kept.iter().enumerate().map(may_keep).sum::<usize>()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn equal_subscriptions_are_balanced_within_one_and_as_little_as_possible_moves(given in homogeneous()) {
        if given.members.is_empty() {
            return Ok(());
        }
        let assignments = given.assign(assign);
        let sizes = || assignments.iter().map(Assignment::len);
        prop_assert!(sizes().max() <= sizes().min().map(|least| least + 1));
        // Two that had the same partition cannot both keep it; whose it stays is not for this sum to say.
        let had_twice: usize = given.members.iter().map(|member| member.target.len()).sum();
        let had_once = given.members.iter().flat_map(|member| &member.target).collect::<BTreeSet<_>>().len();
        if had_twice == had_once {
            prop_assert_eq!(moved(&given, &assignments), fewest_moves(&given));
        }
    }

    #[test]
    fn with_other_subscriptions_no_single_move_would_even_out_anything(given in given()) {
        let assignments = given.assign(assign);
        for (assignment, member) in assignments.iter().zip(&given.members) {
            for (other, other_member) in assignments.iter().zip(&given.members) {
                let could_give = assignment.iter().any(|partition| other_member.topics.contains(&partition.topic));
                prop_assert!(!could_give || assignment.len() <= other.len() + 1, "{member:?}\n{other_member:?}");
            }
        }
    }

    #[test]
    fn who_leaves_sets_nothing_in_motion_but_what_it_had(given in homogeneous(), leaver in 0..8_usize) {
        if given.members.len() < 2 {
            return Ok(());
        }
        let settled = given.with_targets(given.assign(assign));
        let leaver = leaver % settled.members.len();
        let left = settled.without(leaver);
        prop_assert_eq!(moved(&left, &left.assign(assign)), settled.members[leaver].target.len());
    }
}

#[test]
fn a_newcomer_gets_its_share_from_those_who_have_the_most() {
    let given = Given::new(&[7], &[("a", "0"), ("b", "0"), ("c", "0")]);
    let settled = given.with_targets(given.assign(assign));
    let joined = settled.with("d", "0");
    expect![[r#"
        a: t0-0 t0-1
        b: t0-3 t0-4
        c: t0-5 t0-6
        d: t0-2
    "#]]
    .assert_eq(&joined.show(&joined.assign(assign)));
}

#[test]
fn who_can_take_something_else_leaves_it_to_those_who_cannot() {
    let given = Given::new(&[2, 4], &[("a", "0"), ("b", "0 1"), ("c", "1")]);
    let assignments = given.assign(assign);
    expect![[r#"
        a: t0-0 t0-1
        b: t1-0 t1-2
        c: t1-1 t1-3
    "#]]
    .assert_eq(&given.show(&assignments));
    let settled = given.with_targets(assignments);
    let joined = settled.with("d", "0 1");
    expect![[r#"
        a: t0-0 t0-1
        b: t1-0
        c: t1-1 t1-3
        d: t1-2
    "#]]
    .assert_eq(&joined.show(&joined.assign(assign)));
}

#[test]
fn of_two_who_claim_a_partition_the_first_keeps_it() {
    let given = Given::new(&[2], &[("a", "0"), ("b", "0")]);
    let claims = Assignment::from([super::given::partition(0, 0)]);
    let given = given.with_targets(vec![claims.clone(), claims]);
    expect![[r#"
        a: t0-0
        b: t0-1
    "#]]
    .assert_eq(&given.show(&given.assign(assign)));
}
