//! What an operator can set about groups. The names of the broker's config keys stand with each field.

use super::{consumer, share, streams};
use std::sync::Arc;

/// The settings of all groups of a shard. The default is Kafka's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `group.initial.rebalance.delay.ms`: how long the first rebalance of an empty group waits for more
    /// members, in milliseconds.
    pub initial_rebalance_delay_ms: i32,
    /// `group.min.session.timeout.ms`: shortest session a member may ask for, in milliseconds.
    pub session_timeout_ms_min: i32,
    /// `group.max.session.timeout.ms`: longest session a member may ask for, in milliseconds.
    pub session_timeout_ms_max: i32,
    /// `group.max.size`: most members of one group.
    pub size_max: usize,
    /// What holds for consumer groups until a request brings what is in force then.
    pub consumer: Arc<consumer::Config>,
    /// The same for share groups.
    pub share: share::Config,
    /// What holds for streams groups until a request brings what is in force then.
    pub streams: Arc<streams::Config>,
    /// `offset.metadata.max.bytes`: longest text that may be committed with an offset. As in Kafka it counts
    /// UTF-16 units, whatever the key's name says.
    pub offset_metadata_max: usize,
    /// `offsets.retention.minutes`, in milliseconds: how long an offset nobody uses is kept.
    pub offsets_retention_ms: i64,
    /// `offsets.retention.check.interval.ms`: how often expired offsets are looked for, in milliseconds.
    pub offsets_check_interval_ms: i64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            initial_rebalance_delay_ms: 3_000,
            session_timeout_ms_min: 6_000,
            session_timeout_ms_max: 1_800_000,
            size_max: i32::MAX as usize,
            consumer: Arc::default(),
            share: share::Config::default(),
            streams: Arc::default(),
            offset_metadata_max: 4_096,
            offsets_retention_ms: 7 * 24 * 60 * 60 * 1_000,
            offsets_check_interval_ms: 10 * 60 * 1_000,
        }
    }
}
