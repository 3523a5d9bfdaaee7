//! The project's own client, for generators of what takes several requests that follow from each other: a figure is
//! about the broker's part, and the client's does not matter as long as it keeps up.

use crate::clock;
use crate::command::{Failure, Outcome, While};
use crate::outcome::{self, Measured};
use ottla_base::{Env, Now, Tick, Timestamp};
use ottla_client::{Address, Client, ClientOptions};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use tokio::task::JoinSet;

/// Runs `work` on one thread.
pub(crate) fn run<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.while_doing("preparing to wait")?.block_on(work)
}

/// Connects to a broker.
pub(crate) async fn connect(address: &str) -> Result<Client, Failure> {
    let address: Address = address.parse().while_doing("reading --address")?;
    let options = ClientOptions { client_id: "ottla-bench".to_owned(), ..ClientOptions::new(vec![address]) };
    Client::connect(options, Arc::new(World::new())).await.while_doing("connecting to the broker")
}

/// Waits until one of them has brought the whole to its end, or has failed.
pub(crate) async fn first(mut workers: JoinSet<Outcome>) -> Outcome {
    match workers.join_next().await {
        Some(ended) => ended.while_doing("running a worker")?,
        None => Err(Failure::new("nobody works: give a number above 0")),
    }
}

/// What all workers together have done, in units of what is measured.
#[derive(Debug)]
pub(crate) struct Progress {
    warm_up: u64,
    total: u64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    warmed_up: u64,
    measured: Measured,
    since: Option<Instant>,
}

/// Whether there is more to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stand {
    GoOn,
    Over,
}

impl Progress {
    /// Measures `total` requests after `warm_up` others, at least one.
    pub(crate) fn new(warm_up: u64, total: u64) -> Self {
        Self { warm_up, total, state: Mutex::default() }
    }

    /// Counts an answered request. The one that is the last of the warm-up begins the measured part, and the last of
    /// all prints the result.
    pub(crate) fn add(&self, records: u64, bytes: u64) -> Result<Stand, Failure> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(since) = state.since else {
            state.warmed_up += 1;
            if self.warm_up <= state.warmed_up {
                state.since = Some(clock::now());
                outcome::begin()?;
            }
            return Ok(Stand::GoOn);
        };
        if self.total <= state.measured.requests {
            return Ok(Stand::Over);
        }
        let measured = &mut state.measured;
        measured.requests += 1;
        measured.records += records;
        measured.bytes += bytes;
        if measured.requests < self.total {
            return Ok(Stand::GoOn);
        }
        outcome::end(&measured.clone().lasting(clock::now().saturating_duration_since(since)))?;
        Ok(Stand::Over)
    }
}

/// The real clock, and chance that another process does not have too.
#[derive(Debug)]
struct World {
    started: Instant,
    chance: Mutex<fastrand::Rng>,
}

impl World {
    fn new() -> Self {
        let seed = clock::wall_ms().unsigned_abs() ^ (u64::from(std::process::id()) << 44);
        Self { started: clock::now(), chance: Mutex::new(fastrand::Rng::with_seed(seed)) }
    }
}

impl Env for World {
    fn now(&self) -> Now {
        let ticks = clock::now().saturating_duration_since(self.started).as_millis();
        Now { wall: Timestamp(clock::wall_ms()), tick: Tick(u64::try_from(ticks).unwrap_or(u64::MAX)) }
    }

    fn random(&self) -> u64 {
        self.chance.lock().unwrap_or_else(PoisonError::into_inner).u64(..)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_after_the_warm_up_counts_until_there_is_enough() {
        let progress = Progress::new(2, 3);
        let stands: Vec<Stand> = (0..7).map(|_| progress.add(10, 100).unwrap()).collect();
        let mut expected = [Stand::GoOn; 7];
        expected[4..].fill(Stand::Over);
        assert_eq!(stands, expected);
        let measured = progress.state.lock().unwrap().measured.clone();
        assert_eq!((measured.requests, measured.records, measured.bytes), (3, 30, 300));
    }
}
