//! Anything may happen in any order: the standing properties hold (`World` asserts them after every command), and when
//! nothing happens any more, everybody settles, and every partition that somebody subscribes to is with somebody.

use crate::group::tests::script::World;
use crate::group::{Groups, Settings};
use crate::machine::Machine;
use ottla_base::{PartitionId, PartitionIndex};
use proptest::prelude::*;
use std::collections::BTreeSet;

fn line() -> impl Strategy<Value = String> {
    let client = || prop::sample::select(vec!["a", "b", "c", "d", "e"]);
    let topics =
        prop::sample::select(vec!["", " topics=t", " topics=u", " topics=t,u", " topics=t,u,x", " topics="]);
    let epoch = prop::sample::select(vec!["", "", "", "", " epoch=0", " epoch=2", " epoch=7"]);
    // A topic never loses partitions: another size is another topic. `settle` lets them grow.
    let world =
        prop::sample::select(vec!["t=3 u=1", "t@3=5 u=1", "u=1", "t@2=2 u=1", "t=3 u@2=2 x=1", "y=1"]);
    let settings =
        prop::sample::select(vec!["interval=0", "interval=1000", "interval=15000", "size=3", "size=200"]);
    prop_oneof![
        12 => (client(), topics, epoch).prop_map(|(client, topics, epoch)| format!("share {client}{topics}{epoch}")),
        2 => client().prop_map(|client| format!("unshare {client}")),
        2 => world.prop_map(|world| format!("topics {world}")),
        1 => settings.prop_map(|settings| format!("share-config {settings}")),
        1 => prop::sample::select(vec!["alter t", "forget t u", "topics-gone 372", "delete g"])
            .prop_map(str::to_owned),
        1 => Just("restart".to_owned()),
        4 => prop::sample::select(vec![1_u64, 500, 5_000, 30_000]).prop_map(|ms| format!("+{ms}")),
    ]
}

/// Every member that is there sends heartbeats, as real ones do, until nothing changes.
fn settle(world: &mut World) {
    let config = &mut world.shares.config;
    (config.assignment_interval_ms, config.size_max) = (1_000, 200);
    world.run("topics t=4 u=2");
    for _ in 0..5 {
        for client in ["a", "b", "c", "d", "e"] {
            // Who was thrown out meanwhile hears it first and joins then.
            world.run(&format!("share {client} topics={}", if client < "c" { "t" } else { "t,u" }));
        }
        world.pass(5_000);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happened_everybody_settles_and_everything_is_worked_on(
        lines in prop::collection::vec(line(), 1..60),
    ) {
        let mut world = World::new(Settings { size_max: 3, ..Settings::default() });
        for line in &lines {
            world.run(line);
        }
        settle(&mut world);
        let epochs: BTreeSet<i32> = world.shares.epochs.values().copied().collect();
        prop_assert_eq!(epochs.len(), 1, "all are at the same epoch: {:?}", world.shares.epochs);
        let worked_on: BTreeSet<PartitionId> = world.shares.told.values().flatten().copied().collect();
        let topic = |name| world.consumers.catalog.topic(name).expect("it is there");
        let partitions = ["t", "u"].into_iter().flat_map(|name| {
            let topic = topic(name);
            (0..topic.partitions).map(move |index| PartitionId { topic: topic.id, index: PartitionIndex(index) })
        });
        prop_assert_eq!(worked_on, partitions.collect::<BTreeSet<_>>());
        prop_assert!(world.shares.told.values().all(|told| !told.is_empty()), "everybody works");
        prop_assert!(world.waiting.is_empty(), "still waiting: {:?}", world.waiting);
    }

    #[test]
    fn rows_are_decoded_totally(value in prop::collection::vec(any::<u8>(), 0..80)) {
        let mut group_row = vec![0, 2, 0];
        group_row.extend(&value);
        let _ = Groups::decode(&[1, b'g'], &group_row);
        let mut member_row = vec![0, 0];
        member_row.extend(&value);
        let _ = Groups::decode(&[5, 0, 0, 0, 1, b'g', 0, 0, 0, 1, b'm'], &member_row);
    }
}
