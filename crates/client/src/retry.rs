//! Pauses between attempts, until time is up.

use crate::options::ClientOptions;
use ottla_base::Env;
use std::time::Duration;
use tokio::time::Instant;

/// The pauses of one operation.
pub(crate) struct Retry<'a> {
    env: &'a dyn Env,
    pause: Duration,
    pause_max: Duration,
    deadline: Instant,
}

impl<'a> Retry<'a> {
    /// Starts an operation that has [`ClientOptions::operation_timeout`].
    pub(crate) fn new(options: &ClientOptions, env: &'a dyn Env) -> Self {
        Self::until(options, env, tokio::time::Instant::now() + options.operation_timeout)
    }

    pub(crate) fn until(options: &ClientOptions, env: &'a dyn Env, deadline: Instant) -> Self {
        Self { env, pause: options.backoff, pause_max: options.backoff_max, deadline }
    }

    /// Waits before the next attempt; false if there is no time for one.
    pub(crate) async fn pause(&mut self) -> bool {
        let pause = jitter(self.pause, self.env);
        if self.deadline <= Instant::now() + pause {
            return false;
        }
        self.pause = (self.pause * 2).min(self.pause_max);
        tokio::time::sleep(pause).await;
        true
    }
}

/// `pause` plus or minus a fifth, so that clients that failed together do not return together.
pub(crate) fn jitter(pause: Duration, env: &dyn Env) -> Duration {
    let thousandths = u32::try_from(800 + env.random() % 401).expect("at most 1200");
    pause * thousandths / 1000
}

/// The pause after `attempts` failures, for those who keep their own clock.
pub(crate) fn backoff(options: &ClientOptions, attempts: u32, env: &dyn Env) -> Duration {
    let pause = options.backoff.saturating_mul(1 << attempts.saturating_sub(1).min(10));
    jitter(pause.min(options.backoff_max), env)
}
