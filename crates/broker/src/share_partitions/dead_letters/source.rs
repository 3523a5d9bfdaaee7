//! The records that became dead letters, as they stand in the log.

use crate::share_partitions::feed::FeedError;
use ottla_base::{Offset, PartitionId};
use ottla_storage::{Log, ReadBound, ReadError, WholeFirst};
use ottla_wire::record::{Record, WalkError, records_within, walk};

/// A batch that unpacks to more is not copied.
const BATCH_UNPACKED_BYTES_MAX: usize = 64 << 20;

/// What is known of the record that a letter is about.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Original {
    /// The record.
    Record(Box<Record>),
    /// The group wants no copies.
    Unwanted,
    /// Retention, compaction or DeleteRecords was faster.
    Deleted,
    /// Its batch cannot be unpacked.
    Unreadable,
}

/// Reads records of one partition. Ascending offsets are read batch by batch.
pub(super) struct Source<'a> {
    log: &'a Log,
    partition: PartitionId,
    /// The offsets that `records` stands for.
    covered: Option<(Offset, Offset)>,
    /// `None` if the batch cannot be unpacked.
    records: Option<Vec<Record>>,
}

impl<'a> Source<'a> {
    pub(super) fn new(log: &'a Log, partition: PartitionId) -> Self {
        Self { log, partition, covered: None, records: None }
    }

    /// The record at `offset`.
    ///
    /// # Errors
    /// [`FeedError`] if the log cannot be read now.
    pub(super) fn record(&mut self, offset: Offset) -> Result<Original, FeedError> {
        if !self.covered.is_some_and(|(first, last)| first <= offset && offset <= last) {
            self.load(offset)?;
        }
        let Some(records) = &self.records else { return Ok(Original::Unreadable) };
        let found = records.binary_search_by_key(&offset, |record| record.offset);
        Ok(found.map_or(Original::Deleted, |at| Original::Record(Box::new(records[at].clone()))))
    }

    fn load(&mut self, offset: Offset) -> Result<(), FeedError> {
        (self.covered, self.records) = (Some((offset, offset)), Some(Vec::new()));
        let read = match self.log.read(self.partition, offset, 1, ReadBound::HighWatermark, WholeFirst::Yes) {
            Err(ReadError::OutOfRange { .. }) => return Ok(()),
            read => read?,
        };
        let Some(placed) = walk(&read.records).next() else { return Ok(()) };
        let placed = placed?;
        let header = placed.header;
        if offset < header.base_offset {
            return Ok(());
        }
        let bytes = placed.bytes().map_err(WalkError::from)?;
        self.covered = Some((header.base_offset, header.last_offset()));
        self.records = records_within(header, &bytes, BATCH_UNPACKED_BYTES_MAX)
            .and_then(|records| records.collect())
            .ok();
        Ok(())
    }
}
