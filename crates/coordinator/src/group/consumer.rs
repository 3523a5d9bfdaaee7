//! Consumer groups (KIP-848): the coordinator decides who reads what, and members come to it one by one.
//!
//! ```text
//! a member joins, leaves, subscribes anew; a topic grows   ──> the group's epoch grows
//! the epoch has grown, and the interval is over            ──> a new target assignment for that epoch
//! a member's heartbeat                                     ──> its own step towards its target:
//!
//!            it has what must go                 it says that it has not any more
//!   Stable ────────────────────> Unrevoked ────────────────────┐
//!     ^                                                        v
//!     ├── all of its target is free, and its <── the member is of the target's epoch
//!     └── the rest becomes free ── Unreleased <── some of its target is still with others
//! ```
//! Everything happens at heartbeats, and a heartbeat that changes nothing costs the same however large the group is.
//!
//! Invariants (`check.rs` asserts them): a partition is with one member at most, assigned or not given back yet; the
//! live group is what is stored of it, after every command; no member is ahead of the target assignment, which is not
//! ahead of the group.

mod assign;
#[cfg(test)]
mod check;
mod classic;
mod commit;
mod config;
mod describe;
mod heartbeat;
mod leave;
mod member;
mod reconcile;
mod session;
mod stored;
mod subscriptions;
mod who;

use super::Catalog;
use super::live::{Directory, MemberOf, StoredMember};
use super::record::Record;
use super::turn::{Timer, Turn};
use ottla_base::{PartitionId, Tick};
use ottla_wire::Str;
use ottla_wire::message::ConsumerGroupHeartbeatResponse;
use ottla_wire::message::consumer_group_describe_response::DescribedGroup;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use subscriptions::Subscriptions;

pub use config::{Assignor, Config, Migration};
pub use describe::Describe;
pub use heartbeat::{Heartbeat, MemberIds};
pub use member::Member;
pub(super) use session::{expire_rebalance, expire_session};
pub use stored::Stored;

/// What consumer groups alone are asked.
#[derive(Debug)]
pub enum Command {
    /// ConsumerGroupHeartbeat.
    Heartbeat(Box<Heartbeat>),
    /// ConsumerGroupDescribe of one group.
    Describe(Describe),
}

/// The answer to the command of the same name.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// To [`Command::Heartbeat`].
    Heartbeat(ConsumerGroupHeartbeatResponse),
    /// To [`Command::Describe`].
    Describe(Box<DescribedGroup>),
}

pub(super) fn decide(groups: &mut Directory, turn: &mut Turn<'_>, command: Command) {
    match command {
        Command::Heartbeat(heartbeat) => heartbeat::heartbeat(groups, turn, &heartbeat),
        Command::Describe(describe) => describe::describe(groups, turn, describe),
    }
}

/// A consumer group as it is now.
#[derive(Debug)]
pub(super) struct Group {
    id: Str,
    /// Of what is stored, all but the members.
    head: Stored,
    /// What the journal has of `head`; `None` before the first record.
    recorded: Option<Stored>,
    members: BTreeMap<Str, Arc<Member>>,
    /// Members whose rows are not written yet. Empty between commands.
    changed: BTreeSet<Str>,
    /// Members with a group instance id, by that.
    statics: BTreeMap<Str, Str>,
    /// Who has a partition, or has not given it back yet.
    owners: HashMap<PartitionId, Str>,
    subscriptions: Subscriptions,
    /// How many members ask for each assignor.
    assignors: BTreeMap<Assignor, usize>,
    /// The topics that `head` was made with. `None`: they must be looked at again.
    catalog_epoch: Option<u64>,
    /// How many members speak the classic protocol.
    classic_count: usize,
    /// What a move to the classic type needs to know, while there are classic members.
    noted: Option<(Arc<Catalog>, Arc<Config>)>,
    /// When the target assignment was computed last. `None`: the next one need not wait.
    assigned_at: Option<Tick>,
}

impl Group {
    pub(super) fn new(id: Str) -> Self {
        Self {
            id,
            head: Stored::default(),
            recorded: None,
            members: BTreeMap::new(),
            changed: BTreeSet::new(),
            statics: BTreeMap::new(),
            owners: HashMap::new(),
            subscriptions: Subscriptions::default(),
            assignors: BTreeMap::new(),
            catalog_epoch: None,
            classic_count: 0,
            noted: None,
            assigned_at: None,
        }
    }

    /// Puts a member in the place of the one with its id, if there is one.
    fn put(&mut self, id: &Str, member: Arc<Member>) {
        if self.members.get(id).is_some_and(|before| Arc::ptr_eq(before, &member) || *before == member) {
            return;
        }
        let former = self.members.remove_entry(id);
        let (id, before) = match &former {
            Some((id, before)) => (id.clone(), Some(&**before)),
            None => (id.detached(), None),
        };
        // Most steps leave the subscription as it is, and counting it is most of the work.
        let subscription = |member: &Member| (Arc::clone(&member.topics), member.pattern.clone());
        let is_same = before.is_some_and(|before| subscription(before) == subscription(&member));
        if !is_same {
            self.subscriptions.add(&member);
        }
        if let Some(before) = before {
            self.unlink(&id, before);
            if !is_same {
                self.subscriptions.remove(before);
            }
        }
        self.link(&id, &member);
        self.members.insert(id.clone(), member);
        self.changed.insert(id);
    }

    /// Takes a member out, with its deadlines.
    fn take(&mut self, id: &Str, turn: &mut Turn<'_>) {
        let Some((id, member)) = self.members.remove_entry(id) else { return };
        self.unlink(&id, &member);
        self.subscriptions.remove(&member);
        // What its pattern matches is forgotten with it, and whoever takes its place may have the same.
        self.catalog_epoch = None;
        turn.cancel(&self.session_timer(&id));
        turn.cancel(&self.rebalance_timer(&id));
        self.changed.insert(id);
    }

    /// Adds a member to what is known of all of them, but for its subscription.
    fn link(&mut self, id: &Str, member: &Member) {
        let Member { instance, assignor, assigned, revoking, classic, .. } = member;
        if let Some(instance) = instance {
            self.statics.insert(instance.clone(), id.clone());
        }
        if let Some(assignor) = assignor {
            *self.assignors.entry(*assignor).or_default() += 1;
        }
        self.classic_count += usize::from(classic.is_some());
        for partition in assigned.keys().chain(revoking.keys()) {
            let former = self.owners.insert(*partition, id.clone());
            debug_assert!(former.is_none(), "a partition is with one member");
        }
    }

    fn unlink(&mut self, id: &Str, member: &Member) {
        let Member { instance, assignor, assigned, revoking, classic, .. } = member;
        if let Some(instance) = instance.as_ref().filter(|instance| self.statics.get(*instance) == Some(id)) {
            self.statics.remove(instance);
        }
        if let Some(count) = assignor.and_then(|assignor| self.assignors.get_mut(&assignor)) {
            *count -= 1;
        }
        self.classic_count -= usize::from(classic.is_some());
        for partition in assigned.keys().chain(revoking.keys()) {
            self.owners.remove(partition);
        }
    }

    /// Writes down what has changed. Every verb that changes something ends with this.
    fn record(&mut self, turn: &mut Turn<'_>) {
        if self.recorded != Some(self.head) {
            let stored = Some(super::Stored::Consumer(self.head));
            turn.record(Record::Group { group: self.id.clone(), stored });
            self.recorded = Some(self.head);
        }
        for member in std::mem::take(&mut self.changed) {
            let stored = self.members.get(&member).map(|known| StoredMember::Consumer(Arc::clone(known)));
            turn.record(Record::Member { group: self.id.clone(), member, of: MemberOf::Consumer, stored });
        }
    }

    fn session_timer(&self, member: &Str) -> Timer {
        Timer::Session { group: self.id.clone(), member: member.clone() }
    }

    fn rebalance_timer(&self, member: &Str) -> Timer {
        Timer::Rebalance { group: self.id.clone(), member: member.clone() }
    }

    /// Which phase the group is in.
    fn state(&self) -> State {
        let assignment_epoch = self.head.assignment_epoch;
        if self.members.is_empty() {
            State::Empty
        } else if assignment_epoch < self.head.epoch {
            State::Assigning
        } else if self.members.values().all(|member| member.is_reconciled_to(assignment_epoch)) {
            State::Stable
        } else {
            State::Reconciling
        }
    }
}

/// The phase of a group. "Dead" of Kafka's words is a group that is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Nobody is a member.
    Empty,
    /// There is no target assignment for the group's epoch yet.
    Assigning,
    /// Members are on their way to the target assignment.
    Reconciling,
    /// All have what they should have.
    Stable,
}

impl State {
    /// The name that descriptions and lists give.
    fn name(self) -> &'static str {
        match self {
            Self::Empty => "Empty",
            Self::Assigning => "Assigning",
            Self::Reconciling => "Reconciling",
            Self::Stable => "Stable",
        }
    }
}
