//! When all is quiet, static members go for a moment and come back: each has what it had before, and nobody else notices.

use super::super::judge::Kind;
use super::super::member::{Parting, Place};
use super::World;
use super::people::Entrance;
use std::collections::BTreeSet;

/// A member that is away for a moment.
struct Away {
    entrance: Entrance,
    had: (i32, BTreeSet<Place>),
}

impl World {
    /// To be called when everything has settled.
    pub(super) fn restart_some(&mut self) {
        // Sessions of the dead end, which are no reason to take anything from anybody later.
        self.go_on(self.now_ms + LEFTOVERS_MS, |_| false);
        // Who came late is in by then, or has given up.
        if !self.go_on(self.now_ms + LEFTOVERS_MS, Self::is_settled) {
            let what = self.unsettled().unwrap_or_default();
            return self.judged(Err(format!("it had settled, and does not stay so: {what}")));
        }
        let alive = (0..self.slots.len()).filter(|member| self.judge.members[*member].is_alive);
        let is_exclusive = |kind| matches!(kind, Kind::Classic | Kind::Consumer | Kind::Streams);
        let alive: BTreeSet<usize> =
            alive.filter(|member| is_exclusive(self.slots[*member].entrance.kind)).collect();
        let statics = alive.iter().filter(|member| self.slots[**member].entrance.instance.is_some());
        let gone: BTreeSet<usize> = statics.copied().filter(|_| self.chance.percent(50)).collect();
        self.judge.undisturbed = alive.difference(&gone).copied().collect();
        let away: Vec<Away> = gone.into_iter().map(|member| self.send_away(member)).collect();
        let after_ms = self.chance.within(100..1_500);
        self.go_on(self.now_ms + after_ms, |_| false);
        if self.chance.percent(25) {
            // It is up again at once: a member of a classic group waits for an answer longer than its session.
            self.crash(1);
        }
        let first = self.slots.len();
        away.iter().for_each(|away| self.seat(away.entrance.clone()));
        let settled = self.go_on(self.now_ms + BACK_MS, Self::is_settled);
        let lost = away.iter().enumerate().find_map(|(at, away)| self.lost(first + at, away));
        if let Some(lost) = lost.or_else(|| self.unsettled().filter(|_| !settled)) {
            self.judged(Err(lost));
        }
        self.judge.undisturbed.clear();
    }

    fn send_away(&mut self, member: usize) -> Away {
        self.note(|| format!("{member} leaves for a moment, when all is quiet"));
        let slot = &self.slots[member];
        let (generation, places) = slot.member.owned();
        let away = Away { entrance: slot.entrance.clone(), had: (generation, places.clone()) };
        self.part(member, Parting::ForAMoment);
        away
    }

    /// What a member that is back does not have again.
    fn lost(&self, member: usize, away: &Away) -> Option<String> {
        let (generation, places) = self.slots[member].member.owned();
        let Away { entrance, had } = away;
        let is_back = *had == (generation, places.clone());
        (!is_back).then(|| format!("{member} was away for a moment, and is back as {entrance:?} with {places:?} and not with {had:?}"))
    }
}

/// Longer than any session and any rebalance.
const LEFTOVERS_MS: u64 = 20_000;
/// By then who came back has settled.
const BACK_MS: u64 = 30_000;
