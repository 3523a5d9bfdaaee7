//! Things as people write them: topic ids, moments, bytes that may not be text.

use jiff::Timestamp as Moment;
use ottla_base::{Timestamp, TopicId};

/// A topic's id as Kafka's tools write it: 22 characters of URL-safe base64.
pub(crate) fn topic_id(id: TopicId) -> String {
    ottla_storage::base64::encode(id.0)
}

/// A moment as `2026-11-23T21:14:00.123Z`; a negative number, which means "none", is empty.
pub(crate) fn moment(at: Timestamp) -> String {
    if at.0 < 0 {
        return String::new();
    }
    Moment::from_millisecond(at.0).map_or_else(|_| at.0.to_string(), |moment| format!("{moment:.3}"))
}
