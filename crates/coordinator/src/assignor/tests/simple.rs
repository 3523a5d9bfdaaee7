//! `simple`: everybody works, everything is worked on.

use super::given::{Given, given, homogeneous, moved, topic};
use crate::assignor::Assignment;
use crate::assignor::simple::assign;
use expect_test::expect;
use ottla_base::PartitionId;
use proptest::prelude::*;

/// Asserts balance among members that subscribe to `partitions` and among these.
fn check_pool(partitions: &[PartitionId], assignments: &[Assignment]) {
    let sharing = assignments.len().div_ceil(partitions.len());
    for partition in partitions {
        let sharers = assignments.iter().filter(|assignment| assignment.contains(partition)).count();
        assert_eq!(sharers, sharing, "{partition} is shared by as many as the others");
    }
    let sizes = || assignments.iter().map(Assignment::len);
    assert!(sizes().max() <= sizes().min().map(|least| least + 1), "balanced within one");
    assert!(sizes().min() != Some(0) || assignments.len() < partitions.len(), "everybody works");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn members_and_partitions_are_balanced_within_one(given in given()) {
        let assignments = given.assign(assign);
        let partitions: Vec<_> = given.partitions().collect();
        if given.is_homogeneous() && !partitions.is_empty() {
            check_pool(&partitions, &assignments);
            return Ok(());
        }
        for number in 0..5 {
            let of_topic = |partition: &&PartitionId| partition.topic == topic(number);
            let partitions: Vec<_> = partitions.iter().filter(of_topic).copied().collect();
            let subscribers = given.members.iter().zip(&assignments);
            let subscribers = subscribers.filter(|(member, _)| member.topics.contains(&topic(number)));
            let parts: Vec<Assignment> = subscribers
                .map(|(_, assignment)| assignment.iter().filter(of_topic).copied().collect())
                .collect();
            if !partitions.is_empty() {
                check_pool(&partitions, &parts);
            }
        }
    }

    #[test]
    fn few_members_lose_nothing_when_one_leaves(given in homogeneous(), leaver in 0..8_usize) {
        if !(2..=given.partitions().count()).contains(&given.members.len()) {
            return Ok(());
        }
        let settled = given.with_targets(given.assign(assign));
        let leaver = leaver % settled.members.len();
        let left = settled.without(leaver);
        prop_assert_eq!(moved(&left, &left.assign(assign)), settled.members[leaver].target.len());
    }
}

#[test]
fn more_members_than_partitions_share_them() {
    let given = Given::new(&[2], &[("a", "0"), ("b", "0"), ("c", "0")]);
    let assignments = given.assign(assign);
    expect![[r#"
        a: t0-0 t0-1
        b: t0-0
        c: t0-1
    "#]]
    .assert_eq(&given.show(&assignments));
    let joined = given.with_targets(assignments).with("d", "0");
    expect![[r#"
        a: t0-0
        b: t0-0
        c: t0-1
        d: t0-1
    "#]]
    .assert_eq(&joined.show(&joined.assign(assign)));
}

#[test]
fn other_subscriptions_are_shared_out_topic_by_topic() {
    let given = Given::new(&[2, 4], &[("a", "0"), ("b", "1"), ("c", "0 1")]);
    expect![[r#"
        a: t0-0
        b: t1-0 t1-2
        c: t0-1 t1-1 t1-3
    "#]]
    .assert_eq(&given.show(&given.assign(assign)));
}

/// Both members that could take more have `t0-0` and `t0-1` already, so that somebody else must take these.
#[test]
fn who_has_everything_that_is_left_gets_something_else() {
    let given = Given::new(&[3], &[("a", "0"), ("b", "0"), ("c", "0"), ("d", "0")]);
    let have = |indexes: &[i32]| indexes.iter().map(|index| super::given::partition(0, *index)).collect();
    let given = given.with_targets(vec![have(&[2]), have(&[2]), have(&[0]), have(&[0, 1])]);
    let assignments = given.assign(assign);
    check_pool(&given.partitions().collect::<Vec<_>>(), &assignments);
}
