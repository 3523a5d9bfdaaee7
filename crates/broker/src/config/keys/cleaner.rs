//! What a broker supplies to compaction, which Ottla does not do yet.

use super::NOT_COMPACTED;
use ottla_base::config::{Change, Effect, Unit, Valid};

ottla_base::config! {
    /// The broker-wide settings of compaction.
    pub struct Cleaner, keys CLEANER;

    /// Whether logs are compacted at all.
    log_cleaner_enable: bool {
        name: "log.cleaner.enable",
        default: Some("true"),
        effect: Effect::Kept(NOT_COMPACTED),
    }

    /// How many threads compact.
    log_cleaner_threads: i32 {
        name: "log.cleaner.threads",
        default: Some("1"),
        valid: Valid::AtLeast(0),
        unit: Unit::Count,
        low: "Compaction lags behind.",
        high: "Less time for requests.",
        change: Change::Live,
        effect: Effect::Kept(NOT_COMPACTED),
    }

    /// The memory for the keys of one pass.
    log_cleaner_dedupe_buffer_size: i64 {
        name: "log.cleaner.dedupe.buffer.size",
        default: Some("134217728"),
        unit: Unit::Bytes,
        low: "More passes.",
        high: "More memory.",
        change: Change::Live,
        effect: Effect::Kept(NOT_COMPACTED),
    }

    /// `delete.retention.ms` of topics that do not set it.
    log_cleaner_delete_retention_ms: i64 {
        name: "log.cleaner.delete.retention.ms",
        default: Some("86400000"),
        valid: Valid::AtLeast(0),
        unit: Unit::Milliseconds,
        low: "A reader that needs longer than this to catch up misses deletions.",
        high: "Marks of deleted keys take space for longer.",
        change: Change::Live,
        effect: Effect::Kept(NOT_COMPACTED),
    }

    /// `min.compaction.lag.ms` of topics that do not set it.
    log_cleaner_min_compaction_lag_ms: i64 {
        name: "log.cleaner.min.compaction.lag.ms",
        default: Some("0"),
        valid: Valid::AtLeast(0),
        unit: Unit::Milliseconds,
        low: "Readers may miss values that were soon replaced.",
        high: "Replaced values take space for longer.",
        change: Change::Live,
        effect: Effect::Kept(NOT_COMPACTED),
    }

    /// `max.compaction.lag.ms` of topics that do not set it.
    log_cleaner_max_compaction_lag_ms: i64 {
        name: "log.cleaner.max.compaction.lag.ms",
        default: Some("9223372036854775807"),
        valid: Valid::AtLeast(1),
        unit: Unit::Milliseconds,
        low: "Compaction runs often and gains little.",
        high: "Deleted data may stay on disk for as long as this.",
        change: Change::Live,
        effect: Effect::Kept(NOT_COMPACTED),
    }

    /// `min.cleanable.dirty.ratio` of topics that do not set it.
    log_cleaner_min_cleanable_ratio: f64 {
        name: "log.cleaner.min.cleanable.ratio",
        default: Some("0.5"),
        valid: Valid::Share,
        unit: Unit::Ratio,
        low: "Compaction runs often and gains little.",
        high: "Replaced values take more space.",
        change: Change::Live,
        effect: Effect::Kept(NOT_COMPACTED),
    }
}
