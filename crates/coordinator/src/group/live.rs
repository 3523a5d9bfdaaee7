//! Where the types of groups meet: what a group is stored as, and what is asked of it whatever its type.
//!
//! Nothing is decided here. Each question goes to the type's own module; a new type is one arm in each.

use super::classic;
use super::offsets::{Commit, Expiry};
use super::record::Record;
use super::turn::Turn;
use crate::codec::{DecodeError, Input, Output};
use ottla_base::Timestamp;
use ottla_wire::message::TxnOffsetCommitRequest;
use ottla_wire::message::describe_groups_response::DescribedGroup;
use ottla_wire::message::list_groups_response::ListedGroup;
use ottla_wire::{ErrorCode, Str};
use std::collections::BTreeMap;

/// What survives a crash of a group, by its type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stored {
    /// Members decide the assignment among themselves.
    Classic(classic::Stored),
}

const TYPE_CLASSIC: u8 = 0;

impl Stored {
    /// A group without members, which members of any type may take over, as another store has it.
    #[must_use]
    pub fn vacant(generation: i32, protocol_type: Option<Str>, since: Timestamp) -> Self {
        Self::Classic(classic::Stored::vacant(generation, protocol_type, since))
    }

    pub(super) fn encode(&self, output: Output) -> Output {
        match self {
            Self::Classic(stored) => stored.encode(output.byte(TYPE_CLASSIC)),
        }
    }

    pub(super) fn decode(input: &mut Input<'_>) -> Result<Self, DecodeError> {
        match input.byte()? {
            TYPE_CLASSIC => classic::Stored::decode(input).map(Self::Classic),
            other => Err(DecodeError::Unknown(other)),
        }
    }
}

/// A group as it is now, by its type.
#[derive(Debug)]
pub(super) enum Live {
    Classic(classic::Group),
}

impl Live {
    pub(super) fn from_stored(id: &Str, stored: &Stored) -> Self {
        match stored {
            Stored::Classic(stored) => Self::Classic(classic::Group::from_stored(id.clone(), stored)),
        }
    }

    /// Sets the deadlines of a group that was loaded.
    pub(super) fn start(&mut self, turn: &mut Turn<'_>) {
        match self {
            Self::Classic(group) => group.start_sessions(turn),
        }
    }

    /// Forgets the deadlines of a group that is gone.
    pub(super) fn stop(self, turn: &mut Turn<'_>) {
        match self {
            Self::Classic(group) => group.stop(turn),
        }
    }

    /// Nobody is a member, and nobody was asked to become one.
    pub(super) fn is_vacant(&self) -> bool {
        match self {
            Self::Classic(group) => group.is_vacant(),
        }
    }

    /// Whether who asks may commit offsets now.
    pub(super) fn check_commit(&self, commit: &Commit) -> Result<(), ErrorCode> {
        match self {
            Self::Classic(group) => group.check_commit(commit),
        }
    }

    /// Whether who asks may commit offsets in a transaction.
    pub(super) fn check_txn_commit(&self, request: &TxnOffsetCommitRequest) -> Result<(), ErrorCode> {
        match self {
            Self::Classic(group) => group.check_txn_commit(request),
        }
    }

    /// A commit is a sign of life.
    pub(super) fn keep_alive(&self, turn: &mut Turn<'_>, member: &Str) {
        match self {
            Self::Classic(group) => group.keep_alive_by_commit(turn, member),
        }
    }

    /// Whether offsets of topics that nobody subscribes to may be deleted.
    pub(super) fn check_delete_offsets(&self) -> Result<(), ErrorCode> {
        match self {
            Self::Classic(group) => group.check_delete_offsets(),
        }
    }

    /// Whether the group may be deleted.
    pub(super) fn check_delete(&self) -> Result<(), ErrorCode> {
        match self {
            Self::Classic(group) => group.check_delete(),
        }
    }

    pub(super) fn is_subscribed(&self, topic: &str) -> bool {
        match self {
            Self::Classic(group) => group.is_subscribed(topic),
        }
    }

    /// From when on the retention of an offset counts.
    pub(super) fn expiry(&self) -> Expiry {
        match self {
            Self::Classic(group) => group.expiry(),
        }
    }

    pub(super) fn listed(&self) -> ListedGroup {
        match self {
            Self::Classic(group) => group.listed(),
        }
    }

    /// The answer of DescribeGroups, which knows classic groups only.
    pub(super) fn described(&self) -> Option<DescribedGroup> {
        match self {
            Self::Classic(group) => Some(group.described()),
        }
    }

    /// Panics if the group contradicts itself or what is stored of it.
    #[cfg(test)]
    pub(super) fn check(&self, stored: &Stored) {
        match (self, stored) {
            (Self::Classic(group), Stored::Classic(stored)) => group.check(stored),
        }
    }

    /// Panics if a deadline is missing or left behind.
    #[cfg(test)]
    pub(super) fn check_timers(&self, timers: &[&super::turn::Timer]) {
        match self {
            Self::Classic(group) => group.check_timers(timers),
        }
    }

    #[cfg(test)]
    pub(super) fn generation(&self) -> i32 {
        match self {
            Self::Classic(group) => group.generation(),
        }
    }

    /// The group, if the APIs of classic groups may use it.
    pub(super) fn classic(&mut self) -> Option<&mut classic::Group> {
        match self {
            Self::Classic(group) => Some(group),
        }
    }
}

/// All groups of a shard by id.
#[derive(Debug, Default)]
pub(super) struct Directory(pub(super) BTreeMap<Str, Live>);

impl Directory {
    /// The group of that name, if there is one and the APIs of classic groups may use it.
    pub(super) fn classic(&mut self, id: &str) -> Option<&mut classic::Group> {
        self.0.get_mut(id)?.classic()
    }

    /// Makes an empty group, which members of any type may take over. Its record comes with it: Kafka keeps a
    /// group that only has offsets in memory, but here "exists" means the same before and after a restart.
    pub(super) fn found(&mut self, id: &Str, turn: &mut Turn<'_>) {
        let id = id.detached();
        let group = classic::Group::new(id.clone(), turn.now.wall);
        turn.record(Record::Group { group: id.clone(), stored: Some(Stored::Classic(group.stored())) });
        self.0.insert(id, Live::Classic(group));
    }
}
