//! Idempotent and transactional producers.

use ottla_base::config::{Change, Effect, Unit, Valid};

/// Why settings of transactions do nothing.
const NO_TRANSACTIONS: &str = "Ottla has no transactions yet.";

ottla_base::config! {
    /// What holds for producers with an identity.
    pub struct Producers, keys PRODUCERS;

    /// How long a partition remembers an idempotent producer that is silent. A producer that comes back later
    /// is accepted, but a duplicate of its last batch is no longer recognised.
    producer_id_expiration_ms: u64 {
        name: "producer.id.expiration.ms",
        default: Some("86400000"),
        valid: Valid::AtLeast(1),
        unit: Unit::Milliseconds,
        low: "A retry after a long break may be written twice.",
        high: "Memory for producers that never come back.",
        change: Change::Live,
        kind: ottla_base::config::Kind::Int,
    }

    /// How often the broker looks for producers that have expired.
    producer_id_expiration_check_interval_ms: u64 {
        name: "producer.id.expiration.check.interval.ms",
        default: Some("600000"),
        valid: Valid::AtLeast(1),
        unit: Unit::Milliseconds,
        low: "A little work more often.",
        high: "Memory for expired producers is freed later.",
        kind: ottla_base::config::Kind::Int,
    }

    /// How long a transactional id is remembered after its last transaction.
    transactional_id_expiration_ms: i32 {
        name: "transactional.id.expiration.ms",
        default: Some("604800000"),
        valid: Valid::AtLeast(1),
        unit: Unit::Milliseconds,
        low: "A producer that pauses longer must start over.",
        high: "Memory for ids that never come back.",
        effect: Effect::Kept(NO_TRANSACTIONS),
    }

    /// The longest time-out that a transactional producer may ask for.
    transaction_max_timeout_ms: i32 {
        name: "transaction.max.timeout.ms",
        default: Some("900000"),
        valid: Valid::AtLeast(1),
        unit: Unit::Milliseconds,
        low: "Producers with long transactions are refused.",
        high: "A dead producer may hold back readers for this long.",
        effect: Effect::Kept(NO_TRANSACTIONS),
    }

    /// How many partitions the internal transactions topic has.
    transaction_state_log_num_partitions: i32 {
        name: "transaction.state.log.num.partitions",
        default: Some("50"),
        valid: Valid::AtLeast(1),
        unit: Unit::Count,
        low: "Producers share fewer coordinators.",
        high: "More files.",
        effect: Effect::Kept(NO_TRANSACTIONS),
    }

    /// How many copies the internal transactions topic has.
    transaction_state_log_replication_factor: i16 {
        name: "transaction.state.log.replication.factor",
        default: Some("3"),
        valid: Valid::AtLeast(1),
        unit: Unit::Count,
        low: "Fewer copies.",
        high: "More disk and network.",
        effect: Effect::Kept(NO_TRANSACTIONS),
    }

    /// How many copies of the internal transactions topic must be in sync.
    transaction_state_log_min_isr: i32 {
        name: "transaction.state.log.min.isr",
        default: Some("2"),
        valid: Valid::AtLeast(1),
        unit: Unit::Count,
        low: "Fewer copies.",
        high: "Fewer failures until transactions stop.",
        effect: Effect::Kept(NO_TRANSACTIONS),
    }
}
