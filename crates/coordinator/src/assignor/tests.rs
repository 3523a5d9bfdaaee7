//! What holds for every assignor, and for each of them, whatever groups look like.

mod given;
mod range;
mod simple;
mod size;
mod uniform;

use super::*;
use given::{Given, given};
use proptest::prelude::*;

type Assign = fn(&[Member<'_>], &Catalog) -> Vec<Assignment>;

const ALL: [(&str, Assign); 3] =
    [("uniform", super::uniform::assign), ("range", super::range::assign), ("simple", super::simple::assign)];

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn every_partition_goes_to_subscribers_and_to_one_alone_but_in_simple(given in given()) {
        for (name, assign) in ALL {
            let assignments = given.assign(assign);
            prop_assert_eq!(assignments.len(), given.members.len(), "{}", name);
            for partition in given.partitions() {
                let owners = assignments.iter().filter(|assignment| assignment.contains(&partition)).count();
                prop_assert!(1 <= owners, "{name}: {partition} has nobody");
                prop_assert!(owners == 1 || name == "simple", "{name}: {partition} has {owners}");
            }
            let there_is: BTreeSet<_> = given.partitions().collect();
            for (member, assignment) in given.members.iter().zip(&assignments) {
                for partition in assignment {
                    prop_assert!(member.topics.contains(&partition.topic), "{name}: not subscribed");
                    prop_assert!(there_is.contains(partition), "{name}: there is no {partition}");
                }
            }
        }
    }

    #[test]
    fn the_same_group_gets_the_same_twice_and_then_keeps_it(given in given()) {
        for (name, assign) in ALL {
            let first = given.assign(assign);
            prop_assert_eq!(&first, &given.assign(assign), "{}", name);
            let settled = given.with_targets(first.clone());
            prop_assert_eq!(first, settled.assign(assign), "{}", name);
        }
    }
}

#[test]
fn an_assignment_is_told_topic_by_topic() {
    let given = Given::new(&[3, 1], &[("a", "0 1")]);
    let assignments = given.assign(super::uniform::assign);
    let told: Vec<_> = by_topic(&assignments[0]).collect();
    let index = PartitionIndex;
    let expected =
        vec![(given::topic(0), vec![index(0), index(1), index(2)]), (given::topic(1), vec![index(0)])];
    assert_eq!(told, expected);
    assert_eq!(by_topic(&Assignment::new()).count(), 0);
}

#[test]
fn nobody_and_nothing_is_no_trouble() {
    for (name, assign) in ALL {
        assert_eq!(Given::new(&[3], &[]).assign(assign), [], "{name}");
        let idle = Given::new(&[], &[("a", ""), ("b", "")]).assign(assign);
        assert_eq!(idle, [Assignment::new(), Assignment::new()], "{name}");
        // A topic that is gone is as good as absent.
        let gone = Given::new(&[2], &[("a", "0 7"), ("b", "7")]).assign(assign);
        assert_eq!((gone[0].len(), gone[1].len()), (2, 0), "{name}");
    }
}
