//! The queues: topics, the groups that read them, and their settings, for the broker and for the judge.

use super::super::broker::Broker;
use crate::Outcome;
use serde_json::json;

/// A share group. `conformance/queues` knows its name and its topic.
pub(super) struct Group {
    pub(super) name: &'static str,
    topic: &'static str,
    isolation: &'static str,
    settings: &'static [&'static str],
    /// What the settings mean.
    rests_ms: &'static [u64],
    has_delays: bool,
    order: &'static str,
}

pub(super) const GROUPS: &[Group] = &[
    Group {
        name: "workers",
        topic: "jobs",
        isolation: "read_committed",
        settings: &[],
        rests_ms: &[],
        has_delays: false,
        order: "none",
    },
    Group {
        name: "watchers",
        topic: "jobs",
        isolation: "read_uncommitted",
        settings: &["queue.member.in.flight.max=30"],
        rests_ms: &[],
        has_delays: false,
        order: "none",
    },
    Group {
        name: "keyed",
        topic: "orders",
        isolation: "read_committed",
        settings: &[
            "queue.order=key",
            "queue.delay.enable=true",
            "queue.retry.backoff.ms=200",
            "queue.retry.backoff.max.ms=500",
        ],
        rests_ms: &[200, 400, 500],
        has_delays: true,
        order: "key",
    },
];

const TOPICS: &[&str] = &["jobs", "orders"];
const PARTITIONS: &str = "2";
/// Few, so that some records reach it.
const DELIVERIES_MAX: u32 = 3;

/// Members that die are to be noticed soon, and locks to run out within a run.
pub(super) const BROKER: &[&str] = &[
    "group.share.min.record.lock.duration.ms=1000",
    "group.share.min.session.timeout.ms=5000",
    "group.share.session.timeout.ms=6000",
    "group.share.min.heartbeat.interval.ms=500",
    "group.share.heartbeat.interval.ms=1000",
    "errors.deadletterqueue.auto.create.topics.enable=true",
];

/// Makes topics and settings.
pub(super) fn create(broker: &Broker) -> Outcome {
    for topic in TOPICS {
        broker.create_topic(topic, PARTITIONS)?;
    }
    for Group { name, isolation, settings, .. } in GROUPS {
        let all = [
            "share.auto.offset.reset=earliest".to_owned(),
            "share.record.lock.duration.ms=2000".to_owned(),
            format!("share.delivery.count.limit={DELIVERIES_MAX}"),
            format!("share.isolation.level={isolation}"),
            format!("errors.deadletterqueue.topic.name=dlq.{name}"),
        ];
        let all = all.iter().map(String::as_str).chain(settings.iter().copied());
        broker.ask(&["queue", "settings", name].into_iter().chain(all).collect::<Vec<_>>())?;
    }
    Ok(())
}

/// The settings as lines of a history.
pub(super) fn history() -> String {
    let line = |group: &Group| {
        let Group { name, topic, isolation, rests_ms, has_delays, order, settings: _ } = group;
        let line = json!({
            "event": "group",
            "group": name,
            "topics": [topic],
            "isolation": isolation,
            "deliveries_max": DELIVERIES_MAX,
            "rests_ms": rests_ms,
            "has_delays": has_delays,
            "order": order,
        });
        format!("{line}\n")
    };
    GROUPS.iter().map(line).collect()
}
