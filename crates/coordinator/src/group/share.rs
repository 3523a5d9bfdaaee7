//! Share groups (KIP-932): members that work on the same partitions, record by record.
//!
//! ```text
//! a member joins, leaves, subscribes anew; a topic grows   ──> the group's epoch grows
//! the epoch has grown, and the interval is over            ──> a new target assignment for that epoch
//! a member's next heartbeat                                ──> it has its target, and is of that epoch
//! ```
//! Nobody gives anything back first: two members may have a partition at the same time, because who works on which
//! record is decided elsewhere, by the share-partition. Everything happens at heartbeats, and a heartbeat that changes
//! nothing costs the same however large the group is.
//!
//! Unlike in Apache Kafka a partition can be assigned at the first heartbeat already. There a member has to come back
//! after its share-partitions were initialised in another log; here the group's own row remembers them ([`topics`]).
//!
//! Invariants (`check.rs` asserts them): the live group is what is stored of it, after every command; no member is ahead
//! of the target assignment, which is not ahead of the group; who is of its epoch has nothing else than it says.

mod assign;
#[cfg(test)]
mod check;
mod config;
mod describe;
mod heartbeat;
mod leave;
mod member;
mod stored;
mod topics;

use super::live::{Directory, MemberOf, StoredMember};
use super::record::Record;
use super::refusal::Refusal;
use super::turn::{Timer, Turn};
use ottla_base::Tick;
use ottla_wire::{ErrorCode, Str};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub use config::Config;
pub use describe::Describe;
pub use heartbeat::Heartbeat;
pub(super) use leave::expire_session;
pub use member::Member;
pub use stored::Stored;
pub use topics::{Alter, Forget, Start, StartOf};

use crate::machine::Ticket;
use ottla_base::TopicId;
use ottla_wire::message::ShareGroupHeartbeatResponse;
use ottla_wire::message::share_group_describe_response::DescribedGroup;

/// What share groups alone are asked.
#[derive(Debug)]
pub enum Command {
    /// ShareGroupHeartbeat.
    Heartbeat(Box<Heartbeat>),
    /// ShareGroupDescribe of one group.
    Describe(Describe),
    /// Is this a share group that may be deleted, so that its share-partitions may be? If so, nobody joins it for a
    /// moment, in which it is to be deleted.
    MayDelete {
        /// Who waits.
        ticket: Ticket,
        /// Which group.
        group: Str,
    },
    /// Where does a share-partition begin that has no state yet?
    Start(StartOf),
    /// Which topics have share-partitions in a group?
    Topics {
        /// Who waits.
        ticket: Ticket,
        /// Which group.
        group: Str,
    },
    /// AlterShareGroupOffsets, as far as the group is concerned.
    Alter(Alter),
    /// DeleteShareGroupOffsets, as far as the group is concerned.
    Forget(Forget),
}

/// The answer to the command of the same name.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// To [`Command::Heartbeat`].
    Heartbeat(ShareGroupHeartbeatResponse),
    /// To [`Command::Describe`].
    Describe(Box<DescribedGroup>),
    /// To [`Command::MayDelete`].
    MayDelete(bool),
    /// To [`Command::Start`]; `None` if no member of such a group has ever subscribed to the topic.
    Start(Option<Start>),
    /// To [`Command::Topics`]: each topic with the number of its partitions; nothing if there is no such group.
    Topics(Vec<(TopicId, i32)>),
    /// To [`Command::Alter`].
    Alter(Result<(), super::Refusal>),
    /// To [`Command::Forget`]: the topics of which there was something to forget.
    Forget(Result<Vec<TopicId>, super::Refusal>),
}

pub(super) fn decide(groups: &mut Directory, turn: &mut Turn<'_>, command: Command) {
    match command {
        Command::Heartbeat(heartbeat) => heartbeat::heartbeat(groups, turn, &heartbeat),
        Command::Describe(describe) => describe::describe(groups, turn, describe),
        Command::MayDelete { ticket, group } => describe::may_delete(groups, turn, ticket, &group),
        Command::Start(start) => topics::start(groups, turn, &start),
        Command::Topics { ticket, group } => topics::topics(groups, turn, ticket, &group),
        Command::Alter(alter) => topics::alter(groups, turn, alter),
        Command::Forget(forget) => topics::forget(groups, turn, forget),
    }
}

/// A share group as it is now.
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
    /// How many members subscribe to each topic.
    subscribed: BTreeMap<Str, usize>,
    /// The topics that `head` was made with. `None`: they must be looked at again.
    catalog_epoch: Option<u64>,
    /// When the target assignment was computed last. `None`: the next one need not wait.
    assigned_at: Option<Tick>,
    /// Its share-partitions are being deleted, and it will be. Until then nobody comes in: it would lose them.
    going_until: Option<Tick>,
}

impl Group {
    fn new(id: Str) -> Self {
        Self {
            id,
            head: Stored::default(),
            recorded: None,
            members: BTreeMap::new(),
            changed: BTreeSet::new(),
            subscribed: BTreeMap::new(),
            catalog_epoch: None,
            assigned_at: None,
            going_until: None,
        }
    }

    /// Unless somebody is about to delete it.
    fn check_stays(&self, turn: &Turn<'_>) -> Result<(), Refusal> {
        match self.going_until {
            Some(until) if turn.now.tick < until => {
                let message = format!("share group '{}' is being deleted: try again in a moment", self.id);
                Err(Refusal::new(ErrorCode::COORDINATOR_LOAD_IN_PROGRESS, message))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Puts a member in the place of the one with its id, if there is one.
    fn put(&mut self, id: &Str, member: Arc<Member>) {
        if self.members.get(id) == Some(&member) {
            return;
        }
        let id = match self.members.remove_entry(id) {
            Some((id, before)) => {
                self.unsubscribe(&before);
                id
            }
            None => id.detached(),
        };
        self.subscribe(&member);
        self.members.insert(id.clone(), member);
        self.changed.insert(id);
    }

    /// Takes a member out, with its deadline.
    fn take(&mut self, id: &Str, turn: &mut Turn<'_>) {
        let Some((id, member)) = self.members.remove_entry(id) else { return };
        self.unsubscribe(&member);
        turn.cancel(&self.session_timer(&id));
        self.changed.insert(id);
    }

    fn subscribe(&mut self, member: &Member) {
        for topic in member.topics.iter() {
            *self.subscribed.entry(topic.clone()).or_default() += 1;
        }
    }

    fn unsubscribe(&mut self, member: &Member) {
        for topic in member.topics.iter() {
            let Some(count) = self.subscribed.get_mut(topic) else { continue };
            *count -= 1;
            if *count == 0 {
                self.subscribed.remove(topic);
            }
        }
    }

    /// Writes down what has changed. Every verb that changes something ends with this.
    fn record(&mut self, turn: &mut Turn<'_>) {
        if self.recorded.as_ref() != Some(&self.head) {
            let stored = Some(super::Stored::Share(self.head.clone()));
            turn.record(Record::Group { group: self.id.clone(), stored });
            self.recorded = Some(self.head.clone());
        }
        for member in std::mem::take(&mut self.changed) {
            let stored = self.members.get(&member).map(|known| StoredMember::Share(Arc::clone(known)));
            turn.record(Record::Member { group: self.id.clone(), member, of: MemberOf::Share, stored });
        }
    }

    fn session_timer(&self, member: &Str) -> Timer {
        Timer::Session { group: self.id.clone(), member: member.clone() }
    }
}
