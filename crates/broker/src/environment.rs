//! The running process's environment: real clocks and real chance. The only place that reads them.

use ottla_base::{Env, Now, Tick, Timestamp};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// The environment of a running process.
#[derive(Debug)]
pub struct SystemEnv {
    started: Instant,
}

impl SystemEnv {
    /// Starts the monotonic clock at 0.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the environment that everyone else asks")]
    pub fn new() -> Self {
        Self { started: Instant::now() }
    }
}

impl Default for SystemEnv {
    fn default() -> Self {
        Self::new()
    }
}

impl Env for SystemEnv {
    #[expect(clippy::disallowed_methods, reason = "this is the environment that everyone else asks")]
    fn now(&self) -> Now {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Now {
            wall: Timestamp(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)),
            tick: Tick(u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)),
        }
    }

    #[expect(clippy::disallowed_methods, reason = "this is the environment that everyone else asks")]
    fn random(&self) -> u64 {
        fastrand::u64(..)
    }
}
