//! When the broker is hit, and how: seeded, so that a run's pattern can be repeated.

use super::chance::Chance;
use std::time::Duration;

/// What ends a life of the broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Blow {
    /// SIGTERM: it stops in order.
    Stop,
    /// SIGKILL.
    Kill,
    /// SIGKILL, and again that soon after each new start, in the middle of the recovery.
    KillAgain(Vec<Duration>),
}

/// An endless row of lives, each with its length and its end.
#[derive(Debug)]
pub(super) struct Schedule {
    chance: Chance,
    life_ms_max: u64,
}

/// Long enough for clients to reconnect now and then, and sometimes not.
const LIFE_MS_MIN: u64 = 150;

impl Schedule {
    pub(super) fn new(seed: u64, is_quick: bool) -> Self {
        Self { chance: Chance::new(seed), life_ms_max: if is_quick { 2500 } else { 5000 } }
    }

    /// The length of the next life, and the blow after it.
    pub(super) fn next(&mut self) -> (Duration, Blow) {
        let life = LIFE_MS_MIN + self.chance.below(self.life_ms_max - LIFE_MS_MIN);
        let blow = match self.chance.below(10) {
            0 => Blow::Stop,
            1 | 2 => {
                let again = 1 + self.chance.below(3);
                Blow::KillAgain(
                    (0..again).map(|_| Duration::from_micros(self.chance.below(40_000))).collect(),
                )
            }
            _ => Blow::Kill,
        };
        (Duration::from_millis(life), blow)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_is_one_schedule_and_all_blows_come() {
        let lives = |seed| {
            let mut schedule = Schedule::new(seed, false);
            (0..100).map(|_| schedule.next()).collect::<Vec<_>>()
        };
        assert_eq!(lives(1), lives(1));
        assert_ne!(lives(1), lives(2));
        for wanted in [Blow::Stop, Blow::Kill] {
            assert!(lives(1).iter().any(|(_, blow)| *blow == wanted), "{wanted:?}");
        }
        assert!(lives(1).iter().any(|(_, blow)| matches!(blow, Blow::KillAgain(_))));
    }
}
