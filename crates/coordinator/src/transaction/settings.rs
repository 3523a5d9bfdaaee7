//! What an operator can set about transactions. The names of the broker's config keys stand with each field.

/// The settings of all transactional ids of a shard. The default is Kafka's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `transaction.max.timeout.ms`: the longest time-out that a producer may ask for, in milliseconds.
    pub timeout_ms_max: i32,
    /// `transactional.id.expiration.ms`: how long an id without an open transaction is remembered, in milliseconds.
    pub id_expiration_ms: i64,
    /// `transaction.remove.expired.transaction.cleanup.interval.ms`: how often expired ids are looked for, in
    /// milliseconds.
    pub expiry_check_interval_ms: i64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            timeout_ms_max: 15 * 60 * 1_000,
            id_expiration_ms: 7 * 24 * 60 * 60 * 1_000,
            expiry_check_interval_ms: 60 * 60 * 1_000,
        }
    }
}
