//! The answers of the group machine.

use super::{consumer, share, streams};
use ottla_base::{ProducerEpoch, ProducerId};
use ottla_wire::message::delete_groups_response::DeletableGroupResult;
use ottla_wire::message::describe_groups_response::DescribedGroup;
use ottla_wire::message::list_groups_response::ListedGroup;
use ottla_wire::message::offset_fetch_response::OffsetFetchResponseGroup;
use ottla_wire::message::{
    HeartbeatResponse, JoinGroupResponse, LeaveGroupResponse, OffsetCommitResponse, OffsetDeleteResponse,
    SyncGroupResponse, TxnOffsetCommitResponse,
};

/// An answer to a command, of the same name.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// To [`Command::Join`](super::Command::Join), at once or when the group has a new generation.
    Join(Box<JoinGroupResponse>),
    /// To [`Command::Sync`](super::Command::Sync), at once or when the leader has assigned.
    Sync(SyncGroupResponse),
    /// To [`Command::Heartbeat`](super::Command::Heartbeat).
    Heartbeat(HeartbeatResponse),
    /// To [`Command::Leave`](super::Command::Leave).
    Leave(LeaveGroupResponse),
    /// To [`Command::Consumer`](super::Command::Consumer).
    Consumer(consumer::Reply),
    /// To [`Command::Share`](super::Command::Share).
    Share(share::Reply),
    /// To [`Command::Streams`](super::Command::Streams).
    Streams(streams::Reply),
    /// To [`Command::Commit`](super::Command::Commit).
    Commit(OffsetCommitResponse),
    /// To [`Command::TxnCommit`](super::Command::TxnCommit).
    TxnCommit(TxnOffsetCommitResponse),
    /// To [`Command::OpenTransactions`](super::Command::OpenTransactions): each producer with its newest epoch.
    OpenTransactions(Vec<(ProducerId, ProducerEpoch)>),
    /// To [`Command::Fetch`](super::Command::Fetch).
    Fetch(OffsetFetchResponseGroup),
    /// To [`Command::DeleteOffsets`](super::Command::DeleteOffsets).
    DeleteOffsets(OffsetDeleteResponse),
    /// To [`Command::Describe`](super::Command::Describe); `None` if there is no such group.
    Describe(Option<DescribedGroup>),
    /// To [`Command::List`](super::Command::List).
    List(Vec<ListedGroup>),
    /// To [`Command::Delete`](super::Command::Delete).
    Delete(DeletableGroupResult),
    /// To [`Command::CompleteTransaction`](super::Command::CompleteTransaction) and
    /// [`Command::TopicsGone`](super::Command::TopicsGone).
    Done,
}

impl From<JoinGroupResponse> for Reply {
    fn from(response: JoinGroupResponse) -> Self {
        Self::Join(Box::new(response))
    }
}

impl From<SyncGroupResponse> for Reply {
    fn from(response: SyncGroupResponse) -> Self {
        Self::Sync(response)
    }
}

impl From<HeartbeatResponse> for Reply {
    fn from(response: HeartbeatResponse) -> Self {
        Self::Heartbeat(response)
    }
}

impl From<LeaveGroupResponse> for Reply {
    fn from(response: LeaveGroupResponse) -> Self {
        Self::Leave(response)
    }
}

impl From<consumer::Reply> for Reply {
    fn from(reply: consumer::Reply) -> Self {
        Self::Consumer(reply)
    }
}

impl From<share::Reply> for Reply {
    fn from(reply: share::Reply) -> Self {
        Self::Share(reply)
    }
}

impl From<streams::Reply> for Reply {
    fn from(reply: streams::Reply) -> Self {
        Self::Streams(reply)
    }
}

impl From<OffsetCommitResponse> for Reply {
    fn from(response: OffsetCommitResponse) -> Self {
        Self::Commit(response)
    }
}

impl From<TxnOffsetCommitResponse> for Reply {
    fn from(response: TxnOffsetCommitResponse) -> Self {
        Self::TxnCommit(response)
    }
}

impl From<OffsetFetchResponseGroup> for Reply {
    fn from(response: OffsetFetchResponseGroup) -> Self {
        Self::Fetch(response)
    }
}

impl From<OffsetDeleteResponse> for Reply {
    fn from(response: OffsetDeleteResponse) -> Self {
        Self::DeleteOffsets(response)
    }
}

impl From<DeletableGroupResult> for Reply {
    fn from(response: DeletableGroupResult) -> Self {
        Self::Delete(response)
    }
}
