//! StreamsGroupHeartbeat: a member joins, lives, tells what it has and learns what it should have.
//!
//! Everything that can be refused is looked at first; only then does anything change.

use super::answer::Step;
use super::member::{Endpoint, Member, State};
use super::reconcile::View;
use super::request::{self, JOIN};
use super::tasks::{TaskId, Tasks};
use super::topics::{Configured, MissingTopic, configure};
use super::topology::Topology;
use super::{Config, Group, leave, not_found, stored};
use crate::group::Client;
use crate::group::catalog::Catalog;
use crate::group::live::{Directory, Live};
use crate::group::refusal::Refusal;
use crate::group::turn::Turn;
use crate::machine::Ticket;
use ottla_wire::message::{StreamsGroupHeartbeatRequest, StreamsGroupHeartbeatResponse};
use ottla_wire::{ErrorCode, Str};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// A heartbeat to decide.
#[derive(Debug)]
pub struct Heartbeat {
    /// Who waits.
    pub ticket: Ticket,
    /// What was asked.
    pub request: StreamsGroupHeartbeatRequest,
    /// Who asks.
    pub client: Client,
    /// The topics there are.
    pub topics: Arc<Catalog>,
    /// What is in force for the group.
    pub config: Arc<Config>,
    /// What the client understands.
    pub statuses: Statuses,
}

/// What a client understands of the newer parts of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Statuses {
    /// Version 0.
    First,
    /// Version 1 and later: missing client tags, and being asked for a description of the topology.
    WithTags,
}

/// The answer to a heartbeat, and what the broker should do about it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answered {
    /// What the client gets.
    pub response: StreamsGroupHeartbeatResponse,
    /// Topics that the group needs; the broker makes them.
    pub missing: Vec<MissingTopic>,
}

pub(super) fn heartbeat(groups: &mut Directory, turn: &mut Turn<'_>, heartbeat: &Heartbeat) {
    let answered = decide(groups, turn, heartbeat).unwrap_or_else(|refusal| Answered {
        response: StreamsGroupHeartbeatResponse {
            error_code: refusal.code,
            error_message: Some(refusal.message),
            ..Default::default()
        },
        missing: Vec::new(),
    });
    turn.reply(heartbeat.ticket, super::Reply::Heartbeat(Box::new(answered)));
}

fn decide(groups: &mut Directory, turn: &mut Turn<'_>, heartbeat: &Heartbeat) -> Result<Answered, Refusal> {
    let request = &heartbeat.request;
    request::check(request)?;
    if request.member_epoch < JOIN {
        return leave::leave(groups, turn, request);
    }
    let topology = request.topology.as_deref().map(Topology::parse).transpose()?;
    // The group is out of the directory meanwhile; whatever comes of this, something is put back.
    let before = groups.0.remove(&request.group_id);
    let (mut group, before) = match (before, &topology) {
        (Some(Live::Streams(group)), _) => (group, None),
        (Some(other), Some(topology)) if other.may_become_streams() => {
            (Group::new(request.group_id.detached(), topology.clone()), Some(other))
        }
        (None, Some(topology)) => (Group::new(request.group_id.detached(), topology.clone()), None),
        (before, _) => {
            groups.0.extend(before.map(|other| (request.group_id.detached(), other)));
            return Err(not_found(&request.group_id));
        }
    };
    let is_new = group.is_changed;
    let answered = group.heartbeat(turn, heartbeat, topology.as_ref());
    match (&answered, before) {
        (Ok(_), before) => {
            if let Some(before) = before {
                before.stop(turn);
            }
            group.flush(turn);
            groups.0.insert(group.id.clone(), Live::Streams(group));
        }
        (Err(_), None) if is_new => {}
        (Err(_), None) => {
            groups.0.insert(group.id.clone(), Live::Streams(group));
        }
        (Err(_), Some(before)) => {
            groups.0.insert(group.id.clone(), before);
        }
    }
    answered
}

/// Whose heartbeat it is.
enum Place {
    New,
    Known(Arc<Member>),
    /// A static member is back under a new id.
    Back {
        from: Str,
        member: Arc<Member>,
    },
}

/// What was looked at, before anything changes.
struct Plan {
    id: Str,
    place: Place,
    owned: Option<Tasks>,
    /// If the topics had to be looked at anew: what they look like, and what that comes to unless it is as before.
    looked: Option<(u64, Option<Configured>)>,
    offsets: Option<BTreeMap<TaskId, i64>>,
    end_offsets: Option<BTreeMap<TaskId, i64>>,
}

impl Group {
    /// Leaves the group as it is where it refuses.
    fn heartbeat(
        &mut self,
        turn: &mut Turn<'_>,
        heartbeat: &Heartbeat,
        topology: Option<&Topology>,
    ) -> Result<Answered, Refusal> {
        let plan = self.plan(heartbeat, topology)?;
        let before = self.enter(&plan, heartbeat, turn);
        let delay = self.assign(&heartbeat.config, turn).err();
        self.reconcile(&plan.id, plan.owned.as_ref(), turn);
        if let Some(owned) = &plan.owned {
            self.told.insert(plan.id.clone(), owned.clone());
        }
        turn.schedule(self.session_timer(&plan.id), heartbeat.config.session_timeout_ms.into());
        if heartbeat.request.shutdown_application && self.shutdown.is_none() {
            self.shutdown = Some(plan.id.clone());
        }
        Ok(self.answer(&plan.id, &Step { before, owned: plan.owned, delay }, heartbeat, turn))
    }

    fn plan(&self, heartbeat: &Heartbeat, topology: Option<&Topology>) -> Result<Plan, Refusal> {
        let Heartbeat { request, config, topics, .. } = heartbeat;
        let is_joining = request.member_epoch == JOIN;
        if is_joining {
            self.check_size(request, config)?;
        }
        let place = self.place(request)?;
        if let Some(topology) = topology {
            self.check_topology(topology)?;
        }
        let looked = self.look(topics)?;
        let anew = looked.as_ref().and_then(|(_, configured)| configured.as_ref());
        if let Some(ready) = anew.or(self.configured.as_ref()).filter(|configured| configured.is_ready()) {
            request::check_tasks(request, ready)?;
        }
        Ok(Plan {
            id: request.member_id.detached(),
            place,
            owned: request::owned(request),
            looked,
            offsets: request::task_offsets(request.task_offsets.as_ref())?,
            end_offsets: request::task_offsets(request.task_end_offsets.as_ref())?,
        })
    }

    fn check_size(&self, request: &StreamsGroupHeartbeatRequest, config: &Config) -> Result<(), Refusal> {
        let is_known = self.members.contains_key(&request.member_id)
            || request.instance_id.as_ref().is_some_and(|instance| self.statics.contains_key(instance));
        if is_known || self.members.len() < config.size_max {
            return Ok(());
        }
        Err(Refusal::new(
            ErrorCode::GROUP_MAX_SIZE_REACHED,
            format!(
                "the group has all {} members that group.streams.max.size allows: raise it or start fewer instances",
                config.size_max
            ),
        ))
    }

    /// Whose heartbeat this is, if it may be.
    fn place(&self, request: &StreamsGroupHeartbeatRequest) -> Result<Place, Refusal> {
        let id = &request.member_id;
        let is_joining = request.member_epoch == JOIN;
        if let Some(instance) = &request.instance_id {
            if !is_joining {
                self.check_instance(id, instance)?;
            }
            let owner = self.statics.get(instance).and_then(|owner| Some((owner, self.members.get(owner)?)));
            if let Some((owner, member)) = owner.filter(|_| is_joining) {
                if !member.is_away() {
                    return Err(Refusal::new(
                        ErrorCode::UNRELEASED_INSTANCE_ID,
                        format!(
                            "group.instance.id {instance} belongs to member {owner}, which still lives: give {id} another one, or \
                             stop the other first"
                        ),
                    ));
                }
                return Ok(Place::Back { from: owner.clone(), member: Arc::clone(member) });
            }
        }
        match self.members.get(id) {
            None if is_joining => Ok(Place::New),
            None => Err(self.known(id).err().unwrap_or_else(|| not_found(&self.id))),
            Some(member) => {
                check_epoch(request, member)?;
                Ok(Place::Known(Arc::clone(member)))
            }
        }
    }

    /// Whether a member with this topology may be in the group: it runs the same, or an older one.
    fn check_topology(&self, topology: &Topology) -> Result<(), Refusal> {
        let ours = &self.stored.topology;
        if topology.epoch < ours.epoch || *topology == **ours {
            return Ok(());
        }
        Err(Refusal::new(
            ErrorCode::INVALID_REQUEST,
            "the group runs another topology, and cannot change it while it exists: stop all instances and delete the \
             group, or give the changed application another application.id",
        ))
    }

    /// What the topics look like, if they may have changed.
    fn look(&self, catalog: &Catalog) -> Result<Option<(u64, Option<Configured>)>, Refusal> {
        if self.configured.is_some() && self.catalog_epoch == Some(catalog.epoch()) {
            return Ok(None);
        }
        let topology = &self.stored.topology;
        let fingerprint = catalog.fingerprint(topology.required_topics());
        if self.configured.is_some() && fingerprint == self.stored.fingerprint {
            return Ok(Some((fingerprint, None)));
        }
        Ok(Some((fingerprint, Some(configure(topology, catalog)?))))
    }

    /// Takes in what the member says. Returns the member as it was.
    fn enter(&mut self, plan: &Plan, heartbeat: &Heartbeat, turn: &mut Turn<'_>) -> Arc<Member> {
        let Heartbeat { request, config, topics, .. } = heartbeat;
        let was_empty = self.members.is_empty();
        let before = match &plan.place {
            Place::New => {
                Arc::new(Member { topology_epoch: -1, rebalance_timeout_ms: -1, ..Member::default() })
            }
            Place::Known(member) => Arc::clone(member),
            Place::Back { from, member } => {
                self.remove(from, turn);
                Arc::new(Member { epoch: JOIN, previous_epoch: JOIN, ..(**member).clone() })
            }
        };
        let updated = updated(&before, heartbeat);
        let mut has_changed = has_changed(&before, &updated, request.instance_id.as_ref());
        self.put(&plan.id, updated);
        if plan.offsets.is_some() || plan.end_offsets.is_some() {
            let told = self.task_offsets.entry(plan.id.clone()).or_default();
            told.offsets = plan.offsets.clone().unwrap_or_else(|| std::mem::take(&mut told.offsets));
            told.end_offsets =
                plan.end_offsets.clone().unwrap_or_else(|| std::mem::take(&mut told.end_offsets));
        }
        if let Some((fingerprint, configured)) = &plan.looked {
            self.catalog_epoch = Some(topics.epoch());
            if let Some(configured) = configured {
                self.configured = Some(configured.clone());
            }
            has_changed |= *fingerprint != self.stored.fingerprint;
            self.stored.fingerprint = *fingerprint;
        }
        let is_ready = self.configured.as_ref().is_some_and(Configured::is_ready);
        let validated = if is_ready { self.stored.topology.epoch } else { stored::NOT_VALIDATED };
        has_changed |= validated != self.stored.validated_topology_epoch;
        has_changed |= config.assignment != self.stored.assignment;
        if has_changed {
            self.stored.validated_topology_epoch = validated;
            self.stored.assignment = config.assignment.clone();
            self.advance_epoch();
        }
        let delay_ms = u64::try_from(config.initial_rebalance_delay_ms).unwrap_or(0);
        if was_empty && self.delayed_until.is_none() && 0 < delay_ms {
            turn.schedule(self.delay_timer(), config.initial_rebalance_delay_ms.into());
            self.delayed_until = Some(turn.now.tick + Duration::from_millis(delay_ms));
        }
        before
    }

    /// Lets the member take its next step.
    fn reconcile(&mut self, id: &Str, owned: Option<&Tasks>, turn: &mut Turn<'_>) {
        let epoch = self.stored.assignment_epoch;
        let view = View { members: &self.members, holders: &self.holders, epoch };
        let Some(next) = self.members.get(id).and_then(|member| view.step(id, member, owned)) else { return };
        if next.state == State::Unrevoked && owned.is_none() && self.is_silent_about(id, &next) {
            return;
        }
        match next.state {
            State::Unrevoked => turn.schedule(self.rebalance_timer(id), next.rebalance_timeout_ms.into()),
            State::Stable | State::Unreleased => turn.cancel(&self.rebalance_timer(id)),
        }
        self.put(id, next);
    }

    /// Whether a member that comes to this state, and has not yet taken what it was given last, will say nothing: it is to
    /// have again just what it said last that it has, and says only what is new. Such a step waits until it has said what it
    /// took. In Apache Kafka the group waits for it instead, until its rebalance timeout throws the member out.
    fn is_silent_about(&self, id: &Str, next: &Member) -> bool {
        self.told.get(id).is_some_and(|told| next.assigned.is_as_in(told))
    }
}

/// Whether the member speaks of the epoch that it is in, or of the one before and of nothing that it does not have.
fn check_epoch(request: &StreamsGroupHeartbeatRequest, member: &Member) -> Result<(), Refusal> {
    let (told, known) = (request.member_epoch, member.epoch);
    let owns_no_other = || {
        let has_warmups = request.warmup_tasks.as_ref().is_none_or(|tasks| !tasks.is_empty());
        request::owned(request).is_some_and(|owned| {
            !has_warmups
                && owned.active.iter().all(|task| member.assigned.active.contains_key(task))
                && owned.standby.is_subset(&member.assigned.standby)
        })
    };
    let compared = if told == JOIN || told == known {
        return Ok(());
    } else if known < told {
        "newer"
    } else if told == member.previous_epoch && owns_no_other() {
        return Ok(());
    } else {
        "older"
    };
    Err(Refusal::new(
        ErrorCode::FENCED_MEMBER_EPOCH,
        format!(
            "the member says epoch {told}, which is {compared} than {known}, the one it was given: it has to give up its \
             tasks and join again"
        ),
    ))
}

/// The member with what it said of itself. What a request leaves out is as before.
fn updated(before: &Member, heartbeat: &Heartbeat) -> Member {
    let Heartbeat { request, client, .. } = heartbeat;
    let mut member = before.clone();
    let detached =
        |new: &Option<Str>, old: &Option<Str>| new.as_ref().map(Str::detached).or_else(|| old.clone());
    member.instance = detached(&request.instance_id, &before.instance);
    member.rack = detached(&request.rack_id, &before.rack);
    member.client = Client { id: client.id.detached(), host: client.host.detached() };
    if request.rebalance_timeout_ms != -1 {
        member.rebalance_timeout_ms = request.rebalance_timeout_ms;
    }
    if let Some(topology) = &request.topology {
        member.topology_epoch = topology.epoch;
    }
    if let Some(process) = &request.process_id {
        member.process = process.detached();
    }
    if let Some(tags) = &request.client_tags {
        member.tags = tags.iter().map(|tag| (tag.key.detached(), tag.value.detached())).collect();
    }
    let endpoint = request.user_endpoint.as_ref();
    let endpoint = endpoint.map(|endpoint| Endpoint { host: endpoint.host.detached(), port: endpoint.port });
    if endpoint.is_some() || request.member_epoch == JOIN {
        member.endpoint = endpoint;
    }
    member
}

/// Whether a new assignment follows from what a member said of itself. Of a static member less counts, so that it can
/// be restarted without one.
fn has_changed(before: &Member, after: &Member, instance: Option<&Str>) -> bool {
    match instance {
        None => before != after,
        Some(_) => {
            before.topology_epoch != after.topology_epoch
                || before.rack != after.rack
                || before.tags != after.tags
                || before.process != after.process
        }
    }
}
