//! A topic's settings as its logs take them.

use super::TopicConfig;
use super::kinds::{Cleanup, Durability, TimestampType};
use ottla_storage as storage;

impl TopicConfig {
    /// The settings of every partition of a topic that has this configuration.
    #[must_use]
    pub fn log_settings(&self) -> storage::LogSettings {
        let Cleanup { delete, compact } = self.cleanup_policy;
        let lag_ms_max = longest(self.max_compaction_lag_ms);
        storage::LogSettings {
            durability: match self.durability {
                Durability::Sync => storage::Durability::Sync,
                Durability::Os => storage::Durability::Os,
            },
            segment_bytes: self.segment_bytes,
            // A segment must end before its first record has to be compacted.
            segment_ms: if compact { self.segment_ms.min(lag_ms_max) } else { self.segment_ms },
            segment_jitter_ms: self.segment_jitter_ms,
            index_interval_bytes: self.index_interval_bytes,
            index_bytes_max: self.segment_index_bytes,
            retention_ms: limit(self.retention_ms),
            retention_bytes: limit(self.retention_bytes),
            message_bytes_max: u32::try_from(self.max_message_bytes).unwrap_or(u32::MAX),
            timestamp_type: match self.message_timestamp_type {
                TimestampType::CreateTime => storage::TimestampType::CreateTime,
                TimestampType::LogAppendTime => storage::TimestampType::LogAppendTime,
            },
            timestamp_before_max_ms: self.message_timestamp_before_max_ms,
            timestamp_after_max_ms: self.message_timestamp_after_max_ms,
            cleanup: storage::Cleanup { delete, compact },
            file_delete_delay_ms: self.file_delete_delay_ms,
            compaction: storage::Compaction {
                dirty_millionths_min: millionths(self.min_cleanable_dirty_ratio),
                lag_ms_min: u64::try_from(self.min_compaction_lag_ms).unwrap_or(0),
                lag_ms_max,
                delete_retention_ms: u64::try_from(self.delete_retention_ms).unwrap_or(0),
            },
        }
    }
}

/// Kafka writes "no limit" as -1.
fn limit(value: i64) -> Option<u64> {
    u64::try_from(value).ok()
}

/// Kafka writes "never" as the largest number.
fn longest(value: i64) -> u64 {
    if value == i64::MAX { u64::MAX } else { u64::try_from(value).unwrap_or(0) }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share from 0 to 1; the cast saturates"
)]
fn millionths(share: f64) -> u32 {
    (share * 1e6).round() as u32
}
