//! Consumer groups and the offsets they commit.

use ottla_base::config::{Effect, Unit, Valid};

/// Why settings of the internal offsets topic do nothing.
const NO_OFFSETS_TOPIC: &str = "Ottla keeps offsets in its own journal, not in a topic.";

ottla_base::config! {
    /// What holds for consumer groups.
    pub struct Groups, keys GROUPS;

    /// The shortest session time-out that a member may ask for.
    group_min_session_timeout_ms: i32 {
        name: "group.min.session.timeout.ms",
        default: Some("6000"),
        valid: Valid::AtLeast(1),
        unit: Unit::Milliseconds,
        low: "Members may be thrown out for a short pause.",
        high: "The work of a dead member waits at least this long.",
    }

    /// The longest session time-out that a member may ask for.
    group_max_session_timeout_ms: i32 {
        name: "group.max.session.timeout.ms",
        default: Some("1800000"),
        valid: Valid::AtLeast(1),
        unit: Unit::Milliseconds,
        low: "Members with long pauses cannot join.",
        high: "The work of a dead member may wait this long.",
    }

    /// How long the first rebalance of an empty group waits for more members. Three seconds save most of the
    /// rebalances of a fleet that starts together.
    group_initial_rebalance_delay_ms: i32 {
        name: "group.initial.rebalance.delay.ms",
        default: Some("3000"),
        valid: Valid::AtLeast(0),
        unit: Unit::Milliseconds,
        low: "A rebalance for each member of a starting fleet.",
        high: "The first member waits this long for its first record.",
    }

    /// How many members one group may have.
    group_max_size: usize {
        name: "group.max.size",
        default: Some("2147483647"),
        valid: Valid::AtLeast(1),
        unit: Unit::Count,
        low: "Members are turned away.",
        high: "A rebalance of a huge group takes long.",
    }

    /// How many bytes of metadata a committed offset may carry.
    offset_metadata_max_bytes: usize {
        name: "offset.metadata.max.bytes",
        default: Some("4096"),
        unit: Unit::Bytes,
        low: "Commits with longer metadata are refused.",
        high: "More memory per group and partition.",
    }

    /// How long the offsets of a group without members are kept. Counted from when the last member left; for
    /// consumers that never join a group, from the last commit.
    offsets_retention_minutes: u64 {
        name: "offsets.retention.minutes",
        default: Some("10080"),
        valid: Valid::AtLeast(1),
        unit: Unit::Minutes,
        low: "A group that pauses longer than this starts over.",
        high: "Offsets of abandoned groups take memory.",
        kind: ottla_base::config::Kind::Int,
    }

    /// How often the broker looks for offsets that have expired.
    offsets_retention_check_interval_ms: u64 {
        name: "offsets.retention.check.interval.ms",
        default: Some("600000"),
        valid: Valid::AtLeast(1),
        unit: Unit::Milliseconds,
        low: "A little work more often.",
        high: "Offsets outlive their retention by up to this much.",
    }

    /// How long a commit may take before its client hears of a failure.
    offsets_commit_timeout_ms: i32 {
        name: "offsets.commit.timeout.ms",
        default: Some("5000"),
        valid: Valid::AtLeast(1),
        unit: Unit::Milliseconds,
        low: "Commits fail on a slow disk.",
        high: "Clients wait longer to hear of trouble.",
        effect: Effect::Kept("A commit is answered as soon as the disk has it."),
    }

    /// How many partitions the internal offsets topic has.
    offsets_topic_num_partitions: i32 {
        name: "offsets.topic.num.partitions",
        default: Some("50"),
        valid: Valid::AtLeast(1),
        unit: Unit::Count,
        low: "Groups share fewer coordinators.",
        high: "More files.",
        effect: Effect::Kept(NO_OFFSETS_TOPIC),
    }

    /// How many copies the internal offsets topic has.
    offsets_topic_replication_factor: i16 {
        name: "offsets.topic.replication.factor",
        default: Some("3"),
        valid: Valid::AtLeast(1),
        unit: Unit::Count,
        low: "Fewer copies.",
        high: "More disk and network.",
        effect: Effect::Kept(NO_OFFSETS_TOPIC),
    }

    /// The segment size of the internal offsets topic.
    offsets_topic_segment_bytes: i32 {
        name: "offsets.topic.segment.bytes",
        default: Some("104857600"),
        valid: Valid::AtLeast(1),
        unit: Unit::Bytes,
        low: "More files.",
        high: "Slower loading.",
        effect: Effect::Kept(NO_OFFSETS_TOPIC),
    }
}
