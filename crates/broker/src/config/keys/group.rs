//! What one group may set: its settings belong to a group's id, whether such a group exists or not.

mod consumer;
mod queue;
mod share;
mod streams;

pub use consumer::ConsumerSettings;
pub use queue::QueueSettings;
pub use share::ShareSettings;
pub use streams::StreamsSettings;

use ottla_base::config::Table;
use std::sync::LazyLock;

/// Every key of a group.
pub static GROUP_KEYS: LazyLock<Table> =
    LazyLock::new(|| Table::new(&[consumer::CONSUMER, share::SHARE, streams::STREAMS, queue::QUEUE]));

/// Between which values of broker keys a key of a group must stay.
#[derive(Debug)]
pub(crate) struct Bound {
    /// The key of a group.
    pub(crate) key: &'static str,
    /// The broker key with its lowest value.
    pub(crate) min: Option<&'static str>,
    /// The broker key with its highest value.
    pub(crate) max: Option<&'static str>,
}

const fn between(key: &'static str, min: &'static str, max: &'static str) -> Bound {
    Bound { key, min: Some(min), max: Some(max) }
}

/// All bounds there are.
pub(crate) const BOUNDS: &[Bound] = &[
    between(
        "consumer.session.timeout.ms",
        "group.consumer.min.session.timeout.ms",
        "group.consumer.max.session.timeout.ms",
    ),
    between(
        "consumer.heartbeat.interval.ms",
        "group.consumer.min.heartbeat.interval.ms",
        "group.consumer.max.heartbeat.interval.ms",
    ),
    between(
        "consumer.assignment.interval.ms",
        "group.consumer.min.assignment.interval.ms",
        "group.consumer.max.assignment.interval.ms",
    ),
    between(
        "share.session.timeout.ms",
        "group.share.min.session.timeout.ms",
        "group.share.max.session.timeout.ms",
    ),
    between(
        "share.heartbeat.interval.ms",
        "group.share.min.heartbeat.interval.ms",
        "group.share.max.heartbeat.interval.ms",
    ),
    between(
        "share.assignment.interval.ms",
        "group.share.min.assignment.interval.ms",
        "group.share.max.assignment.interval.ms",
    ),
    between(
        "share.record.lock.duration.ms",
        "group.share.min.record.lock.duration.ms",
        "group.share.max.record.lock.duration.ms",
    ),
    between(
        "share.delivery.count.limit",
        "group.share.min.delivery.count.limit",
        "group.share.max.delivery.count.limit",
    ),
    between(
        "share.partition.max.record.locks",
        "group.share.min.partition.max.record.locks",
        "group.share.max.partition.max.record.locks",
    ),
    between(
        "streams.session.timeout.ms",
        "group.streams.min.session.timeout.ms",
        "group.streams.max.session.timeout.ms",
    ),
    between(
        "streams.heartbeat.interval.ms",
        "group.streams.min.heartbeat.interval.ms",
        "group.streams.max.heartbeat.interval.ms",
    ),
    between(
        "streams.assignment.interval.ms",
        "group.streams.min.assignment.interval.ms",
        "group.streams.max.assignment.interval.ms",
    ),
    Bound { key: "streams.num.standby.replicas", min: None, max: Some("group.streams.max.standby.replicas") },
    Bound { key: "streams.num.warmup.replicas", min: None, max: Some("group.streams.max.warmup.replicas") },
    Bound {
        key: "streams.task.offset.interval.ms",
        min: Some("group.streams.min.task.offset.interval.ms"),
        max: None,
    },
];

/// Pairs of a session time-out and the interval of heartbeats, which must be shorter.
pub(crate) const SESSIONS: &[(&str, &str)] = &[
    ("consumer.session.timeout.ms", "consumer.heartbeat.interval.ms"),
    ("share.session.timeout.ms", "share.heartbeat.interval.ms"),
    ("streams.session.timeout.ms", "streams.heartbeat.interval.ms"),
];
