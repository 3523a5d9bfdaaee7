//! Producer ids, handed out from blocks that are reserved durably: an id is never given twice, also after a
//! crash, which loses the rest of a block.

use ottla_base::ProducerId;
use ottla_storage::{Meta, MetaError};
use parking_lot::Mutex;
use std::ops::Range;

/// Ids reserved and not yet handed out.
#[derive(Debug, Default)]
pub(crate) struct ProducerIds(Mutex<Range<i64>>);

/// Ids for one write to the metadata; Kafka's block size.
const BLOCK: u32 = 1_000;

impl ProducerIds {
    /// The next id. Waits for the disk once in [`BLOCK`] calls.
    pub(crate) async fn next(&self, meta: &Meta) -> Result<ProducerId, MetaError> {
        loop {
            if let Some(id) = self.0.lock().next() {
                return Ok(ProducerId(id));
            }
            let first = meta.allocate_producer_ids(BLOCK).await?.0;
            let mut block = self.0.lock();
            // Another request may have brought a block meanwhile; then this one's is lost, which harms nobody.
            if block.is_empty() {
                *block = first..first + i64::from(BLOCK);
            }
        }
    }
}
