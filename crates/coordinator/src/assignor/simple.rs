//! `simple`, for share groups: every partition has a member, every member a partition, and who has one keeps it.
//!
//! If there are more members than partitions, several share one, each partition equally many. If all members subscribe
//! to the same topics, no two differ by more than one partition; otherwise that holds topic by topic, as in Apache
//! Kafka.

use super::uniform::quotas;
use super::{Assignment, Member, is_homogeneous, subscribed};
use crate::group::Catalog;
use ottla_base::PartitionId;
use std::collections::{BTreeMap, VecDeque};

/// Gives each of `members` its partitions; the result is in their order.
#[must_use]
pub fn assign(members: &[Member<'_>], catalog: &Catalog) -> Vec<Assignment> {
    let mut assignments = vec![Assignment::new(); members.len()];
    let topics = subscribed(members, catalog);
    if is_homogeneous(members) {
        let partitions = topics.iter().flat_map(|(topic, subscribed)| subscribed.partition_ids(*topic));
        let everybody: Vec<usize> = (0..members.len()).collect();
        share_out(&partitions.collect::<Vec<_>>(), &everybody, members, &mut assignments);
    } else {
        for (topic, subscribed) in &topics {
            let partitions: Vec<_> = subscribed.partition_ids(*topic).collect();
            share_out(&partitions, &subscribed.members, members, &mut assignments);
        }
    }
    assignments
}

/// Shares `partitions` (ascending) out among the members at `positions`, who all subscribe to them.
fn share_out(
    partitions: &[PartitionId],
    positions: &[usize],
    members: &[Member<'_>],
    assignments: &mut [Assignment],
) {
    let (Some(first), Some(last)) = (partitions.first(), partitions.last()) else { return };
    if positions.is_empty() {
        return;
    }
    let exists = |partition: &&PartitionId| partitions.binary_search(partition).is_ok();
    let kept = positions.iter().map(|position| {
        let target = members[*position].target.range(*first..=*last);
        target.filter(exists).copied().collect::<Assignment>()
    });
    let mut pool = Pool::new(partitions, kept.collect());
    pool.drop_surplus();
    pool.fill();
    for (position, assignment) in positions.iter().zip(pool.assignments) {
        assignments[*position].extend(assignment);
    }
}

/// Partitions and the members among whom they are shared out.
struct Pool {
    /// How many members each partition should have.
    sharing: usize,
    /// Who has each partition.
    sharers: BTreeMap<PartitionId, Vec<usize>>,
    assignments: Vec<Assignment>,
    /// How many partitions each member should have. They add up to `sharing` for each partition.
    quotas: Vec<usize>,
}

impl Pool {
    fn new(partitions: &[PartitionId], assignments: Vec<Assignment>) -> Self {
        let mut sharers: BTreeMap<PartitionId, Vec<usize>> =
            partitions.iter().map(|partition| (*partition, Vec::new())).collect();
        for (position, assignment) in assignments.iter().enumerate() {
            for partition in assignment {
                sharers.get_mut(partition).expect("only partitions of the pool are kept").push(position);
            }
        }
        let sharing = assignments.len().div_ceil(partitions.len());
        let quotas = quotas(sharing * partitions.len(), &assignments);
        Self { sharing, sharers, assignments, quotas }
    }

    /// Takes away what partitions and members have too much, from those who have the most.
    fn drop_surplus(&mut self) {
        let Self { sharing, sharers, assignments, quotas } = self;
        for (partition, sharers) in sharers.iter_mut() {
            if *sharing < sharers.len() {
                sharers.sort_by_key(|position| assignments[*position].len());
                for position in sharers.drain(*sharing..) {
                    assignments[position].remove(partition);
                }
            }
        }
        for (position, (assignment, quota)) in assignments.iter_mut().zip(quotas.iter()).enumerate() {
            while *quota < assignment.len() {
                let partition = assignment.pop_last().expect("it has more than its quota, so at least one");
                sharers.entry(partition).and_modify(|sharers| sharers.retain(|sharer| *sharer != position));
            }
        }
    }

    /// Gives partitions that have too few members to members that have too few partitions.
    fn fill(&mut self) {
        let mut hungry: Vec<usize> =
            (0..self.assignments.len()).filter(|position| self.is_hungry(*position)).collect();
        // Who has nothing comes first.
        hungry.sort_by_key(|position| self.assignments[*position].len());
        let mut hungry = VecDeque::from(hungry);
        let mut left = Vec::new();
        let partitions: Vec<PartitionId> = self.sharers.keys().copied().collect();
        for partition in partitions {
            let missing = self.sharing - self.sharers[&partition].len();
            for _ in 0..missing {
                match hungry.iter().position(|member| !self.assignments[*member].contains(&partition)) {
                    Some(index) => {
                        let member = hungry.remove(index).expect("the index was found a moment ago");
                        self.give(partition, member);
                        if self.is_hungry(member) {
                            hungry.push_back(member);
                        }
                    }
                    None => left.push(partition),
                }
            }
        }
        for partition in left {
            self.give_by_exchange(partition, &mut hungry);
        }
    }

    /// The hungry all have this partition already: somebody else takes it, and gives one of theirs to a hungry one.
    fn give_by_exchange(&mut self, partition: PartitionId, hungry: &mut VecDeque<usize>) {
        let Some(member) = hungry.pop_front() else { return };
        let found = self.assignments.iter().enumerate().find_map(|(giver, assignment)| {
            let given = assignment.difference(&self.assignments[member]).next()?;
            (!assignment.contains(&partition)).then_some((giver, *given))
        });
        if let Some((giver, given)) = found {
            self.assignments[giver].remove(&given);
            self.sharers.entry(given).and_modify(|sharers| sharers.retain(|sharer| *sharer != giver));
            self.give(partition, giver);
            self.give(given, member);
        }
        if self.is_hungry(member) {
            hungry.push_back(member);
        }
    }

    fn give(&mut self, partition: PartitionId, member: usize) {
        self.assignments[member].insert(partition);
        self.sharers.entry(partition).or_default().push(member);
    }

    fn is_hungry(&self, member: usize) -> bool {
        self.assignments[member].len() < self.quotas[member]
    }
}
