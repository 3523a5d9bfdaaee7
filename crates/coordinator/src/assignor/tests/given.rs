//! Groups for the tests, written down in a few words or made up.

use super::Assign;
use crate::assignor::{Assignment, Member};
use crate::group::{Catalog, CatalogTopic};
use ottla_base::{PartitionId, PartitionIndex, TopicId};
use ottla_wire::Str;
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use uuid::Uuid;

/// A group and the topics there are.
#[derive(Clone, Debug)]
pub(super) struct Given {
    catalog: Vec<i32>,
    pub(super) members: Vec<GivenMember>,
}

#[derive(Clone, Debug)]
pub(super) struct GivenMember {
    id: String,
    instance: Option<String>,
    pub(super) topics: BTreeSet<TopicId>,
    pub(super) target: Assignment,
}

pub(super) fn topic(number: usize) -> TopicId {
    TopicId(Uuid::from_u128(number as u128 + 1))
}

pub(super) fn partition(number: usize, index: i32) -> PartitionId {
    PartitionId { topic: topic(number), index: PartitionIndex(index) }
}

impl Given {
    /// `topics`: how many partitions each has. `members`: an id, `id=instance` for a static one, and the numbers of the
    /// topics it subscribes to.
    pub(super) fn new(topics: &[i32], members: &[(&str, &str)]) -> Self {
        let member = |(name, subscription): &(&str, &str)| {
            let (id, instance) =
                name.split_once('=').map_or((*name, None), |(id, instance)| (id, Some(instance)));
            let numbers =
                subscription.split_whitespace().map(|number| number.parse().expect("a topic's number"));
            GivenMember {
                id: id.to_owned(),
                instance: instance.map(str::to_owned),
                topics: numbers.map(topic).collect(),
                target: Assignment::new(),
            }
        };
        Self { catalog: topics.to_vec(), members: members.iter().map(member).collect() }
    }

    /// The same group, in which everybody has been given this.
    pub(super) fn with_targets(&self, targets: Vec<Assignment>) -> Self {
        let mut given = self.clone();
        given.members.iter_mut().zip(targets).for_each(|(member, target)| member.target = target);
        given
    }

    pub(super) fn without(&self, member: usize) -> Self {
        let mut given = self.clone();
        given.members.remove(member);
        given
    }

    pub(super) fn with(&self, id: &str, subscription: &str) -> Self {
        let mut given = self.clone();
        given.members.extend(Self::new(&[], &[(id, subscription)]).members);
        given
    }

    pub(super) fn is_homogeneous(&self) -> bool {
        self.members.windows(2).all(|pair| pair[0].topics == pair[1].topics)
    }

    pub(super) fn catalog(&self) -> Catalog {
        let topics = self.catalog.iter().enumerate().map(|(number, partitions)| {
            (
                Str::from(format!("t{number}").as_str()),
                CatalogTopic { id: topic(number), partitions: *partitions },
            )
        });
        Catalog::new(1, topics)
    }

    pub(super) fn assign(&self, assign: Assign) -> Vec<Assignment> {
        let members: Vec<_> = self.members.iter().map(GivenMember::as_member).collect();
        assign(&members, &self.catalog())
    }

    /// Each partition that somebody subscribes to.
    pub(super) fn partitions(&self) -> impl Iterator<Item = PartitionId> + '_ {
        let wanted =
            |number: &usize| self.members.iter().any(|member| member.topics.contains(&topic(*number)));
        (0..self.catalog.len())
            .filter(wanted)
            .flat_map(|number| (0..self.catalog[number]).map(move |index| partition(number, index)))
    }

    /// A line for each member: what it has of each topic.
    pub(super) fn show(&self, assignments: &[Assignment]) -> String {
        let mut text = String::new();
        for (member, assignment) in self.members.iter().zip(assignments) {
            let partitions =
                assignment.iter().map(|id| format!(" t{}-{}", id.topic.0.as_u128() - 1, id.index));
            let _ = writeln!(text, "{}:{}", member.id, partitions.collect::<String>());
        }
        text
    }
}

impl GivenMember {
    pub(super) fn as_member(&self) -> Member<'_> {
        let Self { id, instance, topics, target } = self;
        Member { id, instance: instance.as_deref(), topics, target }
    }
}

/// How many partitions moved to somebody who did not have them.
pub(super) fn moved(before: &Given, after: &[Assignment]) -> usize {
    before.members.iter().zip(after).map(|(member, after)| after.difference(&member.target).count()).sum()
}

/// Any group, with targets that may be those of another time or nonsense.
pub(super) fn given() -> impl Strategy<Value = Given> {
    with_subscriptions(prop::option::of(subscription()))
}

/// Any group whose members subscribe to the same topics.
pub(super) fn homogeneous() -> impl Strategy<Value = Given> {
    with_subscriptions(subscription().prop_map(Some))
}

fn subscription() -> impl Strategy<Value = Vec<bool>> {
    prop::collection::vec(any::<bool>(), 5)
}

/// `common`: what everybody subscribes to, or `None` if everybody has their own.
fn with_subscriptions(common: impl Strategy<Value = Option<Vec<bool>>>) -> impl Strategy<Value = Given> {
    let topics = prop::collection::vec(1..9_i32, 0..5);
    let target = prop::collection::vec((0..6_usize, 0..10_i32), 0..12);
    let members = prop::collection::vec((subscription(), target, any::<Option<bool>>()), 0..8);
    (topics, members, common).prop_map(|(catalog, members, common)| {
        let members = members.into_iter().enumerate().map(|(position, (own, target, instance))| {
            let subscription = common.as_ref().unwrap_or(&own);
            let subscribed = subscription.iter().enumerate().filter(|(_, wanted)| **wanted);
            GivenMember {
                id: format!("m{position}"),
                instance: instance.map(|first| format!("{}{position}", if first { "a" } else { "z" })),
                topics: subscribed.map(|(number, _)| topic(number)).collect(),
                target: target.into_iter().map(|(number, index)| partition(number, index)).collect(),
            }
        });
        Given { catalog, members: members.collect() }
    })
}
