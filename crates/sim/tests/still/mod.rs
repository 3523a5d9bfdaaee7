//! A world in which time stands still, around one partition.

use ottla_base::{Env, Now, PartitionId, PartitionIndex, Tick, Timestamp, TopicId};
use ottla_sim::chance::Chance;
use ottla_storage::Progress;
use parking_lot::Mutex;

pub(crate) const ID: PartitionId =
    PartitionId { topic: TopicId(uuid::Uuid::from_u128(1)), index: PartitionIndex(0) };
pub(crate) const NOW_MS: i64 = 1_700_000_000_000;

/// Chance follows from the seed.
pub(crate) struct World(Mutex<Chance>);

impl World {
    pub(crate) fn new(chance: Chance) -> Self {
        Self(Mutex::new(chance))
    }
}

impl Env for World {
    fn now(&self) -> Now {
        Now { wall: Timestamp(NOW_MS), tick: Tick(0) }
    }

    fn random(&self) -> u64 {
        self.0.lock().bits()
    }

    fn is_single_threaded(&self) -> bool {
        true
    }
}

impl Progress for World {
    fn advanced(&self, _: &[PartitionId]) {}
}
