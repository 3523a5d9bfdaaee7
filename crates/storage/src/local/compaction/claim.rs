//! That one cleaner works on a log, and no other.

use super::Stop;
use crate::local::partition::{Engine, Partition, Status};
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// A log is one cleaner's for as long as this lives. Given back when dropped, also by a panic: a bug that a log brings out
/// must not keep it from being compacted until a restart.
pub(crate) struct Claim {
    engine: Arc<Engine>,
    partition: Arc<Partition>,
}

impl Claim {
    pub(crate) fn take(engine: &Arc<Engine>, partition: &Arc<Partition>) -> Result<Self, Stop> {
        let mut state = partition.state.lock();
        if state.status != Status::Live || state.compaction.claimed {
            return Err(Stop::Changed);
        }
        state.compaction.claimed = true;
        drop(state);
        Ok(Self { engine: Arc::clone(engine), partition: Arc::clone(partition) })
    }

    pub(crate) fn partition(&self) -> &Arc<Partition> {
        &self.partition
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut state = self.partition.state.lock();
        state.compaction.claimed = false;
        if !std::thread::panicking() {
            return;
        }
        // It would be the first again, and fail again: others have their turn before.
        state.compaction.not_before = self.engine.env.now().tick + RETRY_AFTER_PANIC;
        if state.compaction.swapping && state.status == Status::Live {
            let error = io::Error::other("compaction has panicked, which is a bug");
            self.partition.fail(&mut state, "putting a compacted segment in place", &error);
        }
    }
}

const RETRY_AFTER_PANIC: Duration = Duration::from_secs(600);
