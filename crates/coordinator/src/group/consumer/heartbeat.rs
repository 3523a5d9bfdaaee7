//! ConsumerGroupHeartbeat: a member joins, says what it wants and what it has, and hears what it shall have.

use super::member::{Member, MemberState};
use super::reconcile::{self, Circumstances, Said};
use super::{Assignor, Config, Group, Reply, leave};
use crate::group::live::{Directory, Live};
use crate::group::refusal::Refusal;
use crate::group::turn::Turn;
use crate::group::{Catalog, Client};
use crate::machine::Ticket;
use ottla_base::limits::{MEMBER_ID_BYTES_MAX, SUBSCRIBED_TOPICS_MAX};
use ottla_base::{PartitionId, PartitionIndex, TopicId, TopicName};
use ottla_wire::message::consumer_group_heartbeat_response::{Assignment, TopicPartitions};
use ottla_wire::message::{ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse};
use ottla_wire::{ErrorCode, Str};
use std::collections::BTreeSet;
use std::sync::Arc;
use uuid::Uuid;

/// A heartbeat to decide.
#[derive(Debug)]
pub struct Heartbeat {
    /// Who waits.
    pub ticket: Ticket,
    /// Where the request came from.
    pub client: Client,
    /// What was asked.
    pub request: ConsumerGroupHeartbeatRequest,
    /// Who makes the ids of members.
    pub member_ids: MemberIds,
    /// The id of a new member that has none.
    pub fresh: Uuid,
    /// The topics there are.
    pub topics: Arc<Catalog>,
    /// What is in force for this group.
    pub config: Arc<Config>,
}

/// Who makes the ids of members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberIds {
    /// ConsumerGroupHeartbeat 0: a member may join without one.
    Coordinator,
    /// ConsumerGroupHeartbeat 1 and later: so that the answer to a first heartbeat may be lost.
    Client,
}

pub(super) fn heartbeat(groups: &mut Directory, turn: &mut Turn<'_>, heartbeat: &Heartbeat) {
    let answer = check_request(heartbeat).and_then(|()| match heartbeat.request.member_epoch {
        -1 | -2 => leave::leave(groups, turn, &heartbeat.request),
        _ => beat(groups, turn, heartbeat),
    });
    let response = answer.unwrap_or_else(|Refusal { code, message }| ConsumerGroupHeartbeatResponse {
        error_code: code,
        error_message: Some(message),
        ..Default::default()
    });
    turn.reply(heartbeat.ticket, Reply::Heartbeat(response));
}

/// What is refused whatever the group.
fn check_request(heartbeat: &Heartbeat) -> Result<(), Refusal> {
    let request = &heartbeat.request;
    let epoch = request.member_epoch;
    let is_empty = |text: &Option<Str>| text.as_ref().is_some_and(|text| text.trim().is_empty());
    let needs_id = heartbeat.member_ids == MemberIds::Client || 0 < epoch || epoch == -1;
    if needs_id && request.member_id.trim().is_empty() {
        return Err(Refusal::invalid(
            "the member id is empty: the client makes one, and keeps it while it lives",
        ));
    }
    if request.group_id.trim().is_empty() {
        return Err(Refusal::invalid("the group id is empty: set group.id"));
    }
    if is_empty(&request.instance_id) || is_empty(&request.rack_id) {
        return Err(Refusal::invalid("an instance id or rack id is empty: leave it out, or give it a text"));
    }
    check_size(request)?;
    match epoch {
        0 => check_join(request)?,
        -2 if request.instance_id.is_none() => {
            return Err(Refusal::invalid("epoch -2 is for static members: give the instance id"));
        }
        ..-2 => return Err(Refusal::invalid("the member epoch is below -2: 0 joins, -1 leaves")),
        _ => {}
    }
    let Some(asked) = &request.server_assignor else { return Ok(()) };
    let known = &heartbeat.config.assignors;
    if known.iter().any(|assignor| *assignor.name() == **asked) {
        return Ok(());
    }
    let names: Vec<&str> = known.iter().map(|assignor| assignor.name()).collect();
    let message =
        format!("there is no assignor '{asked}': set group.remote.assignor to one of {}", names.join(", "));
    Err(Refusal::new(ErrorCode::UNSUPPORTED_ASSIGNOR, message))
}

/// What is kept of a member is bounded, as it is of members of share groups.
fn check_size(request: &ConsumerGroupHeartbeatRequest) -> Result<(), Refusal> {
    let length = |text: &Option<Str>| text.as_ref().map_or(0, |text| text.len());
    let texts = [request.member_id.len(), length(&request.instance_id), length(&request.rack_id)];
    if texts.into_iter().any(|length| MEMBER_ID_BYTES_MAX < length) {
        return Err(Refusal::invalid(
            "the member id, instance id or rack id has more than 1024 bytes: they are kept, so make them short",
        ));
    }
    match &request.subscribed_topic_names {
        Some(names) if SUBSCRIBED_TOPICS_MAX < names.len() => Err(Refusal::invalid(
            "a member subscribes to more than 10000 topics: subscribe by a pattern, or share them out over several \
             groups",
        )),
        Some(names) if names.iter().any(|name| TopicName::LENGTH_MAX < name.len()) => Err(Refusal::invalid(
            "a member subscribes to a name of more than 249 characters, which no topic can have",
        )),
        _ => Ok(()),
    }
}

/// Who joins says everything.
fn check_join(request: &ConsumerGroupHeartbeatRequest) -> Result<(), Refusal> {
    if request.rebalance_timeout_ms == -1 {
        return Err(Refusal::invalid("a member joins without a rebalance timeout: epoch 0 asks for one"));
    }
    if request.topic_partitions.as_ref().is_none_or(|owned| !owned.is_empty()) {
        return Err(Refusal::invalid("a member joins with partitions: epoch 0 asks for an empty list"));
    }
    if request.subscribed_topic_names.is_none() && request.subscribed_topic_regex.is_none() {
        return Err(Refusal::invalid(
            "a member joins without a subscription: give names, or a regular expression",
        ));
    }
    Ok(())
}

fn beat(
    groups: &mut Directory,
    turn: &mut Turn<'_>,
    heartbeat: &Heartbeat,
) -> Result<ConsumerGroupHeartbeatResponse, Refusal> {
    let id = &heartbeat.request.group_id;
    if let Some(Live::Consumer(group)) = groups.0.get_mut(id) {
        return group.beat(turn, heartbeat);
    }
    let is_joining = heartbeat.request.member_epoch == 0;
    if is_joining && let Some(group) = groups.upgraded(id, heartbeat)? {
        return join_upgraded(groups, turn, heartbeat, group);
    }
    let is_vacant = groups.0.get(id).is_none_or(Live::may_become_consumer);
    if !is_joining || !is_vacant {
        return Err(no_consumer_group(groups, id));
    }
    let mut group = Group::new(id.detached());
    let response = group.beat(turn, heartbeat)?;
    groups.replace(group.id.clone(), Live::Consumer(group), turn);
    Ok(response)
}

/// The first member of the consumer protocol joins a group that was classic until now.
fn join_upgraded(
    groups: &mut Directory,
    turn: &mut Turn<'_>,
    heartbeat: &Heartbeat,
    mut group: Group,
) -> Result<ConsumerGroupHeartbeatResponse, Refusal> {
    let response = group.beat(turn, heartbeat)?;
    groups.dissolve_classic(&group.id, turn);
    group.restart_all(&heartbeat.config, turn);
    groups.0.insert(group.id.clone(), Live::Consumer(group));
    Ok(response)
}

pub(super) fn no_consumer_group(groups: &Directory, id: &Str) -> Refusal {
    let message = match groups.0.contains_key(id) {
        true => format!("group '{id}' is no consumer group: use another group.id, or its own group.protocol"),
        false => format!("there is no consumer group '{id}': join with epoch 0"),
    };
    Refusal::new(ErrorCode::GROUP_ID_NOT_FOUND, message)
}

impl Group {
    fn beat(
        &mut self,
        turn: &mut Turn<'_>,
        heartbeat: &Heartbeat,
    ) -> Result<ConsumerGroupHeartbeatResponse, Refusal> {
        let Heartbeat { request, topics, config, .. } = heartbeat;
        let owned = request.topic_partitions.as_ref().map(|owned| {
            let partitions = owned.iter().flat_map(|topic| {
                let id = |index: &i32| PartitionId {
                    topic: TopicId(topic.topic_id),
                    index: PartitionIndex(*index),
                };
                topic.partitions.iter().map(id)
            });
            partitions.collect::<BTreeSet<_>>()
        });
        let who = self.who(heartbeat, owned.as_ref())?;
        request
            .subscribed_topic_regex
            .iter()
            .try_for_each(|regex| self.subscriptions.check_pattern(regex))?;
        // Nothing is refused from here on, and nothing has changed before.
        if let Some(former) = &who.replaces {
            self.take(former, turn);
        }
        let (id, before) = (who.id, who.before);
        let preferred = self.preferred_assignor(config);
        let member = updated(&before, heartbeat);
        let is_resubscribed = (&member.topics, &member.pattern) != (&before.topics, &before.pattern);
        self.put(&id, member);
        let has_reason = is_resubscribed || preferred != self.preferred_assignor(config);
        self.note(topics, config);
        self.refresh(topics, has_reason);
        self.assign_when_due(topics, config, turn);
        let said = Said { owned, is_resubscribed };
        self.reconcile(&id, &said, topics, turn);
        turn.schedule(self.session_timer(&id), config.session_timeout_ms.into());
        self.record(turn);
        let member = &self.members[&id];
        let is_full = request.rebalance_timeout_ms != -1
            && (request.subscribed_topic_names.is_some() || request.subscribed_topic_regex.is_some())
            && said.owned.is_some();
        let is_told = request.member_epoch == 0 || is_full || member.assigned != before.assigned;
        Ok(ConsumerGroupHeartbeatResponse {
            member_id: Some(id),
            member_epoch: member.epoch,
            heartbeat_interval_ms: self.next_heartbeat_ms(config, turn),
            assignment: is_told.then(|| Box::new(member.told())),
            ..Default::default()
        })
    }

    /// Takes notice of changes of the topics, and of a subscription; either is a reason for a new target assignment.
    pub(super) fn refresh(&mut self, topics: &Arc<Catalog>, has_reason: bool) {
        if !has_reason && self.catalog_epoch == Some(topics.epoch()) {
            return;
        }
        self.catalog_epoch = Some(topics.epoch());
        self.subscriptions.look_at(topics);
        let fingerprint = self.subscriptions.fingerprint(topics);
        // One that is due anyway will see these topics.
        let is_due = self.head.assignment_epoch < self.head.epoch;
        if has_reason || (fingerprint != self.head.fingerprint && !is_due) {
            self.head.epoch += 1;
        }
        self.head.fingerprint = fingerprint;
    }

    /// When the member shall come again: no later than there can be a new target assignment that is due, so that the
    /// interval between assignments costs nobody a whole interval between heartbeats.
    fn next_heartbeat_ms(&self, config: &Config, turn: &Turn<'_>) -> i32 {
        let wait_ms = self.assignment_is_due_in_ms(config, turn).filter(|wait_ms| 0 < *wait_ms);
        wait_ms.map_or(config.heartbeat_interval_ms, |wait_ms| wait_ms.min(config.heartbeat_interval_ms))
    }

    /// Takes the member one step towards its target.
    pub(super) fn reconcile(&mut self, id: &Str, said: &Said, topics: &Catalog, turn: &mut Turn<'_>) {
        let member = &self.members[id];
        if !said.is_resubscribed && member.is_reconciled_to(self.head.assignment_epoch) {
            return;
        }
        let circumstances = Circumstances {
            target_epoch: self.head.assignment_epoch,
            said,
            is_subscribed: &|topic| self.subscriptions.is_of(member, topic, topics),
            is_free: &|partition| self.owners.get(&partition).is_none_or(|owner| owner == id),
        };
        let Some(next) = reconcile::step(member, &circumstances) else { return };
        let timer = self.rebalance_timer(id);
        match next.state {
            // A classic member hears of it at its next heartbeat, and its time begins then.
            _ if next.classic.is_some() => {}
            MemberState::Unrevoked => turn.schedule(timer, next.rebalance_timeout_ms.into()),
            MemberState::Stable | MemberState::Unreleased => turn.cancel(&timer),
        }
        self.put(id, Arc::new(next));
    }

    /// The assignor that most members ask for; of equals the one that is configured first.
    pub(super) fn preferred_assignor(&self, config: &Config) -> Assignor {
        let asked = |assignor: &Assignor| self.assignors.get(assignor).copied().unwrap_or(0);
        // The last of equals is the greatest.
        let most = Assignor::ALL.iter().chain(config.assignors.iter().rev()).max_by_key(|it| asked(it));
        most.filter(|assignor| 0 < asked(assignor)).copied().unwrap_or(config.default_assignor())
    }
}

impl Member {
    /// What the member is told to have.
    fn told(&self) -> Assignment {
        let mut topic_partitions = Vec::<TopicPartitions>::new();
        for partition in self.assigned.keys() {
            match topic_partitions.last_mut().filter(|last| last.topic_id == partition.topic.0) {
                Some(last) => last.partitions.push(partition.index.0),
                None => topic_partitions.push(TopicPartitions {
                    topic_id: partition.topic.0,
                    partitions: vec![partition.index.0],
                }),
            }
        }
        Assignment { topic_partitions }
    }
}

/// The member with what it says about itself; what it leaves out stays.
fn updated(before: &Arc<Member>, heartbeat: &Heartbeat) -> Arc<Member> {
    let (request, client) = (&heartbeat.request, &heartbeat.client);
    let mut member = Arc::clone(before);
    let differs = |said: &Option<Str>, known: &Option<Str>| said.is_some() && said != known;
    if differs(&request.instance_id, &before.instance) {
        Arc::make_mut(&mut member).instance = request.instance_id.as_ref().map(Str::detached);
    }
    if before.classic.is_some() {
        Arc::make_mut(&mut member).classic = None;
    }
    if differs(&request.rack_id, &before.rack) {
        Arc::make_mut(&mut member).rack = request.rack_id.as_ref().map(Str::detached);
    }
    if *client != before.client {
        Arc::make_mut(&mut member).client = client.clone();
    }
    if request.rebalance_timeout_ms != -1 && request.rebalance_timeout_ms != before.rebalance_timeout_ms {
        Arc::make_mut(&mut member).rebalance_timeout_ms = request.rebalance_timeout_ms;
    }
    let assignor = request.server_assignor.as_deref().and_then(Assignor::of_name);
    if assignor.is_some() && assignor != before.assignor {
        Arc::make_mut(&mut member).assignor = assignor;
    }
    if let Some(names) = &request.subscribed_topic_names {
        let is_same = before.topics.len() <= names.len()
            && names.iter().collect::<BTreeSet<_>>().into_iter().eq(before.topics.iter());
        if !is_same {
            Arc::make_mut(&mut member).topics = Arc::new(names.iter().map(Str::detached).collect());
        }
    }
    if let Some(pattern) = request.subscribed_topic_regex.as_ref().filter(|said| **said != before.pattern) {
        Arc::make_mut(&mut member).pattern = pattern.detached();
    }
    member
}
