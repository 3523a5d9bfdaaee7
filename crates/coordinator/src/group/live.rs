//! Where the types of groups meet: what a group is stored as, and what is asked of it whatever its type.
//!
//! Nothing is decided here. Each question goes to the type's own module; a new type is one arm in each.

use super::migration;
use super::offsets::{Commit, Expiry};
use super::record::Record;
use super::refusal::Refusal;
use super::turn::Turn;
use super::{classic, consumer, share, streams};
use crate::codec::{DecodeError, Input, Output};
use ottla_base::{Timestamp, TopicId};
use ottla_wire::message::TxnOffsetCommitRequest;
use ottla_wire::message::describe_groups_response::DescribedGroup;
use ottla_wire::message::list_groups_response::ListedGroup;
use ottla_wire::{ErrorCode, Str};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What survives a crash of a group, by its type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stored {
    /// Members decide the assignment among themselves.
    Classic(classic::Stored),
    /// The coordinator decides the assignment, and members come to it one by one.
    Consumer(consumer::Stored),
    /// Members work on the same partitions, record by record.
    Share(share::Stored),
    /// The coordinator shares out the tasks of a streams application.
    Streams(streams::Stored),
}

const TYPE_CLASSIC: u8 = 0;
const TYPE_CONSUMER: u8 = 1;
const TYPE_SHARE: u8 = 2;
const TYPE_STREAMS: u8 = 3;

impl Stored {
    /// A group without members, which members of any type may take over, as another store has it.
    #[must_use]
    pub fn vacant(generation: i32, protocol_type: Option<Str>, since: Timestamp) -> Self {
        Self::Classic(classic::Stored::vacant(generation, protocol_type, since))
    }

    pub(super) fn encode(&self, output: Output) -> Output {
        match self {
            Self::Classic(stored) => stored.encode(output.byte(TYPE_CLASSIC)),
            Self::Consumer(stored) => stored.encode(output.byte(TYPE_CONSUMER)),
            Self::Share(stored) => stored.encode(output.byte(TYPE_SHARE)),
            Self::Streams(stored) => stored.encode(output.byte(TYPE_STREAMS)),
        }
    }

    pub(super) fn decode(input: &mut Input<'_>) -> Result<Self, DecodeError> {
        match input.byte()? {
            TYPE_CLASSIC => classic::Stored::decode(input).map(Self::Classic),
            TYPE_CONSUMER => consumer::Stored::decode(input).map(Self::Consumer),
            TYPE_SHARE => share::Stored::decode(input).map(Self::Share),
            TYPE_STREAMS => streams::Stored::decode(input).map(Self::Streams),
            other => Err(DecodeError::Unknown(other)),
        }
    }
}

/// The type of a group whose members have rows of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberOf {
    /// A consumer group.
    Consumer,
    /// A share group.
    Share,
    /// A streams group.
    Streams,
}

const KEY_CONSUMER_MEMBER: u8 = 4;
const KEY_SHARE_MEMBER: u8 = 5;
const KEY_STREAMS_MEMBER: u8 = 6;

impl MemberOf {
    /// The first byte of the rows' keys.
    pub(super) fn key(self) -> u8 {
        match self {
            Self::Consumer => KEY_CONSUMER_MEMBER,
            Self::Share => KEY_SHARE_MEMBER,
            Self::Streams => KEY_STREAMS_MEMBER,
        }
    }

    pub(super) fn of_key(key: u8) -> Option<Self> {
        match key {
            KEY_CONSUMER_MEMBER => Some(Self::Consumer),
            KEY_SHARE_MEMBER => Some(Self::Share),
            KEY_STREAMS_MEMBER => Some(Self::Streams),
            _ => None,
        }
    }
}

/// What survives a crash of a member, by the type of its group. Shared with the live group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoredMember {
    /// Of a consumer group.
    Consumer(Arc<consumer::Member>),
    /// Of a share group.
    Share(Arc<share::Member>),
    /// Of a streams group.
    Streams(Arc<streams::Member>),
}

impl StoredMember {
    /// The member, if it is of a consumer group.
    pub(super) fn consumer(&self) -> Option<&Arc<consumer::Member>> {
        match self {
            Self::Consumer(member) => Some(member),
            Self::Share(_) | Self::Streams(_) => None,
        }
    }

    /// The member, if it is of a share group.
    pub(super) fn share(&self) -> Option<&Arc<share::Member>> {
        match self {
            Self::Share(member) => Some(member),
            Self::Consumer(_) | Self::Streams(_) => None,
        }
    }

    /// The member, if it is of a streams group.
    pub(super) fn streams(&self) -> Option<&Arc<streams::Member>> {
        match self {
            Self::Consumer(_) | Self::Share(_) => None,
            Self::Streams(member) => Some(member),
        }
    }

    pub(super) fn encode(&self, output: Output) -> Output {
        match self {
            Self::Consumer(member) => member.encode(output),
            Self::Share(member) => member.encode(output),
            Self::Streams(member) => member.encode(output),
        }
    }

    pub(super) fn decode(of: MemberOf, input: &mut Input<'_>) -> Result<Self, DecodeError> {
        match of {
            MemberOf::Consumer => {
                consumer::Member::decode(input).map(|member| Self::Consumer(Arc::new(member)))
            }
            MemberOf::Share => share::Member::decode(input).map(|member| Self::Share(Arc::new(member))),
            MemberOf::Streams => streams::Member::decode(input).map(|member| Self::Streams(Arc::new(member))),
        }
    }
}

/// A group as it is now, by its type.
#[derive(Debug)]
pub(super) enum Live {
    Classic(classic::Group),
    Consumer(consumer::Group),
    Share(share::Group),
    Streams(streams::Group),
}

impl Live {
    pub(super) fn from_stored(id: &Str, stored: &Stored, members: &BTreeMap<Str, StoredMember>) -> Self {
        match stored {
            Stored::Classic(stored) => Self::Classic(classic::Group::from_stored(id.clone(), stored)),
            Stored::Consumer(stored) => {
                Self::Consumer(consumer::Group::from_stored(id.clone(), stored, members))
            }
            Stored::Share(stored) => Self::Share(share::Group::from_stored(id.clone(), stored, members)),
            Stored::Streams(stored) => {
                Self::Streams(streams::Group::from_stored(id.clone(), stored, members))
            }
        }
    }

    /// Sets the deadlines of a group that was loaded.
    pub(super) fn start(&mut self, turn: &mut Turn<'_>) {
        match self {
            Self::Classic(group) => group.start_sessions(turn),
            Self::Consumer(group) => group.start_sessions(turn),
            Self::Share(group) => group.start_sessions(turn),
            Self::Streams(group) => group.start_sessions(turn),
        }
    }

    /// Forgets the deadlines of a group that is gone.
    pub(super) fn stop(self, turn: &mut Turn<'_>) {
        match self {
            Self::Classic(group) => group.stop(turn),
            Self::Consumer(group) => group.stop(turn),
            Self::Share(group) => group.stop(turn),
            Self::Streams(group) => group.stop(turn),
        }
    }

    /// Nobody is a member, and nobody was asked to become one.
    pub(super) fn is_vacant(&self) -> bool {
        match self {
            Self::Classic(group) => group.is_vacant(),
            Self::Consumer(group) => group.is_vacant(),
            Self::Share(group) => group.is_vacant(),
            Self::Streams(group) => group.is_vacant(),
        }
    }

    /// Whether who asks may commit offsets now.
    pub(super) fn check_commit(&self, commit: &Commit) -> Result<(), ErrorCode> {
        match self {
            Self::Classic(group) => group.check_commit(commit),
            Self::Consumer(group) => group.check_commit(commit),
            Self::Share(_) => Err(ErrorCode::GROUP_ID_NOT_FOUND),
            Self::Streams(group) => group.check_commit(commit),
        }
    }

    /// Whether who asks may commit offsets in a transaction.
    pub(super) fn check_txn_commit(&self, request: &TxnOffsetCommitRequest) -> Result<(), ErrorCode> {
        match self {
            Self::Classic(group) => group.check_txn_commit(request),
            Self::Consumer(group) => group.check_txn_commit(request),
            Self::Share(_) => Err(ErrorCode::GROUP_ID_NOT_FOUND),
            Self::Streams(group) => group.check_txn_commit(request),
        }
    }

    /// A commit is a sign of life.
    pub(super) fn keep_alive(&self, turn: &mut Turn<'_>, member: &Str) {
        match self {
            Self::Classic(group) => group.keep_alive_by_commit(turn, member),
            Self::Consumer(_) | Self::Share(_) | Self::Streams(_) => {}
        }
    }

    /// Whether who asks may see offsets; `None` and a negative epoch say nothing about who that is.
    pub(super) fn check_fetch(&self, member: Option<&Str>, epoch: i32) -> Result<(), ErrorCode> {
        match self {
            Self::Classic(_) | Self::Share(_) => Ok(()),
            Self::Consumer(group) => group.check_fetch(member, epoch),
            Self::Streams(group) => group.check_fetch(member, epoch),
        }
    }

    /// Whether offsets of topics that nobody subscribes to may be deleted.
    pub(super) fn check_delete_offsets(&self) -> Result<(), ErrorCode> {
        match self {
            Self::Classic(group) => group.check_delete_offsets(),
            Self::Consumer(group) => group.check_delete_offsets(),
            Self::Share(_) => Err(ErrorCode::GROUP_ID_NOT_FOUND),
            Self::Streams(_) => Ok(()),
        }
    }

    /// Whether the group may be deleted.
    pub(super) fn check_delete(&self) -> Result<(), ErrorCode> {
        match self {
            Self::Classic(group) => group.check_delete(),
            Self::Consumer(group) => group.check_delete(),
            Self::Share(group) => group.check_delete(),
            Self::Streams(group) => group.check_delete(),
        }
    }

    pub(super) fn is_subscribed(&self, topic: &str) -> bool {
        match self {
            Self::Classic(group) => group.is_subscribed(topic),
            Self::Consumer(group) => group.is_subscribed(topic),
            // What is asked is whose offsets it needs, and it has none.
            Self::Share(_) => false,
            Self::Streams(group) => group.is_subscribed(topic),
        }
    }

    /// From when on the retention of an offset counts.
    pub(super) fn expiry(&self) -> Expiry {
        match self {
            Self::Classic(group) => group.expiry(),
            Self::Consumer(group) => group.expiry(),
            Self::Share(_) => Expiry::Never,
            Self::Streams(group) => group.expiry(),
        }
    }

    /// Whether the group goes by itself when it is vacant and has no offsets. A share group may have share-partitions.
    pub(super) fn may_expire(&self) -> bool {
        match self {
            Self::Classic(_) | Self::Consumer(_) | Self::Streams(_) => true,
            Self::Share(_) => false,
        }
    }

    /// Topics were deleted.
    pub(super) fn topics_gone(&mut self, topics: &[TopicId], turn: &mut Turn<'_>) {
        match self {
            Self::Classic(_) | Self::Consumer(_) | Self::Streams(_) => {}
            Self::Share(group) => {
                group.forget(topics.iter().copied(), turn);
            }
        }
    }

    pub(super) fn listed(&self) -> ListedGroup {
        match self {
            Self::Classic(group) => group.listed(),
            Self::Consumer(group) => group.listed(),
            Self::Share(group) => group.listed(),
            Self::Streams(group) => group.listed(),
        }
    }

    /// The answer of DescribeGroups, which knows classic groups only.
    pub(super) fn described(&self) -> Option<DescribedGroup> {
        match self {
            Self::Classic(group) => Some(group.described()),
            Self::Consumer(_) | Self::Share(_) | Self::Streams(_) => None,
        }
    }

    /// Panics if the group contradicts itself or what is stored of it.
    #[cfg(test)]
    pub(super) fn check(&self, stored: &Stored, members: &BTreeMap<Str, StoredMember>) {
        match (self, stored) {
            (Self::Classic(group), Stored::Classic(stored)) => {
                assert!(members.is_empty(), "a classic group stores its members itself");
                group.check(stored);
            }
            (Self::Consumer(group), Stored::Consumer(stored)) => group.check(stored, members),
            (Self::Share(group), Stored::Share(stored)) => group.check(stored, members),
            (Self::Streams(group), Stored::Streams(stored)) => group.check(stored, members),
            (live, stored) => panic!("{live:?} is stored as {stored:?}"),
        }
    }

    /// Panics if a deadline is missing or left behind.
    #[cfg(test)]
    pub(super) fn check_timers(&self, timers: &[&super::turn::Timer]) {
        match self {
            Self::Classic(group) => group.check_timers(timers),
            Self::Consumer(group) => group.check_timers(timers),
            Self::Share(group) => group.check_timers(timers),
            Self::Streams(group) => group.check_timers(timers),
        }
    }

    #[cfg(test)]
    pub(super) fn generation(&self) -> i32 {
        match self {
            Self::Classic(group) => group.generation(),
            Self::Consumer(group) => group.generation(),
            Self::Share(group) => group.generation(),
            Self::Streams(group) => group.generation(),
        }
    }

    /// Whether a member of another type may take the group over: it has no members, and its offsets stay.
    pub(super) fn may_become_consumer(&self) -> bool {
        match self {
            Self::Classic(group) => group.is_vacant(),
            Self::Consumer(_) | Self::Share(_) | Self::Streams(_) => false,
        }
    }

    /// The same for a streams group.
    pub(super) fn may_become_streams(&self) -> bool {
        self.may_become_consumer()
    }

    /// The same for a classic group.
    pub(super) fn may_become_classic(&self) -> bool {
        match self {
            Self::Classic(_) | Self::Share(_) => false,
            Self::Consumer(group) => group.is_vacant(),
            Self::Streams(group) => group.is_vacant(),
        }
    }

    /// Whether no classic member may ever join.
    pub(super) fn excludes_classic(&self) -> bool {
        match self {
            Self::Classic(_) | Self::Consumer(_) | Self::Streams(_) => false,
            Self::Share(_) => true,
        }
    }

    /// The group, if the APIs of classic groups may use it.
    pub(super) fn classic(&mut self) -> Option<&mut classic::Group> {
        match self {
            Self::Classic(group) => Some(group),
            Self::Consumer(_) | Self::Share(_) | Self::Streams(_) => None,
        }
    }
}

/// A member, or one that was asked to join again with its id, was silent for too long.
pub(super) fn expire_session(groups: &mut Directory, turn: &mut Turn<'_>, group: &Str, member: &Str) {
    match groups.0.get_mut(group) {
        None => {}
        Some(Live::Classic(_)) => classic::expire_session(groups, turn, group, member),
        Some(Live::Consumer(_)) => consumer::expire_session(groups, turn, group, member),
        Some(Live::Share(_)) => share::expire_session(groups, turn, group, member),
        Some(Live::Streams(_)) => streams::expire_session(groups, turn, group, member),
    }
}

/// A member had enough time to give back what it shall not have any more.
pub(super) fn expire_rebalance(groups: &mut Directory, turn: &mut Turn<'_>, group: &Str, member: &Str) {
    match groups.0.get_mut(group) {
        None | Some(Live::Classic(_) | Live::Share(_)) => {}
        Some(Live::Consumer(_)) => consumer::expire_rebalance(groups, turn, group, member),
        Some(Live::Streams(_)) => streams::expire_rebalance(groups, turn, group, member),
    }
}

/// The members had enough time to come together.
pub(super) fn expire_join(groups: &mut Directory, turn: &mut Turn<'_>, group: &Str) {
    match groups.0.get_mut(group) {
        None | Some(Live::Consumer(_) | Live::Share(_)) => {}
        Some(Live::Classic(_)) => classic::expire_join(groups, turn, group),
        Some(Live::Streams(_)) => streams::expire_delay(groups, turn, group),
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

    /// The consumer group that a classic one with members would be, if the group of that name is one.
    pub(super) fn upgraded(
        &self,
        id: &Str,
        heartbeat: &consumer::Heartbeat,
    ) -> Result<Option<consumer::Group>, Refusal> {
        match self.0.get(id) {
            Some(Live::Classic(group)) if !group.is_vacant() => {
                migration::upgraded(group, id, &heartbeat.topics, &heartbeat.config).map(Some)
            }
            Some(_) | None => Ok(None),
        }
    }

    /// Ends a classic group that is about to be another: who waits hears that the group rebalances.
    pub(super) fn dissolve_classic(&mut self, id: &Str, turn: &mut Turn<'_>) {
        if let Some(Live::Classic(group)) = self.0.remove(id) {
            group.dissolve(turn);
        }
    }

    /// Puts a group, whose records were written, in the place of the one that had its name.
    pub(super) fn replace(&mut self, id: Str, live: Live, turn: &mut Turn<'_>) {
        if let Some(former) = self.0.insert(id, live) {
            former.stop(turn);
        }
    }

    /// Makes an empty group, which members of any type may take over. Its record comes with it: Kafka keeps a
    /// group that only has offsets in memory, but here "exists" means the same before and after a restart.
    pub(super) fn found(&mut self, id: &Str, turn: &mut Turn<'_>) {
        let id = id.detached();
        let group = classic::Group::new(id.clone(), turn.now.wall);
        turn.record(Record::Group { group: id.clone(), stored: Some(Stored::Classic(group.stored())) });
        self.replace(id, Live::Classic(group), turn);
    }
}
