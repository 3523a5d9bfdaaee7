//! Anything may happen in any order: the standing properties hold (`World` asserts them after every command),
//! and nobody waits for ever.

use super::script::World;
use crate::group::{Groups, Settings};
use crate::machine::Machine;
use proptest::prelude::*;

fn line() -> impl Strategy<Value = String> {
    let pid = || prop::sample::select(vec![1, 2, 3]);
    let place = || prop::sample::select(vec!["t#1:0", "u:1"]);
    let client = || prop::sample::select(vec!["a", "b", "c", "d"]);
    let group = || prop::sample::select(vec!["g", "g", "g", "h"]);
    let protocols = prop::sample::select(vec!["range:t", "range:t,sticky:u", "sticky:t,range:u", "sticky:t"]);
    let instance = prop::sample::select(vec!["", "", " instance=i1", " instance=i2"]);
    let id = prop::sample::select(vec!["", "", "", " id=none", " id=m1", " id=m2"]);
    let version = prop::sample::select(vec![3, 8, 9]);
    let rebalance = prop::sample::select(vec![0, 5_000, 60_000]);
    let join = (client(), group(), protocols, instance.clone(), id.clone(), version, rebalance).prop_map(
        |(client, group, protocols, instance, id, version, rebalance)| {
            format!("join {client} group={group} protocols={protocols} v={version} rebalance={rebalance}{instance}{id}")
        },
    );
    let other = (prop::sample::select(vec!["heartbeat", "sync"]), client(), group(), instance, id).prop_map(
        |(verb, client, group, instance, id)| {
            let assignments = if verb == "sync" { " a=x b=y c=z" } else { "" };
            format!("{verb} {client} group={group}{instance}{id}{assignments}")
        },
    );
    prop_oneof![
        6 => join,
        6 => other,
        2 => (client(), group()).prop_map(|(client, group)| format!("leave {client} group={group}")),
        1 => group().prop_map(|group| format!("leave /i1 /i2 group={group}")),
        2 => (client(), group()).prop_map(|(client, group)| format!("commit {client} group={group} t#1:0=5 u:1=6")),
        1 => group().prop_map(|group| format!("commit x gen=-1 group={group} t:0=5")),
        3 => (client(), group(), pid(), place()).prop_map(|(client, group, pid, place)| {
            format!("txn-commit {client} group={group} pid={pid} {place}=7")
        }),
        2 => (group(), pid(), place()).prop_map(|(group, pid, place)| {
            format!("txn-commit x gen=-1 group={group} pid={pid} {place}=8")
        }),
        3 => (pid(), prop::sample::select(vec!["commit", "abort"]), prop::sample::select(vec![0, 1, 1]))
            .prop_map(|(pid, outcome, epoch)| format!("end - pid={pid} pepoch={epoch} {outcome}")),
        1 => group().prop_map(|group| format!("fetch - group={group} stable t:0 u:1")),
        1 => group().prop_map(|group| format!("delete - group={group}")),
        1 => group().prop_map(|group| format!("delete-offsets - group={group} t:0 u:1")),
        1 => Just("topics-gone 1".to_owned()),
        1 => Just("restart".to_owned()),
        4 => prop::sample::select(vec![1_u64, 3_000, 10_000, 61_000]).prop_map(|ms| format!("+{ms}")),
        1 => Just("+700000".to_owned()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_the_state_is_sound_and_everybody_is_answered(
        lines in prop::collection::vec(line(), 1..60),
    ) {
        let settings = Settings {
            size_max: 3,
            offsets_retention_ms: 50_000,
            offsets_check_interval_ms: 20_000,
            ..Settings::default()
        };
        let mut world = World::new(settings);
        for line in &lines {
            world.run(line);
        }
        world.pass(20 * 60 * 1_000);
        prop_assert!(world.waiting.is_empty(), "still waiting: {:?}", world.waiting);
    }

    #[test]
    fn rows_are_decoded_totally(key in prop::collection::vec(any::<u8>(), 0..40), value in prop::collection::vec(any::<u8>(), 0..80)) {
        let _ = Groups::decode(&key, &value);
        let mut group_row = vec![0, 0, 0];
        group_row.extend(&value);
        let _ = Groups::decode(&[1, b'g'], &group_row);
        let mut pending_key = vec![3, 0, 0, 0, 1, b'g', 0, 0, 0, 1, b't'];
        pending_key.extend([0; 12]);
        let mut pending_row = vec![1];
        pending_row.extend(&value);
        let _ = Groups::decode(&pending_key, &pending_row);
    }
}
