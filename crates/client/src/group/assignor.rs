//! How a group's leader shares partitions out, as Kafka's clients do it: whoever leads, the result is the same.

use crate::metadata::TopicPartition;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A way of sharing out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Assignor {
    /// Each topic on its own, in contiguous runs: the first members get one more if it does not come out even.
    Range,
    /// All partitions of all topics in turn.
    RoundRobin,
}

/// A member as the leader sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscriber {
    /// Its id.
    pub member_id: String,
    /// Its instance id, if it is static: then it keeps its place among the members when its id changes.
    pub instance_id: Option<String>,
    /// What it wants to read.
    pub topics: BTreeSet<Arc<str>>,
}

impl Assignor {
    /// The name by which members agree on it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Range => "range",
            Self::RoundRobin => "roundrobin",
        }
    }

    /// The assignor of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Range, Self::RoundRobin].into_iter().find(|assignor| assignor.name() == name)
    }

    /// Shares out the partitions of `topics` (name to number of partitions) that anyone wants; the result has an entry
    /// for every member.
    #[must_use]
    pub fn assign(
        self,
        mut members: Vec<Subscriber>,
        topics: &BTreeMap<Arc<str>, i32>,
    ) -> BTreeMap<String, Vec<TopicPartition>> {
        // Static members first, by instance id, then the others by member id.
        members.sort_by(|a, b| {
            let key = |member: &Subscriber| (member.instance_id.is_none(), member.instance_id.clone());
            key(a).cmp(&key(b)).then_with(|| a.member_id.cmp(&b.member_id))
        });
        let mut shares: Vec<Vec<TopicPartition>> = vec![Vec::new(); members.len()];
        match self {
            Self::Range => range(&members, topics, &mut shares),
            Self::RoundRobin => round_robin(&members, topics, &mut shares),
        }
        members.into_iter().map(|member| member.member_id).zip(shares).collect()
    }
}

fn range(members: &[Subscriber], topics: &BTreeMap<Arc<str>, i32>, shares: &mut [Vec<TopicPartition>]) {
    for (topic, count) in topics {
        let takers: Vec<_> =
            (0..members.len()).filter(|member| members[*member].topics.contains(topic)).collect();
        let Ok(divisor) = i32::try_from(takers.len()) else { continue };
        if divisor == 0 {
            continue;
        }
        let mut next = 0;
        for (place, member) in (0..).zip(takers) {
            let share = count / divisor + i32::from(place < count % divisor);
            shares[member]
                .extend((next..next + share).map(|index| TopicPartition::new(Arc::clone(topic), index)));
            next += share;
        }
    }
}

fn round_robin(members: &[Subscriber], topics: &BTreeMap<Arc<str>, i32>, shares: &mut [Vec<TopicPartition>]) {
    let mut turn = 0;
    for (topic, count) in topics {
        if !members.iter().any(|member| member.topics.contains(topic)) {
            continue;
        }
        for index in 0..*count {
            while !members[turn % members.len()].topics.contains(topic) {
                turn += 1;
            }
            shares[turn % members.len()].push(TopicPartition::new(Arc::clone(topic), index));
            turn += 1;
        }
    }
}
