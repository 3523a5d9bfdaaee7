//! What one consumer group may set.

use ottla_base::config::{Change, Effect, Fallback, Unit, Valid};

ottla_base::config! {
    /// The settings of one group of the consumer protocol.
    pub struct ConsumerSettings, keys CONSUMER;

    /// How long a member may be silent before its partitions go to others. The broker sets the bounds.
    session_timeout_ms: u32 {
        name: "consumer.session.timeout.ms",
        default: Some("45000"),
        valid: Valid::AtLeast(1),
        unit: Unit::Milliseconds,
        low: "Members are thrown out for a short pause.",
        high: "The work of a dead member waits this long.",
        change: Change::Live,
        fallbacks: &[Fallback::to("group.consumer.session.timeout.ms")],
    }

    /// How often a member is told to show that it lives; it learns of a new assignment at a heartbeat. The broker
    /// sets the bounds, and it must be shorter than the session time-out.
    heartbeat_interval_ms: u32 {
        name: "consumer.heartbeat.interval.ms",
        default: Some("5000"),
        valid: Valid::AtLeast(1),
        unit: Unit::Milliseconds,
        low: "More requests.",
        high: "Members learn later of what is theirs.",
        change: Change::Live,
        fallbacks: &[Fallback::to("group.consumer.heartbeat.interval.ms")],
    }

    /// How long at least lies between two assignments. The broker sets the bounds.
    assignment_interval_ms: u32 {
        name: "consumer.assignment.interval.ms",
        default: Some("1000"),
        valid: Valid::AtLeast(0),
        unit: Unit::Milliseconds,
        low: "Large groups are assigned again for each member that comes.",
        high: "Work moves to new members this much later.",
        change: Change::Live,
        fallbacks: &[Fallback::to("group.consumer.assignment.interval.ms")],
    }

    /// Whether a thread of its own works out assignments. Kept for scripts that set it.
    assignor_offload_enable: bool {
        name: "consumer.assignor.offload.enable",
        default: Some("true"),
        change: Change::Live,
        effect: Effect::Kept("Assignments are worked out where the group is decided; no other thread is told."),
    }
}
