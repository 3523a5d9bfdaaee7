//! Anything may happen in any order: the standing properties hold (`World` asserts them after every command), and
//! nobody waits for ever.

use super::script::World;
use crate::machine::Machine;
use crate::transaction::{Settings, State, Transactions};
use proptest::prelude::*;

fn line() -> impl Strategy<Value = String> {
    let client = || prop::sample::select(vec!["a", "b", "c"]);
    let id = || prop::sample::select(vec!["", "", "", " id=y"]);
    let version = || prop::sample::select(vec!["", "", " v=1"]);
    let claim = || prop::sample::select(vec!["", "", "", "", " as=1/0", " as=1/1", " as=2/0", " as=1/-1"]);
    let places = prop::sample::select(vec!["t0", "t1", "t0 t1", "o3", "t0 o3"]);
    let how = prop::sample::select(vec!["commit", "abort"]);
    let init = (client(), id(), claim(), prop::sample::select(vec!["", " self"]))
        .prop_map(|(client, id, claim, says)| format!("init {client}{id}{claim}{says} timeout=5000"));
    let add =
        (client(), places, id(), version(), claim()).prop_map(|(client, places, id, version, claim)| {
            format!("add {client} {places}{id}{version}{claim}")
        });
    let end = (client(), how, id(), version(), claim())
        .prop_map(|(client, how, id, version, claim)| format!("end {client} {how}{id}{version}{claim}"));
    prop_oneof![
        4 => init,
        6 => add,
        5 => end,
        3 => Just("work".to_owned()),
        3 => Just("complete".to_owned()),
        1 => Just("complete-as 1/1".to_owned()),
        1 => (0..3, 0..3).prop_map(|(id, epoch)| format!("reconcile t1={id}/{epoch}")),
        1 => Just("restart".to_owned()),
        3 => prop::sample::select(vec![1_u64, 3_000, 5_000]).prop_map(|ms| format!("+{ms}")),
        1 => Just("+60000".to_owned()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_the_state_is_sound_and_everybody_is_answered(
        lines in prop::collection::vec(line(), 1..80),
    ) {
        let settings =
            Settings { id_expiration_ms: 50_000, expiry_check_interval_ms: 20_000, ..Settings::default() };
        let mut world = World::new(settings);
        for line in &lines {
            world.run(line);
        }
        // What is open times out, and a finisher that works ends everything.
        world.pass(10_000);
        world.run("work");
        world.run("complete");
        let open = world.hard.ids.values().any(|entry| match entry.stored.state {
            State::Empty | State::Complete(_) => false,
            State::Ongoing | State::Prepare(_) => true,
        });
        prop_assert!(!open);
        let waiting = world.waiting.values().filter(|client| *client != "finisher").count();
        prop_assert_eq!(waiting, 0);
    }

    #[test]
    fn rows_are_decoded_totally(
        key in prop::collection::vec(any::<u8>(), 0..40),
        value in prop::collection::vec(any::<u8>(), 0..80),
    ) {
        let _ = Transactions::decode(&key, &value);
        let mut row = vec![0, 0];
        row.extend(&value);
        let _ = Transactions::decode(&[1, b'x'], &row);
    }
}
