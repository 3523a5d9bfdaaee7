//! What one share group may set that Apache Kafka knows.

use crate::config::kinds::{Isolation, OffsetReset};
use ottla_base::TopicName;
use ottla_base::config::{Change, Effect, Fallback, Parsed, Unit, Valid};

ottla_base::config! {
    /// The settings of one share group, by Kafka's names.
    pub struct ShareSettings, keys SHARE;

    /// How long a member may be silent before its records go to others. The broker sets the bounds.
    session_timeout_ms: u32 {
        name: "share.session.timeout.ms",
        default: Some("45000"),
        valid: Valid::AtLeast(1),
        unit: Unit::Milliseconds,
        low: "Members are thrown out for a short pause.",
        high: "The work of a dead member waits this long.",
        change: Change::Live,
        fallbacks: &[Fallback::to("group.share.session.timeout.ms")],
    }

    /// How often a member is told to show that it lives; it learns of a new assignment at a heartbeat. The broker
    /// sets the bounds, and it must be shorter than the session time-out.
    heartbeat_interval_ms: u32 {
        name: "share.heartbeat.interval.ms",
        default: Some("5000"),
        valid: Valid::AtLeast(1),
        unit: Unit::Milliseconds,
        low: "More requests.",
        high: "Members learn later of what is theirs.",
        change: Change::Live,
        fallbacks: &[Fallback::to("group.share.heartbeat.interval.ms")],
    }

    /// How long at least lies between two assignments. The broker sets the bounds.
    assignment_interval_ms: u32 {
        name: "share.assignment.interval.ms",
        default: Some("1000"),
        valid: Valid::AtLeast(0),
        unit: Unit::Milliseconds,
        low: "Large groups are assigned again for each member that comes.",
        high: "Work moves to new members this much later.",
        change: Change::Live,
        fallbacks: &[Fallback::to("group.share.assignment.interval.ms")],
    }

    /// Whether a thread of its own works out assignments. Kept for scripts that set it.
    assignor_offload_enable: bool {
        name: "share.assignor.offload.enable",
        default: Some("true"),
        change: Change::Live,
        effect: Effect::Kept("Assignments are worked out where the group is decided; no other thread is told."),
    }

    /// How long a record belongs to the member that it was delivered to. A member that has not acknowledged or
    /// renewed it by then has lost it, and it is delivered again. The broker sets the bounds.
    record_lock_duration_ms: u32 {
        name: "share.record.lock.duration.ms",
        default: Some("30000"),
        valid: Valid::Within { min: 1000, max: 3600000 },
        unit: Unit::Milliseconds,
        low: "Slow members work on records that others get, too.",
        high: "The records of a stuck member wait this long.",
        change: Change::Live,
        fallbacks: &[Fallback::to("group.share.record.lock.duration.ms")],
    }

    /// How many times a record is delivered before the group gives up on it: it is then archived, or moved to the
    /// dead letters. The broker sets the bounds.
    delivery_count_limit: u32 {
        name: "share.delivery.count.limit",
        default: Some("5"),
        valid: Valid::AtLeast(2),
        unit: Unit::Count,
        low: "Records are given up for a passing trouble.",
        high: "A record that nobody can process disturbs more often.",
        change: Change::Live,
        fallbacks: &[Fallback::to("group.share.delivery.count.limit")],
    }

    /// How many records of one partition may be in flight. The broker sets the bounds.
    partition_max_record_locks: usize {
        name: "share.partition.max.record.locks",
        default: Some("2000"),
        valid: Valid::AtLeast(100),
        unit: Unit::Count,
        low: "Many fast members wait for each other.",
        high: "More memory, and more records are delivered again after a crash.",
        change: Change::Live,
        fallbacks: &[Fallback::to("group.share.partition.max.record.locks")],
    }

    /// Whether a member may renew the lock of a record that it still works on.
    renew_acknowledge_enable: bool {
        name: "share.renew.acknowledge.enable",
        default: Some("true"),
        change: Change::Live,
    }

    /// Where a partition begins for a group that has not read it before: `latest`, `earliest`, or `by_duration:`
    /// and a duration back from now in ISO 8601, such as `by_duration:PT1H`.
    auto_offset_reset: OffsetReset {
        name: "share.auto.offset.reset",
        default: Some("latest"),
        change: Change::Live,
    }

    /// Whether records of transactions are delivered only after their commit, or at once.
    isolation_level: Isolation {
        name: "share.isolation.level",
        default: Some("read_uncommitted"),
        change: Change::Live,
    }

    /// The topic that dead letters of this group go to: records that a member rejected or that were delivered too
    /// often. Empty keeps them nowhere. The topic must begin with the prefix that the broker asks for, and allow it
    /// with `errors.deadletterqueue.group.enable`.
    dead_letter_topic_name: String {
        name: "errors.deadletterqueue.topic.name",
        default: Some(""),
        change: Change::Live,
        check: is_topic_for_dead_letters,
    }

    /// Whether a dead letter holds the key, value and headers of its record, not only where it came from. On here,
    /// unlike in Apache Kafka: a letter that names a record which retention has deleted helps nobody.
    dead_letter_copy_record_enable: bool {
        name: "errors.deadletterqueue.copy.record.enable",
        default: Some("true"),
        change: Change::Live,
    }
}

/// A topic's name that is not one of the internal ones; nothing is fine, too.
fn is_topic_for_dead_letters(parsed: &Parsed) -> Result<(), String> {
    match parsed {
        Parsed::Text(name) if name.starts_with("__") => {
            Err("a topic that does not begin with '__', which are internal".into())
        }
        Parsed::Text(name) if name.is_empty() || TopicName::parse(name).is_ok() => Ok(()),
        _ => Err("the name of a topic: letters, digits, '.', '_' and '-', at most 249 of them".into()),
    }
}
