//! Anything may happen to a consumer group in any order: `World` asserts after every command that replaying the records
//! gives the live state and that no partition is with two members. Here clients are added that work on what they are
//! told to have until they have let it go, and whose answers may be lost: nobody else gets what one of them works on,
//! and when it is quiet every group settles.

use crate::group::Settings;
use crate::group::live::Live;
use crate::group::tests::script::World;
use ottla_base::{PartitionId, PartitionIndex};
use proptest::prelude::*;

const CLIENTS: [&str; 4] = ["a", "b", "c", "d"];

fn line() -> impl Strategy<Value = String> {
    let client = || prop::sample::select(CLIENTS.to_vec());
    let instance = |client: &str| match client {
        "c" => " instance=i1",
        "d" => " instance=i2",
        _ => "",
    };
    let owned = prop::sample::select(vec!["", " owned=ack", " owned=ack", " owned=ack"]);
    let subscription = prop::sample::select(vec![
        "",
        "",
        "",
        "",
        "",
        " topics=t",
        " topics=t,u",
        " topics=u",
        " topics= regex=[tu]",
        " regex=",
        " assignor=range",
    ]);
    let lost = prop::sample::select(vec!["", "", "", " lost=1"]);
    let epoch = prop::sample::select(vec!["", "", "", "", "", "", " epoch=0", " epoch=3"]);
    let beat =
        (client(), owned, subscription, lost, epoch).prop_map(move |(client, owned, topics, lost, epoch)| {
            // Who joins owns nothing.
            let owned = if epoch == " epoch=0" { "" } else { owned };
            format!("beat {client}{}{owned}{topics}{lost}{epoch} rebalance=20000", instance(client))
        });
    let go = (prop::sample::select(vec!["quit", "away"]), client())
        .prop_map(move |(verb, client)| format!("{verb} {client}{}", instance(client)));
    prop_oneof![
        12 => beat,
        2 => go,
        1 => prop::sample::select(vec!["topics t=3 u=1", "topics t=4 u=2", "topics u=1", "topics t@2=2 u=1"])
            .prop_map(str::to_owned),
        1 => prop::sample::select(vec!["config interval=0", "config interval=1000"]).prop_map(str::to_owned),
        1 => client().prop_map(|client| format!("commit {client} id={client} gen=2 t#372:0=5")),
        1 => Just("delete".to_owned()),
        4 => prop::sample::select(vec![
            "join m v=3 rebalance=5000", "join m v=3 has=t:0", "join n v=3 has=t:0,1,2", "join n v=3 instance=i1",
            "join n v=3 protocols=sticky:t", "sync m m=t:0,1 n=t:1,2", "sync n", "heartbeat m", "heartbeat n",
            "leave m", "leave n /i1", "commit m t#372:0=5",
        ]).prop_map(str::to_owned),
        1 => Just("restart".to_owned()),
        3 => prop::sample::select(vec![1_u64, 500, 3_000, 21_000, 46_000]).prop_map(|ms| format!("+{ms}")),
    ]
}

/// What each client works on is with it, or with nobody.
fn check_work(world: &World) {
    let Some(Live::Consumer(group)) = world.soft.groups.0.get("g") else { return };
    for (client, has) in &world.consumers.has {
        let partition =
            |(topic, index): &(_, i32)| PartitionId { topic: *topic, index: PartitionIndex(*index) };
        group.check_has(client, has.iter().map(partition));
    }
}

/// Everybody who thinks to be a member goes on, and does what it is told.
fn settle(world: &mut World) {
    world.run("config interval=1000");
    for _ in 0..20 {
        for (client, instance) in [("a", ""), ("b", ""), ("c", " instance=i1"), ("d", " instance=i2")] {
            if world.consumers.epochs.contains_key(client) {
                world.run(&format!("beat {client}{instance} owned=ack"));
                check_work(world);
            }
        }
        world.pass(5_000);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn nobody_gets_what_another_works_on_and_every_group_settles(lines in prop::collection::vec(line(), 1..80)) {
        let mut world = World::new(Settings::default());
        for line in &lines {
            world.run(line);
            check_work(&world);
        }
        settle(&mut world);
        if let Some(Live::Consumer(group)) = world.soft.groups.0.get("g") {
            group.check_settled(&world.consumers.catalog);
        }
        // Everybody is silent now: they go, and nobody waits for ever.
        world.pass(20 * 60 * 1_000);
        prop_assert!(world.waiting.is_empty(), "still waiting: {:?}", world.waiting);
    }
}
