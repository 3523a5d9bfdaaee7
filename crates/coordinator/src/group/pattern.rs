//! Regular expressions for topic names (KIP-848), in the syntax of RE2/J, which Apache Kafka uses.
//!
//! A pattern has to match the whole name, as in Kafka. What RE2/J accepts is accepted here, and what it refuses is
//! refused, but for very large patterns, which have a limit here. What is left to the library is what both mean by
//! sequence, alternation and repetition: `parse` knows RE2's words for everything else and reduces each character class
//! to the characters that topic names consist of, so that Unicode classes cost no tables. Matching takes time linear in
//! the name; no pattern can blow up.
//!
//! [`Patterns`] remembers what each pattern matches, so that a heartbeat costs nothing as long as no topic comes or goes,
//! and only names that are new are matched when one does.

mod chars;
mod parse;

use super::Catalog;
use ottla_base::TopicId;
use ottla_base::limits::{TOPIC_PATTERN_BYTES_MAX, TOPIC_PATTERN_TEXT_MAX};
use ottla_wire::Str;
use regex_lite::{Regex, RegexBuilder};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A pattern that can be matched.
#[derive(Clone, Debug)]
pub struct Pattern(Regex);

/// Why a text is no pattern. The client hears INVALID_REGULAR_EXPRESSION.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// It is not in the syntax of RE2/J.
    #[error("{cause}, at character {at}")]
    Syntax {
        /// What is wrong.
        cause: &'static str,
        /// Where, counted from 1.
        at: usize,
    },
    /// It is too long to be looked at.
    #[error(
        "it has more than {TOPIC_PATTERN_TEXT_MAX} bytes; shorten it, or subscribe to the topics by name"
    )]
    TooLong,
    /// It says too much: its repetitions written out, or its groups within groups.
    #[error(
        "it repeats or nests too much to be matched in bounded time; use smaller numbers in braces or fewer groups"
    )]
    TooLarge,
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// [`Invalid`] if it is none, or too large.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        if TOPIC_PATTERN_TEXT_MAX < text.len() {
            return Err(Invalid::TooLong);
        }
        let translated = parse::translate(text)?;
        let mut builder = RegexBuilder::new(&format!(r"\A(?:{translated})\z"));
        builder.size_limit(TOPIC_PATTERN_BYTES_MAX).nest_limit(NESTED_MAX);
        builder.build().map(Self).map_err(|_| Invalid::TooLarge)
    }

    /// Whether it matches all of `topic`.
    #[must_use]
    pub fn matches(&self, topic: &str) -> bool {
        self.0.is_match(topic)
    }
}

/// How deep groups may be nested.
const NESTED_MAX: u32 = 250;

/// The patterns of a group, with what they match.
#[derive(Debug, Default)]
pub struct Patterns(BTreeMap<Str, Known>);

#[derive(Debug)]
struct Known {
    pattern: Pattern,
    /// Of which topics it was asked last.
    catalog: Arc<Catalog>,
    matched: Arc<BTreeSet<TopicId>>,
}

impl Patterns {
    /// Makes the pattern one of these.
    ///
    /// # Errors
    /// [`Invalid`] if the text is no pattern.
    pub fn learn(&mut self, text: &Str) -> Result<(), Invalid> {
        if !self.0.contains_key(text) {
            let (pattern, before) = (Pattern::parse(text)?, Arc::new(Catalog::default()));
            let known = Known { pattern, catalog: before, matched: Arc::default() };
            self.0.insert(text.detached(), known);
        }
        Ok(())
    }

    /// Whether one of them matches all of `topic`, which need not be there.
    #[must_use]
    pub fn match_any(&self, topic: &str) -> bool {
        self.0.values().any(|known| known.pattern.matches(topic))
    }

    /// The topics in `catalog` that the pattern matches. As long as they are the same, so is the set.
    ///
    /// # Errors
    /// [`Invalid`] if the text is no pattern.
    pub fn resolve(&mut self, text: &Str, catalog: &Arc<Catalog>) -> Result<Arc<BTreeSet<TopicId>>, Invalid> {
        self.learn(text)?;
        let known = self.0.get_mut(text).expect("it was there or was put there");
        known.look_at(catalog);
        Ok(Arc::clone(&known.matched))
    }

    /// Forgets the patterns that nobody needs any more.
    pub fn retain(&mut self, is_needed: impl Fn(&str) -> bool) {
        self.0.retain(|text, _| is_needed(text));
    }
}

impl Known {
    fn look_at(&mut self, catalog: &Arc<Catalog>) {
        if self.catalog.epoch() == catalog.epoch() {
            return;
        }
        let matches = |name: &Str| match self.catalog.topic(name) {
            Some(before) => self.matched.contains(&before.id),
            None => self.pattern.matches(name),
        };
        let matched = catalog.iter().filter(|(name, _)| matches(name)).map(|(_, topic)| topic.id);
        let matched: BTreeSet<TopicId> = matched.collect();
        if *self.matched != matched {
            self.matched = Arc::new(matched);
        }
        self.catalog = Arc::clone(catalog);
    }
}

#[cfg(test)]
mod tests;
