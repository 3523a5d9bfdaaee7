//! Idempotent and transactional producers.

use ottla_base::config::{Change, Effect, Unit, Valid};

/// Why settings of the internal transactions topic do nothing.
const NO_STATE_TOPIC: &str = "Ottla keeps transactions in its own journal, not in a topic.";

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
    }

    /// The longest time-out that a transactional producer may ask for.
    transaction_max_timeout_ms: i32 {
        name: "transaction.max.timeout.ms",
        default: Some("900000"),
        valid: Valid::AtLeast(1),
        unit: Unit::Milliseconds,
        low: "Producers with long transactions are refused.",
        high: "A dead producer may hold back readers for this long.",
    }

    /// How often the broker looks for transactional ids that have expired.
    transaction_remove_expired_transaction_cleanup_interval_ms: i32 {
        name: "transaction.remove.expired.transaction.cleanup.interval.ms",
        default: Some("3600000"),
        valid: Valid::AtLeast(1),
        unit: Unit::Milliseconds,
        low: "A little work more often.",
        high: "Memory for expired ids is freed later.",
    }

    /// How often Kafka looks for transactions that have timed out.
    transaction_abort_timed_out_transaction_cleanup_interval_ms: i32 {
        name: "transaction.abort.timed.out.transaction.cleanup.interval.ms",
        default: Some("10000"),
        valid: Valid::AtLeast(1),
        unit: Unit::Milliseconds,
        low: "A little work more often.",
        high: "A dead producer holds back readers for longer.",
        effect: Effect::Kept("Ottla aborts a transaction at the moment when its time is over."),
    }

    /// Whether a write of an older client is refused if its partition was not added to the transaction.
    transaction_partition_verification_enable: bool {
        name: "transaction.partition.verification.enable",
        default: Some("true"),
        change: Change::Live,
        low: "A record that comes late may open a transaction that nobody ends.",
        high: "A little work for each write.",
        effect: Effect::Kept("Ottla always verifies; it costs no round trip here."),
    }

    /// Whether producers may prepare a transaction and leave its end to somebody else.
    transaction_two_phase_commit_enable: bool {
        name: "transaction.two.phase.commit.enable",
        default: Some("false"),
        low: "Transactions end with their producers.",
        high: "Transactions may stay open without limit.",
        effect: Effect::Kept("Kafka has released no client that asks for it, and Ottla does not serve it."),
    }

    /// How many partitions the internal transactions topic has.
    transaction_state_log_num_partitions: i32 {
        name: "transaction.state.log.num.partitions",
        default: Some("50"),
        valid: Valid::AtLeast(1),
        unit: Unit::Count,
        low: "Producers share fewer coordinators.",
        high: "More files.",
        effect: Effect::Kept(NO_STATE_TOPIC),
    }

    /// How many copies the internal transactions topic has.
    transaction_state_log_replication_factor: i16 {
        name: "transaction.state.log.replication.factor",
        default: Some("3"),
        valid: Valid::AtLeast(1),
        unit: Unit::Count,
        low: "Fewer copies.",
        high: "More disk and network.",
        effect: Effect::Kept(NO_STATE_TOPIC),
    }

    /// How many copies of the internal transactions topic must be in sync.
    transaction_state_log_min_isr: i32 {
        name: "transaction.state.log.min.isr",
        default: Some("2"),
        valid: Valid::AtLeast(1),
        unit: Unit::Count,
        low: "Fewer copies.",
        high: "Fewer failures until transactions stop.",
        effect: Effect::Kept(NO_STATE_TOPIC),
    }
}
