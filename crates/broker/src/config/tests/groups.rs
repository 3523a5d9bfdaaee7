//! What a group may set, and what is in force for it.

use super::{line, overrides, start};
use crate::config::keys::{BOUNDS, BROKER_KEYS, SESSIONS};
use crate::config::kinds::{MigrationPolicy, OffsetReset};
use crate::config::{GROUP_KEYS, Layers, Overrides, Source};
use ottla_base::config::Change;
use std::collections::BTreeMap;

#[test]
fn every_entry_of_a_group_is_complete() {
    assert_eq!(GROUP_KEYS.flaws(), Vec::<String>::new());
    let configs = start(&[]);
    for key in GROUP_KEYS.iter() {
        assert_eq!(key.change, Change::Live, "{}: a group has no start", key.name);
        let (value, _) = configs.describe_group(key, &Overrides::new());
        assert_eq!(value, key.parse_default(), "{} and what it falls back to differ", key.name);
    }
    for bound in BOUNDS {
        assert!(GROUP_KEYS.get(bound.key).is_some_and(|key| !key.fallbacks.is_empty()), "{}", bound.key);
        for name in [bound.min, bound.max].into_iter().flatten() {
            assert!(BROKER_KEYS.get(name).is_some(), "{name}");
        }
    }
    for (session, heartbeat) in SESSIONS {
        assert!([session, heartbeat].iter().all(|name| BOUNDS.iter().any(|bound| bound.key == **name)));
    }
}

/// The names, so that a typing mistake in one is found: Kafka's 27, and those of a queue.
#[test]
fn groups_have_the_settings_of_apache_kafka_and_those_of_a_queue() {
    assert_eq!(
        GROUP_KEYS.names().collect::<Vec<_>>(),
        [
            "consumer.assignment.interval.ms",
            "consumer.assignor.offload.enable",
            "consumer.heartbeat.interval.ms",
            "consumer.session.timeout.ms",
            "errors.deadletterqueue.copy.record.enable",
            "errors.deadletterqueue.topic.name",
            "queue.delay.enable",
            "queue.delayed.records.max",
            "queue.member.in.flight.max",
            "queue.order",
            "queue.paused",
            "queue.priority.enable",
            "queue.retry.backoff.max.ms",
            "queue.retry.backoff.ms",
            "queue.retry.backoff.multiplier",
            "queue.ttl.enable",
            "queue.ttl.ms",
            "share.assignment.interval.ms",
            "share.assignor.offload.enable",
            "share.auto.offset.reset",
            "share.delivery.count.limit",
            "share.heartbeat.interval.ms",
            "share.isolation.level",
            "share.partition.max.record.locks",
            "share.record.lock.duration.ms",
            "share.renew.acknowledge.enable",
            "share.session.timeout.ms",
            "streams.acceptable.recovery.lag",
            "streams.assignment.interval.ms",
            "streams.assignor.name",
            "streams.assignor.offload.enable",
            "streams.heartbeat.interval.ms",
            "streams.initial.rebalance.delay.ms",
            "streams.num.standby.replicas",
            "streams.num.warmup.replicas",
            "streams.rack.aware.assignment.tags",
            "streams.session.timeout.ms",
            "streams.task.offset.interval.ms",
        ]
    );
}

#[test]
fn a_group_sets_what_is_known_good_and_within_bounds() {
    let configs = start(&[]);
    let check = |settings: &[(&str, &str)]| {
        configs.check_group(&overrides(settings)).map_err(|error| error.to_string())
    };
    for good in [
        ("share.session.timeout.ms", "50000"),
        ("share.session.timeout.ms", "45000"),
        ("share.session.timeout.ms", "60000"),
        ("share.auto.offset.reset", "by_duration:PT1H"),
        ("share.delivery.count.limit", "10"),
        ("errors.deadletterqueue.topic.name", ""),
        ("errors.deadletterqueue.topic.name", "dlq.x"),
        ("streams.num.standby.replicas", "2"),
        ("streams.rack.aware.assignment.tags", "a,b"),
        ("streams.assignor.name", "sticky"),
        ("queue.order", "key"),
        ("queue.retry.backoff.multiplier", "1.0"),
    ] {
        assert_eq!(check(&[good]), Ok(()), "{good:?}");
    }
    for bad in [
        ("share.session.timeout.ms", "44999"),
        ("share.session.timeout.ms", "60001"),
        ("share.record.lock.duration.ms", "14999"),
        ("share.delivery.count.limit", "11"),
        ("share.auto.offset.reset", "BY_DURATION:PT1H"),
        ("share.auto.offset.reset", "by_duration:-PT1H"),
        ("share.isolation.level", "READ_COMMITTED"),
        ("errors.deadletterqueue.topic.name", "__x"),
        ("errors.deadletterqueue.topic.name", "a b"),
        ("consumer.heartbeat.interval.ms", "15001"),
        ("streams.num.standby.replicas", "3"),
        ("streams.task.offset.interval.ms", "14999"),
        ("streams.rack.aware.assignment.tags", "a,a"),
        ("streams.rack.aware.assignment.tags", "a,,b"),
        ("streams.assignor.name", "foo"),
        ("queue.order", "time"),
        ("queue.retry.backoff.multiplier", "0.5"),
        ("queue.ttl.ms", "-2"),
        ("queue.delayed.records.max", "0"),
    ] {
        assert!(check(&[bad]).is_err(), "{bad:?}");
    }
    assert_eq!(
        check(&[("queue.pause", "true")]),
        Err("'queue.pause' is not a group setting; did you mean 'queue.paused'?".into())
    );
    assert_eq!(
        check(&[("retention.ms", "1")]),
        Err("'retention.ms' is not a group setting; 'ottla config list group' has all that there are".into())
    );
    assert_eq!(
        check(&[("share.session.timeout.ms", "1")]),
        Err("share.session.timeout.ms cannot be 1: this broker allows 45000 to 60000; choose one of them, or start the \
             broker with another group.share.min.session.timeout.ms and group.share.max.session.timeout.ms"
            .into())
    );
}

#[test]
fn a_session_is_longer_than_the_pause_between_heartbeats() {
    let configs = start(&[("group.share.min.session.timeout.ms", "1000")]);
    let check =
        |session: &str| configs.check_group(&overrides(&[("share.session.timeout.ms", session)])).is_ok();
    assert!(check("5001"));
    assert!(!check("5000"));
}

#[test]
fn what_a_group_sets_is_in_force_for_it_alone() {
    let configs = start(&[("group.share.record.lock.duration.ms", "20000")]);
    let own = overrides(&[("share.delivery.count.limit", "3"), ("queue.paused", "true")]);
    configs.set_group_overrides(BTreeMap::from([("g".to_owned(), own.clone())]));
    let (own_config, other) = (configs.group("g"), configs.group("h"));
    assert_eq!((own_config.share.delivery_count_limit, own_config.queue.paused), (3, true));
    assert_eq!((other.share.delivery_count_limit, other.queue.paused), (5, false));
    assert_eq!(own_config.share.record_lock_duration_ms, 20_000);
    assert_eq!(configs.groups(), ["g"]);
    configs.set_group_overrides(BTreeMap::from([("g".to_owned(), Overrides::new())]));
    assert_eq!(configs.group("g"), configs.group("h"));
    assert_eq!(configs.group_count(), 0);
}

/// As Apache Kafka 4.4 does: what was set stays as it was set, and what is in force moves.
#[test]
fn bounds_that_move_later_pull_old_settings_along() {
    let configs = start(&[
        ("group.share.max.record.lock.duration.ms", "40000"),
        ("group.share.max.session.timeout.ms", "50000"),
    ]);
    let own = overrides(&[("share.record.lock.duration.ms", "60000"), ("share.session.timeout.ms", "60000")]);
    configs.set_group_overrides(BTreeMap::from([("g".to_owned(), own.clone())]));
    let share = configs.group("g").share.clone();
    assert_eq!((share.record_lock_duration_ms, share.session_timeout_ms), (40_000, 50_000));
    let key = GROUP_KEYS.get("share.record.lock.duration.ms").expect("declared");
    assert_eq!(configs.describe_group(key, &own).0.to_string(), "60000");
}

#[test]
fn a_pair_that_moved_bounds_turn_around_falls_back_to_the_broker() {
    let configs = start(&[
        ("group.consumer.min.session.timeout.ms", "1000"),
        ("group.consumer.session.timeout.ms", "9000"),
        ("group.consumer.max.session.timeout.ms", "10000"),
    ]);
    let own =
        overrides(&[("consumer.session.timeout.ms", "60000"), ("consumer.heartbeat.interval.ms", "12000")]);
    configs.set_group_overrides(BTreeMap::from([("g".to_owned(), own)]));
    let consumer = configs.group("g").consumer.clone();
    assert_eq!((consumer.session_timeout_ms, consumer.heartbeat_interval_ms), (9_000, 5_000));
}

#[test]
fn a_group_follows_what_clients_change_at_the_broker() {
    let configs = start(&[]);
    let own = overrides(&[("queue.paused", "true")]);
    configs.set_group_overrides(BTreeMap::from([("g".to_owned(), own)]));
    configs.set_overrides(overrides(&[("group.share.assignment.interval.ms", "7")]), Overrides::new());
    for group in ["g", "h"] {
        assert_eq!(configs.group(group).share.assignment_interval_ms, 7, "{group}");
    }
    assert!(configs.group("g").queue.paused);
}

#[test]
fn a_group_tells_where_its_values_come_from() {
    let configs = start(&[("group.share.session.timeout.ms", "46000")]);
    let own =
        overrides(&[("share.session.timeout.ms", "50000"), ("share.isolation.level", "read_committed")]);
    let shown = |name: &str| {
        let key = GROUP_KEYS.get(name).expect("declared");
        let (_, synonyms) = configs.describe_group(key, &own);
        let texts = synonyms.into_iter().map(|s| (s.name, s.text.unwrap_or_default(), s.source));
        texts.collect::<Vec<_>>()
    };
    assert_eq!(
        shown("share.session.timeout.ms"),
        [
            ("share.session.timeout.ms", "50000".into(), Source::Group),
            ("group.share.session.timeout.ms", "46000".into(), Source::Static),
            ("group.share.session.timeout.ms", "45000".into(), Source::Default),
        ]
    );
    assert_eq!(
        shown("share.isolation.level"),
        [
            ("share.isolation.level", "read_committed".into(), Source::Group),
            ("share.isolation.level", "read_uncommitted".into(), Source::Default),
        ]
    );
    assert_eq!(
        shown("streams.assignor.name"),
        [("group.streams.assignors", "sticky".into(), Source::Default)]
    );
}

#[test]
fn a_broker_whose_bounds_contradict_its_defaults_does_not_start() {
    let refusal = |name: &str, value: &str| {
        let refusals = Layers::start(vec![line(1, name, value)]).expect_err("a contradiction");
        refusals.into_iter().map(|refusal| refusal.to_string()).collect::<Vec<_>>().join("; ")
    };
    assert_eq!(
        refusal("group.share.session.timeout.ms", "61000"),
        "group.share.session.timeout.ms (61000) is above group.share.max.session.timeout.ms (60000): lower it"
    );
    assert_eq!(
        refusal("group.consumer.max.session.timeout.ms", "40000"),
        "group.consumer.max.session.timeout.ms (40000) is below group.consumer.min.session.timeout.ms (45000): raise it"
    );
    assert!(refusal("group.streams.num.standby.replicas", "3").contains("lower it"));
    assert!(refusal("group.share.assignors", "simple,simple").contains("exactly one"));
    assert!(refusal("group.consumer.assignors", "").contains("at least one"));
    let both = [
        line(1, "group.share.min.session.timeout.ms", "1"),
        line(2, "group.share.session.timeout.ms", "5000"),
    ];
    assert!(Layers::start(both.to_vec()).is_err(), "heartbeats come every 5000 ms");
}

#[test]
fn choices_of_groups_are_read_as_apache_kafka_reads_them() {
    let policy =
        |text: &str| start(&[("group.consumer.migration.policy", text)]).broker().consumer_groups.clone();
    let policy = |text: &str| policy(text).migration_policy;
    assert_eq!(policy("Bidirectional"), MigrationPolicy { upgrade: true, downgrade: true });
    assert_eq!(policy("UPGRADE"), MigrationPolicy { upgrade: true, downgrade: false });
    assert_eq!(policy("disabled"), MigrationPolicy { upgrade: false, downgrade: false });
    let configs = start(&[]);
    configs.set_group_overrides(BTreeMap::from([(
        "g".to_owned(),
        overrides(&[("share.auto.offset.reset", "by_duration:PT1M")]),
    )]));
    assert_eq!(configs.group("g").share.auto_offset_reset, OffsetReset::ByDuration(60_000));
}
