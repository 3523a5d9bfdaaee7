//! A broker that is killed again and again while clients work.

use super::broker::Broker;
use super::clock::{now, pause};
use super::loops::Figures;
use super::options::Options;
use super::schedule::{Blow, Schedule};
use crate::Outcome;
use std::time::Duration;

/// What was done to the broker.
#[derive(Debug, Default)]
pub(super) struct Blows {
    pub(super) kills: u64,
    /// Kills of a broker that had not said that it is ready.
    pub(super) kills_in_recovery: u64,
    pub(super) stops: u64,
    /// The longest time from starting the process to the ready line.
    slowest_start: Duration,
}

/// What a suite does around the blows.
pub(super) trait Work {
    /// Spends a life of the broker; fails if a client has found something.
    fn live(&mut self, broker: &Broker, life: Duration) -> Outcome;

    /// The broker is dead, and half of the kills are over: do to its data what has to be noticed. `true` when it is done.
    fn sabotage(&mut self, broker: &Broker) -> Result<bool, String>;
}

impl Blows {
    /// Kills as often as was asked for.
    ///
    /// # Errors
    /// If the broker does not come back, or the work fails.
    pub(super) fn deal(
        name: &str,
        broker: &mut Broker,
        work: &mut impl Work,
        options: &Options,
    ) -> Result<Self, String> {
        let mut blows = Self::default();
        let mut schedule = Schedule::new(options.seed, options.is_quick);
        let (mut is_done, mut told) = (false, 0);
        while blows.kills < options.kills {
            let (life, blow) = schedule.next();
            work.live(broker, life)?;
            blows.one(broker, blow)?;
            if options.is_sabotaged && options.kills / 2 <= blows.kills && !is_done {
                is_done = work.sabotage(broker)?;
            }
            let start = now();
            broker.start()?;
            blows.slowest_start = blows.slowest_start.max(start.elapsed());
            if told + 20 <= blows.kills {
                told = blows.kills;
                println!("{name}: {told} kills");
            }
        }
        Ok(blows)
    }

    fn one(&mut self, broker: &mut Broker, blow: Blow) -> Outcome {
        match blow {
            Blow::Stop => {
                broker.stop()?;
                self.stops += 1;
            }
            Blow::Kill => {
                broker.kill();
                self.kills += 1;
            }
            Blow::KillAgain(delays) => {
                broker.kill();
                self.kills += 1;
                for delay in delays {
                    broker.spawn()?;
                    pause(delay);
                    broker.kill();
                    self.kills += 1;
                    self.kills_in_recovery += 1;
                }
            }
        }
        Ok(())
    }

    /// Names and figures.
    pub(super) fn figures(&self) -> Figures {
        vec![
            ("killed by SIGKILL, and came back", self.kills.to_string()),
            ("of them while it recovered from the last kill", self.kills_in_recovery.to_string()),
            ("stopped by SIGTERM between them", self.stops.to_string()),
            ("slowest start after one (ms)", self.slowest_start.as_millis().to_string()),
        ]
    }
}
