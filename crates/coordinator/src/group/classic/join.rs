//! JoinGroup: become a member, or take part in the next generation.

use super::member::{self, Member, Protocol};
use super::{Group, State, join_error};
use crate::group::live::{Directory, Live};
use crate::group::turn::Turn;
use crate::group::{Catalog, Client, consumer};
use crate::machine::Ticket;
use ottla_wire::message::join_group_response::JoinGroupResponseMember;
use ottla_wire::message::{JoinGroupRequest, JoinGroupResponse};
use ottla_wire::{ErrorCode, Str};
use std::sync::Arc;
use uuid::Uuid;

/// A join to decide.
#[derive(Debug)]
pub struct Join {
    /// Who waits.
    pub ticket: Ticket,
    /// Where the request came from.
    pub client: Client,
    /// What was asked.
    pub request: JoinGroupRequest,
    /// How a member without an id is welcomed.
    pub first_join: FirstJoin,
    /// What a static member that comes back is told.
    pub static_rejoin: StaticRejoin,
    /// Makes a new member's id unique.
    pub fresh: Uuid,
    /// The topics there are, for a group that is a consumer group.
    pub topics: Arc<Catalog>,
    /// What is in force for the group if it is a consumer group.
    pub consumers: Arc<consumer::Config>,
}

/// How a dynamic member without an id is welcomed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FirstJoin {
    /// JoinGroup 0-3: at once. A client whose answer is lost leaves a dead member behind.
    Accept,
    /// JoinGroup 4 and later: it gets an id and must join again with that.
    RequireId,
}

/// What a static member that comes back to a stable group is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StaticRejoin {
    /// JoinGroup 9 and later: a leader is told that it leads and must not assign anew.
    SkipAssignment,
    /// Before: a leader is told that its former self leads, lest it assigns anew.
    HideLeader,
}

pub(in crate::group) fn join(groups: &mut Directory, turn: &mut Turn<'_>, join: Join) {
    if let Err(error) = check_request(groups, turn, &join.request) {
        return turn.reply(join.ticket, join_error(&join.request.member_id, error));
    }
    let id = &join.request.group_id;
    match groups.0.get(id) {
        Some(live) if live.excludes_classic() => {
            return turn.reply(join.ticket, join_error("", ErrorCode::INCONSISTENT_GROUP_PROTOCOL));
        }
        Some(live) if !live.may_become_classic() => {}
        Some(_) | None => groups.found(id, turn),
    }
    match groups.classic(id) {
        Some(group) => join_group(group, turn, join),
        // A group of a type that has no classic members.
        None => turn.reply(join.ticket, join_error("", ErrorCode::INCONSISTENT_GROUP_PROTOCOL)),
    }
}

/// What is refused whatever the group. A refused join leaves no group behind.
fn check_request(groups: &Directory, turn: &Turn<'_>, request: &JoinGroupRequest) -> Result<(), ErrorCode> {
    let session_timeouts = turn.settings.session_timeout_ms_min..=turn.settings.session_timeout_ms_max;
    let is_new_group = groups.0.get(&request.group_id).is_none_or(Live::may_become_classic);
    if request.group_id.is_empty() {
        Err(ErrorCode::INVALID_GROUP_ID)
    } else if !session_timeouts.contains(&request.session_timeout_ms) {
        Err(ErrorCode::INVALID_SESSION_TIMEOUT)
    } else if is_new_group && (request.protocol_type.is_empty() || request.protocols.is_empty()) {
        Err(ErrorCode::INCONSISTENT_GROUP_PROTOCOL)
    } else if is_new_group && !request.member_id.is_empty() {
        Err(ErrorCode::UNKNOWN_MEMBER_ID)
    } else {
        Ok(())
    }
}

fn join_group(group: &mut Group, turn: &mut Turn<'_>, join: Join) {
    let member_id = join.request.member_id.clone();
    if !group.has_room(&member_id, turn.settings.size_max) {
        turn.reply(join.ticket, join_error("", ErrorCode::GROUP_MAX_SIZE_REACHED));
        if group.is_preparing() && !member_id.is_empty() {
            // The limit was lowered, and others were faster: nobody needs to wait for this one.
            group.remove(&member_id, turn);
            group.complete_when_all_joined(turn);
        }
        return;
    }
    let protocols = member::protocols(&join.request.protocols);
    if !group.supports(&join.request.protocol_type, &protocols) {
        return turn.reply(join.ticket, join_error(&member_id, ErrorCode::INCONSISTENT_GROUP_PROTOCOL));
    }
    let instance = join.request.group_instance_id.as_ref();
    if member_id.is_empty() {
        match instance.cloned() {
            Some(instance) => group.join_static(&instance, turn, join),
            None => group.join_dynamic(turn, join),
        }
    } else if instance.is_none() && group.pending.contains(&member_id) {
        group.welcome(member_id.detached(), turn, join);
    } else {
        match group.check_member(&member_id, instance) {
            Ok(()) => group.join_again(&member_id, protocols, turn, join),
            Err(error) => turn.reply(join.ticket, join_error(&member_id, error)),
        }
    }
}

impl Group {
    /// Whether one more may join. During a rebalance the first `max` that join stay.
    fn has_room(&self, member: &str, max: usize) -> bool {
        if member.is_empty() && PENDING_MEMBERS_MAX <= self.pending.len() {
            return false;
        }
        match self.state {
            State::Empty => true,
            State::PreparingRebalance(_) => {
                self.joining < max || self.members.get(member).is_some_and(|known| known.join.is_some())
            }
            State::CompletingRebalance | State::Stable => {
                self.members.contains_key(member) || self.members.len() < max
            }
        }
    }

    fn join_dynamic(&mut self, turn: &mut Turn<'_>, join: Join) {
        let id = fresh_id(&join.client.id, join.fresh);
        match join.first_join {
            FirstJoin::Accept => self.welcome(id, turn, join),
            FirstJoin::RequireId => {
                turn.schedule(self.session_timer(&id), join.request.session_timeout_ms.into());
                turn.reply(join.ticket, join_error(&id, ErrorCode::MEMBER_ID_REQUIRED));
                self.pending.insert(id);
            }
        }
    }

    /// Makes a new member, and lets it wait for a generation.
    pub(super) fn welcome(&mut self, id: Str, turn: &mut Turn<'_>, join: Join) {
        if self.members.is_empty() {
            self.protocol_type = Some(join.request.protocol_type.detached());
        }
        self.note_newcomer();
        self.add(id.clone(), Member::new(&join.request, join.client));
        self.park_join(&id, join.ticket, turn);
        turn.schedule(self.session_timer(&id), NEW_MEMBER_TIMEOUT_MS);
        self.rebalance_or_complete(turn);
    }

    /// A member joins again.
    fn join_again(&mut self, id: &Str, protocols: Vec<Protocol>, turn: &mut Turn<'_>, join: Join) {
        let is_same = self.members.get(id).is_some_and(|member| member.protocols == protocols);
        let takes_part = match self.state {
            State::Empty => {
                return turn.reply(join.ticket, join_error(id, ErrorCode::UNKNOWN_MEMBER_ID));
            }
            State::PreparingRebalance(_) => true,
            // The answer to its first join was lost.
            State::CompletingRebalance => !is_same,
            // A leader that joins again wants to assign again, for example because a topic has grown.
            State::Stable => self.is_leader(id) || !is_same,
        };
        if takes_part {
            self.update(id, &join);
            self.park_join(id, join.ticket, turn);
            self.rebalance_or_complete(turn);
        } else {
            let response = self.joined(id);
            turn.reply(join.ticket, response);
        }
    }

    /// Takes over what a known member says about itself.
    pub(super) fn update(&mut self, id: &Str, join: &Join) {
        let Some(mut member) = self.members.remove(id) else { return };
        self.count(&member, super::Count::Out);
        member.protocols = member::protocols(&join.request.protocols);
        member.rebalance_timeout_ms = member::rebalance_timeout_ms(&join.request);
        member.session_timeout_ms = join.request.session_timeout_ms;
        member.client = join.client.clone();
        self.count(&member, super::Count::In);
        self.members.insert(id.clone(), member);
    }

    /// The answer that makes `id` part of the generation. Only the leader hears of the others.
    pub(super) fn joined(&self, id: &Str) -> JoinGroupResponse {
        JoinGroupResponse {
            generation_id: self.generation,
            protocol_type: self.protocol_type.clone(),
            protocol_name: self.protocol.clone(),
            leader: self.leader.clone().unwrap_or_default(),
            member_id: id.clone(),
            members: if self.is_leader(id) { self.introduced() } else { Vec::new() },
            ..Default::default()
        }
    }

    fn introduced(&self) -> Vec<JoinGroupResponseMember> {
        let protocol = self.protocol.as_deref().unwrap_or_default();
        let introduce = |(id, member): (&Str, &Member)| JoinGroupResponseMember {
            member_id: id.clone(),
            group_instance_id: member.instance.clone(),
            metadata: member.metadata(protocol),
        };
        self.members.iter().map(introduce).collect()
    }
}

/// Kafka's form of member ids, which people know from their logs.
pub(super) fn fresh_id(prefix: &str, fresh: Uuid) -> Str {
    Str::from(format!("{prefix}-{fresh}"))
}

/// How long a new member may take to be part of its first generation, in milliseconds, as in Kafka.
const NEW_MEMBER_TIMEOUT_MS: i64 = 5 * 60 * 1_000;

/// Most ids of one group that are given out and not used yet; a client that only ever asks for one could
/// otherwise fill the memory. More are refused like members beyond `group.max.size`. Kafka has no such limit.
const PENDING_MEMBERS_MAX: usize = 10_000;
