//! What a classic group answers to questions that every type of group is asked.

use super::member::Member;
use super::{Group, State};
use crate::group::offsets::{Commit, Expiry};
use ottla_wire::message::TxnOffsetCommitRequest;
use ottla_wire::message::describe_groups_response::{DescribedGroup, DescribedGroupMember};
use ottla_wire::message::list_groups_response::ListedGroup;
use ottla_wire::{ErrorCode, Str};

impl Group {
    pub(in crate::group) fn is_vacant(&self) -> bool {
        self.state == State::Empty && self.pending.is_empty()
    }

    /// Who may commit: members of the current generation, and anybody without a generation while the group is
    /// empty. Not between the end of joining and the assignment: the partition may have gone to another.
    /// It may while members join, because cooperative consumers commit then.
    pub(in crate::group) fn check_commit(&self, commit: &Commit) -> Result<(), ErrorCode> {
        let request = &commit.request;
        let generation = request.generation_id_or_member_epoch;
        let instance = request.group_instance_id.as_ref();
        if generation < 0 && self.state == State::Empty {
            return Ok(());
        }
        if generation < 0 && request.member_id.is_empty() && instance.is_none() {
            return Err(ErrorCode::UNKNOWN_MEMBER_ID);
        }
        self.check_member(&request.member_id, instance)?;
        if generation != self.generation {
            return Err(ErrorCode::ILLEGAL_GENERATION);
        }
        match self.state {
            State::CompletingRebalance => Err(ErrorCode::REBALANCE_IN_PROGRESS),
            State::Empty | State::PreparingRebalance(_) | State::Stable => Ok(()),
        }
    }

    /// Members of the current generation may commit in a transaction, whatever the group does meanwhile. So may
    /// anybody without a generation while the group is empty, and clients older than TxnOffsetCommit 3, which
    /// cannot say who they are, always.
    pub(in crate::group) fn check_txn_commit(
        &self,
        request: &TxnOffsetCommitRequest,
    ) -> Result<(), ErrorCode> {
        let generation = request.generation_id_or_member_epoch;
        let instance = request.group_instance_id.as_ref();
        let is_nameless = generation < 0 && request.member_id.is_empty() && instance.is_none();
        if is_nameless || (generation < 0 && self.state == State::Empty) {
            return Ok(());
        }
        self.check_member(&request.member_id, instance)?;
        if generation == self.generation { Ok(()) } else { Err(ErrorCode::ILLEGAL_GENERATION) }
    }

    /// While there are members, only consumers say which topics they do not need.
    pub(in crate::group) fn check_delete_offsets(&self) -> Result<(), ErrorCode> {
        match self.state {
            State::Empty => Ok(()),
            _ if self.is_of_consumers() => Ok(()),
            State::PreparingRebalance(_) | State::CompletingRebalance | State::Stable => {
                Err(ErrorCode::NON_EMPTY_GROUP)
            }
        }
    }

    pub(in crate::group) fn check_delete(&self) -> Result<(), ErrorCode> {
        match self.state {
            State::Empty => Ok(()),
            State::PreparingRebalance(_) | State::CompletingRebalance | State::Stable => {
                Err(ErrorCode::NON_EMPTY_GROUP)
            }
        }
    }

    pub(in crate::group) fn expiry(&self) -> Expiry {
        match self.state {
            _ if self.protocol_type.is_none() => Expiry::SinceCommit,
            State::Empty => Expiry::Since(self.since),
            State::Stable if self.is_of_consumers() && self.subscribed.is_some() => Expiry::SinceCommit,
            State::PreparingRebalance(_) | State::CompletingRebalance | State::Stable => Expiry::Never,
        }
    }

    pub(in crate::group) fn listed(&self) -> ListedGroup {
        ListedGroup {
            group_id: self.id.clone(),
            protocol_type: self.protocol_type.clone().unwrap_or_default(),
            group_state: Str::from(self.state.name()),
            group_type: Str::from("classic"),
        }
    }

    /// The members' metadata and the protocol are told in a stable group only.
    pub(in crate::group) fn described(&self) -> DescribedGroup {
        let protocol = self.protocol.clone().filter(|_| self.state == State::Stable);
        let describe = |(id, member): (&Str, &Member)| DescribedGroupMember {
            member_id: id.clone(),
            group_instance_id: member.instance.clone(),
            client_id: member.client.id.clone(),
            client_host: member.client.host.clone(),
            member_metadata: protocol.as_ref().map(|name| member.metadata(name)).unwrap_or_default(),
            member_assignment: member.assignment.clone(),
        };
        DescribedGroup {
            group_id: self.id.clone(),
            group_state: Str::from(self.state.name()),
            protocol_type: self.protocol_type.clone().unwrap_or_default(),
            members: self.members.iter().map(describe).collect(),
            protocol_data: protocol.unwrap_or_default(),
            ..Default::default()
        }
    }
}
