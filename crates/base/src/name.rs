//! Topic names, legal by construction.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

/// A legal topic name: 1 to 249 of `[a-zA-Z0-9._-]`, neither `.` nor `..`. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicName(Arc<str>);

/// Why a name is not a topic's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IllegalTopicName {
    /// It has no character.
    Empty,
    /// It is `.` or `..`.
    Dots,
    /// It has more than [`TopicName::LENGTH_MAX`] characters.
    TooLong,
    /// It has a character outside `[a-zA-Z0-9._-]`.
    IllegalCharacter,
}

impl fmt::Display for IllegalTopicName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "the topic name is empty: give it 1 to 249 characters",
            Self::Dots => "a topic cannot be called '.' or '..'",
            Self::TooLong => "the topic name is longer than 249 characters",
            Self::IllegalCharacter => {
                "the topic name has a character other than ASCII letters, digits, '.', '_' and '-'"
            }
        })
    }
}

impl std::error::Error for IllegalTopicName {}

impl TopicName {
    /// Longest name in characters: with `-` and a partition number it must still be a file name.
    pub const LENGTH_MAX: usize = 249;

    /// Checks `name` by Kafka's rule.
    ///
    /// # Errors
    /// [`IllegalTopicName`] tells which part of the rule is broken.
    pub fn parse(name: &str) -> Result<Self, IllegalTopicName> {
        match name {
            "" => return Err(IllegalTopicName::Empty),
            "." | ".." => return Err(IllegalTopicName::Dots),
            _ => {}
        }
        if name.len() > Self::LENGTH_MAX {
            return Err(IllegalTopicName::TooLong);
        }
        if !name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-')) {
            return Err(IllegalTopicName::IllegalCharacter);
        }
        Ok(Self(name.into()))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is one of the names under which Kafka keeps its own state. Clients read such topics, they never
    /// make or write them.
    #[must_use]
    pub fn is_internal(&self) -> bool {
        is_internal(&self.0)
    }

    /// The form under which names collide: Kafka maps `.` to `_` in metric names, so that `a.b` and `a_b`
    /// cannot both exist.
    #[must_use]
    pub fn collision_key(&self) -> String {
        self.0.replace('.', "_")
    }
}

/// Whether `name` is one under which Kafka keeps its own state ([`TopicName::is_internal`]).
#[must_use]
pub fn is_internal(name: &str) -> bool {
    matches!(name, "__consumer_offsets" | "__transaction_state" | "__share_group_state")
}

impl Borrow<str> for TopicName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TopicName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_kafkas_rule() {
        assert!(TopicName::parse("user-signups_2.v1").is_ok());
        assert_eq!(TopicName::parse(""), Err(IllegalTopicName::Empty));
        assert_eq!(TopicName::parse(".."), Err(IllegalTopicName::Dots));
        assert_eq!(TopicName::parse("a/b"), Err(IllegalTopicName::IllegalCharacter));
        assert_eq!(TopicName::parse("größe"), Err(IllegalTopicName::IllegalCharacter));
        assert!(TopicName::parse(&"x".repeat(249)).is_ok());
        assert_eq!(TopicName::parse(&"x".repeat(250)), Err(IllegalTopicName::TooLong));
    }
}
