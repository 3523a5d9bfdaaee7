//! Where share groups put records that they give up on, and their state.

use ottla_base::config::{Change, Effect, Unit, Valid};

/// Why settings of the internal topic of share group state do nothing.
const NO_STATE_TOPIC: &str = "Ottla keeps the state of share groups in its own journal, not in a topic.";

ottla_base::config! {
    /// What holds for dead letters of all share groups, and for the state of share groups.
    pub struct DeadLetters, keys DEAD_LETTERS;

    /// Whether the topic that a share group writes dead letters to is created when it does not exist.
    auto_create_topics_enable: bool {
        name: "errors.deadletterqueue.auto.create.topics.enable",
        default: Some("false"),
        change: Change::Live,
    }

    /// What the name of a topic of dead letters must begin with, so that no group writes its dead letters into a
    /// topic of others; empty allows every name.
    topic_name_prefix: String {
        name: "errors.deadletterqueue.topic.name.prefix",
        default: Some("dlq."),
        change: Change::Live,
    }

    /// How many partitions the internal topic of share group state has.
    share_coordinator_state_topic_num_partitions: i32 {
        name: "share.coordinator.state.topic.num.partitions",
        default: Some("50"),
        valid: Valid::AtLeast(1),
        unit: Unit::Count,
        low: "Share-partitions share fewer coordinators.",
        high: "More files.",
        effect: Effect::Kept(NO_STATE_TOPIC),
    }

    /// How many copies the internal topic of share group state has.
    share_coordinator_state_topic_replication_factor: i16 {
        name: "share.coordinator.state.topic.replication.factor",
        default: Some("3"),
        valid: Valid::AtLeast(1),
        unit: Unit::Count,
        low: "Fewer copies.",
        high: "More disk and network.",
        effect: Effect::Kept(NO_STATE_TOPIC),
    }

    /// How many copies of share group state must be in sync.
    share_coordinator_state_topic_min_isr: i16 {
        name: "share.coordinator.state.topic.min.isr",
        default: Some("2"),
        valid: Valid::AtLeast(1),
        unit: Unit::Count,
        low: "Fewer copies of what was acknowledged.",
        high: "Fewer failures until acknowledging stops.",
        effect: Effect::Kept(NO_STATE_TOPIC),
    }

    /// The segment size of the internal topic of share group state.
    share_coordinator_state_topic_segment_bytes: i32 {
        name: "share.coordinator.state.topic.segment.bytes",
        default: Some("104857600"),
        valid: Valid::AtLeast(1),
        unit: Unit::Bytes,
        low: "More files.",
        high: "Slower loading.",
        effect: Effect::Kept(NO_STATE_TOPIC),
    }

    /// How many updates of share group state are written between two snapshots.
    share_coordinator_snapshot_update_records_per_snapshot: i32 {
        name: "share.coordinator.snapshot.update.records.per.snapshot",
        default: Some("500"),
        valid: Valid::Within { min: 0, max: 500 },
        unit: Unit::Count,
        low: "More is written.",
        high: "Slower loading.",
        effect: Effect::Kept(NO_STATE_TOPIC),
    }

    /// How long the copies of share group state may take to receive a write.
    share_coordinator_write_timeout_ms: i32 {
        name: "share.coordinator.write.timeout.ms",
        default: Some("5000"),
        valid: Valid::AtLeast(1),
        unit: Unit::Milliseconds,
        low: "Acknowledgements fail on a slow disk.",
        high: "Members wait longer to hear of trouble.",
        effect: Effect::Kept("An acknowledgement is answered as soon as the disk has it."),
    }
}
