//! The log as a caller sees it, on temporary directories.

use super::*;
use crate::settings::{Durability, Syncs};
use ottla_base::{Now, Tick};
use std::path::Path;
use std::sync::atomic::{AtomicI64, AtomicUsize};
use std::task::{Context, Poll, Wake, Waker};

/// Clocks that a test moves, and chance that counts.
#[derive(Debug, Default)]
pub(crate) struct TestEnv {
    pub(crate) wall: AtomicI64,
    drawn: AtomicUsize,
}

impl Env for TestEnv {
    fn now(&self) -> Now {
        let wall = self.wall.load(Ordering::SeqCst);
        Now { wall: Timestamp(wall), tick: Tick(u64::try_from(wall).unwrap_or(0)) }
    }

    fn random(&self) -> u64 {
        self.drawn.fetch_add(1, Ordering::SeqCst) as u64
    }
}

#[derive(Default)]
pub(crate) struct Heard(pub(crate) Mutex<Vec<PartitionId>>);

impl Progress for Heard {
    fn advanced(&self, partitions: &[PartitionId]) {
        self.0.lock().extend_from_slice(partitions);
    }
}
