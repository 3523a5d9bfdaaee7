//! Streams groups: applications of Kafka Streams whose broker decides who runs which task.

use ottla_base::config::{Change, Effect, Parsed, Unit, Valid};

ottla_base::config! {
    /// What holds for streams groups.
    pub struct StreamsGroups, keys STREAMS_GROUPS;

    /// How long a member of a streams group may be silent before its tasks go to others, for groups that do not set
    /// `streams.session.timeout.ms`.
    session_timeout_ms: u32 {
        name: "group.streams.session.timeout.ms",
        default: Some("45000"),
        valid: Valid::AtLeast(1),
        unit: Unit::Milliseconds,
        low: "Members are thrown out for a short pause.",
        high: "The work of a dead member waits this long.",
    }

    /// The shortest session time-out that a streams group may set.
    min_session_timeout_ms: u32 {
        name: "group.streams.min.session.timeout.ms",
        default: Some("45000"),
        valid: Valid::AtLeast(1),
        unit: Unit::Milliseconds,
        low: "Groups may throw members out for a short pause.",
        high: "The work of a dead member waits at least this long.",
    }

    /// The longest session time-out that a streams group may set.
    max_session_timeout_ms: u32 {
        name: "group.streams.max.session.timeout.ms",
        default: Some("60000"),
        valid: Valid::AtLeast(1),
        unit: Unit::Milliseconds,
        low: "Members with long pauses are thrown out.",
        high: "The work of a dead member may wait this long.",
    }

    /// How often a member of a streams group is told to show that it lives, for groups that do not set
    /// `streams.heartbeat.interval.ms`. Members learn of a new assignment at a heartbeat.
    heartbeat_interval_ms: u32 {
        name: "group.streams.heartbeat.interval.ms",
        default: Some("5000"),
        valid: Valid::AtLeast(1),
        unit: Unit::Milliseconds,
        low: "More requests.",
        high: "Members learn later of what is theirs.",
    }

    /// The shortest interval of heartbeats that a streams group may set.
    min_heartbeat_interval_ms: u32 {
        name: "group.streams.min.heartbeat.interval.ms",
        default: Some("5000"),
        valid: Valid::AtLeast(1),
        unit: Unit::Milliseconds,
        low: "Groups may ask for many requests.",
        high: "Members learn no sooner of what is theirs.",
    }

    /// The longest interval of heartbeats that a streams group may set.
    max_heartbeat_interval_ms: u32 {
        name: "group.streams.max.heartbeat.interval.ms",
        default: Some("15000"),
        valid: Valid::AtLeast(1),
        unit: Unit::Milliseconds,
        low: "Groups cannot save requests.",
        high: "Members may learn this late of what is theirs.",
    }

    /// How long at least lies between two assignments of a streams group that does not set
    /// `streams.assignment.interval.ms`. Many members that come at once share one assignment.
    assignment_interval_ms: u32 {
        name: "group.streams.assignment.interval.ms",
        default: Some("1000"),
        valid: Valid::AtLeast(0),
        unit: Unit::Milliseconds,
        low: "Large groups are assigned again for each member that comes.",
        high: "Work moves to new members this much later.",
        change: Change::Live,
    }

    /// The shortest interval between assignments that a streams group may set.
    min_assignment_interval_ms: u32 {
        name: "group.streams.min.assignment.interval.ms",
        default: Some("0"),
        valid: Valid::AtLeast(0),
        unit: Unit::Milliseconds,
        low: "Groups may ask for an assignment with each member.",
        high: "Work moves no sooner to new members.",
    }

    /// The longest interval between assignments that a streams group may set.
    max_assignment_interval_ms: u32 {
        name: "group.streams.max.assignment.interval.ms",
        default: Some("15000"),
        valid: Valid::AtLeast(0),
        unit: Unit::Milliseconds,
        low: "Groups cannot save assignments.",
        high: "Work may move this late to new members.",
    }

    /// How many members one streams group may have.
    max_size: usize {
        name: "group.streams.max.size",
        default: Some("2147483647"),
        valid: Valid::AtLeast(1),
        unit: Unit::Count,
        low: "Members are turned away.",
        high: "An assignment of a huge group takes long.",
    }

    /// Who may spread tasks over the members of a streams group. The first one does it where the group does not
    /// say.
    assignors: Vec<String> {
        name: "group.streams.assignors",
        default: Some("sticky"),
        valid: Valid::OneOf(&["sticky"]),
        check: at_least_one,
    }

    /// How long the first assignment of a new streams group waits for more members, where the group does not set
    /// `streams.initial.rebalance.delay.ms`.
    initial_rebalance_delay_ms: u32 {
        name: "group.streams.initial.rebalance.delay.ms",
        default: Some("3000"),
        valid: Valid::AtLeast(0),
        unit: Unit::Milliseconds,
        low: "Tasks move with each member of a starting fleet.",
        high: "The first member waits this long for its first task.",
    }

    /// How many members keep a copy of a task that another one runs, for groups that do not set
    /// `streams.num.standby.replicas`.
    num_standby_replicas: u32 {
        name: "group.streams.num.standby.replicas",
        default: Some("0"),
        valid: Valid::AtLeast(0),
        unit: Unit::Count,
        low: "A task that moves must first restore its state.",
        high: "More disk and network at the members.",
    }

    /// How many copies of a task a streams group may ask for.
    max_standby_replicas: u32 {
        name: "group.streams.max.standby.replicas",
        default: Some("2"),
        valid: Valid::AtLeast(0),
        unit: Unit::Count,
        low: "A task that moves must first restore its state.",
        high: "More disk and network at the members.",
    }

    /// How many tasks may warm up at a time on the members that they are to move to, for groups that do not set
    /// `streams.num.warmup.replicas`. Kept for later: as in Kafka 4.4 no task warms up yet.
    num_warmup_replicas: u32 {
        name: "group.streams.num.warmup.replicas",
        default: Some("2"),
        valid: Valid::AtLeast(0),
        unit: Unit::Count,
        low: "Nothing as yet.",
        high: "Nothing as yet.",
        effect: Effect::Kept("A task moves at once, to where its state is if that can be; nobody gets warm-up tasks."),
    }

    /// How many tasks a streams group may ask to warm up at a time.
    max_warmup_replicas: u32 {
        name: "group.streams.max.warmup.replicas",
        default: Some("20"),
        valid: Valid::AtLeast(0),
        unit: Unit::Count,
        low: "Nothing as yet.",
        high: "Nothing as yet.",
        effect: Effect::Kept("A task moves at once, to where its state is if that can be; nobody gets warm-up tasks."),
    }

    /// How many records a copy of a task may lack to count as caught up, for groups that do not set
    /// `streams.acceptable.recovery.lag`. Members are told it; as in Kafka 4.4 nothing follows from it yet.
    acceptable_recovery_lag: u64 {
        name: "group.streams.acceptable.recovery.lag",
        default: Some("10000"),
        valid: Valid::AtLeast(0),
        unit: Unit::Count,
        low: "Nothing as yet.",
        high: "Nothing as yet.",
    }

    /// How often members report how far their copies of tasks are, for groups that do not set
    /// `streams.task.offset.interval.ms`.
    task_offset_interval_ms: u32 {
        name: "group.streams.task.offset.interval.ms",
        default: Some("60000"),
        valid: Valid::AtLeast(1),
        unit: Unit::Milliseconds,
        low: "Larger heartbeats.",
        high: "Who has most of a task's state is known less exactly.",
    }

    /// The shortest interval of those reports that a streams group may set.
    min_task_offset_interval_ms: u32 {
        name: "group.streams.min.task.offset.interval.ms",
        default: Some("15000"),
        valid: Valid::AtLeast(1),
        unit: Unit::Milliseconds,
        low: "Groups may ask for larger heartbeats.",
        high: "Copies that are ready are noticed no sooner.",
    }

    /// Tags that every member must have (`client.tag.NAME`), for groups that do not set
    /// `streams.rack.aware.assignment.tags`. As in Kafka 4.4 the assignment does not look at their values yet.
    rack_aware_assignment_tags: Vec<String> {
        name: "group.streams.rack.aware.assignment.tags",
        default: Some(""),
    }
}

/// For a list that may not be empty.
fn at_least_one(parsed: &Parsed) -> Result<(), String> {
    match parsed {
        Parsed::List(texts) if !texts.is_empty() => Ok(()),
        _ => Err("at least one: sticky".into()),
    }
}
