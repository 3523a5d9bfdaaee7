//! What partitions know of their producers.

use super::{ActiveProducer, Log};
use crate::error::ReadError;
use crate::sequencer::Producer;
use ottla_base::{PartitionId, ProducerId};

impl Log {
    /// The producers that a partition remembers, by id. Markers and batches that are not durable yet count already.
    ///
    /// # Errors
    /// [`ReadError`]: there is no such partition, or nothing is known of it.
    pub fn producers(&self, id: PartitionId) -> Result<Vec<ActiveProducer>, ReadError> {
        let partition = self.readable(id)?;
        let state = partition.state.lock();
        let mut producers: Vec<_> =
            state.producers.state().iter().map(|(id, producer)| active(id, producer)).collect();
        producers.sort_unstable_by_key(|producer| producer.producer);
        Ok(producers)
    }

    /// All transactions that are open in any partition that can be read, by partition and first offset: what a start compares
    /// with what the coordinator knows.
    #[must_use]
    pub fn open_transactions(&self) -> Vec<(PartitionId, ActiveProducer)> {
        let mut found = Vec::new();
        for partition in self.all() {
            let state = partition.state.lock();
            let producers = state.producers.state();
            let open = producers.open_transactions().filter_map(|id| Some((id, producers.get(id)?)));
            found.extend(open.map(|(id, producer)| (partition.id, active(id, producer))));
        }
        found.sort_unstable_by_key(|(id, producer)| (*id, producer.transaction_start));
        found
    }

    /// Forgets idempotent producers that have not written for `expiration_ms` (`producer.id.expiration.ms`),
    /// but none with an open transaction.
    pub fn expire_producers(&self, expiration_ms: u64) {
        let now = self.0.engine.env.now().wall;
        for partition in self.all() {
            partition.state.lock().producers.expire(now, expiration_ms);
        }
    }
}

fn active(id: ProducerId, producer: &Producer) -> ActiveProducer {
    ActiveProducer {
        producer: id,
        epoch: producer.epoch,
        last_sequence: producer.last().map_or(-1, |batch| batch.last_sequence),
        last_timestamp: producer.last_timestamp,
        coordinator_epoch: producer.coordinator_epoch,
        transaction_start: producer.transaction_start,
    }
}
