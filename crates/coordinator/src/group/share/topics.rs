//! Which share-partitions a group has, and where those begin that have no state yet.
//!
//! A topic that is new to a group begins by the group's `share.auto.offset.reset`, found when it is first read. What
//! comes to a known topic later begins at its very beginning, or records would be missed that were written before a
//! member heard of the new partitions. A topic stays known, also when nobody subscribes to it any more, until it is
//! deleted, or its offsets are.
//!
//! In Kafka offsets that are set for some partitions of a topic make the others begin at 0. Here these begin as if
//! nothing had been set for the first ones.

use super::heartbeat::no_share_group;
use super::{Group, Reply};
use crate::group::Catalog;
use crate::group::live::{Directory, Live};
use crate::group::refusal::Refusal;
use crate::group::turn::Turn;
use crate::machine::Ticket;
use ottla_base::{PartitionId, TopicId};
use ottla_wire::{ErrorCode, Str};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a group knows of a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Known {
    /// How many partitions it has.
    pub(super) partitions: i32,
    /// How many it had at first; those begin by the group's strategy.
    pub(super) first: i32,
}

/// The topics of a group.
pub(super) type Topics = BTreeMap<TopicId, Known>;

/// Where a share-partition begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// By `share.auto.offset.reset`.
    Reset,
    /// At the beginning of the log.
    Earliest,
}

/// The question where a share-partition begins.
#[derive(Debug)]
pub struct StartOf {
    /// Who waits.
    pub ticket: Ticket,
    /// Of which group.
    pub group: Str,
    /// Of which partition.
    pub partition: PartitionId,
}

/// Offsets are about to be set for topics of a group, which need not exist.
#[derive(Debug)]
pub struct Alter {
    /// Who waits.
    pub ticket: Ticket,
    /// Of which group.
    pub group: Str,
    /// Each topic, with the number of its partitions.
    pub topics: Vec<(TopicId, i32)>,
}

/// Offsets are about to be deleted for topics of a group.
#[derive(Debug)]
pub struct Forget {
    /// Who waits.
    pub ticket: Ticket,
    /// Of which group.
    pub group: Str,
    /// Which topics.
    pub topics: Vec<TopicId>,
}

pub(super) fn start(groups: &Directory, turn: &mut Turn<'_>, start: &StartOf) {
    let StartOf { ticket, group, partition } = start;
    let group = share_group(groups, group).filter(|group| group.check_stays(turn).is_ok());
    let known = group.and_then(|group| group.head.topics.get(&partition.topic));
    let begins = known.filter(|known| (0..known.partitions).contains(&partition.index.0));
    let begins = begins.map(|known| match partition.index.0 < known.first {
        true => Start::Reset,
        false => Start::Earliest,
    });
    turn.reply(*ticket, Reply::Start(begins));
}

pub(super) fn topics(groups: &Directory, turn: &mut Turn<'_>, ticket: Ticket, group: &Str) {
    let known = share_group(groups, group).into_iter().flat_map(|group| group.head.topics.iter());
    turn.reply(ticket, Reply::Topics(known.map(|(id, known)| (*id, known.partitions)).collect()));
}

pub(super) fn alter(groups: &mut Directory, turn: &mut Turn<'_>, alter: Alter) {
    let Alter { ticket, group: id, topics } = alter;
    if !groups.0.contains_key(&id) && !topics.is_empty() {
        let id = id.detached();
        groups.0.insert(id.clone(), Live::Share(Group::new(id)));
    }
    let altered = staying(groups, &id, turn).map(|group| {
        group.know(topics);
        group.record(turn);
    });
    turn.reply(ticket, Reply::Alter(altered));
}

pub(super) fn forget(groups: &mut Directory, turn: &mut Turn<'_>, forget: Forget) {
    let Forget { ticket, group, topics } = forget;
    let forgotten = staying(groups, &group, turn).map(|group| group.forget(topics, turn));
    turn.reply(ticket, Reply::Forget(forgotten));
}

fn share_group<'a>(groups: &'a Directory, id: &str) -> Option<&'a Group> {
    match groups.0.get(id) {
        Some(Live::Share(group)) => Some(group),
        None | Some(_) => None,
    }
}

/// The group, if it is a share group that nobody is in and that is not about to go.
fn staying<'a>(groups: &'a mut Directory, id: &Str, turn: &Turn<'_>) -> Result<&'a mut Group, Refusal> {
    let group = vacant(groups, id)?;
    group.check_stays(turn)?;
    Ok(group)
}

/// The group, if it is a share group that nobody is in.
fn vacant<'a>(groups: &'a mut Directory, id: &Str) -> Result<&'a mut Group, Refusal> {
    if share_group(groups, id).is_none() {
        return Err(no_share_group(groups, id));
    }
    match groups.0.get_mut(id) {
        Some(Live::Share(group)) if group.members.is_empty() => Ok(group),
        None | Some(_) => {
            let message = format!("share group '{id}' has members: stop its consumers first");
            Err(Refusal::new(ErrorCode::NON_EMPTY_GROUP, message))
        }
    }
}

impl Group {
    /// Learns of what members subscribe to.
    pub(super) fn initialise(&mut self, topics: &Catalog) {
        let subscribed = self.subscribed.keys().filter_map(|name| topics.topic(name));
        let subscribed: Vec<_> = subscribed.map(|topic| (topic.id, topic.partitions)).collect();
        self.know(subscribed);
    }

    fn know(&mut self, topics: Vec<(TopicId, i32)>) {
        for (id, partitions) in topics {
            match self.head.topics.get(&id) {
                Some(known) if partitions <= known.partitions => {}
                Some(known) => {
                    let first = known.first;
                    Arc::make_mut(&mut self.head.topics).insert(id, Known { partitions, first });
                }
                None => {
                    let first = partitions;
                    Arc::make_mut(&mut self.head.topics).insert(id, Known { partitions, first });
                }
            }
        }
    }

    /// Forgets topics, which were deleted or whose offsets are. Says which ones it knew.
    pub(in crate::group) fn forget(
        &mut self,
        topics: impl IntoIterator<Item = TopicId>,
        turn: &mut Turn<'_>,
    ) -> Vec<TopicId> {
        let known = topics.into_iter().filter(|topic| self.head.topics.contains_key(topic));
        let mut known: Vec<TopicId> = known.collect();
        known.sort_unstable();
        known.dedup();
        for topic in &known {
            Arc::make_mut(&mut self.head.topics).remove(topic);
        }
        self.record(turn);
        known
    }
}
