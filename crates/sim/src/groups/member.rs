//! What every simulated member is, and what it can ask a coordinator.

use super::queue::{Ask, Told};
use crate::chance::Chance;
use ottla_wire::message::{
    ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse, HeartbeatRequest, HeartbeatResponse,
    JoinGroupRequest, JoinGroupResponse, LeaveGroupRequest, OffsetCommitRequest, ShareGroupHeartbeatRequest,
    ShareGroupHeartbeatResponse, StreamsGroupHeartbeatRequest, StreamsGroupHeartbeatResponse,
    SyncGroupRequest, SyncGroupResponse,
};
use ottla_wire::{ErrorCode, Str};
use std::collections::BTreeSet;
use uuid::Uuid;

/// A partition, by the id of its topic.
pub(super) type Place = (Uuid, i32);

/// What a member asks.
#[derive(Debug, Clone)]
pub(super) enum Request {
    Consumer(ConsumerGroupHeartbeatRequest),
    Share(ShareGroupHeartbeatRequest),
    Streams(Box<StreamsGroupHeartbeatRequest>),
    Join(JoinGroupRequest),
    Sync(SyncGroupRequest),
    Heartbeat(HeartbeatRequest),
    Leave(LeaveGroupRequest),
    Commit(OffsetCommitRequest),
    Queue(Ask),
}

/// What the protocol takes for news whenever it comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum News {
    /// A new life of the member.
    Life,
    /// How it goes on.
    State,
}

impl Request {
    /// What of it is news, if something is.
    pub(super) fn news(&self) -> Option<News> {
        let epoch = match self {
            Self::Consumer(request) => request.member_epoch,
            Self::Share(request) => request.member_epoch,
            Self::Streams(request) => request.member_epoch,
            Self::Join(request) if request.group_instance_id.is_some() && request.member_id.is_empty() => 0,
            _ => return None,
        };
        Some(if epoch == 0 { News::Life } else { News::State })
    }

    /// The group instance id under which a static member comes in, if it does.
    pub(super) fn joins_as(&self) -> Option<&Str> {
        let instance = match self {
            Self::Consumer(request) => &request.instance_id,
            Self::Streams(request) => &request.instance_id,
            Self::Join(request) => &request.group_instance_id,
            _ => return None,
        };
        instance.as_ref().filter(|_| self.news() == Some(News::Life))
    }
}

/// By what a group knows a member.
#[derive(Debug, Clone)]
pub(super) struct Name {
    pub(super) id: String,
    /// Its group instance id, if it is static.
    pub(super) instance: Option<Str>,
}

/// How a member goes in good order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Parting {
    ForGood,
    /// As a static member does: it will be back.
    ForAMoment,
}

impl Parting {
    /// The epoch of the last heartbeat of a member with this name.
    pub(super) fn epoch(self) -> i32 {
        match self {
            Self::ForGood => -1,
            Self::ForAMoment => -2,
        }
    }
}

/// What it hears.
#[derive(Debug, Clone)]
pub(super) enum Answer {
    Consumer(ConsumerGroupHeartbeatResponse),
    Share(ShareGroupHeartbeatResponse),
    Streams(Box<StreamsGroupHeartbeatResponse>),
    Join(Box<JoinGroupResponse>),
    Sync(SyncGroupResponse),
    Heartbeat(HeartbeatResponse),
    Committed,
    Queue(Told),
}

impl Answer {
    /// Whether it is to a request that the protocol takes for [`News`].
    pub(super) fn is_of_news(&self) -> bool {
        match self {
            Self::Consumer(_) | Self::Share(_) | Self::Streams(_) | Self::Join(_) => true,
            Self::Sync(_) | Self::Heartbeat(_) => false,
            Self::Committed | Self::Queue(_) => false,
        }
    }

    pub(super) fn error_code(&self) -> ErrorCode {
        match self {
            Self::Consumer(response) => response.error_code,
            Self::Share(response) => response.error_code,
            Self::Streams(response) => response.error_code,
            Self::Join(response) => response.error_code,
            Self::Sync(response) => response.error_code,
            Self::Heartbeat(response) => response.error_code,
            Self::Committed | Self::Queue(_) => ErrorCode::NONE,
        }
    }
}

/// Which request of a member.
pub(super) type Serial = u64;

/// What a member has in its turn.
pub(super) struct Turn<'a> {
    pub(super) now_ms: u64,
    pub(super) chance: &'a mut Chance,
    pub(super) outbox: Vec<(Serial, Request)>,
    pub(super) serials: &'a mut Serial,
}

impl Turn<'_> {
    pub(super) fn ask(&mut self, request: Request) -> Serial {
        *self.serials += 1;
        self.outbox.push((*self.serials, request));
        *self.serials
    }
}

/// A client of a group, as the libraries behave. It knows nothing of crashes but by answers that do not come.
pub(super) trait Member {
    /// Some time has passed.
    fn wake(&mut self, turn: &mut Turn<'_>);

    /// A request was answered. It may be one that it has given up.
    fn hear(&mut self, serial: Serial, answer: Answer, turn: &mut Turn<'_>);

    /// Its connection broke: what it asked last was decided twice, and it hears neither answer.
    fn reconnect(&mut self) {}

    /// It is closed in good order: its last words.
    fn close(&mut self, parting: Parting, turn: &mut Turn<'_>);

    /// What it believes to own, and for which generation where that matters.
    fn owned(&self) -> (i32, &BTreeSet<Place>);

    /// What it keeps on the disk of a process that it shares with others, if it does.
    fn on_disk(&self) -> Option<BTreeSet<Place>> {
        None
    }

    /// Whether it heard something after which a client ends.
    fn has_given_up(&self) -> bool {
        false
    }

    /// Whether it waits for nothing.
    fn is_settled(&self) -> bool;
}

/// A request that has no answer after this is given up.
pub(super) const REQUEST_TIMEOUT_MS: u64 = 3_000;
/// How long a member may be silent.
pub(super) const SESSION_TIMEOUT_MS: u64 = 6_000;
pub(super) const HEARTBEAT_INTERVAL_MS: u64 = 1_000;
/// Who is told that its instance id is with somebody who lives asks again after this, as if it were started again, but
/// not for ever.
pub(super) const RETRY_MS: u64 = 1_000;
pub(super) const PATIENCE_MS: u64 = 15_000;
