//! What every simulated member is, and what it can ask a coordinator.

use crate::chance::Chance;
use ottla_coordinator::share_partition::{AcknowledgeBatch, Range};
use ottla_wire::message::{
    ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse, HeartbeatRequest, HeartbeatResponse,
    JoinGroupRequest, JoinGroupResponse, LeaveGroupRequest, OffsetCommitRequest, ShareGroupHeartbeatRequest,
    ShareGroupHeartbeatResponse, StreamsGroupHeartbeatRequest, StreamsGroupHeartbeatResponse,
    SyncGroupRequest, SyncGroupResponse,
};
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
    Acquire { member: String, records_max: i32 },
    Acknowledge { member: String, batches: Vec<AcknowledgeBatch> },
}

impl Request {
    /// Of a heartbeat that the protocol takes for news whenever it comes.
    pub(super) fn member_epoch(&self) -> Option<i32> {
        match self {
            Self::Consumer(request) => Some(request.member_epoch),
            Self::Streams(request) => Some(request.member_epoch),
            _ => None,
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
    Acquired(Vec<Range>),
    Acknowledged,
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
    fn close(&mut self, turn: &mut Turn<'_>);

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
