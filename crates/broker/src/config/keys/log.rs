//! What a broker supplies to the logs of topics that do not say otherwise.

use super::{NO_TIERS, ONE_LEVEL};
use crate::config::kinds::{Cleanup, Compression, Durability, TimestampType};
use ottla_base::config::{Change, Effect, Fallback, Unit, Valid};

ottla_base::config! {
    /// The data directory, and the broker-wide values of topic settings.
    pub struct LogDefaults, keys LOG;

    /// The data directory. Ottla uses one; more than one is refused.
    log_dirs: Option<Vec<String>> { name: "log.dirs", fallbacks: &[Fallback::to("log.dir")] }

    /// The data directory, if `log.dirs` is not set.
    log_dir: Option<Vec<String>> { name: "log.dir" }

    /// When a produced record counts as safe, for topics that do not set `log.durability`: `sync` when the disk
    /// has it, `os` when the operating system has it. This key is Ottla's own.
    log_durability: Durability {
        name: "log.durability",
        default: Some("sync"),
        low: "`os`: a power cut loses the last seconds; a crash of Ottla alone loses nothing.",
        high: "`sync`: each answer waits for the disk; many producers share one wait.",
        change: Change::Live,
    }

    /// `segment.bytes` of topics that do not set it.
    log_segment_bytes: u32 {
        name: "log.segment.bytes",
        default: Some("1073741824"),
        valid: Valid::AtLeast(1_048_576),
        unit: Unit::Bytes,
        low: "Many files, and more work at start.",
        high: "Retention acts in big steps.",
        change: Change::Live,
    }

    /// `segment.ms` of topics that do not set it.
    log_roll_ms: Option<i64> {
        name: "log.roll.ms",
        valid: Valid::AtLeast(1),
        unit: Unit::Milliseconds,
        low: "Many small files on quiet partitions.",
        high: "Old records of quiet partitions stay long after their retention time.",
        change: Change::Live,
        fallbacks: &[Fallback::hours("log.roll.hours")],
    }

    /// `log.roll.ms` in hours; the smaller unit wins where both are set.
    log_roll_hours: i32 {
        name: "log.roll.hours",
        default: Some("168"),
        valid: Valid::AtLeast(1),
        unit: Unit::Hours,
        low: "Many small files on quiet partitions.",
        high: "Old records of quiet partitions stay long after their retention time.",
    }

    /// `segment.jitter.ms` of topics that do not set it.
    log_roll_jitter_ms: Option<i64> {
        name: "log.roll.jitter.ms",
        valid: Valid::AtLeast(0),
        unit: Unit::Milliseconds,
        low: "Thousands of partitions may create files in the same second.",
        high: "Segments roll earlier than they need to.",
        change: Change::Live,
        fallbacks: &[Fallback::hours("log.roll.jitter.hours")],
    }

    /// `log.roll.jitter.ms` in hours; the smaller unit wins where both are set.
    log_roll_jitter_hours: i32 {
        name: "log.roll.jitter.hours",
        default: Some("0"),
        valid: Valid::AtLeast(0),
        unit: Unit::Hours,
        low: "Thousands of partitions may create files in the same second.",
        high: "Segments roll earlier than they need to.",
    }

    /// `retention.ms` of topics that do not set it; -1 keeps records for ever.
    log_retention_ms: Option<i64> {
        name: "log.retention.ms",
        valid: Valid::AtLeast(-1),
        unit: Unit::Milliseconds,
        low: "A consumer that is down for longer than this loses records.",
        high: "The disk holds everything that was produced in this time.",
        change: Change::Live,
        fallbacks: &[Fallback::minutes("log.retention.minutes"), Fallback::hours("log.retention.hours")],
    }

    /// `log.retention.ms` in minutes; the smaller unit wins where both are set.
    log_retention_minutes: Option<i32> {
        name: "log.retention.minutes",
        valid: Valid::AtLeast(-1),
        unit: Unit::Minutes,
        low: "A consumer that is down for longer than this loses records.",
        high: "The disk holds everything that was produced in this time.",
        fallbacks: &[],
    }

    /// `log.retention.ms` in hours; the smaller unit wins where several are set.
    log_retention_hours: i32 {
        name: "log.retention.hours",
        default: Some("168"),
        valid: Valid::AtLeast(-1),
        unit: Unit::Hours,
        low: "A consumer that is down for longer than this loses records.",
        high: "The disk holds everything that was produced in this time.",
    }

    /// `retention.bytes` of topics that do not set it; -1 sets no limit.
    log_retention_bytes: i64 {
        name: "log.retention.bytes",
        default: Some("-1"),
        unit: Unit::Bytes,
        low: "A burst pushes out records that nobody has read.",
        high: "Each partition may take this much disk, whatever its age.",
        change: Change::Live,
    }

    /// How often the broker looks for segments that retention may delete.
    log_retention_check_interval_ms: u64 {
        name: "log.retention.check.interval.ms",
        default: Some("300000"),
        valid: Valid::AtLeast(1),
        unit: Unit::Milliseconds,
        low: "A little work more often.",
        high: "Records outlive their retention by up to this much.",
    }

    /// How often the broker notes up to where its logs are on stable storage. A start after a crash reads only
    /// what was written since.
    log_flush_offset_checkpoint_interval_ms: u64 {
        name: "log.flush.offset.checkpoint.interval.ms",
        default: Some("60000"),
        valid: Valid::AtLeast(1),
        unit: Unit::Milliseconds,
        low: "More small writes.",
        high: "A start after a crash reads more.",
    }

    /// `cleanup.policy` of topics that do not set it.
    log_cleanup_policy: Cleanup {
        name: "log.cleanup.policy",
        default: Some("delete"),
        valid: Valid::OneOf(&["compact", "delete"]),
        change: Change::Live,
    }

    /// `segment.index.bytes` of topics that do not set it.
    log_index_size_max_bytes: u32 {
        name: "log.index.size.max.bytes",
        default: Some("10485760"),
        valid: Valid::AtLeast(4),
        unit: Unit::Bytes,
        low: "Segments roll before they are full.",
        high: "None on disk; more memory while an index is read.",
        change: Change::Live,
    }

    /// `index.interval.bytes` of topics that do not set it.
    log_index_interval_bytes: u32 {
        name: "log.index.interval.bytes",
        default: Some("4096"),
        unit: Unit::Bytes,
        low: "Larger indexes.",
        high: "Reads that start in the middle scan more.",
        change: Change::Live,
    }

    /// `file.delete.delay.ms` of topics that do not set it.
    log_segment_delete_delay_ms: u64 {
        name: "log.segment.delete.delay.ms",
        default: Some("60000"),
        unit: Unit::Milliseconds,
        low: "A slow read of the segment may fail.",
        high: "Deleted records take disk space for longer.",
        change: Change::Live,
    }

    /// `max.message.bytes` of topics that do not set it.
    message_max_bytes: usize {
        name: "message.max.bytes",
        default: Some("1048588"),
        unit: Unit::Bytes,
        low: "Producers with large records are refused.",
        high: "Consumers need the memory for one such batch.",
        change: Change::Live,
    }

    /// `max.decompressed.message.bytes` of topics that do not set it.
    max_decompressed_message_bytes: i32 {
        name: "max.decompressed.message.bytes",
        default: Some("2147483639"),
        valid: Valid::Within { min: 1, max: 2_147_483_639 },
        unit: Unit::Bytes,
        low: "Well-compressed batches are refused.",
        high: "A small batch may unpack to a lot of memory.",
        change: Change::Live,
        effect: Effect::Kept("Ottla never unpacks more than 1 GiB of one batch."),
    }

    /// `message.timestamp.type` of topics that do not set it.
    log_message_timestamp_type: TimestampType {
        name: "log.message.timestamp.type",
        default: Some("CreateTime"),
        change: Change::Live,
    }

    /// `message.timestamp.before.max.ms` of topics that do not set it.
    log_message_timestamp_before_max_ms: u64 {
        name: "log.message.timestamp.before.max.ms",
        default: Some("9223372036854775807"),
        unit: Unit::Milliseconds,
        low: "Late records are refused.",
        high: "Records may be older than the retention time and vanish at once.",
        change: Change::Live,
    }

    /// `message.timestamp.after.max.ms` of topics that do not set it.
    log_message_timestamp_after_max_ms: u64 {
        name: "log.message.timestamp.after.max.ms",
        default: Some("3600000"),
        unit: Unit::Milliseconds,
        low: "Producers whose clock is ahead are refused.",
        high: "One record from the future keeps its whole segment from being deleted.",
        change: Change::Live,
    }

    /// `compression.type` of topics that do not set it.
    compression_type: Compression {
        name: "compression.type",
        default: Some("producer"),
        change: Change::Live,
    }

    /// `compression.gzip.level` of topics that do not set it.
    compression_gzip_level: i32 {
        name: "compression.gzip.level",
        default: Some("-1"),
        valid: Valid::WithinOr { min: 1, max: 9, or: -1 },
        change: Change::Live,
    }

    /// `compression.lz4.level` of topics that do not set it.
    compression_lz4_level: i32 {
        name: "compression.lz4.level",
        default: Some("9"),
        valid: Valid::Within { min: 1, max: 17 },
        change: Change::Live,
        effect: Effect::Kept(ONE_LEVEL),
    }

    /// `compression.zstd.level` of topics that do not set it.
    compression_zstd_level: i32 {
        name: "compression.zstd.level",
        default: Some("3"),
        valid: Valid::Within { min: -131_072, max: 22 },
        change: Change::Live,
    }

    /// `flush.messages` of topics that do not set it.
    log_flush_interval_messages: i64 {
        name: "log.flush.interval.messages",
        default: Some("9223372036854775807"),
        valid: Valid::AtLeast(1),
        unit: Unit::Count,
        low: "Slow producing.",
        high: "More records at risk in a power cut.",
        change: Change::Live,
        effect: Effect::Kept("`log.durability` decides when records reach the disk."),
    }

    /// `flush.ms` of topics that do not set it.
    log_flush_interval_ms: Option<i64> {
        name: "log.flush.interval.ms",
        unit: Unit::Milliseconds,
        low: "More writes.",
        high: "More records at risk in a power cut.",
        change: Change::Live,
        fallbacks: &[Fallback::to("log.flush.scheduler.interval.ms")],
        effect: Effect::Kept("`log.durability` decides when records reach the disk."),
    }

    /// How often the broker looks for logs that must be written to the disk.
    log_flush_scheduler_interval_ms: i64 {
        name: "log.flush.scheduler.interval.ms",
        default: Some("9223372036854775807"),
        unit: Unit::Milliseconds,
        low: "More writes.",
        high: "More records at risk in a power cut.",
        effect: Effect::Kept("`log.durability` decides when records reach the disk."),
    }

    /// `preallocate` of topics that do not set it.
    log_preallocate: bool {
        name: "log.preallocate",
        default: Some("false"),
        change: Change::Live,
        effect: Effect::Kept("Segment files always grow with their content."),
    }

    /// `local.retention.ms` of topics that do not set it.
    log_local_retention_ms: i64 {
        name: "log.local.retention.ms",
        default: Some("-2"),
        valid: Valid::AtLeast(-2),
        unit: Unit::Milliseconds,
        low: "Reads of recent records go to the remote store.",
        high: "More local disk.",
        change: Change::Live,
        effect: Effect::Kept(NO_TIERS),
    }

    /// `local.retention.bytes` of topics that do not set it.
    log_local_retention_bytes: i64 {
        name: "log.local.retention.bytes",
        default: Some("-2"),
        valid: Valid::AtLeast(-2),
        unit: Unit::Bytes,
        low: "Reads of recent records go to the remote store.",
        high: "More local disk.",
        change: Change::Live,
        effect: Effect::Kept(NO_TIERS),
    }

    /// `remote.copy.lag.ms` of topics that do not set it.
    log_remote_copy_lag_ms: i64 {
        name: "log.remote.copy.lag.ms",
        default: Some("0"),
        valid: Valid::AtLeast(-1),
        unit: Unit::Milliseconds,
        low: "Segments are copied that soon expire.",
        high: "More data exists on one disk only.",
        change: Change::Live,
        effect: Effect::Kept(NO_TIERS),
    }

    /// `remote.copy.lag.bytes` of topics that do not set it.
    log_remote_copy_lag_bytes: i64 {
        name: "log.remote.copy.lag.bytes",
        default: Some("-1"),
        valid: Valid::AtLeast(-1),
        unit: Unit::Bytes,
        low: "Segments are copied that soon expire.",
        high: "More data exists on one disk only.",
        change: Change::Live,
        effect: Effect::Kept(NO_TIERS),
    }
}
