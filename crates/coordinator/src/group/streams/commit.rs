//! Who may commit and fetch offsets of a streams group, and which offsets stay.
//!
//! A commit may come with an older member epoch than the member has now, as long as it owned the tasks already in that
//! epoch: the answer to its last heartbeat may still be on its way to it (KIP-1251).

use super::tasks::TaskId;
use super::{Group, Phase};
use crate::group::UnknownGroup;
use crate::group::offsets::{Commit, Expiry};
use ottla_base::PartitionIndex;
use ottla_wire::message::TxnOffsetCommitRequest;
use ottla_wire::message::list_groups_response::ListedGroup;
use ottla_wire::{ErrorCode, Str};
use std::collections::BTreeMap;

impl Group {
    /// Whether who asks may commit offsets now.
    pub(in crate::group) fn check_commit(&self, commit: &Commit) -> Result<(), ErrorCode> {
        let request = &commit.request;
        let epoch = request.generation_id_or_member_epoch;
        if epoch < 0 && self.members.is_empty() {
            return Ok(());
        }
        if !self.members.contains_key(&request.member_id) {
            return Err(ErrorCode::UNKNOWN_MEMBER_ID);
        }
        // Versions before 9 know neither member epochs nor the errors that come with them.
        match commit.unknown_group {
            UnknownGroup::IllegalGeneration => return Err(ErrorCode::UNSUPPORTED_VERSION),
            UnknownGroup::NotFound => {}
        }
        let partitions = request.topics.iter().flat_map(|topic| {
            topic.partitions.iter().map(|partition| (&topic.name, PartitionIndex(partition.partition_index)))
        });
        self.check_epoch(&request.member_id, epoch, partitions)
    }

    /// Whether who asks may commit offsets in a transaction.
    pub(in crate::group) fn check_txn_commit(
        &self,
        request: &TxnOffsetCommitRequest,
    ) -> Result<(), ErrorCode> {
        let epoch = request.generation_id_or_member_epoch;
        let is_anonymous = request.member_id.is_empty() && request.group_instance_id.is_none();
        if epoch < 0 && self.members.is_empty() || epoch == -1 && is_anonymous {
            return Ok(());
        }
        if !self.members.contains_key(&request.member_id) {
            return Err(ErrorCode::UNKNOWN_MEMBER_ID);
        }
        let partitions = request.topics.iter().flat_map(|topic| {
            topic.partitions.iter().map(|partition| (&topic.name, PartitionIndex(partition.partition_index)))
        });
        self.check_epoch(&request.member_id, epoch, partitions)
    }

    fn check_epoch<'a>(
        &self,
        id: &Str,
        epoch: i32,
        mut partitions: impl Iterator<Item = (&'a Str, PartitionIndex)>,
    ) -> Result<(), ErrorCode> {
        let member = self.members.get(id).ok_or(ErrorCode::UNKNOWN_MEMBER_ID)?;
        let held_since = |task: &TaskId| {
            let assigned = member.assigned.active.get(task);
            assigned.or_else(|| member.revoking.active.get(task)).copied()
        };
        // A request may name one topic a million times, and a topology thousands of topics.
        let mut readers = BTreeMap::<&Str, Vec<&Str>>::new();
        let may_commit = |(topic, partition): (&'a Str, PartitionIndex)| {
            let task = |subtopology: &Str| TaskId { subtopology: subtopology.clone(), partition };
            let readers =
                readers.entry(topic).or_insert_with(|| self.stored.topology.readers(topic).collect());
            readers.iter().any(|part| held_since(&task(part)).is_some_and(|since| since <= epoch))
        };
        let is_current = member.epoch == epoch;
        if is_current || epoch < member.epoch && partitions.all(may_commit) {
            Ok(())
        } else {
            Err(ErrorCode::STALE_MEMBER_EPOCH)
        }
    }

    /// Whether who asks may see offsets.
    pub(in crate::group) fn check_fetch(&self, member: Option<&Str>, epoch: i32) -> Result<(), ErrorCode> {
        let Some(id) = member else {
            return if epoch < 0 { Ok(()) } else { Err(ErrorCode::UNKNOWN_MEMBER_ID) };
        };
        match self.members.get(id) {
            None => Err(ErrorCode::UNKNOWN_MEMBER_ID),
            Some(member) if member.epoch != epoch => Err(ErrorCode::STALE_MEMBER_EPOCH),
            Some(_) => Ok(()),
        }
    }

    pub(in crate::group) fn check_delete(&self) -> Result<(), ErrorCode> {
        if self.is_vacant() { Ok(()) } else { Err(ErrorCode::NON_EMPTY_GROUP) }
    }

    pub(in crate::group) fn is_vacant(&self) -> bool {
        self.phase() == Phase::Empty
    }

    pub(in crate::group) fn is_subscribed(&self, topic: &str) -> bool {
        !self.is_vacant() && self.stored.topology.readers(topic).next().is_some()
    }

    pub(in crate::group) fn expiry(&self) -> Expiry {
        Expiry::SinceCommit
    }

    pub(in crate::group) fn listed(&self) -> ListedGroup {
        ListedGroup {
            group_id: self.id.clone(),
            protocol_type: Str::from_static("streams"),
            group_state: Str::from_static(self.phase().name()),
            group_type: Str::from_static("streams"),
        }
    }
}
