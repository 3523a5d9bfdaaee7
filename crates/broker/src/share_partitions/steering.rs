//! What operators ask and tell share-partitions.

use super::{SharePartitions, done, id, mixed_up};
use ottla_base::{Offset, PartitionId, TopicId};
use ottla_coordinator::share_partition::{
    Alter, Command, Delete, Describe, Described, LogStart, Open, Reply,
};
use ottla_wire::{ErrorCode, Str};
use std::collections::BTreeSet;

impl SharePartitions {
    /// How the share-partitions stand that there are among these, in no order that could be relied on; with at most
    /// `ranges_max` ranges of each.
    ///
    /// # Errors
    /// NOT_COORDINATOR if the state is being loaded.
    pub(crate) async fn describe(
        &self,
        group: &Str,
        partitions: BTreeSet<PartitionId>,
        ranges_max: usize,
    ) -> Result<Vec<Described>, ErrorCode> {
        let (named, partitions) = (Some(group.clone()), Some(partitions));
        let describe = |ticket| Command::Describe(Describe { ticket, group: named, partitions, ranges_max });
        match self.ask(group, describe).await? {
            Reply::Described(described) => Ok(described),
            other => Err(mixed_up(&other)),
        }
    }

    /// Makes a share-partition start at `start`, whatever was known of it. For groups without members.
    ///
    /// # Errors
    /// NOT_COORDINATOR if the state is being loaded, or was lost before this was durable.
    pub(crate) async fn alter(
        &self,
        group: &Str,
        partition: PartitionId,
        start: Offset,
    ) -> Result<(), ErrorCode> {
        let id = id(group, partition);
        done(self.ask(group, |ticket| Command::Alter(Alter { ticket, id, start })).await)
    }

    /// Gives up what lies before `start` and is not on its way to the dead-letter topic. Never goes back.
    ///
    /// # Errors
    /// As for [`alter`](Self::alter).
    pub(crate) async fn skip(
        &self,
        group: &Str,
        partition: PartitionId,
        start: Offset,
    ) -> Result<(), ErrorCode> {
        let (new, known) = (id(group, partition), id(group, partition));
        drop(self.ask(group, |ticket| Command::Open(Open { ticket, id: new, start })));
        done(self.ask(group, |ticket| Command::LogStart(LogStart { ticket, id: known, start })).await)
    }

    /// Deletes what is known of some topics, or of all, for one group. Harmless if nothing is.
    ///
    /// # Errors
    /// As for [`alter`](Self::alter).
    pub(crate) async fn delete_group(
        &self,
        group: &Str,
        topics: Option<Vec<TopicId>>,
    ) -> Result<(), ErrorCode> {
        let named = Some(group.clone());
        done(self.ask(group, |ticket| Command::Delete(Delete { ticket, group: named, topics })).await)
    }

    /// Forgets topics that were deleted.
    ///
    /// # Errors
    /// As for [`alter`](Self::alter).
    pub(crate) async fn topics_gone(&self, topics: &[TopicId]) -> Result<(), ErrorCode> {
        let delete = |ticket| Command::Delete(Delete { ticket, group: None, topics: Some(topics.to_vec()) });
        let asked: Vec<_> = self.shards.iter().map(|shard| shard.ask(delete)).collect();
        for answer in asked {
            done(answer.await)?;
        }
        Ok(())
    }
}
