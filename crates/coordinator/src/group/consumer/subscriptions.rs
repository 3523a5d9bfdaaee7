//! What the members of a group subscribe to, all together: names, and patterns with the topics that they match.

use super::member::Member;
use crate::group::pattern::Patterns;
use crate::group::refusal::Refusal;
use crate::group::{Catalog, Pattern};
use ottla_base::TopicId;
use ottla_wire::{ErrorCode, Str};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The subscriptions of all members.
#[derive(Debug, Default)]
pub(super) struct Subscriptions {
    /// How many members subscribe to a topic by its name.
    names: BTreeMap<Str, usize>,
    /// How many members subscribe by a pattern.
    patterns: BTreeMap<Str, usize>,
    matcher: Patterns,
    /// What each pattern matches of the topics that were looked at last.
    matched: BTreeMap<Str, Arc<BTreeSet<TopicId>>>,
}

impl Subscriptions {
    pub(super) fn add(&mut self, member: &Member) {
        for topic in member.topics.iter() {
            *self.names.entry(topic.clone()).or_default() += 1;
        }
        if !member.pattern.is_empty() {
            *self.patterns.entry(member.pattern.clone()).or_default() += 1;
            // A pattern that an older release took and this one does not matches nothing.
            let _ = self.matcher.learn(&member.pattern);
        }
    }

    pub(super) fn remove(&mut self, member: &Member) {
        for topic in member.topics.iter() {
            count_down(&mut self.names, topic);
        }
        if !member.pattern.is_empty() {
            count_down(&mut self.patterns, &member.pattern);
            let Self { patterns, matcher, matched, .. } = self;
            matcher.retain(|text| patterns.contains_key(text));
            matched.retain(|text, _| patterns.contains_key(text));
        }
    }

    /// Whether a member may subscribe by a pattern.
    pub(super) fn check_pattern(&self, pattern: &Str) -> Result<(), Refusal> {
        if pattern.is_empty() || self.patterns.contains_key(pattern) {
            return Ok(());
        }
        let refuse = |message| Err(Refusal::new(ErrorCode::INVALID_REGULAR_EXPRESSION, message));
        if PATTERNS_MAX <= self.patterns.len() {
            return refuse(format!(
                "the members of the group have {PATTERNS_MAX} regular expressions already: use one of those, or names"
            ));
        }
        match Pattern::parse(pattern) {
            Ok(_) => Ok(()),
            Err(invalid) => refuse(format!("the regular expression '{pattern}' cannot be used: {invalid}")),
        }
    }

    /// Finds the topics that the patterns match now.
    pub(super) fn look_at(&mut self, topics: &Arc<Catalog>) {
        for pattern in self.patterns.keys() {
            let matched = self.matcher.resolve(pattern, topics).unwrap_or_default();
            self.matched.insert(pattern.clone(), matched);
        }
    }

    /// A number that tells which topics of `topics`, which were looked at, somebody subscribes to.
    pub(super) fn fingerprint(&self, topics: &Catalog) -> u64 {
        if self.patterns.is_empty() {
            return topics.fingerprint(self.names.keys());
        }
        let matched = self.matched.values().flat_map(|matched| matched.iter());
        let names = self.names.keys().chain(matched.filter_map(|id| topics.name(*id)));
        topics.fingerprint(names.collect::<BTreeSet<_>>())
    }

    /// Whether somebody subscribes to a topic.
    pub(super) fn contain(&self, topic: &str) -> bool {
        self.names.contains_key(topic) || self.matcher.match_any(topic)
    }

    /// The topics of `topics`, which were looked at, that a member subscribes to.
    pub(super) fn of(&self, member: &Member, topics: &Catalog) -> BTreeSet<TopicId> {
        let named = member.topics.iter().filter_map(|name| topics.topic(name)).map(|topic| topic.id);
        let matched =
            self.matched.get(&member.pattern).into_iter().flat_map(|matched| matched.iter().copied());
        named.chain(matched).collect()
    }

    /// Whether a topic of `topics`, which were looked at, is one that the member subscribes to.
    pub(super) fn is_of(&self, member: &Member, topic: TopicId, topics: &Catalog) -> bool {
        let Some(name) = topics.name(topic) else { return false };
        member.topics.contains(name)
            || self.matched.get(&member.pattern).is_some_and(|matched| matched.contains(&topic))
    }

    /// Panics if they are not those of these members.
    #[cfg(test)]
    pub(super) fn check<'a>(&self, members: impl Iterator<Item = &'a Member> + Clone) {
        let names: BTreeSet<&Str> = members.clone().flat_map(|member| member.topics.iter()).collect();
        assert!(self.names.keys().eq(names), "the topics are known");
        let patterns: BTreeSet<&Str> =
            members.map(|member| &member.pattern).filter(|it| !it.is_empty()).collect();
        assert!(self.patterns.keys().eq(patterns), "the patterns are known");
        assert!(self.matched.keys().all(|pattern| self.patterns.contains_key(pattern)));
    }
}

fn count_down(counts: &mut BTreeMap<Str, usize>, text: &Str) {
    let Some(count) = counts.get_mut(text) else { return };
    *count -= 1;
    if *count == 0 {
        counts.remove(text);
    }
}

/// Most different patterns of one group. Each is compared with every new topic, and nobody was seen to need ten.
const PATTERNS_MAX: usize = 100;
