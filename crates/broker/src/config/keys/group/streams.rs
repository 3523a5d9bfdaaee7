//! What one streams group may set.

use ottla_base::config::{Change, Effect, Fallback, Parsed, Unit, Valid};

ottla_base::config! {
    /// The settings of one streams group.
    pub struct StreamsSettings, keys STREAMS;

    /// How long a member may be silent before its tasks go to others. The broker sets the bounds.
    session_timeout_ms: u32 {
        name: "streams.session.timeout.ms",
        default: Some("45000"),
        valid: Valid::AtLeast(1),
        unit: Unit::Milliseconds,
        low: "Members are thrown out for a short pause.",
        high: "The work of a dead member waits this long.",
        change: Change::Live,
        fallbacks: &[Fallback::to("group.streams.session.timeout.ms")],
    }

    /// How often a member is told to show that it lives; it learns of a new assignment at a heartbeat. The broker
    /// sets the bounds, and it must be shorter than the session time-out.
    heartbeat_interval_ms: u32 {
        name: "streams.heartbeat.interval.ms",
        default: Some("5000"),
        valid: Valid::AtLeast(1),
        unit: Unit::Milliseconds,
        low: "More requests.",
        high: "Members learn later of what is theirs.",
        change: Change::Live,
        fallbacks: &[Fallback::to("group.streams.heartbeat.interval.ms")],
    }

    /// How long at least lies between two assignments. The broker sets the bounds.
    assignment_interval_ms: u32 {
        name: "streams.assignment.interval.ms",
        default: Some("1000"),
        valid: Valid::AtLeast(0),
        unit: Unit::Milliseconds,
        low: "Large groups are assigned again for each member that comes.",
        high: "Work moves to new members this much later.",
        change: Change::Live,
        fallbacks: &[Fallback::to("group.streams.assignment.interval.ms")],
    }

    /// Whether a thread of its own works out assignments. Kept for scripts that set it.
    assignor_offload_enable: bool {
        name: "streams.assignor.offload.enable",
        default: Some("true"),
        change: Change::Live,
        effect: Effect::Kept("Assignments are worked out where the group is decided; no other thread is told."),
    }

    /// How long the first assignment of the group waits for more members.
    initial_rebalance_delay_ms: u32 {
        name: "streams.initial.rebalance.delay.ms",
        default: Some("3000"),
        valid: Valid::AtLeast(0),
        unit: Unit::Milliseconds,
        low: "Tasks move with each member of a starting fleet.",
        high: "The first member waits this long for its first task.",
        change: Change::Live,
        fallbacks: &[Fallback::to("group.streams.initial.rebalance.delay.ms")],
    }

    /// How many members keep a copy of a task that another one runs. The broker sets the limit.
    num_standby_replicas: u32 {
        name: "streams.num.standby.replicas",
        default: Some("0"),
        valid: Valid::AtLeast(0),
        unit: Unit::Count,
        low: "A task that moves must first restore its state.",
        high: "More disk and network at the members.",
        change: Change::Live,
        fallbacks: &[Fallback::to("group.streams.num.standby.replicas")],
    }

    /// How many tasks may warm up at a time on the members that they are to move to. The broker sets the limit. Kept for
    /// later: as in Kafka 4.4 no task warms up yet, and one moves to who has most of its state.
    num_warmup_replicas: u32 {
        name: "streams.num.warmup.replicas",
        default: Some("2"),
        valid: Valid::AtLeast(0),
        unit: Unit::Count,
        low: "Nothing as yet.",
        high: "Nothing as yet.",
        change: Change::Live,
        fallbacks: &[Fallback::to("group.streams.num.warmup.replicas")],
        effect: Effect::Kept("A task moves at once, to where its state is if that can be; nobody gets warm-up tasks."),
    }

    /// How many records a copy of a task may lack to count as caught up. Members are told it; as in Kafka 4.4 nothing
    /// follows from it yet.
    acceptable_recovery_lag: u64 {
        name: "streams.acceptable.recovery.lag",
        default: Some("10000"),
        valid: Valid::AtLeast(0),
        unit: Unit::Count,
        low: "Nothing as yet.",
        high: "Nothing as yet.",
        change: Change::Live,
        fallbacks: &[Fallback::to("group.streams.acceptable.recovery.lag")],
    }

    /// How often members report how far their copies of tasks are; a task whose member is gone goes to who has most of
    /// its state. The broker sets the limit.
    task_offset_interval_ms: u32 {
        name: "streams.task.offset.interval.ms",
        default: Some("60000"),
        valid: Valid::AtLeast(1),
        unit: Unit::Milliseconds,
        low: "Larger heartbeats.",
        high: "Who has most of a task's state is known less exactly.",
        change: Change::Live,
        fallbacks: &[Fallback::to("group.streams.task.offset.interval.ms")],
    }

    /// Tags that every member must have (`client.tag.NAME`); who lacks one is told so. As in Kafka 4.4 the assignment
    /// does not look at their values yet.
    rack_aware_assignment_tags: Vec<String> {
        name: "streams.rack.aware.assignment.tags",
        default: Some(""),
        change: Change::Live,
        fallbacks: &[Fallback::to("group.streams.rack.aware.assignment.tags")],
        check: each_once,
    }

    /// Who spreads tasks over the members.
    assignor_name: String {
        name: "streams.assignor.name",
        default: Some("sticky"),
        valid: Valid::OneOf(&["sticky"]),
        change: Change::Live,
        fallbacks: &[Fallback::to("group.streams.assignors")],
    }
}

/// For a list that names nothing twice, and nothing that has no name.
fn each_once(parsed: &Parsed) -> Result<(), String> {
    let is_good =
        |(at, tag): (usize, &String), before: &[String]| !tag.is_empty() && !before[..at].contains(tag);
    match parsed {
        Parsed::List(tags) if tags.iter().enumerate().all(|one| is_good(one, tags)) => Ok(()),
        _ => Err("tags between commas, none empty and each once".into()),
    }
}
