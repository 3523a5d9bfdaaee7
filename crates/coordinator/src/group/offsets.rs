//! Committed offsets, and those that transactions will commit; the same for every type of group.
//!
//! Invariant: a group's offsets live and die with its entry in the hard state; nothing here knows a group's type.

pub(super) mod commit;
pub(super) mod complete;
pub(super) mod delete;
pub(super) mod expire;
pub(super) mod fetch;
mod pending;
pub(super) mod txn_commit;

use ottla_base::{LeaderEpoch, Offset, PartitionIndex, Timestamp, TopicId};
use ottla_wire::Str;
use std::collections::BTreeMap;

pub use commit::Commit;
pub use complete::CompleteTransaction;
pub use fetch::{Fetch, Stability};
pub use pending::{Pending, PendingOffset};
pub use txn_commit::TxnCommit;

/// What was committed for one partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    /// The next record to process.
    pub offset: Offset,
    /// The leader epoch of the last processed record, [`LeaderEpoch::NONE`] if the client did not say.
    pub leader_epoch: LeaderEpoch,
    /// The client's own words.
    pub metadata: Str,
    /// When it was committed.
    pub committed_at: Timestamp,
    /// When it expires whatever the group does; old clients (OffsetCommit 2-4) could ask for that.
    pub expires_at: Option<Timestamp>,
    /// Which topic of that name was meant, [`TopicId::NONE`] if not known.
    pub topic_id: TopicId,
    /// Which of two commits to a partition of a group came later, while one of them is pending; not to be
    /// compared otherwise.
    pub position: i64,
}

/// The offsets of one group, by topic name and partition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offsets(BTreeMap<Str, BTreeMap<PartitionIndex, Committed>>);

impl Offsets {
    /// What was committed for a partition of the topic with this name **and** id; an id that is not known on
    /// either side matches any. A topic that was deleted and created again has no offsets.
    pub(super) fn committed(
        &self,
        topic: &str,
        id: TopicId,
        partition: PartitionIndex,
    ) -> Option<&Committed> {
        let committed = self.get(topic, partition)?;
        let same = [committed.topic_id, id].contains(&TopicId::NONE) || committed.topic_id == id;
        same.then_some(committed)
    }

    /// What is committed under that name, whatever the topic's id.
    pub(super) fn get(&self, topic: &str, partition: PartitionIndex) -> Option<&Committed> {
        self.0.get(topic)?.get(&partition)
    }

    /// All of them, by topic and partition.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Str, &BTreeMap<PartitionIndex, Committed>)> {
        self.0.iter()
    }

    pub(super) fn set(&mut self, topic: &Str, partition: PartitionIndex, committed: Option<Committed>) {
        match (committed, self.0.get_mut(topic)) {
            (Some(committed), Some(partitions)) => {
                partitions.insert(partition, committed);
            }
            (Some(committed), None) => {
                self.0.insert(topic.detached(), BTreeMap::from([(partition, committed)]));
            }
            (None, Some(partitions)) => {
                partitions.remove(&partition);
                if partitions.is_empty() {
                    self.0.remove(topic);
                }
            }
            (None, None) => {}
        }
    }
}

/// From when on the retention of a group's offsets counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expiry {
    /// From the commit.
    SinceCommit,
    /// From this moment for all.
    Since(Timestamp),
    /// They are in use.
    Never,
}
