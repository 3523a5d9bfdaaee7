//! Assignors: which member of a group gets which partitions, decided by the coordinator.
//!
//! ```text
//! uniform   consumer groups   balanced over everything a member subscribes to; who has a partition keeps it
//! range     consumer groups   each topic in contiguous ranges, so that equal topics are shared out equally
//! simple    share groups      as uniform, but several members may have the same partition
//! ```
//! Invariants, of each: the result depends on nothing but the arguments; every partition of a topic that somebody
//! subscribes to is assigned; nobody gets a partition of a topic that they do not subscribe to; `uniform` and `range`
//! give a partition to one member only. The cost is about that of sorting the subscriptions and the partitions.
//!
//! Deliberately absent: racks. The assignors of Apache Kafka 4.4 do not look at them either.

pub mod range;
pub mod simple;
pub mod uniform;

use crate::group::Catalog;
use ottla_base::{PartitionId, PartitionIndex, TopicId};
use std::collections::{BTreeMap, BTreeSet};

/// The partitions of one member.
pub type Assignment = BTreeSet<PartitionId>;

/// A member, as an assignor sees it.
#[derive(Clone, Copy, Debug)]
pub struct Member<'a> {
    /// Its member id.
    pub id: &'a str,
    /// Its group instance id, if it is static.
    pub instance: Option<&'a str>,
    /// What it subscribes to: by name and by pattern, resolved. A topic that is not in the catalog is as good as
    /// absent.
    pub topics: &'a BTreeSet<TopicId>,
    /// What it should have so far: its target assignment, whether or not it has come to it yet.
    pub target: &'a Assignment,
}

/// Orders an assignment by topic, as messages want it.
pub fn by_topic(assignment: &Assignment) -> impl Iterator<Item = (TopicId, Vec<PartitionIndex>)> + '_ {
    let mut rest = assignment.iter().peekable();
    std::iter::from_fn(move || {
        let topic = rest.peek()?.topic;
        let mut partitions = Vec::new();
        while let Some(partition) = rest.next_if(|partition| partition.topic == topic) {
            partitions.push(partition.index);
        }
        Some((topic, partitions))
    })
}

/// Whether all members subscribe to the same topics. One subscription that members share is looked at once.
fn is_homogeneous(members: &[Member<'_>]) -> bool {
    members
        .windows(2)
        .all(|pair| std::ptr::eq(pair[0].topics, pair[1].topics) || pair[0].topics == pair[1].topics)
}

/// A topic that somebody subscribes to.
struct Subscribed {
    /// How many partitions it has.
    partitions: i32,
    /// The positions of its subscribers, ascending.
    members: Vec<usize>,
}

impl Subscribed {
    fn partition_ids(&self, topic: TopicId) -> impl Iterator<Item = PartitionId> + use<> {
        partition_ids(topic, self.partitions)
    }
}

fn partition_ids(topic: TopicId, partitions: i32) -> impl Iterator<Item = PartitionId> {
    (0..partitions).map(move |index| PartitionId { topic, index: PartitionIndex(index) })
}

/// Who subscribes to what there is.
fn subscribed(members: &[Member<'_>], catalog: &Catalog) -> BTreeMap<TopicId, Subscribed> {
    let mut topics = BTreeMap::<TopicId, Subscribed>::new();
    for (position, member) in members.iter().enumerate() {
        for topic in member.topics {
            if let Some(known) = topics.get_mut(topic) {
                known.members.push(position);
            } else if let Some(partitions) = catalog.partitions(*topic) {
                topics.insert(*topic, Subscribed { partitions, members: vec![position] });
            }
        }
    }
    topics
}

#[cfg(test)]
mod tests;
