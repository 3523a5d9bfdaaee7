//! Consumer groups of five hundred members, without the checks of `World`, which look at all of them.

use crate::group::consumer::{self, Command as Asked};
use crate::group::tests::script::World;
use crate::group::{Command, Groups, Reply, Settings};
use crate::machine::Machine;
use ottla_base::Now;

fn ask(world: &mut World, verb: &str, words: &[&str]) -> Reply {
    let command = world.command(verb, words);
    let reply = world.decide_only(command).expect("a heartbeat is answered at once");
    world.consumers.hear(words[0], &reply);
    reply
}

/// One heartbeat of each.
fn round(world: &mut World, clients: &[String]) {
    for client in clients {
        let owned = if world.consumers.epochs.contains_key(client) { "owned=ack" } else { "v=1" };
        ask(world, "beat", &[client, owned]);
    }
}

fn state(world: &mut World) -> String {
    match ask(world, "describe-consumer", &["-"]) {
        Reply::Consumer(consumer::Reply::Describe(described)) => described.group_state.to_string(),
        other => panic!("{other:?} describes no consumer group"),
    }
}

fn rounds_until_stable(world: &mut World, clients: &[String]) -> usize {
    let mut rounds = 0;
    while rounds == 0 || state(world) != "Stable" {
        rounds += 1;
        assert!(rounds < 10, "the group settles");
        round(world, clients);
    }
    rounds
}

#[test]
fn five_hundred_members_need_two_heartbeats_each_after_fifty_have_left() {
    let mut world = World::new(Settings::default());
    world.run("topics t=1000");
    world.run("config interval=1000");
    let mut clients: Vec<String> = (0..500).map(|number| format!("member-{number}")).collect();
    // The clock stands still, so that the interval holds all but the first assignment back.
    round(&mut world, &clients);
    world.run("config interval=0");
    rounds_until_stable(&mut world, &clients);
    for gone in clients.drain(..50) {
        ask(&mut world, "quit", &[&gone]);
    }
    assert!(rounds_until_stable(&mut world, &clients) <= 2);
}

#[test]
fn a_heartbeat_that_changes_nothing_writes_nothing() {
    let mut world = World::new(Settings::default());
    ask(&mut world, "beat", &["a"]);
    let again = world.command("beat", &["a"]);
    assert!(matches!(again, Command::Consumer(Asked::Heartbeat(_))));
    let decision = Groups::decide(&world.hard, &mut world.soft, Now::default(), again);
    assert!(decision.records.is_empty(), "{:?}", decision.records);
    assert_eq!(decision.replies.len(), 1);
}
