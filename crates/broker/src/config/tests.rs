use super::keys::BROKER_KEYS;
use super::kinds::{Durability, Listener};
use super::*;
use std::path::PathBuf;

mod groups;

fn line(number: usize, name: &str, value: &str) -> Assignment {
    let origin = Origin::File(PathBuf::from("server.properties"), number);
    Assignment { name: name.into(), value: value.into(), origin }
}

fn start(settings: &[(&str, &str)]) -> Configs {
    let lines = settings.iter().enumerate().map(|(at, (name, value))| line(at + 1, name, value)).collect();
    Configs::new(Layers::start(lines).expect("good settings").0)
}

fn refusals(settings: &[(&str, &str)]) -> String {
    let lines = settings.iter().enumerate().map(|(at, (name, value))| line(at + 1, name, value)).collect();
    let refusals = Layers::start(lines).expect_err("bad settings");
    refusals.iter().map(|refusal| format!("{refusal}\n")).collect()
}

fn overrides(settings: &[(&str, &str)]) -> Overrides {
    settings.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
}

#[test]
fn every_entry_is_complete() {
    assert_eq!(BROKER_KEYS.flaws(), Vec::<String>::new());
    assert_eq!(TOPIC_KEYS.flaws(), Vec::<String>::new());
    for key in BROKER_KEYS.iter().chain(TOPIC_KEYS.iter()) {
        for fallback in key.fallbacks {
            assert!(BROKER_KEYS.get(fallback.name).is_some(), "{} falls back to {}", key.name, fallback.name);
        }
    }
}

#[test]
fn a_topic_without_settings_has_the_default_of_its_own_entry() {
    let configs = start(&[]);
    for key in TOPIC_KEYS.iter() {
        let (value, _) = configs.describe_topic(key, &Overrides::new());
        assert_eq!(value, key.parse_default(), "{} and what it falls back to differ", key.name);
    }
}

#[test]
fn a_topic_takes_what_the_broker_supplies_in_any_unit() {
    let retention = |configs: &Configs, own: &[(&str, &str)]| configs.topic(&overrides(own)).retention_ms;
    assert_eq!(retention(&start(&[]), &[]), 604_800_000);
    assert_eq!(retention(&start(&[("log.retention.hours", "2")]), &[]), 7_200_000);
    let minutes = [("log.retention.hours", "2"), ("log.retention.minutes", "1")];
    assert_eq!(retention(&start(&minutes), &[]), 60_000);
    let all =
        start(&[("log.retention.minutes", "1"), ("log.retention.ms", "5"), ("log.retention.hours", "2")]);
    assert_eq!(retention(&all, &[]), 5);
    assert_eq!(retention(&all, &[("retention.ms", "-1")]), -1);
    assert_eq!(retention(&start(&[("log.retention.hours", "-1")]), &[]), -1);
}

#[test]
fn what_runs_beats_what_started_and_one_broker_beats_all() {
    let configs = start(&[("log.retention.ms", "1"), ("log.durability", "os")]);
    assert_eq!(configs.topic(&Overrides::new()).durability, Durability::Os);
    configs.set_overrides(overrides(&[("log.retention.ms", "2")]), Overrides::new());
    assert_eq!(configs.topic(&Overrides::new()).retention_ms, 2);
    configs.set_overrides(overrides(&[("log.retention.ms", "2")]), overrides(&[("log.retention.ms", "3")]));
    assert_eq!(configs.topic(&Overrides::new()).retention_ms, 3);
    assert_eq!(configs.broker().log.log_retention_ms, Some(3));

    let key = TOPIC_KEYS.get("retention.ms").expect("declared");
    let (value, synonyms) = configs.describe_topic(key, &overrides(&[("retention.ms", "4")]));
    let shown: Vec<_> =
        synonyms.iter().map(|s| (s.name, s.text.as_deref().unwrap_or(""), s.source)).collect();
    assert_eq!(value.to_string(), "4");
    assert_eq!(
        shown,
        [
            ("retention.ms", "4", Source::Topic),
            ("log.retention.ms", "3", Source::Broker),
            ("log.retention.ms", "2", Source::BrokerDefault),
            ("log.retention.ms", "1", Source::Static),
            ("log.retention.hours", "168", Source::Default),
        ]
    );
}

#[test]
fn unknown_names_are_reported_with_the_one_that_was_meant() {
    let lines = vec![
        line(1, "num.partition", "3"),
        line(2, "zookeeper.connect", "localhost:2181"),
        line(3, "retention.ms", "1"),
        line(4, "my.own.thing", "1"),
    ];
    let (_, notices) = Layers::start(lines).expect("nothing is refused");
    let shown: String = notices.iter().map(|notice| format!("{notice}\n")).collect();
    assert_eq!(
        shown,
        "server.properties:1: 'num.partition' is not a setting and is ignored; did you mean 'num.partitions'?\n\
         server.properties:2: 'zookeeper.connect' is a Kafka setting that does nothing here: one broker alone needs \
         no controllers\n\
         server.properties:3: 'retention.ms' is not a setting and is ignored; did you mean 'log.retention.ms'?\n\
         server.properties:4: 'my.own.thing' is not a setting and is ignored\n"
    );
}

#[test]
fn bad_values_are_refused_with_place_cause_and_cure() {
    assert_eq!(
        refusals(&[("num.partitions", "0"), ("log.durability", "maybe"), ("listeners", "9092")]),
        "server.properties:1: num.partitions cannot be '0': expected a whole number, at least 1\n\
         server.properties:2: log.durability cannot be 'maybe': expected a text, of: sync, os\n\
         server.properties:3: listeners cannot be '9092': expected NAME://HOST:PORT such as \
         PLAINTEXT://127.0.0.1:9092 instead of '9092'\n"
    );
}

#[test]
fn contradictions_are_refused() {
    let refused = |settings| refusals(settings);
    assert!(refused(&[("log.dirs", "/a,/b")]).contains("exactly one"));
    assert!(refused(&[("listeners", "SSL://:9093")]).contains("PLAINTEXT only"));
    assert!(
        refused(&[("listeners", "CONTROLLER://:9093"), ("controller.listener.names", "CONTROLLER")])
            .contains("no listener for clients")
    );
    assert!(
        refused(&[("advertised.listeners", "PLAINTEXT://0.0.0.0:9092")]).contains("no client can connect")
    );
    assert!(refused(&[("advertised.listeners", "OUTSIDE://h:9092")]).contains("same names"));
    assert!(refused(&[("group.max.session.timeout.ms", "1")]).contains("below"));
}

#[test]
fn a_combined_kafka_node_starts() {
    let configs = start(&[
        ("process.roles", "broker,controller"),
        ("node.id", "7"),
        ("listeners", "PLAINTEXT://127.0.0.1:9092,CONTROLLER://127.0.0.1:9093,IN://[::1]:9094"),
        ("controller.listener.names", "CONTROLLER"),
        ("listener.security.protocol.map", "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,in:PLAINTEXT"),
    ]);
    let broker = configs.broker();
    assert_eq!(broker.network.node_id, 7);
    let listeners: Vec<String> = broker.client_listeners().iter().map(Listener::to_string).collect();
    assert_eq!(listeners, ["PLAINTEXT://127.0.0.1:9092", "IN://[::1]:9094"]);
    assert_eq!(start(&[("broker.id", "3")]).broker().network.node_id, 3);
}

#[test]
fn listeners_are_read_strictly() {
    let parse = |text| Listener::parse(text).map(|listener| listener.to_string()).ok();
    assert_eq!(parse("plaintext://:0").as_deref(), Some("PLAINTEXT://:0"));
    assert_eq!(parse("127.0.0.1:1").as_deref(), Some("PLAINTEXT://127.0.0.1:1"));
    assert_eq!(parse("A://[fe80::1]:65535").as_deref(), Some("A://[fe80::1]:65535"));
    for bad in ["", "A://h", "A://h:65536", "A://h:-1", "://h:1", "A B://h:1", "A://[::1:1", "A://::1:1"] {
        assert_eq!(parse(bad), None, "{bad}");
    }
}

fn change(name: &str, operation: Operation, value: Option<&str>) -> Alteration {
    Alteration { name: name.into(), operation, value: value.map(Into::into) }
}

fn altered(current: &[(&str, &str)], alterations: &[Alteration]) -> Result<Overrides, AlterError> {
    alter(&TOPIC_KEYS, &overrides(current), alterations, ottla_base::config::Key::parse_default)
}

#[test]
fn lists_grow_and_shrink_from_the_value_in_force() {
    let policy = |current: &[(&str, &str)], operation, value| {
        let after = altered(current, &[change("cleanup.policy", operation, Some(value))]).expect("a list");
        after["cleanup.policy"].clone()
    };
    assert_eq!(policy(&[], Operation::Append, "compact"), "delete,compact");
    assert_eq!(policy(&[("cleanup.policy", "compact")], Operation::Append, "compact"), "compact");
    assert_eq!(policy(&[("cleanup.policy", "delete,compact")], Operation::Subtract, "delete"), "compact");
    assert_eq!(policy(&[("cleanup.policy", "compact")], Operation::Subtract, "delete"), "compact");
    assert_eq!(policy(&[("cleanup.policy", "compact")], Operation::Subtract, "compact"), "");
}

#[test]
fn alterations_that_make_no_sense_are_refused() {
    let twice =
        [change("retention.ms", Operation::Set, Some("1")), change("retention.ms", Operation::Delete, None)];
    assert!(matches!(altered(&[], &twice), Err(AlterError::Request(_))));
    assert!(matches!(
        altered(&[], &[change("retention.ms", Operation::Set, None)]),
        Err(AlterError::Request(_))
    ));
    let append = [change("retention.ms", Operation::Append, Some("1"))];
    assert!(matches!(altered(&[], &append), Err(AlterError::Config(_))));
    let delete_unknown = [change("no.such.thing", Operation::Delete, None)];
    assert_eq!(altered(&[("retention.ms", "1")], &delete_unknown), Ok(overrides(&[("retention.ms", "1")])));
}

#[test]
fn a_topic_accepts_known_keys_with_good_values_only() {
    let check =
        |settings: &[(&str, &str)]| check_topic(&overrides(settings)).map_err(|error| error.to_string());
    assert_eq!(check(&[("cleanup.policy", ""), ("retention.ms", "-1")]), Ok(()));
    assert_eq!(
        check(&[("retention.mss", "1")]),
        Err("'retention.mss' is not a topic setting; did you mean 'retention.ms'?".into())
    );
    assert!(check(&[("segment.bytes", "100")]).is_err());
    assert!(check(&[("cleanup.policy", "compact,")]).is_err());
    assert!(check(&[("min.compaction.lag.ms", "2"), ("max.compaction.lag.ms", "1")]).is_err());
    assert!(check(&[("remote.storage.enable", "true")]).is_err());
    assert_eq!(check(&[("leader.replication.throttled.replicas", "*")]), Ok(()));
    assert!(check(&[("leader.replication.throttled.replicas", "nope")]).is_err());
}

#[test]
fn a_broker_changes_live_keys_only() {
    let check = |name: &str, value: &str, scope| {
        check_broker([name].into_iter(), &overrides(&[(name, value)]), scope)
    };
    assert_eq!(check("log.retention.ms", "1", BrokerScope::Default), Ok(()));
    assert_eq!(check("someone.elses", "1", BrokerScope::One), Ok(()));
    assert!(matches!(check("node.id", "2", BrokerScope::One), Err(AlterError::Request(_))));
    assert!(matches!(check("log.retention.ms", "x", BrokerScope::One), Err(AlterError::Request(_))));
}

#[test]
fn what_a_topic_says_of_compaction_reaches_its_logs() {
    let settings = |set: &[(&str, &str)]| start(&[]).topic(&overrides(set)).log_settings();
    let defaults = settings(&[]);
    assert_eq!(defaults.compaction, ottla_storage::Compaction::default());
    let compacted = settings(&[
        ("cleanup.policy", "compact"),
        ("min.cleanable.dirty.ratio", "0.25"),
        ("min.compaction.lag.ms", "1"),
        ("max.compaction.lag.ms", "60000"),
        ("delete.retention.ms", "0"),
    ]);
    let expected = ottla_storage::Compaction {
        dirty_millionths_min: 250_000,
        lag_ms_min: 1,
        lag_ms_max: 60_000,
        delete_retention_ms: 0,
    };
    assert_eq!(compacted.compaction, expected);
    assert_eq!(compacted.segment_ms, 60_000, "a segment ends before its records are overdue");
    assert_eq!(settings(&[("max.compaction.lag.ms", "60000")]).segment_ms, defaults.segment_ms);
    let kept = settings(&[("cleanup.policy", "")]).cleanup;
    assert_eq!((kept.delete, kept.compact), (false, false));
}
