//! `uniform`: as even as possible over all partitions of all topics, moving as few as possible.
//!
//! If all members subscribe to the same topics, no two differ by more than one partition, and nothing moves that need
//! not. Otherwise topics are levelled one by one until no member could hand a partition to another one that has at least
//! two less, or until [`ROUNDS_MAX`]. Balance comes before stickiness, as in Apache Kafka.

use super::{Assignment, Member, Subscribed, is_homogeneous, partition_ids, subscribed};
use crate::group::Catalog;
use ottla_base::{PartitionId, TopicId};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashSet};

/// Gives each of `members` its partitions; the result is in their order.
#[must_use]
pub fn assign(members: &[Member<'_>], catalog: &Catalog) -> Vec<Assignment> {
    let Some(first) = members.first() else { return Vec::new() };
    match is_homogeneous(members) {
        true => assign_homogeneous(members, first.topics, catalog),
        false => Heterogeneous::new(members, catalog).assign(),
    }
}

/// Most passes over all topics. Each about halves what is uneven; where subscriptions do not overlap in chains, the
/// first pass does it all and the second finds nothing to do.
const ROUNDS_MAX: usize = 16;

fn assign_homogeneous(
    members: &[Member<'_>],
    topics: &BTreeSet<TopicId>,
    catalog: &Catalog,
) -> Vec<Assignment> {
    let counts = topics.iter().filter_map(|topic| Some((*topic, catalog.partitions(*topic)?)));
    let counts: BTreeMap<TopicId, i32> = counts.collect();
    let partitions = || counts.iter().flat_map(|(topic, count)| partition_ids(*topic, *count));
    let mut taken = HashSet::new();
    let mut assignments: Vec<Assignment> = Vec::with_capacity(members.len());
    for member in members {
        let exists = |partition: &PartitionId| {
            counts.get(&partition.topic).is_some_and(|count| (0..*count).contains(&partition.index.0))
        };
        let kept = member.target.iter().copied().filter(exists).filter(|partition| taken.insert(*partition));
        assignments.push(kept.collect());
    }
    let total = partitions().count();
    let quotas = quotas(total, &assignments);
    for (assignment, quota) in assignments.iter_mut().zip(&quotas) {
        while *quota < assignment.len() {
            let partition = assignment.pop_last().expect("it has more than its quota, so at least one");
            taken.remove(&partition);
        }
    }
    let mut free = partitions().filter(|partition| !taken.contains(partition));
    for (assignment, quota) in assignments.iter_mut().zip(quotas) {
        assignment.extend(free.by_ref().take(quota - assignment.len()));
    }
    debug_assert!(free.next().is_none(), "the quotas add up to all partitions");
    assignments
}

/// How many partitions each gets. What does not divide goes to those who have the most, so that they need not give
/// it up.
pub(super) fn quotas(total: usize, assignments: &[Assignment]) -> Vec<usize> {
    let (base, extra) = (total / assignments.len(), total % assignments.len());
    let mut order: Vec<usize> = (0..assignments.len()).collect();
    order.sort_by_key(|position| Reverse(assignments[*position].len()));
    let mut quotas = vec![base; assignments.len()];
    order.into_iter().take(extra).for_each(|position| quotas[position] += 1);
    quotas
}

struct Heterogeneous {
    topics: BTreeMap<TopicId, Subscribed>,
    /// Who has each partition of a topic, by index.
    owners: BTreeMap<TopicId, Vec<Option<usize>>>,
    /// How many partitions each member has.
    loads: Vec<usize>,
}

impl Heterogeneous {
    /// Everybody keeps what they subscribe to and had before.
    fn new(members: &[Member<'_>], catalog: &Catalog) -> Self {
        let topics = subscribed(members, catalog);
        let vacant = |(topic, subscribed): (&TopicId, &Subscribed)| {
            (*topic, subscribed.partition_ids(*topic).map(|_| None).collect())
        };
        let mut owners: BTreeMap<TopicId, Vec<Option<usize>>> = topics.iter().map(vacant).collect();
        let mut loads = vec![0; members.len()];
        for (position, member) in members.iter().enumerate() {
            for partition in member.target.iter().filter(|partition| member.topics.contains(&partition.topic))
            {
                let index = usize::try_from(partition.index.0).unwrap_or(usize::MAX);
                let owner = owners.get_mut(&partition.topic).and_then(|owners| owners.get_mut(index));
                if let Some(owner @ None) = owner {
                    *owner = Some(position);
                    loads[position] += 1;
                }
            }
        }
        Self { topics, owners, loads }
    }

    fn assign(mut self) -> Vec<Assignment> {
        let order = self.order();
        order.iter().for_each(|topic| self.give_out(*topic));
        for _ in 0..ROUNDS_MAX {
            let moved = order.iter().fold(false, |moved, topic| self.level(*topic) | moved);
            if !moved {
                break;
            }
        }
        let mut assignments = vec![Assignment::new(); self.loads.len()];
        for (topic, owners) in self.owners {
            let partitions = self.topics[&topic].partition_ids(topic);
            for (partition, owner) in partitions.zip(owners) {
                assignments[owner.expect("every topic here has a subscriber")].insert(partition);
            }
        }
        assignments
    }

    /// Topics with many partitions for each subscriber first: those with few can even out what is left.
    fn order(&self) -> Vec<TopicId> {
        let mut order: Vec<TopicId> = self.topics.keys().copied().collect();
        order.sort_by(|left, right| {
            let facts = |topic| {
                let Subscribed { partitions, members } = &self.topics[topic];
                (i64::from(*partitions), i64::try_from(members.len()).unwrap_or(i64::MAX))
            };
            let ((left_partitions, left_members), (right_partitions, right_members)) =
                (facts(left), facts(right));
            // Partitions for each subscriber, without dividing.
            let per_member = (right_partitions * left_members).cmp(&(left_partitions * right_members));
            per_member.then(left_members.cmp(&right_members))
        });
        order
    }

    /// Gives the topic's partitions that nobody has to those who have the least.
    fn give_out(&mut self, topic: TopicId) {
        let Self { topics, owners, loads } = self;
        let owners = owners.get_mut(&topic).expect("it has an entry for every topic");
        let mut free = owners.iter_mut().filter(|owner| owner.is_none()).peekable();
        if free.peek().is_none() {
            return;
        }
        let least = topics[&topic].members.iter().map(|position| Reverse((loads[*position], *position)));
        let mut least: BinaryHeap<_> = least.collect();
        for owner in free {
            let mut member = least.peek_mut().expect("every topic here has a subscriber");
            let Reverse((load, position)) = &mut *member;
            *owner = Some(*position);
            *load += 1;
            loads[*position] = *load;
        }
    }

    /// Moves partitions of the topic from those who have the most to those who have the least. Says whether any.
    fn level(&mut self, topic: TopicId) -> bool {
        let Self { topics, owners, loads } = self;
        let owners = owners.get_mut(&topic).expect("it has an entry for every topic");
        let subscribers = &topics[&topic].members;
        let least = subscribers.iter().map(|position| loads[*position]).min().unwrap_or(0);
        let most = owners.iter().flatten().map(|position| loads[*position]).max().unwrap_or(0);
        if most < least + 2 {
            return false;
        }
        let mut held = BTreeMap::<usize, Vec<usize>>::new();
        for (index, owner) in owners.iter().enumerate() {
            held.entry(owner.expect("every partition was given out")).or_default().push(index);
        }
        let mut richest: BinaryHeap<_> =
            held.keys().map(|position| (loads[*position], Reverse(*position))).collect();
        let poorest = subscribers.iter().map(|position| Reverse((loads[*position], *position)));
        let mut poorest: BinaryHeap<_> = poorest.collect();
        // Who gave is never the poorest afterwards and who took never the richest: they stay two apart at least
        // before each move, so that neither heap needs to hear of the other's.
        while let (Some((most, Reverse(rich))), Some(Reverse((least, poor)))) = (richest.pop(), poorest.pop())
        {
            if most < least + 2 {
                break;
            }
            let indexes = held.get_mut(&rich).expect("the rich hold something");
            let index = indexes.pop().expect("the rich hold something");
            owners[index] = Some(poor);
            loads[rich] -= 1;
            loads[poor] += 1;
            if !indexes.is_empty() {
                richest.push((loads[rich], Reverse(rich)));
            }
            poorest.push(Reverse((loads[poor], poor)));
        }
        true
    }
}
