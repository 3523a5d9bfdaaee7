//! The environment of a simulated broker: one thread, clocks that the world moves, chance that follows from the seed.

use crate::chance::Chance;
use ottla_base::{Env, Now, Tick, Timestamp};
use parking_lot::Mutex;
use tokio::time::Instant;

/// One life's environment. It must be made and asked inside a runtime whose time stands still.
#[derive(Debug)]
pub struct SimEnv {
    started: Instant,
    /// The wall clock when this life began.
    wall_ms: i64,
    chance: Mutex<Chance>,
}

impl SimEnv {
    /// The monotonic clock begins at 0, the wall clock at `wall_ms`.
    #[must_use]
    pub fn new(wall_ms: i64, chance: Chance) -> Self {
        Self { started: Instant::now(), wall_ms, chance: Mutex::new(chance) }
    }
}

impl Env for SimEnv {
    fn now(&self) -> Now {
        let passed_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let wall_ms = self.wall_ms.saturating_add_unsigned(passed_ms);
        Now { wall: Timestamp(wall_ms), tick: Tick(passed_ms) }
    }

    fn random(&self) -> u64 {
        self.chance.lock().bits()
    }

    fn is_single_threaded(&self) -> bool {
        true
    }
}
