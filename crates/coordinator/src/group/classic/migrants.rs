//! Members of a classic group on their way to and from a consumer group.

use super::join_error;
use super::member::{Member, Protocol};
use super::{CONSUMER, Group, State, sync_error};
use crate::group::live::Stored;
use crate::group::migration::Migrant;
use crate::group::record::Record;
use crate::group::turn::Turn;
use ottla_wire::{ErrorCode, Str};

impl Group {
    pub(in crate::group) fn generation_now(&self) -> i32 {
        self.generation
    }

    pub(in crate::group) fn migrants(&self) -> Vec<Migrant> {
        let migrant = |(id, member): (&Str, &Member)| {
            let first = member.protocols.first().map(|protocol| protocol.name.clone());
            let protocol = self.protocol.clone().or(first).unwrap_or_default();
            Migrant {
                id: id.clone(),
                instance: member.instance.clone(),
                client: member.client.clone(),
                rebalance_timeout_ms: member.rebalance_timeout_ms,
                session_timeout_ms: member.session_timeout_ms,
                protocols: member.protocols.iter().map(|it| (it.name.clone(), it.metadata.clone())).collect(),
                subscription: member.metadata(&protocol),
                assignment: member.assignment.clone(),
            }
        };
        self.members.iter().map(migrant).collect()
    }

    /// A stable group of these members, which [`start_again`](Self::start_again) makes join again.
    pub(in crate::group) fn of_migrants(
        id: Str,
        generation: i32,
        migrants: Vec<Migrant>,
        turn: &mut Turn<'_>,
    ) -> Self {
        let mut group = Self::new(id, turn.now.wall);
        group.generation = generation;
        group.protocol_type = Some(Str::from_static(CONSUMER));
        group.state = State::Stable;
        for migrant in migrants {
            let protocol = |(name, metadata)| Protocol { name, metadata };
            let member = Member {
                instance: migrant.instance,
                client: migrant.client,
                rebalance_timeout_ms: migrant.rebalance_timeout_ms,
                session_timeout_ms: migrant.session_timeout_ms,
                protocols: migrant.protocols.into_iter().map(protocol).collect(),
                assignment: migrant.assignment,
                newcomer: false,
                join: None,
                sync: None,
            };
            group.add(migrant.id, member);
        }
        group.protocol = group.elect_protocol();
        group.subscribed = group.subscribed_topics();
        turn.record(Record::Group { group: group.id.clone(), stored: Some(Stored::Classic(group.stored())) });
        group
    }

    /// Members have their whole sessions, and are asked to join again.
    pub(in crate::group) fn start_again(&mut self, turn: &mut Turn<'_>) {
        self.start_sessions(turn);
        if self.state == State::Stable {
            self.prepare_rebalance(turn);
        }
    }

    /// The group is about to be another: who waits hears that it rebalances, and no deadline is left.
    pub(in crate::group) fn dissolve(mut self, turn: &mut Turn<'_>) {
        for id in self.members.keys().cloned().collect::<Vec<_>>() {
            self.answer_join(&id, join_error(&id, ErrorCode::REBALANCE_IN_PROGRESS), turn);
            self.answer_sync(&id, sync_error(ErrorCode::REBALANCE_IN_PROGRESS), turn);
            turn.cancel(&self.session_timer(&id));
        }
        turn.cancel(&self.join_timer());
        turn.cancel(&self.sync_timer());
        self.stop(turn);
    }
}
