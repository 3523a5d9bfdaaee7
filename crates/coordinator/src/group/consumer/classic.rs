//! Members of a consumer group that speak the classic protocol. They were there when the group became a consumer group,
//! or came later; their JoinGroup, SyncGroup and Heartbeat are steps towards the same target as everybody's.
//!
//! A classic member learns by REBALANCE_IN_PROGRESS that it must move, says with its JoinGroup what it still has, and
//! gets what it shall have with its SyncGroup. It is never the leader: nobody assigns but the coordinator.

mod heartbeat;
mod join;
mod leave;
mod sync;

use super::member::{Held, Member, MemberState};
use super::{Config, Group};
use crate::assignor::Assignment;
use crate::group::migration::Migrant;
use crate::group::turn::Turn;
use crate::group::{Catalog, embedded};
use bytes::Bytes;
use ottla_wire::{ErrorCode, Str};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What there is to a classic member besides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Classic {
    pub(super) session_timeout_ms: i32,
    /// What it says in each protocol it knows, the most preferred first. At least one.
    pub(super) protocols: Vec<(Str, Bytes)>,
}

impl Classic {
    /// The protocol of every generation: the coordinator does not ask which assignor it is.
    fn protocol(&self) -> (Str, Bytes) {
        self.protocols.first().cloned().unwrap_or_default()
    }
}

impl Group {
    /// Remembers what a move to the classic type needs to know, as long as there are classic members.
    pub(in crate::group) fn note(&mut self, topics: &Arc<Catalog>, config: &Arc<Config>) {
        self.noted = (0 < self.classic_count).then(|| (Arc::clone(topics), Arc::clone(config)));
    }

    pub(in crate::group) fn epoch(&self) -> i32 {
        self.head.epoch
    }

    /// The group of members that were classic, each with what it has. `None`: their assignments cannot be read.
    pub(in crate::group) fn of_migrants(
        id: Str,
        generation: i32,
        migrants: Vec<Migrant>,
        topics: &Catalog,
    ) -> Option<Self> {
        let mut group = Self::new(id);
        group.head.epoch = generation;
        group.head.assignment_epoch = generation;
        let mut taken = BTreeSet::new();
        for migrant in migrants {
            let subscription = embedded::subscription(&migrant.subscription, topics)?;
            let mut target: Assignment = embedded::assignment(&migrant.assignment, topics)?;
            // Members decided among themselves, and may have been wrong.
            target.retain(|partition| taken.insert(*partition));
            let assigned: Held = target.iter().map(|partition| (*partition, generation)).collect();
            let member = Member {
                instance: migrant.instance,
                rack: subscription.rack,
                client: migrant.client,
                rebalance_timeout_ms: migrant.rebalance_timeout_ms,
                topics: Arc::new(subscription.topics),
                epoch: generation,
                previous_epoch: generation,
                assigned,
                target,
                classic: Some(Classic {
                    session_timeout_ms: migrant.session_timeout_ms,
                    protocols: migrant.protocols,
                }),
                ..Member::default()
            };
            group.put(&migrant.id, Arc::new(member));
        }
        Some(group)
    }

    /// The members as classic ones, if all are and the group may become classic.
    pub(in crate::group) fn migrants(&self, turn: &Turn<'_>) -> Option<Vec<Migrant>> {
        let (topics, config) = self.noted.as_ref()?;
        let fits = !self.members.is_empty() && self.members.len() <= turn.settings.size_max;
        if !config.migration.downgrade || !fits || self.classic_count < self.members.len() {
            return None;
        }
        let migrant = |(id, member): (&Str, &Arc<Member>)| {
            let classic = member.classic.as_ref()?;
            let (_, subscription) = classic.protocol();
            Some(Migrant {
                id: id.clone(),
                instance: member.instance.clone(),
                client: member.client.clone(),
                rebalance_timeout_ms: member.rebalance_timeout_ms,
                session_timeout_ms: classic.session_timeout_ms,
                protocols: classic.protocols.clone(),
                assignment: embedded::encode_assignment(&member.has(), &subscription, topics),
                subscription,
            })
        };
        self.members.iter().map(migrant).collect()
    }

    /// Takes all members out, of a group that is about to be another.
    pub(in crate::group) fn remove_all(&mut self, turn: &mut Turn<'_>) {
        for id in self.members.keys().cloned().collect::<Vec<_>>() {
            self.take(&id, turn);
        }
        self.record(turn);
    }

    /// A static member that is the last one of the consumer protocol comes back as a classic one: it goes first.
    pub(in crate::group) fn go_for_return(&mut self, instance: Option<&Str>, turn: &mut Turn<'_>) {
        let Some(former) = instance.and_then(|instance| self.statics.get(instance)).cloned() else { return };
        let is_consumer = |id: &Str| self.members.get(id).is_some_and(|member| member.classic.is_none());
        let is_last = is_consumer(&former) && !self.members.keys().any(|id| *id != former && is_consumer(id));
        let may_move = self.noted.as_ref().is_some_and(|(_, config)| config.migration.downgrade);
        if is_last && may_move && 1 < self.members.len() {
            self.fence(&[former], turn);
        }
    }

    /// A classic member, by both of its names.
    fn classic_member(&self, id: &Str, instance: Option<&Str>) -> Result<(&Str, &Arc<Member>), ErrorCode> {
        if let Some(instance) = instance {
            match self.statics.get(instance) {
                None => return Err(ErrorCode::UNKNOWN_MEMBER_ID),
                Some(current) if current != id => return Err(ErrorCode::FENCED_INSTANCE_ID),
                Some(_) => {}
            }
        }
        let known = self.members.get_key_value(id).filter(|(_, member)| member.classic.is_some());
        known.ok_or(ErrorCode::UNKNOWN_MEMBER_ID)
    }

    /// How long a member may be silent, in milliseconds.
    pub(super) fn session_timeout_ms(&self, member: &Member, config: &Config) -> i32 {
        member.classic.as_ref().map_or(config.session_timeout_ms, |classic| classic.session_timeout_ms)
    }

    /// The member must come within its rebalance timeout, if it was not told so before.
    fn expect_soon(&self, id: &Str, member: &Member, turn: &mut Turn<'_>) {
        let timer = self.rebalance_timer(id);
        if !turn.is_scheduled(&timer) {
            turn.schedule(timer, member.rebalance_timeout_ms.into());
        }
    }

    /// Whether a classic member has to join again to come further.
    fn must_rejoin(&self, id: &Str, member: &Member) -> bool {
        let is_free = |partition| self.owners.get(partition).is_none_or(|owner| owner == id);
        let missing = |partition: &&_| !member.assigned.contains_key(*partition);
        member.epoch < self.head.assignment_epoch
            || match member.state {
                MemberState::Stable => false,
                MemberState::Unrevoked => true,
                // Who waits for others need not ask in vain.
                MemberState::Unreleased => member.target.iter().filter(missing).all(is_free),
            }
    }
}

impl Member {
    /// What it has.
    fn has(&self) -> Assignment {
        self.assigned.keys().copied().collect()
    }
}
