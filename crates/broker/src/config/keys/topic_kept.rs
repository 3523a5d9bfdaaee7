//! What can be set on a topic and has no effect yet: tools set these keys and read them back.

use super::{NO_REPLICAS, NO_TIERS};
use crate::config::kinds::ThrottledReplicas;
use ottla_base::config::{Change, Effect, Fallback, Unit, Valid};

ottla_base::config! {
    /// The topic settings that nothing follows from yet.
    pub struct TopicKept, keys TOPIC_KEPT;

    /// After how many records the log is written to the disk.
    flush_messages: i64 {
        name: "flush.messages",
        default: Some("9223372036854775807"),
        valid: Valid::AtLeast(1),
        unit: Unit::Count,
        low: "Slow producing.",
        high: "More records at risk in a power cut.",
        change: Change::Live,
        fallbacks: &[Fallback::to("log.flush.interval.messages")],
        effect: Effect::Kept("`log.durability` decides when records reach the disk."),
    }

    /// After what time the log is written to the disk.
    flush_ms: i64 {
        name: "flush.ms",
        default: Some("9223372036854775807"),
        valid: Valid::AtLeast(0),
        unit: Unit::Milliseconds,
        low: "More writes.",
        high: "More records at risk in a power cut.",
        change: Change::Live,
        fallbacks: &[
            Fallback::to("log.flush.interval.ms"),
            Fallback::to("log.flush.scheduler.interval.ms"),
        ],
        effect: Effect::Kept("`log.durability` decides when records reach the disk."),
    }

    /// Whether a segment file takes its full size when it is created.
    preallocate: bool {
        name: "preallocate",
        default: Some("false"),
        change: Change::Live,
        fallbacks: &[Fallback::to("log.preallocate")],
        effect: Effect::Kept("Segment files always grow with their content."),
    }

    /// The largest size of a batch after decompression that is accepted.
    max_decompressed_message_bytes: i32 {
        name: "max.decompressed.message.bytes",
        default: Some("2147483639"),
        valid: Valid::Within { min: 1, max: 2_147_483_639 },
        unit: Unit::Bytes,
        low: "Well-compressed batches are refused.",
        high: "A small batch may unpack to a lot of memory.",
        change: Change::Live,
        fallbacks: &[Fallback::to("max.decompressed.message.bytes")],
        effect: Effect::Kept("Ottla never unpacks more than 1 GiB of one batch."),
    }

    /// Whether a replica that lacks acknowledged records may become leader when no other is left.
    unclean_leader_election_enable: bool {
        name: "unclean.leader.election.enable",
        default: Some("false"),
        change: Change::Live,
        fallbacks: &[Fallback::to("unclean.leader.election.enable")],
        effect: Effect::Kept(NO_REPLICAS),
    }

    /// The replicas whose leader side is throttled.
    leader_replication_throttled_replicas: ThrottledReplicas {
        name: "leader.replication.throttled.replicas",
        default: Some(""),
        change: Change::Live,
        effect: Effect::Kept(NO_REPLICAS),
    }

    /// The replicas whose follower side is throttled.
    follower_replication_throttled_replicas: ThrottledReplicas {
        name: "follower.replication.throttled.replicas",
        default: Some(""),
        change: Change::Live,
        effect: Effect::Kept(NO_REPLICAS),
    }

    /// Whether old segments move to remote storage.
    remote_storage_enable: bool {
        name: "remote.storage.enable",
        default: Some("false"),
        change: Change::Live,
        effect: Effect::Kept(NO_TIERS),
    }

    /// Whether copying to remote storage is stopped.
    remote_log_copy_disable: bool {
        name: "remote.log.copy.disable",
        default: Some("false"),
        change: Change::Live,
        effect: Effect::Kept(NO_TIERS),
    }

    /// Whether remote data is deleted when remote storage is switched off.
    remote_log_delete_on_disable: bool {
        name: "remote.log.delete.on.disable",
        default: Some("false"),
        change: Change::Live,
        effect: Effect::Kept(NO_TIERS),
    }

    /// How long records stay local once they are copied; -2 means as `retention.ms`.
    local_retention_ms: i64 {
        name: "local.retention.ms",
        default: Some("-2"),
        valid: Valid::AtLeast(-2),
        unit: Unit::Milliseconds,
        low: "Reads of recent records go to the remote store.",
        high: "More local disk.",
        change: Change::Live,
        fallbacks: &[Fallback::to("log.local.retention.ms")],
        effect: Effect::Kept(NO_TIERS),
    }

    /// How many bytes stay local once they are copied; -2 means as `retention.bytes`.
    local_retention_bytes: i64 {
        name: "local.retention.bytes",
        default: Some("-2"),
        valid: Valid::AtLeast(-2),
        unit: Unit::Bytes,
        low: "Reads of recent records go to the remote store.",
        high: "More local disk.",
        change: Change::Live,
        fallbacks: &[Fallback::to("log.local.retention.bytes")],
        effect: Effect::Kept(NO_TIERS),
    }

    /// How long a closed segment waits before it is copied; -1 means until local retention asks for it.
    remote_copy_lag_ms: i64 {
        name: "remote.copy.lag.ms",
        default: Some("0"),
        valid: Valid::AtLeast(-1),
        unit: Unit::Milliseconds,
        low: "Segments are copied that soon expire.",
        high: "More data exists on one disk only.",
        change: Change::Live,
        fallbacks: &[Fallback::to("log.remote.copy.lag.ms")],
        effect: Effect::Kept(NO_TIERS),
    }

    /// How many newer bytes a closed segment waits for before it is copied; -1 means until local retention asks
    /// for it.
    remote_copy_lag_bytes: i64 {
        name: "remote.copy.lag.bytes",
        default: Some("-1"),
        valid: Valid::AtLeast(-1),
        unit: Unit::Bytes,
        low: "Segments are copied that soon expire.",
        high: "More data exists on one disk only.",
        change: Change::Live,
        fallbacks: &[Fallback::to("log.remote.copy.lag.bytes")],
        effect: Effect::Kept(NO_TIERS),
    }
}
