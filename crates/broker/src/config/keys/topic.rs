//! What can be set on a topic and does something on one broker.

use crate::config::kinds::{Cleanup, Compression, Durability, TimestampType};
use ottla_base::config::{Change, Effect, Fallback, Unit, Valid};

use super::ONE_LEVEL;

ottla_base::config! {
    /// The settings of one topic, from its own overrides and what the broker supplies.
    pub struct TopicConfig, keys TOPIC;

    /// What happens to records that are old: `delete` drops whole segments by `retention.ms` and
    /// `retention.bytes`, `compact` keeps at least the last record of every key, both do both, and an empty
    /// value keeps everything for ever. `delete` is the default because a log that nobody prunes fills the disk.
    /// With `compact` every record must have a key; the segment that is being written is never compacted.
    cleanup_policy: Cleanup {
        name: "cleanup.policy",
        default: Some("delete"),
        valid: Valid::OneOf(&["compact", "delete"]),
        change: Change::Live,
        fallbacks: &[Fallback::to("log.cleanup.policy")],
    }

    /// The share of not yet compacted bytes of a partition, its newest segment aside, above which it is compacted.
    /// At 0.5 a compacted log takes up to twice the disk that its newest records need, and every byte is copied
    /// about twice.
    min_cleanable_dirty_ratio: f64 {
        name: "min.cleanable.dirty.ratio",
        default: Some("0.5"),
        valid: Valid::Share,
        unit: Unit::Ratio,
        low: "Compaction runs often and gains little.",
        high: "Replaced values take more space.",
        change: Change::Live,
        fallbacks: &[Fallback::to("log.cleaner.min.cleanable.ratio")],
    }

    /// How long a record is safe from compaction, so that a reader who is not further behind sees every value. By
    /// default only the newest segment is.
    min_compaction_lag_ms: i64 {
        name: "min.compaction.lag.ms",
        default: Some("0"),
        valid: Valid::AtLeast(0),
        unit: Unit::Milliseconds,
        low: "Readers may miss values that were soon replaced.",
        high: "Replaced values take space for longer.",
        change: Change::Live,
        fallbacks: &[Fallback::to("log.cleaner.min.compaction.lag.ms")],
    }

    /// The age at which a record must be compacted even if little is to be gained; for this the newest segment is
    /// ended, too. Never by default. It is what a promise to erase data within some days needs.
    max_compaction_lag_ms: i64 {
        name: "max.compaction.lag.ms",
        default: Some("9223372036854775807"),
        valid: Valid::AtLeast(1),
        unit: Unit::Milliseconds,
        low: "Compaction runs often and gains little.",
        high: "Deleted data may stay on disk for as long as this.",
        change: Change::Live,
        fallbacks: &[Fallback::to("log.cleaner.max.compaction.lag.ms")],
    }

    /// How long compaction keeps the mark of a deleted key, counted from the first time that it meets it, so that
    /// slow readers still see the deletion. The same holds for the markers of transactions. One day by default.
    delete_retention_ms: i64 {
        name: "delete.retention.ms",
        default: Some("86400000"),
        valid: Valid::AtLeast(0),
        unit: Unit::Milliseconds,
        low: "A reader that needs longer than this to catch up misses deletions.",
        high: "Marks of deleted keys take space for longer.",
        change: Change::Live,
        fallbacks: &[Fallback::to("log.cleaner.delete.retention.ms")],
    }

    /// How long records are kept before their segment may be deleted; -1 keeps them for ever. Whole segments
    /// go, judged by their newest record, so records live a little longer than this. Seven days outlast a long
    /// weekend's outage of a consumer.
    retention_ms: i64 {
        name: "retention.ms",
        default: Some("604800000"),
        valid: Valid::AtLeast(-1),
        unit: Unit::Milliseconds,
        low: "A consumer that is down for longer than this loses records.",
        high: "The disk holds everything that was produced in this time.",
        change: Change::Live,
        fallbacks: &[
            Fallback::to("log.retention.ms"),
            Fallback::minutes("log.retention.minutes"),
            Fallback::hours("log.retention.hours"),
        ],
    }

    /// How many bytes of one partition are kept before its oldest segments are deleted; -1 sets no limit.
    /// There is none by default, because a limit would delete records that `retention.ms` promises to keep.
    retention_bytes: i64 {
        name: "retention.bytes",
        default: Some("-1"),
        unit: Unit::Bytes,
        low: "A burst pushes out records that nobody has read.",
        high: "Each partition may take this much disk, whatever its age.",
        change: Change::Live,
        fallbacks: &[Fallback::to("log.retention.bytes")],
    }

    /// The size at which a partition starts a new segment file. Records are deleted by whole segments. 1 GiB
    /// keeps the number of files small on busy partitions.
    segment_bytes: u32 {
        name: "segment.bytes",
        default: Some("1073741824"),
        valid: Valid::AtLeast(1_048_576),
        unit: Unit::Bytes,
        low: "Many files, and more work at start.",
        high: "Retention acts in big steps.",
        change: Change::Live,
        fallbacks: &[Fallback::to("log.segment.bytes")],
    }

    /// The age at which a partition starts a new segment even if the old one is not full, so that retention
    /// reaches quiet partitions, too.
    segment_ms: u64 {
        name: "segment.ms",
        default: Some("604800000"),
        valid: Valid::AtLeast(1),
        unit: Unit::Milliseconds,
        low: "Many small files on quiet partitions.",
        high: "Old records of quiet partitions stay long after their retention time.",
        change: Change::Live,
        fallbacks: &[Fallback::to("log.roll.ms"), Fallback::hours("log.roll.hours")],
    }

    /// Up to this much, chosen at random, is taken off `segment.ms`, so that partitions that began together do
    /// not all roll together. Off by default.
    segment_jitter_ms: u64 {
        name: "segment.jitter.ms",
        default: Some("0"),
        unit: Unit::Milliseconds,
        low: "Thousands of partitions may create files in the same second.",
        high: "Segments roll earlier than `segment.ms` says.",
        change: Change::Live,
        fallbacks: &[Fallback::to("log.roll.jitter.ms"), Fallback::hours("log.roll.jitter.hours")],
    }

    /// The size at which a segment's index is full; a full index starts a new segment.
    segment_index_bytes: u32 {
        name: "segment.index.bytes",
        default: Some("10485760"),
        valid: Valid::AtLeast(4),
        unit: Unit::Bytes,
        low: "Segments roll before they reach `segment.bytes`.",
        high: "None on disk, as index files grow with their content; more memory while one is read.",
        change: Change::Live,
        fallbacks: &[Fallback::to("log.index.size.max.bytes")],
    }

    /// How many bytes of records lie between two index entries. A read scans at most this much to find its
    /// first record.
    index_interval_bytes: u32 {
        name: "index.interval.bytes",
        default: Some("4096"),
        unit: Unit::Bytes,
        low: "Larger indexes.",
        high: "Reads that start in the middle scan more.",
        change: Change::Live,
        fallbacks: &[Fallback::to("log.index.interval.bytes")],
    }

    /// When a produced record counts as safe: `sync` answers after the disk has it, so that neither a crash nor
    /// a power cut loses what was acknowledged; `os` answers once the operating system has it, as Apache Kafka
    /// does, and leaves the moment of writing to the system. On one machine there is no other replica to
    /// recover from, hence `sync`. This key is Ottla's own.
    durability: Durability {
        name: "log.durability",
        default: Some("sync"),
        low: "`os`: a power cut loses the last seconds; a crash of Ottla alone loses nothing.",
        high: "`sync`: each answer waits for the disk; many producers share one wait.",
        change: Change::Live,
        fallbacks: &[Fallback::to("log.durability")],
    }

    /// The largest record batch that is accepted, as it comes, compressed.
    max_message_bytes: usize {
        name: "max.message.bytes",
        default: Some("1048588"),
        unit: Unit::Bytes,
        low: "Producers with large records are refused.",
        high: "Consumers need the memory for one such batch.",
        change: Change::Live,
        fallbacks: &[Fallback::to("message.max.bytes")],
    }

    /// Whose clock a record's timestamp is from: `CreateTime` keeps the producer's, `LogAppendTime` replaces it
    /// by the moment of writing.
    message_timestamp_type: TimestampType {
        name: "message.timestamp.type",
        default: Some("CreateTime"),
        change: Change::Live,
        fallbacks: &[Fallback::to("log.message.timestamp.type")],
    }

    /// How far in the past a record's own timestamp may lie. No limit by default, so that old data can be
    /// loaded.
    message_timestamp_before_max_ms: u64 {
        name: "message.timestamp.before.max.ms",
        default: Some("9223372036854775807"),
        unit: Unit::Milliseconds,
        low: "Late records are refused.",
        high: "Records may be older than the retention time and vanish at once.",
        change: Change::Live,
        fallbacks: &[Fallback::to("log.message.timestamp.before.max.ms")],
    }

    /// How far in the future a record's own timestamp may lie. One hour tolerates wrong clocks but not
    /// timestamps in the wrong unit, which would keep their segment for ever.
    message_timestamp_after_max_ms: u64 {
        name: "message.timestamp.after.max.ms",
        default: Some("3600000"),
        unit: Unit::Milliseconds,
        low: "Producers whose clock is ahead are refused.",
        high: "One record from the future keeps its whole segment from being deleted.",
        change: Change::Live,
        fallbacks: &[Fallback::to("log.message.timestamp.after.max.ms")],
    }

    /// How long the files of deleted segments stay before they are removed, so that reads in progress end well.
    file_delete_delay_ms: u64 {
        name: "file.delete.delay.ms",
        default: Some("60000"),
        unit: Unit::Milliseconds,
        low: "A slow read of the segment may fail.",
        high: "Deleted records take disk space for longer.",
        change: Change::Live,
        fallbacks: &[Fallback::to("log.segment.delete.delay.ms")],
    }

    /// How many replicas must have a record before `acks=all` is answered. One broker is one replica.
    min_insync_replicas: i32 {
        name: "min.insync.replicas",
        default: Some("1"),
        valid: Valid::AtLeast(1),
        unit: Unit::Count,
        low: "Fewer copies of an acknowledged record.",
        high: "Fewer failures until producing stops.",
        change: Change::Live,
        fallbacks: &[Fallback::to("min.insync.replicas")],
        effect: Effect::Kept("A single broker is the only replica and never answers that too few are in sync."),
    }

    /// The compression of stored batches; `producer` stores them as they come, byte for byte. Any other unpacks
    /// and packs each batch that comes compressed otherwise, while its producer waits.
    compression_type: Compression {
        name: "compression.type",
        default: Some("producer"),
        change: Change::Live,
        fallbacks: &[Fallback::to("compression.type")],
    }

    /// How hard gzip tries, from 1 (fast) to 9 (small); -1 is the library's choice.
    compression_gzip_level: i32 {
        name: "compression.gzip.level",
        default: Some("-1"),
        valid: Valid::WithinOr { min: 1, max: 9, or: -1 },
        change: Change::Live,
        fallbacks: &[Fallback::to("compression.gzip.level")],
    }

    /// How hard lz4 tries, from 1 (fast) to 17 (small).
    compression_lz4_level: i32 {
        name: "compression.lz4.level",
        default: Some("9"),
        valid: Valid::Within { min: 1, max: 17 },
        change: Change::Live,
        fallbacks: &[Fallback::to("compression.lz4.level")],
        effect: Effect::Kept(ONE_LEVEL),
    }

    /// How hard zstd tries, from -131072 (fast) to 22 (small).
    compression_zstd_level: i32 {
        name: "compression.zstd.level",
        default: Some("3"),
        valid: Valid::Within { min: -131_072, max: 22 },
        change: Change::Live,
        fallbacks: &[Fallback::to("compression.zstd.level")],
    }

    /// Whether share groups may write dead letters to this topic: records that they gave up on.
    errors_deadletterqueue_group_enable: bool {
        name: "errors.deadletterqueue.group.enable",
        default: Some("false"),
        change: Change::Live,
    }
}
