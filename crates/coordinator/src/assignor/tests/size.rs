//! Large groups cost no more than their size. The time is not looked at, only that it comes to an end: a quadratic
//! step over these would take minutes.

use super::Assign;
use super::given::{Given, moved};
use crate::assignor::{Assignment, simple, uniform};

fn large(members: usize, topics: usize, partitions: i32) -> Given {
    let everything: Vec<String> = (0..topics).map(|number| number.to_string()).collect();
    let everything = everything.join(" ");
    let names: Vec<String> = (0..members).map(|number| format!("m{number:05}")).collect();
    let members: Vec<_> = names.iter().map(|name| (name.as_str(), everything.as_str())).collect();
    Given::new(&vec![partitions; topics], &members)
}

fn sizes(assignments: &[Assignment]) -> (usize, usize) {
    let sizes = || assignments.iter().map(Assignment::len);
    (sizes().min().unwrap_or(0), sizes().max().unwrap_or(0))
}

#[test]
fn five_thousand_members_share_ten_thousand_partitions() {
    for (name, assign) in super::ALL {
        let given = large(5_000, 10, 1_000);
        let assignments = given.assign(assign);
        let expected = if name == "range" { (0, 10) } else { (2, 2) };
        assert_eq!(sizes(&assignments), expected, "{name}");
    }
}

#[test]
fn fifty_of_five_hundred_leave_and_only_their_partitions_move() {
    for assign in [uniform::assign as Assign, simple::assign] {
        let given = large(500, 10, 1_000);
        let mut settled = given.with_targets(given.assign(assign));
        settled.members.drain(..50);
        let assignments = settled.assign(assign);
        assert_eq!(sizes(&assignments), (22, 23));
        assert_eq!(moved(&settled, &assignments), 1_000);
    }
}

#[test]
fn five_thousand_members_share_three_partitions() {
    let given = large(5_000, 1, 3);
    let assignments = given.assign(simple::assign);
    assert_eq!(sizes(&assignments), (1, 2));
    let mut settled = given.with_targets(assignments);
    settled.members.drain(1_000..);
    assert_eq!(sizes(&settled.assign(simple::assign)), (1, 2));
}

#[test]
fn half_of_the_members_subscribe_to_half_of_the_topics() {
    let given = large(2_000, 20, 500);
    let mut given = given;
    for member in given.members.iter_mut().step_by(2) {
        member.topics = member.topics.iter().copied().take(10).collect();
    }
    let assignments = given.assign(uniform::assign);
    assert_eq!(sizes(&assignments), (5, 5));
    let settled = given.with_targets(assignments).with("late", "0 1 2");
    let assignments = settled.assign(uniform::assign);
    assert_eq!(sizes(&assignments), (4, 5));
    assert_eq!(moved(&settled, &assignments), 4);
}
