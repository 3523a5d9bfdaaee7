//! Consumer groups of the newer protocol, whose broker decides who reads what.

use crate::config::kinds::MigrationPolicy;
use ottla_base::config::{Change, Effect, Parsed, Unit, Valid};

ottla_base::config! {
    /// What holds for groups of the consumer protocol.
    pub struct ConsumerGroups, keys CONSUMER_GROUPS;

    /// How long a member of a consumer group may be silent before its partitions go to others, for groups that do
    /// not set `consumer.session.timeout.ms`.
    session_timeout_ms: u32 {
        name: "group.consumer.session.timeout.ms",
        default: Some("45000"),
        valid: Valid::AtLeast(1),
        unit: Unit::Milliseconds,
        low: "Members are thrown out for a short pause.",
        high: "The work of a dead member waits this long.",
    }

    /// The shortest session time-out that a consumer group may set.
    min_session_timeout_ms: u32 {
        name: "group.consumer.min.session.timeout.ms",
        default: Some("45000"),
        valid: Valid::AtLeast(1),
        unit: Unit::Milliseconds,
        low: "Groups may throw members out for a short pause.",
        high: "The work of a dead member waits at least this long.",
    }

    /// The longest session time-out that a consumer group may set.
    max_session_timeout_ms: u32 {
        name: "group.consumer.max.session.timeout.ms",
        default: Some("60000"),
        valid: Valid::AtLeast(1),
        unit: Unit::Milliseconds,
        low: "Members with long pauses are thrown out.",
        high: "The work of a dead member may wait this long.",
    }

    /// How often a member of a consumer group is told to show that it lives, for groups that do not set
    /// `consumer.heartbeat.interval.ms`. Members learn of a new assignment at a heartbeat.
    heartbeat_interval_ms: u32 {
        name: "group.consumer.heartbeat.interval.ms",
        default: Some("5000"),
        valid: Valid::AtLeast(1),
        unit: Unit::Milliseconds,
        low: "More requests.",
        high: "Members learn later of what is theirs.",
    }

    /// The shortest interval of heartbeats that a consumer group may set.
    min_heartbeat_interval_ms: u32 {
        name: "group.consumer.min.heartbeat.interval.ms",
        default: Some("5000"),
        valid: Valid::AtLeast(1),
        unit: Unit::Milliseconds,
        low: "Groups may ask for many requests.",
        high: "Members learn no sooner of what is theirs.",
    }

    /// The longest interval of heartbeats that a consumer group may set.
    max_heartbeat_interval_ms: u32 {
        name: "group.consumer.max.heartbeat.interval.ms",
        default: Some("15000"),
        valid: Valid::AtLeast(1),
        unit: Unit::Milliseconds,
        low: "Groups cannot save requests.",
        high: "Members may learn this late of what is theirs.",
    }

    /// How long at least lies between two assignments of a consumer group that does not set
    /// `consumer.assignment.interval.ms`. Many members that come at once share one assignment.
    assignment_interval_ms: u32 {
        name: "group.consumer.assignment.interval.ms",
        default: Some("1000"),
        valid: Valid::AtLeast(0),
        unit: Unit::Milliseconds,
        low: "Large groups are assigned again for each member that comes.",
        high: "Work moves to new members this much later.",
        change: Change::Live,
    }

    /// The shortest interval between assignments that a consumer group may set.
    min_assignment_interval_ms: u32 {
        name: "group.consumer.min.assignment.interval.ms",
        default: Some("0"),
        valid: Valid::AtLeast(0),
        unit: Unit::Milliseconds,
        low: "Groups may ask for an assignment with each member.",
        high: "Work moves no sooner to new members.",
    }

    /// The longest interval between assignments that a consumer group may set.
    max_assignment_interval_ms: u32 {
        name: "group.consumer.max.assignment.interval.ms",
        default: Some("15000"),
        valid: Valid::AtLeast(0),
        unit: Unit::Milliseconds,
        low: "Groups cannot save assignments.",
        high: "Work may move this late to new members.",
    }

    /// How many members one consumer group may have.
    max_size: usize {
        name: "group.consumer.max.size",
        default: Some("2147483647"),
        valid: Valid::AtLeast(1),
        unit: Unit::Count,
        low: "Members are turned away.",
        high: "An assignment of a huge group takes long.",
    }

    /// Who may spread partitions over the members of a consumer group. The first one does it where members do not
    /// say.
    assignors: Vec<String> {
        name: "group.consumer.assignors",
        default: Some("uniform,range"),
        valid: Valid::OneOf(&["uniform", "range"]),
        check: at_least_one,
    }

    /// Whether a group that has members may change its protocol: from classic to consumer when the first member of
    /// the newer protocol comes (`upgrade`), back when the last one goes (`downgrade`), both or neither. A group
    /// without members always may.
    migration_policy: MigrationPolicy {
        name: "group.consumer.migration.policy",
        default: Some("bidirectional"),
    }

    /// How often groups look which topics match their patterns, although no topic came or went that they know of.
    regex_refresh_interval_ms: u32 {
        name: "group.consumer.regex.refresh.interval.ms",
        default: Some("600000"),
        valid: Valid::AtLeast(10000),
        unit: Unit::Milliseconds,
        low: "A little work more often.",
        high: "A topic that was missed is found later.",
        effect: Effect::Kept("Patterns are matched again at the first heartbeat after a topic came or went."),
    }
}

/// For a list that may not be empty.
fn at_least_one(parsed: &Parsed) -> Result<(), String> {
    match parsed {
        Parsed::List(texts) if !texts.is_empty() => Ok(()),
        _ => Err("at least one of: uniform, range".into()),
    }
}
