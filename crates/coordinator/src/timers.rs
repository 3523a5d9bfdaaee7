//! Deadlines by name: setting one again replaces it.
//!
//! Invariant: `queue` and `at` hold the same pairs. Every operation is O(log n).

use ottla_base::Tick;
use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;

/// A queue of named deadlines.
#[derive(Debug)]
pub(crate) struct Timers<K> {
    queue: BTreeSet<(Tick, K)>,
    at: HashMap<K, Tick>,
}

impl<K> Default for Timers<K> {
    fn default() -> Self {
        Self { queue: BTreeSet::new(), at: HashMap::new() }
    }
}

impl<K: Clone + Eq + Hash + Ord> Timers<K> {
    /// Sets the deadline of `key`, replacing the one it has.
    pub(crate) fn set(&mut self, key: K, at: Tick) {
        if let Some(before) = self.at.insert(key.clone(), at) {
            self.queue.remove(&(before, key.clone()));
        }
        self.queue.insert((at, key));
    }

    /// Forgets the deadline of `key`, if it has one.
    pub(crate) fn cancel(&mut self, key: &K) {
        if let Some((key, at)) = self.at.remove_entry(key) {
            self.queue.remove(&(at, key));
        }
    }

    /// Whether `key` has a deadline.
    pub(crate) fn is_set(&self, key: &K) -> bool {
        self.at.contains_key(key)
    }

    /// The earliest deadline.
    pub(crate) fn next(&self) -> Option<Tick> {
        self.queue.first().map(|(at, _)| *at)
    }

    /// Takes the earliest deadline that has come by `now`.
    pub(crate) fn pop_due(&mut self, now: Tick) -> Option<K> {
        if self.next()? > now {
            return None;
        }
        let (_, key) = self.queue.pop_first()?;
        self.at.remove(&key);
        Some(key)
    }

    /// Every key that has a deadline.
    #[cfg(test)]
    pub(crate) fn keys(&self) -> impl Iterator<Item = &K> {
        assert_eq!(self.queue.len(), self.at.len());
        self.at.keys()
    }

    /// The deadline of `key`.
    #[cfg(test)]
    pub(crate) fn deadline(&self, key: &K) -> Option<Tick> {
        self.at.get(key).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn setting_again_replaces_and_due_ones_come_in_order() {
        let mut timers = Timers::default();
        timers.set("a", Tick(30));
        timers.set("b", Tick(20));
        timers.set("a", Tick(10));
        timers.set("c", Tick(40));
        timers.cancel(&"c");
        assert_eq!(timers.deadline(&"a"), Some(Tick(10)));
        assert_eq!(timers.next(), Some(Tick(10)));
        assert_eq!(timers.pop_due(Tick(9)), None);
        assert_eq!(timers.pop_due(Tick(20)), Some("a"));
        assert_eq!(timers.pop_due(Tick(20)), Some("b"));
        assert_eq!(timers.next(), None);
    }
}
