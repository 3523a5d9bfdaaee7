//! The classic group protocol: members join, one of them assigns, all are told.
//!
//! ```text
//!           join                 all joined                leader synced
//!   Empty ───────> Preparing ────────────────> Completing ───────────────> Stable
//!     ^            Rebalance <──────────────── Rebalance                     │
//!     └── nobody ──┘  ^        join, leave, expiry                           │
//!                     └──────────────────────────────────────────────────────┘
//! ```
//! "Dead" of Kafka's words is a group that is not there. What the members say to each other (subscriptions,
//! assignments, whether they rebalance eagerly or cooperatively) is opaque, but for the topics they subscribe
//! to, which keep offsets alive.
//!
//! Invariants (`check.rs` asserts them): every waiting, pending or leading member is known; nobody waits for a join
//! outside PreparingRebalance or for an assignment outside CompletingRebalance; a protocol exists that all
//! members know. A generation becomes durable with its assignment; one without is lost in a crash, and its
//! members join again.

#[cfg(test)]
mod check;
mod describe;
mod heartbeat;
mod join;
mod join_static;
mod leave;
mod member;
mod migrants;
mod rebalance;
mod session;
mod stored;
mod subscription;
mod sync;

use super::turn::{Timer, Turn};
use crate::machine::Ticket;
use member::{Member, Protocol};
use ottla_base::Timestamp;
use ottla_wire::message::{JoinGroupResponse, SyncGroupResponse};
use ottla_wire::{ErrorCode, Str};
use std::collections::{BTreeMap, BTreeSet};

pub(super) use heartbeat::heartbeat;
pub(super) use join::join;
pub(super) use leave::leave;
pub(super) use session::{expire_join, expire_session, expire_sync};
pub(super) use sync::sync;

pub use heartbeat::Heartbeat;
pub use join::{FirstJoin, Join, StaticRejoin};
pub use leave::Leave;
pub(super) use stored::Stored;
pub use sync::Sync;

/// Which phase a group is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Nobody is a member.
    Empty,
    /// Members are joining.
    PreparingRebalance(Preparing),
    /// All joined; the leader has not told the assignment yet.
    CompletingRebalance,
    /// The assignment is known.
    Stable,
}

/// How long members may take to join.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Preparing {
    /// The group was empty: wait a little for others, and longer while new ones come.
    Initial {
        /// The length of the current wait in milliseconds.
        delay_ms: i32,
        /// How much longer all waits together may become, in milliseconds.
        remaining_ms: i32,
        /// Somebody came during the current wait.
        newcomer: bool,
    },
    /// Wait for all members, at most their longest rebalance timeout.
    Rejoin,
}

impl State {
    /// The name that DescribeGroups and ListGroups give.
    fn name(self) -> &'static str {
        match self {
            Self::Empty => "Empty",
            Self::PreparingRebalance(_) => "PreparingRebalance",
            Self::CompletingRebalance => "CompletingRebalance",
            Self::Stable => "Stable",
        }
    }
}

/// A classic group as it is now.
#[derive(Debug)]
pub(super) struct Group {
    id: Str,
    state: State,
    /// When it came into this state.
    since: Timestamp,
    generation: i32,
    /// What the members are: `consumer`, `connect`, …; `None` as long as nobody ever was a member.
    protocol_type: Option<Str>,
    /// The assignor all agreed on in this generation.
    protocol: Option<Str>,
    leader: Option<Str>,
    members: BTreeMap<Str, Member>,
    /// Members with a group instance id, by that.
    statics: BTreeMap<Str, Str>,
    /// Ids that were given out and not used yet.
    pending: BTreeSet<Str>,
    /// Members that have not asked for their assignment in this generation.
    unsynced: BTreeSet<Str>,
    /// How many members know each protocol.
    supported: BTreeMap<Str, usize>,
    /// How many members wait for an answer to their join.
    joining: usize,
    /// The topics of all members, if they are consumers whose subscriptions can be read.
    subscribed: Option<BTreeSet<Str>>,
}

/// The protocol type of consumers.
const CONSUMER: &str = "consumer";

impl Group {
    pub(super) fn new(id: Str, now: Timestamp) -> Self {
        Self {
            id,
            state: State::Empty,
            since: now,
            generation: 0,
            protocol_type: None,
            protocol: None,
            leader: None,
            members: BTreeMap::new(),
            statics: BTreeMap::new(),
            pending: BTreeSet::new(),
            unsynced: BTreeSet::new(),
            supported: BTreeMap::new(),
            joining: 0,
            subscribed: None,
        }
    }

    fn enter(&mut self, state: State, now: Timestamp) {
        self.state = state;
        self.since = now;
    }

    fn is_preparing(&self) -> bool {
        matches!(self.state, State::PreparingRebalance(_))
    }

    fn is_leader(&self, member: &str) -> bool {
        self.leader.as_deref() == Some(member)
    }

    fn session_timer(&self, member: &Str) -> Timer {
        Timer::Session { group: self.id.clone(), member: member.clone() }
    }

    fn join_timer(&self) -> Timer {
        Timer::Join { group: self.id.clone() }
    }

    fn sync_timer(&self) -> Timer {
        Timer::Sync { group: self.id.clone() }
    }

    /// Gives the member its whole session again.
    fn restart_session(&self, member: &Str, turn: &mut Turn<'_>) {
        // The key of the map, and not the argument, which may be a slice of a frame.
        if let Some((id, known)) = self.members.get_key_value(member) {
            turn.schedule(self.session_timer(id), known.session_timeout_ms.into());
        }
    }

    /// Whether this is a member, by both of its names.
    fn check_member(&self, member: &str, instance: Option<&Str>) -> Result<(), ErrorCode> {
        if let Some(instance) = instance {
            match self.statics.get(instance) {
                None => return Err(ErrorCode::UNKNOWN_MEMBER_ID),
                Some(current) if **current != *member => return Err(ErrorCode::FENCED_INSTANCE_ID),
                Some(_) => {}
            }
        }
        if self.members.contains_key(member) { Ok(()) } else { Err(ErrorCode::UNKNOWN_MEMBER_ID) }
    }

    /// Whether somebody who speaks these could be a member beside those there are.
    fn supports(&self, protocol_type: &str, protocols: &[Protocol]) -> bool {
        match self.state {
            State::Empty => !protocol_type.is_empty() && !protocols.is_empty(),
            State::PreparingRebalance(_) | State::CompletingRebalance | State::Stable => {
                self.protocol_type.as_deref() == Some(protocol_type)
                    && protocols.iter().any(|known| self.all_know(&known.name))
            }
        }
    }

    fn all_know(&self, protocol: &str) -> bool {
        self.supported.get(protocol).copied().unwrap_or(0) == self.members.len()
    }

    /// The protocol most members prefer among those that all know; the first by name of equals.
    fn elect_protocol(&self) -> Option<Str> {
        let mut votes = BTreeMap::<&Str, usize>::new();
        for member in self.members.values() {
            let preferred = member.protocols.iter().map(|known| &known.name).find(|name| self.all_know(name));
            *votes.entry(preferred?).or_default() += 1;
        }
        let most = votes.values().copied().max()?;
        votes.into_iter().find(|(_, count)| *count == most).map(|(name, _)| name.clone())
    }

    /// Adds a member that is not there yet. The first one leads.
    fn add(&mut self, id: Str, member: Member) {
        if let Some(instance) = &member.instance {
            self.statics.insert(instance.clone(), id.clone());
        }
        if self.leader.is_none() {
            self.leader = Some(id.clone());
        }
        self.pending.remove(&id);
        self.count(&member, Count::In);
        self.members.insert(id, member);
    }

    /// Forgets a member or an id that was given out. Who still waits in its name hears UNKNOWN_MEMBER_ID.
    fn remove(&mut self, id: &Str, turn: &mut Turn<'_>) {
        turn.cancel(&self.session_timer(id));
        self.answer_join(id, join_error("", ErrorCode::UNKNOWN_MEMBER_ID), turn);
        self.answer_sync(id, sync_error(ErrorCode::UNKNOWN_MEMBER_ID), turn);
        self.pending.remove(id);
        self.unsynced.remove(id);
        if let Some(member) = self.members.remove(id) {
            self.count(&member, Count::Out);
            if let Some(instance) = &member.instance {
                self.statics.remove(instance);
            }
        }
        if self.is_leader(id) {
            self.leader = self.members.keys().next().cloned();
        }
    }

    /// Keeps `supported` and `joining` in step with `members`.
    fn count(&mut self, member: &Member, direction: Count) {
        for protocol in &member.protocols {
            let known = self.supported.entry(protocol.name.clone()).or_default();
            match direction {
                Count::In => *known += 1,
                Count::Out => *known -= 1,
            }
            if *known == 0 {
                self.supported.remove(&protocol.name);
            }
        }
        if member.join.is_some() {
            match direction {
                Count::In => self.joining += 1,
                Count::Out => self.joining -= 1,
            }
        }
    }

    /// Lets a member wait for the next generation. Kafka never answers who waited before in its name; here
    /// they are told to join again.
    fn park_join(&mut self, id: &Str, ticket: Ticket, turn: &mut Turn<'_>) {
        self.answer_join(id, join_error(id, ErrorCode::REBALANCE_IN_PROGRESS), turn);
        if let Some(member) = self.members.get_mut(id) {
            member.join = Some(ticket);
            self.joining += 1;
        }
    }

    /// Answers a member's join, if it waits for one.
    fn answer_join(&mut self, id: &str, response: JoinGroupResponse, turn: &mut Turn<'_>) {
        if let Some(ticket) = self.members.get_mut(id).and_then(|member| member.join.take()) {
            self.joining -= 1;
            turn.reply(ticket, response);
        }
    }

    /// Answers a member's sync, if it waits for one. Says whether it did.
    fn answer_sync(&mut self, id: &str, response: SyncGroupResponse, turn: &mut Turn<'_>) -> bool {
        let ticket = self.members.get_mut(id).and_then(|member| member.sync.take());
        if let Some(ticket) = ticket {
            turn.reply(ticket, response);
        }
        ticket.is_some()
    }

    fn have_all_joined(&self) -> bool {
        self.joining == self.members.len() && self.pending.is_empty()
    }

    /// The longest rebalance timeout of all members, in milliseconds.
    fn rebalance_timeout_ms(&self) -> i32 {
        self.members.values().map(|member| member.rebalance_timeout_ms).max().unwrap_or(0)
    }
}

/// Which way a member goes.
#[derive(Clone, Copy)]
enum Count {
    In,
    Out,
}

fn join_error(member: &str, error_code: ErrorCode) -> JoinGroupResponse {
    JoinGroupResponse { member_id: Str::from(member), error_code, protocol_name: None, ..Default::default() }
}

fn sync_error(error_code: ErrorCode) -> SyncGroupResponse {
    SyncGroupResponse { error_code, ..Default::default() }
}
