//! Which topics a classic group of consumers subscribes to: offsets of those are in use.
//!
//! The subscription is a message between clients. Ottla reads no more of it than its list of topics, which has
//! stood in the same place in all versions:
//! ```text
//! version: i16 | topics: i32 | each: length: i16, UTF-8 | …
//! ```

use super::{CONSUMER, Group};
use ottla_wire::Str;
use std::collections::BTreeSet;

impl Group {
    pub(in crate::group) fn is_of_consumers(&self) -> bool {
        self.protocol_type.as_deref() == Some(CONSUMER)
    }

    /// Whether a member subscribes to the topic. Where that cannot be read, consumers are taken to.
    pub(in crate::group) fn is_subscribed(&self, topic: &str) -> bool {
        match &self.subscribed {
            Some(topics) => topics.contains(topic),
            None => self.is_of_consumers(),
        }
    }

    /// The topics of all members, if all can be read.
    pub(super) fn subscribed_topics(&self) -> Option<BTreeSet<Str>> {
        if !self.is_of_consumers() {
            return None;
        }
        let mut topics = BTreeSet::new();
        for member in self.members.values() {
            topics.extend(read_topics(&member.metadata(self.protocol.as_deref()?))?);
        }
        Some(topics)
    }
}

fn read_topics(subscription: &[u8]) -> Option<Vec<Str>> {
    let (version, rest) = subscription.split_first_chunk::<2>()?;
    if i16::from_be_bytes(*version) < 0 {
        return None;
    }
    let (count, mut rest) = rest.split_first_chunk::<4>()?;
    let mut topics = Vec::new();
    for _ in 0..i32::from_be_bytes(*count) {
        let (length, after) = rest.split_first_chunk::<2>()?;
        let length = usize::try_from(i16::from_be_bytes(*length)).ok()?;
        let (topic, after) = after.split_at_checked(length)?;
        topics.push(Str::from(std::str::from_utf8(topic).ok()?));
        rest = after;
    }
    Some(topics)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_are_read_from_any_version_and_nonsense_is_none() {
        let v3 = b"\0\x03\0\0\0\x02\0\x01a\0\x02bc\xff\xff\xff\xff whatever comes later";
        assert_eq!(read_topics(v3), Some(vec![Str::from("a"), Str::from("bc")]));
        assert_eq!(read_topics(b""), None);
        assert_eq!(read_topics(b"\xff\xff\0\0\0\0"), None);
        assert_eq!(read_topics(b"\0\0\x7f\xff\xff\xff\0\x01a"), None);
        assert_eq!(read_topics(b"\0\0\0\0\0\x01\xff\xff"), None);
        assert_eq!(read_topics(b"\0\0\0\0\0\x01\0\x01\xff"), None);
    }
}
