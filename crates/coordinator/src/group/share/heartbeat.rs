//! ShareGroupHeartbeat: a member joins, says what it subscribes to, and hears what it has.

use super::leave;
use super::member::Member;
use super::{Config, Group, Reply};
use crate::assignor::{self, Assignment};
use crate::group::live::{Directory, Live};
use crate::group::refusal::Refusal;
use crate::group::turn::Turn;
use crate::group::{Catalog, Client};
use crate::machine::Ticket;
use ottla_base::TopicName;
use ottla_base::limits::{MEMBER_ID_BYTES_MAX, SUBSCRIBED_TOPICS_MAX};
use ottla_wire::message::share_group_heartbeat_response::{self, TopicPartitions};
use ottla_wire::message::{ShareGroupHeartbeatRequest, ShareGroupHeartbeatResponse};
use ottla_wire::{ErrorCode, Str};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A heartbeat to decide.
#[derive(Debug)]
pub struct Heartbeat {
    /// Who waits.
    pub ticket: Ticket,
    /// Where the request came from.
    pub client: Client,
    /// What was asked.
    pub request: ShareGroupHeartbeatRequest,
    /// The topics there are.
    pub topics: Arc<Catalog>,
    /// What is in force for this group.
    pub config: Config,
}

pub(super) fn heartbeat(groups: &mut Directory, turn: &mut Turn<'_>, heartbeat: &Heartbeat) {
    let answer = check_request(&heartbeat.request).and_then(|()| match heartbeat.request.member_epoch {
        -1 => leave::leave(groups, turn, &heartbeat.request),
        _ => beat(groups, turn, heartbeat),
    });
    let response = answer.unwrap_or_else(|Refusal { code, message }| ShareGroupHeartbeatResponse {
        error_code: code,
        error_message: Some(message),
        ..Default::default()
    });
    turn.reply(heartbeat.ticket, Reply::Heartbeat(response));
}

/// What is refused whatever the group.
fn check_request(request: &ShareGroupHeartbeatRequest) -> Result<(), Refusal> {
    let refused = |message| Err(Refusal::invalid(message));
    if request.member_id.trim().is_empty() {
        return refused("the member id is empty: the client makes one, and keeps it while it lives");
    }
    if request.group_id.trim().is_empty() {
        return refused("the group id is empty: set group.id");
    }
    if request.rack_id.as_ref().is_some_and(|rack| rack.trim().is_empty()) {
        return refused("the rack id is empty: leave it out, or set client.rack");
    }
    let rack_len = request.rack_id.as_ref().map_or(0, |rack| rack.len());
    if MEMBER_ID_BYTES_MAX < request.member_id.len().max(rack_len) {
        return refused(
            "the member id or the rack id has more than 1024 bytes: they are kept, so make them short",
        );
    }
    match (request.member_epoch, &request.subscribed_topic_names) {
        (0, None) => refused("a member joins without a subscription: epoch 0 asks for names of topics"),
        (0, Some(names)) if names.is_empty() => {
            refused("a member joins without a subscription: epoch 0 asks for names of topics")
        }
        (..=-2, _) => refused("the member epoch is below -1: 0 joins, -1 leaves"),
        (_, Some(names)) if SUBSCRIBED_TOPICS_MAX < names.len() => {
            refused("a member subscribes to more than 10000 topics: share them out over several groups")
        }
        (_, Some(names)) if names.iter().any(|name| TopicName::LENGTH_MAX < name.len()) => {
            refused("a member subscribes to a name of more than 249 characters, which no topic can have")
        }
        _ => Ok(()),
    }
}

fn beat(
    groups: &mut Directory,
    turn: &mut Turn<'_>,
    heartbeat: &Heartbeat,
) -> Result<ShareGroupHeartbeatResponse, Refusal> {
    let id = &heartbeat.request.group_id;
    match groups.0.get_mut(id) {
        Some(Live::Share(group)) => group.beat(turn, heartbeat),
        None if heartbeat.request.member_epoch == 0 => {
            let mut group = Group::new(id.detached());
            let response = group.beat(turn, heartbeat)?;
            groups.0.insert(group.id.clone(), Live::Share(group));
            Ok(response)
        }
        // Not even an empty group of another type makes way, as in Kafka.
        None | Some(_) => Err(no_share_group(groups, id)),
    }
}

pub(super) fn no_share_group(groups: &Directory, id: &Str) -> Refusal {
    let message = match groups.0.contains_key(id) {
        true => format!("group '{id}' is no share group: use another group.id"),
        false => format!("there is no share group '{id}': a member joins with epoch 0"),
    };
    Refusal::new(ErrorCode::GROUP_ID_NOT_FOUND, message)
}

impl Group {
    fn beat(
        &mut self,
        turn: &mut Turn<'_>,
        heartbeat: &Heartbeat,
    ) -> Result<ShareGroupHeartbeatResponse, Refusal> {
        let Heartbeat { request, topics, config, .. } = heartbeat;
        self.check_stays(turn)?;
        let before = self.check_member(request, config)?;
        let id = self.members.get_key_value(&request.member_id);
        let id = id.map_or_else(|| request.member_id.detached(), |(id, _)| id.clone());
        let member = updated(&before, heartbeat);
        let is_resubscribed = member.topics != before.topics;
        self.put(&id, member);
        let has_grown = self.refresh(topics, is_resubscribed);
        self.assign_when_due(topics, config, turn);
        self.reconcile(&id, has_grown, topics);
        turn.schedule(self.session_timer(&id), config.session_timeout_ms.into());
        self.record(turn);
        let member = &self.members[&id];
        // Who is behind has not heard the last answer.
        let is_told = [0, before.previous_epoch].contains(&request.member_epoch)
            || request.subscribed_topic_names.is_some()
            || member.assigned != before.assigned;
        Ok(ShareGroupHeartbeatResponse {
            member_epoch: member.epoch,
            heartbeat_interval_ms: self.next_heartbeat_ms(config, turn),
            assignment: is_told.then(|| Box::new(told(&member.assigned))),
            member_id: Some(id),
            ..Default::default()
        })
    }

    /// The member as it was before this heartbeat, if it may go on.
    fn check_member(
        &self,
        request: &ShareGroupHeartbeatRequest,
        config: &Config,
    ) -> Result<Arc<Member>, Refusal> {
        let (id, epoch) = (&request.member_id, request.member_epoch);
        let known = self.members.get(id);
        if known.is_none() && config.size_max <= self.members.len() {
            let message = format!(
                "share group '{}' has its {} members already: raise group.share.max.size, or use another group",
                self.id, config.size_max
            );
            return Err(Refusal::new(ErrorCode::GROUP_MAX_SIZE_REACHED, message));
        }
        match known {
            None if epoch == 0 => Ok(Arc::default()),
            None => {
                let message = format!("'{id}' is no member of share group '{}': join with epoch 0", self.id);
                Err(Refusal::new(ErrorCode::UNKNOWN_MEMBER_ID, message))
            }
            // Who joins again may, and so may a member that did not hear our last answer.
            Some(member) if [0, member.epoch, member.previous_epoch].contains(&epoch) => {
                Ok(Arc::clone(member))
            }
            Some(member) => {
                let message = format!(
                    "the member is at epoch {}, not at {epoch}: give up all partitions and join with epoch 0",
                    member.epoch
                );
                Err(Refusal::new(ErrorCode::FENCED_MEMBER_EPOCH, message))
            }
        }
    }

    /// Takes the member to its target.
    fn reconcile(&mut self, id: &Str, has_grown: bool, topics: &Catalog) {
        let member = &self.members[id];
        let target_epoch = self.head.assignment_epoch;
        if member.epoch == target_epoch && !has_grown {
            return;
        }
        let is_subscribed = |name: &Str| member.topics.contains(name);
        let mut next = Member::clone(member);
        // The target may be older than the subscription and than the topics.
        next.assigned = member
            .target
            .iter()
            .copied()
            .filter(|partition| topics.name(partition.topic).is_some_and(is_subscribed))
            .collect();
        if member.epoch != target_epoch {
            next.previous_epoch = member.epoch;
            next.epoch = target_epoch;
        }
        self.put(id, Arc::new(next));
    }
}

/// The member with what it says about itself; what it leaves out stays.
fn updated(before: &Arc<Member>, heartbeat: &Heartbeat) -> Arc<Member> {
    let (request, client) = (&heartbeat.request, &heartbeat.client);
    let mut member = Arc::clone(before);
    if request.rack_id.is_some() && request.rack_id != before.rack {
        Arc::make_mut(&mut member).rack = request.rack_id.as_ref().map(Str::detached);
    }
    if *client != before.client {
        Arc::make_mut(&mut member).client = client.clone();
    }
    if let Some(names) = &request.subscribed_topic_names {
        let said: BTreeSet<&Str> = names.iter().collect();
        if !said.iter().copied().eq(before.topics.iter()) {
            let names = said.into_iter().map(Str::detached);
            Arc::make_mut(&mut member).topics = Arc::new(names.collect());
        }
    }
    member
}

/// What a member is told to have.
fn told(assigned: &Assignment) -> share_group_heartbeat_response::Assignment {
    let topic_partitions = assignor::by_topic(assigned).map(|(topic, partitions)| TopicPartitions {
        topic_id: topic.0,
        partitions: partitions.into_iter().map(|index| index.0).collect(),
    });
    share_group_heartbeat_response::Assignment { topic_partitions: topic_partitions.collect() }
}
