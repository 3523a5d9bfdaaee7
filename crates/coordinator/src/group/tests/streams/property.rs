//! Whatever happens to a streams group, no task is run twice, a replay gives what lives, and it settles.

use crate::group::Settings;
use crate::group::tests::script::World;
use proptest::prelude::*;

fn line() -> impl Strategy<Value = String> {
    // A process id belongs to a directory of state; members do not change it.
    let client = || prop::sample::select(vec!["a process=p", "b process=p", "c process=q", "d process=q"]);
    let instance = prop::sample::select(vec!["", "", "", " instance=i"]);
    let own = prop::sample::select(vec!["", "", "", " own=? stand=?", " own=0.0 stand=", " own= stand="]);
    let epoch = prop::sample::select(vec!["", "", "", "", " epoch=0", " epoch=-1", " epoch=-2", " epoch=3"]);
    let topics = prop::sample::select(vec!["in:3 c:3", "in:2 c:2", "in:3", "c:3", "in:4 c:4"]);
    let config = prop::sample::select(vec![
        "standbys=0",
        "standbys=1",
        "standbys=2",
        "delay=3000",
        "delay=0 interval=0",
    ]);
    prop_oneof![
        12 => (client(), instance, own, epoch).prop_map(|(client, instance, own, epoch)| {
            let instance = if client.ends_with('p') { instance } else { "" };
            format!("s-beat {client}{instance}{own}{epoch} rebalance=30000")
        }),
        1 => topics.prop_map(|topics| format!("s-topics {topics}")),
        1 => config.prop_map(|config| format!("s-config {config}")),
        1 => prop::sample::select(vec!["a", "b", "c", "d"])
            .prop_map(|client| format!("commit {client} id={client} gen=2 in:0=5")),
        1 => Just("restart".to_owned()),
        1 => Just("join x v=3".to_owned()),
        1 => Just("delete".to_owned()),
        3 => prop::sample::select(vec![1_u64, 1_000, 20_000, 31_000]).prop_map(|ms| format!("+{ms}")),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn no_task_is_run_twice_and_the_group_settles(lines in prop::collection::vec(line(), 1..60)) {
        let mut world = World::new(Settings::default());
        world.run("define 0:src=in,log=c");
        world.run("s-config delay=0 interval=0");
        for line in &lines {
            world.run(line);
        }
        // Everybody is gone, or comes back and goes on as a client does.
        world.run("s-config delay=0 interval=0");
        world.run("s-topics in:5 c:5");
        world.pass(100_000);
        world.run("delete");
        for client in ["a", "b", "c"] {
            world.run(&format!("s-beat {client} epoch=0"));
        }
        for _ in 0..8 {
            for client in ["a", "b", "c"] {
                world.run(&format!("s-beat {client}"));
            }
        }
        let mut tasks: Vec<String> = ["a", "b", "c"].iter().flat_map(|client| world.streams_member(client).active).collect();
        tasks.sort();
        prop_assert_eq!(tasks, ["0.0", "0.1", "0.2", "0.3", "0.4"]);
    }
}
