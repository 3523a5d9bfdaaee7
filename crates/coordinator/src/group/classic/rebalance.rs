//! From one generation to the next.

use super::{Group, Preparing, State, sync_error};
use crate::group::live::Stored;
use crate::group::record::Record;
use crate::group::turn::Turn;
use bytes::Bytes;
use ottla_wire::{ErrorCode, Str};

impl Group {
    /// Membership has changed: start a rebalance, or end the one under way if all have joined.
    pub(super) fn rebalance_or_complete(&mut self, turn: &mut Turn<'_>) {
        match self.state {
            State::Empty | State::CompletingRebalance | State::Stable => self.prepare_rebalance(turn),
            State::PreparingRebalance(_) => self.complete_when_all_joined(turn),
        }
    }

    /// Starts a rebalance: all members must join again.
    pub(super) fn prepare_rebalance(&mut self, turn: &mut Turn<'_>) {
        if self.state == State::CompletingRebalance {
            self.take_back_assignment(turn);
        }
        self.unsynced.clear();
        turn.cancel(&self.sync_timer());
        if self.state == State::Empty {
            let delay_ms = turn.settings.initial_rebalance_delay_ms;
            let remaining_ms = self.rebalance_timeout_ms().saturating_sub(delay_ms).max(0);
            turn.schedule(self.join_timer(), delay_ms.into());
            let initial = Preparing::Initial { delay_ms, remaining_ms, newcomer: false };
            return self.enter(State::PreparingRebalance(initial), turn.now.wall);
        }
        self.enter(State::PreparingRebalance(Preparing::Rejoin), turn.now.wall);
        if self.have_all_joined() {
            self.complete_join(turn);
        } else {
            turn.schedule(self.join_timer(), self.rebalance_timeout_ms().into());
        }
    }

    /// Somebody joins while an empty group waits for more: the wait will be extended.
    pub(super) fn note_newcomer(&mut self) {
        if let State::PreparingRebalance(Preparing::Initial { newcomer, .. }) = &mut self.state {
            *newcomer = true;
        }
    }

    /// Ends a rebalance that waits for nobody any more. The first one always waits for its time.
    pub(super) fn complete_when_all_joined(&mut self, turn: &mut Turn<'_>) {
        if self.state == State::PreparingRebalance(Preparing::Rejoin) && self.have_all_joined() {
            self.complete_join(turn);
        }
    }

    /// The time for joining is over.
    pub(super) fn join_time_is_over(&mut self, turn: &mut Turn<'_>) {
        match self.state {
            State::PreparingRebalance(Preparing::Initial { delay_ms, remaining_ms, newcomer: true })
                if 0 < remaining_ms =>
            {
                let next_ms = turn.settings.initial_rebalance_delay_ms.min(remaining_ms);
                let remaining_ms = remaining_ms.saturating_sub(delay_ms).max(0);
                self.state = State::PreparingRebalance(Preparing::Initial {
                    delay_ms: next_ms,
                    remaining_ms,
                    newcomer: false,
                });
                turn.schedule(self.join_timer(), next_ms.into());
            }
            State::PreparingRebalance(_) => self.complete_join(turn),
            State::Empty | State::CompletingRebalance | State::Stable => {}
        }
    }

    /// Makes the next generation of those who joined, and of static members, who may be away.
    pub(super) fn complete_join(&mut self, turn: &mut Turn<'_>) {
        turn.cancel(&self.join_timer());
        self.remove_absent(turn);
        if !self.members.is_empty() && !self.elect_leader() {
            // Static members only, and none is back.
            let retry_ms = i64::from(self.rebalance_timeout_ms()).max(RETRY_MS_MIN);
            return turn.schedule(self.join_timer(), retry_ms);
        }
        self.generation = self.generation.wrapping_add(1).max(0);
        self.unsynced.clear();
        self.protocol = self.elect_protocol();
        self.subscribed = self.subscribed_topics();
        if self.members.is_empty() {
            self.leader = None;
            self.enter(State::Empty, turn.now.wall);
            turn.record(Record::Group {
                group: self.id.clone(),
                stored: Some(Stored::Classic(self.stored())),
            });
            return;
        }
        self.enter(State::CompletingRebalance, turn.now.wall);
        turn.schedule(self.sync_timer(), self.rebalance_timeout_ms().into());
        let ids: Vec<Str> = self.members.keys().cloned().collect();
        for id in ids {
            let response = self.joined(&id);
            self.answer_join(&id, response, turn);
            if let Some(member) = self.members.get_mut(&id) {
                member.newcomer = false;
            }
            self.restart_session(&id, turn);
            self.unsynced.insert(id);
        }
    }

    fn remove_absent(&mut self, turn: &mut Turn<'_>) {
        let is_absent = |member: &super::Member| member.join.is_none() && member.instance.is_none();
        let absent = self.members.iter().filter(|(_, member)| is_absent(member)).map(|(id, _)| id.clone());
        for id in absent.collect::<Vec<_>>() {
            self.remove(&id, turn);
        }
    }

    /// Finds a leader among those who joined; the one there is stays if it did. `false`: nobody joined.
    fn elect_leader(&mut self) -> bool {
        let has_joined = |id: &Str| self.members.get(id).is_some_and(|member| member.join.is_some());
        if self.leader.as_ref().is_some_and(has_joined) {
            return true;
        }
        match self.members.iter().find(|(_, member)| member.join.is_some()) {
            Some((id, _)) => {
                self.leader = Some(id.clone());
                true
            }
            None => false,
        }
    }

    /// The generation ends before its assignment was known to all.
    fn take_back_assignment(&mut self, turn: &mut Turn<'_>) {
        for member in self.members.values_mut() {
            member.assignment = Bytes::new();
        }
        self.answer_all_syncs(ErrorCode::REBALANCE_IN_PROGRESS, turn);
    }

    /// Tells everybody who waits for an assignment theirs, or an error.
    pub(super) fn answer_all_syncs(&mut self, error: ErrorCode, turn: &mut Turn<'_>) {
        let ids: Vec<Str> = self.members.keys().cloned().collect();
        for id in ids {
            let response = match error {
                ErrorCode::NONE => self.assigned(&id),
                _ => sync_error(error),
            };
            if self.answer_sync(&id, response, turn) {
                self.restart_session(&id, turn);
            }
        }
    }
}

/// A client may give any rebalance timeout, also 0; nobody must be able to make us look without pause.
const RETRY_MS_MIN: i64 = 1_000;
