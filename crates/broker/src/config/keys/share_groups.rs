//! Share groups: queues whose members get single records.

use ottla_base::config::{Change, Parsed, Unit, Valid};

ottla_base::config! {
    /// What holds for share groups.
    pub struct ShareGroups, keys SHARE_GROUPS;

    /// How long a member of a share group may be silent before its records go to others, for groups that do not set
    /// `share.session.timeout.ms`.
    session_timeout_ms: u32 {
        name: "group.share.session.timeout.ms",
        default: Some("45000"),
        valid: Valid::AtLeast(1),
        unit: Unit::Milliseconds,
        low: "Members are thrown out for a short pause.",
        high: "The work of a dead member waits this long.",
    }

    /// The shortest session time-out that a share group may set.
    min_session_timeout_ms: u32 {
        name: "group.share.min.session.timeout.ms",
        default: Some("45000"),
        valid: Valid::AtLeast(1),
        unit: Unit::Milliseconds,
        low: "Groups may throw members out for a short pause.",
        high: "The work of a dead member waits at least this long.",
    }

    /// The longest session time-out that a share group may set.
    max_session_timeout_ms: u32 {
        name: "group.share.max.session.timeout.ms",
        default: Some("60000"),
        valid: Valid::AtLeast(1),
        unit: Unit::Milliseconds,
        low: "Members with long pauses are thrown out.",
        high: "The work of a dead member may wait this long.",
    }

    /// How often a member of a share group is told to show that it lives, for groups that do not set
    /// `share.heartbeat.interval.ms`. Members learn of a new assignment at a heartbeat.
    heartbeat_interval_ms: u32 {
        name: "group.share.heartbeat.interval.ms",
        default: Some("5000"),
        valid: Valid::AtLeast(1),
        unit: Unit::Milliseconds,
        low: "More requests.",
        high: "Members learn later of what is theirs.",
    }

    /// The shortest interval of heartbeats that a share group may set.
    min_heartbeat_interval_ms: u32 {
        name: "group.share.min.heartbeat.interval.ms",
        default: Some("5000"),
        valid: Valid::AtLeast(1),
        unit: Unit::Milliseconds,
        low: "Groups may ask for many requests.",
        high: "Members learn no sooner of what is theirs.",
    }

    /// The longest interval of heartbeats that a share group may set.
    max_heartbeat_interval_ms: u32 {
        name: "group.share.max.heartbeat.interval.ms",
        default: Some("15000"),
        valid: Valid::AtLeast(1),
        unit: Unit::Milliseconds,
        low: "Groups cannot save requests.",
        high: "Members may learn this late of what is theirs.",
    }

    /// How long at least lies between two assignments of a share group that does not set
    /// `share.assignment.interval.ms`. Many members that come at once share one assignment.
    assignment_interval_ms: u32 {
        name: "group.share.assignment.interval.ms",
        default: Some("1000"),
        valid: Valid::AtLeast(0),
        unit: Unit::Milliseconds,
        low: "Large groups are assigned again for each member that comes.",
        high: "Work moves to new members this much later.",
        change: Change::Live,
    }

    /// The shortest interval between assignments that a share group may set.
    min_assignment_interval_ms: u32 {
        name: "group.share.min.assignment.interval.ms",
        default: Some("0"),
        valid: Valid::AtLeast(0),
        unit: Unit::Milliseconds,
        low: "Groups may ask for an assignment with each member.",
        high: "Work moves no sooner to new members.",
    }

    /// The longest interval between assignments that a share group may set.
    max_assignment_interval_ms: u32 {
        name: "group.share.max.assignment.interval.ms",
        default: Some("15000"),
        valid: Valid::AtLeast(0),
        unit: Unit::Milliseconds,
        low: "Groups cannot save assignments.",
        high: "Work may move this late to new members.",
    }

    /// How many members one share group may have.
    max_size: usize {
        name: "group.share.max.size",
        default: Some("200"),
        valid: Valid::Within { min: 1, max: 1000 },
        unit: Unit::Count,
        low: "Members are turned away.",
        high: "An assignment of a huge group takes long.",
    }

    /// Who spreads partitions over the members of share groups: exactly one.
    assignors: Vec<String> {
        name: "group.share.assignors",
        default: Some("simple"),
        valid: Valid::OneOf(&["simple"]),
        check: exactly_one,
    }

    /// How many members of share groups may fetch from this broker at a time.
    max_share_sessions: usize {
        name: "group.share.max.share.sessions",
        default: Some("2000"),
        valid: Valid::AtLeast(1),
        unit: Unit::Count,
        low: "Members are turned away.",
        high: "More memory.",
    }

    /// How long a record belongs to the member that it was delivered to, for groups that do not set
    /// `share.record.lock.duration.ms`. A member that has not acknowledged it by then has lost it, and it is
    /// delivered again.
    record_lock_duration_ms: u32 {
        name: "group.share.record.lock.duration.ms",
        default: Some("30000"),
        valid: Valid::Within { min: 1000, max: 3600000 },
        unit: Unit::Milliseconds,
        low: "Slow members work on records that others get, too.",
        high: "The records of a stuck member wait this long.",
    }

    /// The shortest lock of a record that a share group may set.
    min_record_lock_duration_ms: u32 {
        name: "group.share.min.record.lock.duration.ms",
        default: Some("15000"),
        valid: Valid::Within { min: 1000, max: 30000 },
        unit: Unit::Milliseconds,
        low: "Groups may choose locks that their members cannot keep.",
        high: "The records of a stuck member wait at least this long.",
    }

    /// The longest lock of a record that a share group may set.
    max_record_lock_duration_ms: u32 {
        name: "group.share.max.record.lock.duration.ms",
        default: Some("60000"),
        valid: Valid::Within { min: 30000, max: 3600000 },
        unit: Unit::Milliseconds,
        low: "Slow work needs renewals.",
        high: "The records of a stuck member may wait this long.",
    }

    /// How many times a record is delivered before the group gives up on it, for groups that do not set
    /// `share.delivery.count.limit`.
    delivery_count_limit: u32 {
        name: "group.share.delivery.count.limit",
        default: Some("5"),
        valid: Valid::Within { min: 2, max: 10 },
        unit: Unit::Count,
        low: "Records are given up for a passing trouble.",
        high: "A record that nobody can process disturbs more often.",
    }

    /// The lowest limit of deliveries that a share group may set.
    min_delivery_count_limit: u32 {
        name: "group.share.min.delivery.count.limit",
        default: Some("2"),
        valid: Valid::Within { min: 2, max: 5 },
        unit: Unit::Count,
        low: "Groups may give up early.",
        high: "Groups must try this often.",
    }

    /// The highest limit of deliveries that a share group may set.
    max_delivery_count_limit: u32 {
        name: "group.share.max.delivery.count.limit",
        default: Some("10"),
        valid: Valid::Within { min: 5, max: 25 },
        unit: Unit::Count,
        low: "Groups must give up early.",
        high: "A record that nobody can process may disturb this often.",
    }

    /// How many records of one partition may be in flight in a share group that does not set
    /// `share.partition.max.record.locks`.
    partition_max_record_locks: usize {
        name: "group.share.partition.max.record.locks",
        default: Some("2000"),
        valid: Valid::Within { min: 100, max: 10000 },
        unit: Unit::Count,
        low: "Many fast members wait for each other.",
        high: "More memory, and more records are delivered again after a crash.",
    }

    /// The lowest limit of records in flight that a share group may set.
    min_partition_max_record_locks: usize {
        name: "group.share.min.partition.max.record.locks",
        default: Some("100"),
        valid: Valid::Within { min: 100, max: 2000 },
        unit: Unit::Count,
        low: "Groups may slow their members down.",
        high: "Groups cannot save memory.",
    }

    /// The highest limit of records in flight that a share group may set.
    max_partition_max_record_locks: usize {
        name: "group.share.max.partition.max.record.locks",
        default: Some("4000"),
        valid: Valid::Within { min: 2000, max: 10000 },
        unit: Unit::Count,
        low: "Many fast members wait for each other.",
        high: "Groups may take more memory.",
    }
}

/// For the one assignor that all share groups use.
fn exactly_one(parsed: &Parsed) -> Result<(), String> {
    match parsed {
        Parsed::List(texts) if texts.len() == 1 => Ok(()),
        _ => Err("exactly one: simple".into()),
    }
}
