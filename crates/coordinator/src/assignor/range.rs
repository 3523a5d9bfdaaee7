//! `range`: each topic is cut into ranges, one for each subscriber, in the order of the members.
//!
//! Members with the same subscription get the same partitions of topics with equally many, which is what joining two
//! topics by key needs. Static members come first, by their instance ids, so that a restart under a new member id
//! moves nothing. What a member had before plays no part, as in Apache Kafka.

use super::{Assignment, Member, subscribed};
use crate::group::Catalog;
use ottla_base::{PartitionId, PartitionIndex};

/// Gives each of `members` its partitions; the result is in their order.
#[must_use]
pub fn assign(members: &[Member<'_>], catalog: &Catalog) -> Vec<Assignment> {
    let mut assignments = vec![Assignment::new(); members.len()];
    let ranks = ranks(members);
    for (topic, mut subscribed) in subscribed(members, catalog) {
        subscribed.members.sort_unstable_by_key(|position| ranks[*position]);
        let mut rest = 0..subscribed.partitions;
        for (done, position) in subscribed.members.iter().enumerate() {
            // What does not divide goes to the first ones.
            let quota = rest.len().div_ceil(subscribed.members.len() - done);
            let indexes = rest.by_ref().take(quota).map(PartitionIndex);
            assignments[*position].extend(indexes.map(|index| PartitionId { topic, index }));
        }
    }
    assignments
}

/// The place of each member in the order in which ranges are given out.
fn ranks(members: &[Member<'_>]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..members.len()).collect();
    order.sort_by_key(|position| {
        let Member { id, instance, .. } = members[*position];
        (instance.is_none(), instance, id)
    });
    let mut ranks = vec![0; members.len()];
    for (rank, position) in order.into_iter().enumerate() {
        ranks[position] = rank;
    }
    ranks
}
