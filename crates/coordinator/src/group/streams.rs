//! Streams groups (KIP-1071): instances of one Kafka Streams application, whose tasks the coordinator shares out.
//!
//! ```text
//! topology.rs, topics.rs   what the application runs; which topics it needs, and how many tasks that makes
//! assignor.rs              who should run which task
//! reconcile.rs             one member's next step towards that
//! heartbeat.rs, leave.rs   the verbs; everything happens at heartbeats
//! ```
//! A group's epoch grows with whatever an assignment follows from: members, topology, topics, configs. The next
//! heartbeat, but not more often than the assignment interval, makes an assignment for it; each member comes to it
//! at its own heartbeats, and what it had is not another's before it said that it let go.
//!
//! Invariants (`check.rs` asserts them): an active task has one holder; every task that is there is assigned to one member as
//! active in an assignment of a ready group; what lives is stored.

mod answer;
mod assignor;
#[cfg(test)]
mod check;
mod commit;
mod config;
mod describe;
mod description;
mod endpoints;
mod heartbeat;
mod holders;
mod leave;
mod member;
mod reconcile;
mod request;
mod session;
mod status;
mod stored;
mod target;
mod tasks;
mod topics;
mod topology;

use super::live::{Directory, MemberOf, Stored as StoredGroup, StoredMember};
use super::record::Record;
use super::refusal::Refusal;
use super::turn::{Timer, Turn};
use description::Asking;
use holders::Holders;
use ottla_base::Tick;
use ottla_wire::message::StreamsGroupTopologyDescriptionUpdateResponse;
use ottla_wire::message::streams_group_describe_response::DescribedGroup;
use ottla_wire::{ErrorCode, Str};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tasks::{TaskId, Tasks};
use topics::Configured;
use topology::Topology;

pub(super) use session::{expire_delay, expire_rebalance, expire_session};

pub use config::{AssignmentConfig, Config};
pub use describe::Describe;
pub use description::Describing;
pub use heartbeat::{Answered, Heartbeat, Statuses};
pub use member::Member;
pub use status::{MISSING_INTERNAL_TOPICS, status};
pub use stored::Stored;
pub use topics::MissingTopic;

/// What streams groups alone are asked.
#[derive(Debug)]
pub enum Command {
    /// StreamsGroupHeartbeat.
    Heartbeat(Box<Heartbeat>),
    /// StreamsGroupDescribe of one group.
    Describe(Describe),
    /// StreamsGroupTopologyDescriptionUpdate.
    Describing(Box<Describing>),
}

/// An answer to a command, of the same name.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// To [`Command::Heartbeat`].
    Heartbeat(Box<Answered>),
    /// To [`Command::Describe`].
    Describe(Box<DescribedGroup>),
    /// To [`Command::Describing`].
    Describing(StreamsGroupTopologyDescriptionUpdateResponse),
}

pub(super) fn decide(groups: &mut Directory, turn: &mut Turn<'_>, command: Command) {
    match command {
        Command::Heartbeat(heartbeat) => heartbeat::heartbeat(groups, turn, &heartbeat),
        Command::Describe(describe) => describe::describe(groups, turn, &describe),
        Command::Describing(describing) => description::update(groups, turn, &describing),
    }
}

/// A streams group as it is now.
#[derive(Debug)]
pub(super) struct Group {
    id: Str,
    stored: Stored,
    members: BTreeMap<Str, Arc<Member>>,
    /// Members with an instance id, by that.
    statics: BTreeMap<Str, Str>,
    holders: Holders,
    /// Differs from what is recorded, while a command is decided.
    is_changed: bool,
    /// Members that differ from what is recorded, while a command is decided.
    changed: BTreeSet<Str>,

    // What a crash takes away.
    /// `None` until a heartbeat has looked at the topics.
    configured: Option<Configured>,
    /// Of the catalog that the topics were looked up in last.
    catalog_epoch: Option<u64>,
    /// When the assignment was made.
    assigned_at: Option<Tick>,
    /// Until when the first assignment waits for more members, if it does.
    delayed_until: Option<Tick>,
    task_offsets: BTreeMap<Str, TaskOffsets>,
    /// What each member last said that it has.
    told: BTreeMap<Str, Tasks>,
    /// Who asked everybody to stop.
    shutdown: Option<Str>,
    /// Counts the changes of who has what, for those who ask members for their state.
    endpoint_epoch: i32,
    asking: Option<Asking>,
}

/// How much state a member has, as it told.
#[derive(Debug, Default)]
struct TaskOffsets {
    offsets: BTreeMap<TaskId, i64>,
    end_offsets: BTreeMap<TaskId, i64>,
}

/// Which phase a group is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Nobody is a member.
    Empty,
    /// Topics are missing or do not fit.
    NotReady,
    /// There is no assignment yet for its epoch.
    Assigning,
    /// Not every member has what it should.
    Reconciling,
    /// Every member has what it should.
    Stable,
}

impl Phase {
    /// The name that StreamsGroupDescribe and ListGroups give.
    fn name(self) -> &'static str {
        match self {
            Self::Empty => "Empty",
            Self::NotReady => "NotReady",
            Self::Assigning => "Assigning",
            Self::Reconciling => "Reconciling",
            Self::Stable => "Stable",
        }
    }
}

impl Group {
    /// A group whose first member is about to join.
    fn new(id: Str, topology: Topology) -> Self {
        let mut group = Self::from_parts(id, Stored::new(topology));
        group.is_changed = true;
        group
    }

    pub(super) fn from_stored(id: Str, stored: &Stored, members: &BTreeMap<Str, StoredMember>) -> Self {
        let mut group = Self::from_parts(id, stored.clone());
        for (id, member) in members {
            if let Some(member) = member.streams() {
                group.seat(id, member);
            }
        }
        group
    }

    fn from_parts(id: Str, stored: Stored) -> Self {
        Self {
            id,
            stored,
            members: BTreeMap::new(),
            statics: BTreeMap::new(),
            holders: Holders::default(),
            is_changed: false,
            changed: BTreeSet::new(),
            configured: None,
            catalog_epoch: None,
            assigned_at: None,
            delayed_until: None,
            task_offsets: BTreeMap::new(),
            told: BTreeMap::new(),
            shutdown: None,
            endpoint_epoch: 0,
            asking: None,
        }
    }

    fn phase(&self) -> Phase {
        let Stored { epoch, topology, validated_topology_epoch, assignment_epoch, .. } = &self.stored;
        if self.members.is_empty() {
            Phase::Empty
        } else if *validated_topology_epoch != topology.epoch {
            Phase::NotReady
        } else if assignment_epoch < epoch {
            Phase::Assigning
        } else if self.members.values().any(|member| !member.is_reconciled_to(*assignment_epoch)) {
            Phase::Reconciling
        } else {
            Phase::Stable
        }
    }

    fn seat(&mut self, id: &Str, member: &Arc<Member>) {
        if let Some(instance) = &member.instance {
            self.statics.insert(instance.clone(), id.clone());
        }
        self.holders.add(id, member);
        self.members.insert(id.clone(), Arc::clone(member));
    }

    /// Puts a member in, in place of the one with its id if there is one.
    fn put(&mut self, id: &Str, member: Member) {
        if self.members.get(id).is_some_and(|before| **before == member) {
            return;
        }
        self.unseat(id);
        self.seat(id, &Arc::new(member));
        self.changed.insert(id.clone());
    }

    /// Takes a member out, with its deadlines.
    fn remove(&mut self, id: &Str, turn: &mut Turn<'_>) {
        if self.unseat(id) {
            self.changed.insert(id.clone());
            self.task_offsets.remove(id);
            self.told.remove(id);
            turn.cancel(&self.session_timer(id));
            turn.cancel(&self.rebalance_timer(id));
        }
    }

    fn unseat(&mut self, id: &Str) -> bool {
        let Some(member) = self.members.remove(id) else { return false };
        self.holders.remove(id, &member);
        if let Some(instance) = &member.instance {
            self.statics.remove(instance);
        }
        true
    }

    fn known(&self, id: &Str) -> Result<&Arc<Member>, Refusal> {
        self.members.get(id).ok_or_else(|| {
            let message = format!("group {} has no member {id}: join it first", self.id);
            Refusal::new(ErrorCode::UNKNOWN_MEMBER_ID, message)
        })
    }

    /// Records what a command has changed.
    fn flush(&mut self, turn: &mut Turn<'_>) {
        if std::mem::take(&mut self.is_changed) {
            let stored = Some(StoredGroup::Streams(self.stored.clone()));
            turn.record(Record::Group { group: self.id.clone(), stored });
        }
        for id in std::mem::take(&mut self.changed) {
            let stored = self.members.get(&id).map(|member| StoredMember::Streams(Arc::clone(member)));
            turn.record(Record::Member { group: self.id.clone(), member: id, of: MemberOf::Streams, stored });
        }
    }

    fn advance_epoch(&mut self) {
        self.stored.epoch = self.stored.epoch.saturating_add(1);
        self.is_changed = true;
    }

    fn session_timer(&self, member: &Str) -> Timer {
        Timer::Session { group: self.id.clone(), member: member.clone() }
    }

    fn rebalance_timer(&self, member: &Str) -> Timer {
        Timer::Rebalance { group: self.id.clone(), member: member.clone() }
    }

    fn delay_timer(&self) -> Timer {
        Timer::Join { group: self.id.clone() }
    }
}

fn not_found(group: &Str) -> Refusal {
    Refusal::new(ErrorCode::GROUP_ID_NOT_FOUND, format!("there is no streams group {group}"))
}
