//! Compaction: how much of the machine it may take, and what it supplies to topics.

use ottla_base::config::{Change, Unit, Valid};

ottla_base::config! {
    /// The broker-wide settings of compaction.
    pub struct Cleaner, keys CLEANER;

    /// Whether logs are compacted at all. Without it, compacted topics grow for ever.
    log_cleaner_enable: bool {
        name: "log.cleaner.enable",
        default: Some("true"),
    }

    /// How many logs are compacted at the same time. Each takes up to one core.
    log_cleaner_threads: i32 {
        name: "log.cleaner.threads",
        default: Some("1"),
        valid: Valid::Within { min: 0, max: 64 },
        unit: Unit::Count,
        low: "Compaction lags behind; with 0 there is none.",
        high: "Less time for requests.",
        change: Change::Live,
    }

    /// The most memory for the keys of the logs that are being compacted, shared by all threads. A key takes 24
    /// bytes, whatever its size. It is taken only while compaction runs, and no more than the dirty part of the log
    /// needs. With 128 MiB, five million keys fit.
    log_cleaner_dedupe_buffer_size: i64 {
        name: "log.cleaner.dedupe.buffer.size",
        default: Some("134217728"),
        valid: Valid::AtLeast(0),
        unit: Unit::Bytes,
        low: "A log with more keys takes several passes, each of which rewrites all of it.",
        high: "More memory.",
        change: Change::Live,
    }

    /// How full the table of keys may get. A fuller one is slower.
    log_cleaner_io_buffer_load_factor: f64 {
        name: "log.cleaner.io.buffer.load.factor",
        default: Some("0.9"),
        valid: Valid::Share,
        unit: Unit::Ratio,
        low: "More passes.",
        high: "Slower look-ups.",
        change: Change::Live,
    }

    /// How much is read, and written, at a time, by all threads together. A larger batch is read whole.
    log_cleaner_io_buffer_size: i32 {
        name: "log.cleaner.io.buffer.size",
        default: Some("524288"),
        valid: Valid::AtLeast(0),
        unit: Unit::Bytes,
        low: "Many small reads and writes.",
        high: "More memory.",
        change: Change::Live,
    }

    /// How many bytes a second compaction may read and write, all threads together. No limit by default: it works
    /// aside of requests, but on a disk that is busy it competes with their syncs.
    log_cleaner_io_max_bytes_per_second: f64 {
        name: "log.cleaner.io.max.bytes.per.second",
        default: Some("1.7976931348623157E308"),
        unit: Unit::Bytes,
        low: "Compaction lags behind, and compacted topics take more space.",
        high: "Producers may wait longer for a slow disk.",
        change: Change::Live,
    }

    /// How long compaction rests when no log needs it.
    log_cleaner_backoff_ms: i64 {
        name: "log.cleaner.backoff.ms",
        default: Some("15000"),
        valid: Valid::AtLeast(0),
        unit: Unit::Milliseconds,
        low: "All partitions are looked at more often.",
        high: "Compaction begins later.",
        change: Change::Live,
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
    }
}
