//! Which commits and fetches of offsets a consumer group welcomes.

use super::Group;
use super::member::Member;
use crate::group::UnknownGroup;
use crate::group::offsets::Commit;
use ottla_base::{PartitionId, PartitionIndex, TopicId};
use ottla_wire::message::TxnOffsetCommitRequest;
use ottla_wire::{ErrorCode, Str};

impl Group {
    /// Members may commit in their epoch, and in an older one for partitions that they have had since then (KIP-1251).
    /// Anybody may without an epoch while the group is empty.
    pub(in crate::group) fn check_commit(&self, commit: &Commit) -> Result<(), ErrorCode> {
        let request = &commit.request;
        let epoch = request.generation_id_or_member_epoch;
        if epoch < 0 && self.members.is_empty() {
            return Ok(());
        }
        let member = self.members.get(&request.member_id).ok_or(ErrorCode::UNKNOWN_MEMBER_ID)?;
        if commit.unknown_group == UnknownGroup::IllegalGeneration && member.classic.is_none() {
            // Before version 9 a client cannot know what STALE_MEMBER_EPOCH means.
            return Err(ErrorCode::UNSUPPORTED_VERSION);
        }
        let partitions = request.topics.iter().flat_map(|topic| {
            topic.partitions.iter().map(|partition| partition_id(topic.topic_id, partition.partition_index))
        });
        member.check_epoch(epoch, partitions)
    }

    /// As [`check_commit`](Self::check_commit). Clients that do not say who they are may always.
    pub(in crate::group) fn check_txn_commit(
        &self,
        request: &TxnOffsetCommitRequest,
    ) -> Result<(), ErrorCode> {
        let epoch = request.generation_id_or_member_epoch;
        let is_nameless = epoch < 0 && request.member_id.is_empty() && request.group_instance_id.is_none();
        if is_nameless || (epoch < 0 && self.members.is_empty()) {
            return Ok(());
        }
        let member = self.members.get(&request.member_id).ok_or(ErrorCode::UNKNOWN_MEMBER_ID)?;
        let partitions = request.topics.iter().flat_map(|topic| {
            topic.partitions.iter().map(|partition| partition_id(topic.topic_id, partition.partition_index))
        });
        member.check_epoch(epoch, partitions)
    }

    /// Who says that it is a member must be one, in its epoch.
    pub(in crate::group) fn check_fetch(&self, member: Option<&Str>, epoch: i32) -> Result<(), ErrorCode> {
        let Some(id) = member else {
            return if epoch < 0 { Ok(()) } else { Err(ErrorCode::UNKNOWN_MEMBER_ID) };
        };
        let member = self.members.get(id).ok_or(ErrorCode::UNKNOWN_MEMBER_ID)?;
        if member.epoch == epoch { Ok(()) } else { Err(member.stale()) }
    }
}

impl Member {
    /// Whether the member may commit for all of these in `epoch`.
    fn check_epoch(
        &self,
        epoch: i32,
        mut partitions: impl Iterator<Item = PartitionId>,
    ) -> Result<(), ErrorCode> {
        let has = |partition: PartitionId| {
            let since = self.assigned.get(&partition).or_else(|| self.revoking.get(&partition));
            since.is_some_and(|since| *since <= epoch)
        };
        let is_good = epoch == self.epoch || (epoch < self.epoch && partitions.all(has));
        if is_good { Ok(()) } else { Err(self.stale()) }
    }

    /// What a member hears whose epoch is not good.
    fn stale(&self) -> ErrorCode {
        match self.classic {
            Some(_) => ErrorCode::ILLEGAL_GENERATION,
            None => ErrorCode::STALE_MEMBER_EPOCH,
        }
    }
}

fn partition_id(topic: uuid::Uuid, index: i32) -> PartitionId {
    PartitionId { topic: TopicId(topic), index: PartitionIndex(index) }
}
