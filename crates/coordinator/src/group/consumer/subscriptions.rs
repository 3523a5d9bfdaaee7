//! What the members of a group subscribe to, all together.

use ottla_wire::Str;
use std::collections::{BTreeMap, BTreeSet};

/// The subscriptions of all members.
#[derive(Debug, Default)]
pub(super) struct Subscriptions {
    /// How many members subscribe to a topic by its name.
    names: BTreeMap<Str, usize>,
}

impl Subscriptions {
    pub(super) fn add(&mut self, topics: &BTreeSet<Str>, _pattern: &Str) {
        for topic in topics {
            *self.names.entry(topic.clone()).or_default() += 1;
        }
    }

    pub(super) fn remove(&mut self, topics: &BTreeSet<Str>, _pattern: &Str) {
        for topic in topics {
            let Some(count) = self.names.get_mut(topic) else { continue };
            *count -= 1;
            if *count == 0 {
                self.names.remove(topic);
            }
        }
    }

    /// The names of all topics that somebody subscribes to.
    pub(super) fn names(&self) -> impl Iterator<Item = &Str> {
        self.names.keys()
    }

    /// Whether somebody subscribes to a topic.
    pub(super) fn contain(&self, topic: &str) -> bool {
        self.names.contains_key(topic)
    }
}
