//! What compaction leaves of one batch.
//!
//! Rules (Kafka's, reference 4.8):
//! - Of each key the record with the newest offset stays; a record without a key goes.
//! - A tombstone, which is a record without a value, stays until its batch's *delete horizon*: the time of the first
//!   compaction that met it, plus `delete.retention.ms`. The horizon is kept in the batch. So a reader that needs less
//!   than that to get from the start of the log to its end sees every deletion.
//! - Data of an aborted transaction goes at once. A marker gets its delete horizon when nothing of its transaction is
//!   left, and goes when that has passed.
//! - A producer's last batch stays, if need be without records, so that its sequence can be told from the log. So
//!   does its last marker if that is all there is of it.
//! - No offset, timestamp, sequence number or producer changes, and compression stays as it was.
//! - At `covered` and beyond, where the map of keys ends, every record stays, but for aborted ones.

use super::offset_map::OffsetMap;
use super::transactions::{Transactions, Use};
use bytes::Bytes;
use foldhash::HashMap;
use ottla_base::{Offset, ProducerEpoch, ProducerId, Timestamp};
use ottla_wire::record::{self, BatchError, BatchHeader, Marker, MarkerKind, Record};

/// What holds for all batches of one pass.
pub(crate) struct Rules<'a> {
    /// The newest offset of every key from the first dirty offset to `covered`.
    pub(crate) map: &'a OffsetMap,
    /// The offset after the last record that `map` knows.
    pub(crate) covered: Offset,
    /// The time of this pass.
    pub(crate) now: Timestamp,
    /// How long tombstones and markers stay after the first pass that meets them.
    pub(crate) delete_retention_ms: u64,
    /// The producers whose sequences must stay known.
    pub(crate) producers: &'a HashMap<ProducerId, LastBatch>,
}

/// A producer's newest batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LastBatch {
    /// Its data ends at this offset.
    Data(Offset),
    /// It has only sent markers, of this epoch.
    Marker(ProducerEpoch),
}

/// What stays of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    /// Nothing.
    Nothing,
    /// The batch as it was.
    Whole,
    /// This batch in place of it.
    Part(Bytes),
}

/// How many records were met, and how many stay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) records: u64,
    pub(crate) kept: u64,
}

impl Rules<'_> {
    /// Decides on the next batch of the log.
    ///
    /// # Errors
    /// [`BatchError`] if the records cannot be read: then nothing of the log may be thrown away.
    pub(crate) fn apply(
        &self,
        transactions: &mut Transactions,
        counts: &mut Counts,
        (header, batch): (&BatchHeader, &Bytes),
    ) -> Result<Kept, BatchError> {
        counts.records += u64::try_from(header.record_count).unwrap_or(0);
        let kept = if header.is_control() {
            self.of_control(transactions, header, batch)?
        } else if transactions.data(header) {
            self.without_records(header)
        } else {
            self.of_data(header, batch)?
        };
        counts.kept += match &kept {
            Kept::Nothing => 0,
            Kept::Whole => u64::try_from(header.record_count).unwrap_or(0),
            Kept::Part(batch) => u64::try_from(BatchHeader::parse(batch)?.record_count).unwrap_or(0),
        };
        Ok(kept)
    }

    fn of_control(
        &self,
        transactions: &mut Transactions,
        header: &BatchHeader,
        batch: &Bytes,
    ) -> Result<Kept, BatchError> {
        let records: Vec<Record> = record::records(*header, batch)?.collect::<Result<_, _>>()?;
        let kind = records.first().and_then(Marker::of).map(|marker| marker.kind);
        match (transactions.marker(header, kind), header.delete_horizon()) {
            (Use::Needed, _) => Ok(Kept::Whole),
            // Kafka would keep its header alone; whole, it still tells the coordinator's epoch.
            (Use::Spent, Some(horizon)) if horizon <= self.now && !self.is_last(header) => Ok(Kept::Nothing),
            (Use::Spent, None) if records.is_empty() && !self.is_last(header) => Ok(Kept::Nothing),
            (Use::Spent, None) if !records.is_empty() => {
                Ok(Kept::Part(record::rebuild(header, &records, Some(self.new_horizon()))))
            }
            (Use::Spent, _) => Ok(Kept::Whole),
        }
    }

    fn of_data(&self, header: &BatchHeader, batch: &Bytes) -> Result<Kept, BatchError> {
        let mut kept: Vec<Record> = Vec::new();
        let (mut all, mut tombstones) = (true, false);
        for record in record::records(*header, batch)? {
            let record = record?;
            if self.stays(header, &record) {
                tombstones |= record.value.is_none();
                kept.push(record);
            } else {
                all = false;
            }
        }
        if kept.is_empty() {
            return Ok(self.without_records(header));
        }
        // A batch that the map covers in part has not been compacted yet.
        let is_covered = header.last_offset() < self.covered;
        let horizon = match header.delete_horizon() {
            None if tombstones && is_covered => Some(self.new_horizon()),
            known => known,
        };
        if all && horizon == header.delete_horizon() {
            return Ok(Kept::Whole);
        }
        Ok(Kept::Part(record::rebuild(header, &kept, horizon)))
    }

    fn stays(&self, header: &BatchHeader, record: &Record) -> bool {
        if self.covered <= record.offset {
            return true;
        }
        let Some(key) = &record.key else { return false };
        if self.map.get(key).is_some_and(|newest| record.offset < newest) {
            return false;
        }
        record.value.is_some() || header.delete_horizon().is_none_or(|horizon| self.now < horizon)
    }

    fn without_records(&self, header: &BatchHeader) -> Kept {
        match () {
            () if !self.is_last(header) => Kept::Nothing,
            () if header.record_count == 0 => Kept::Whole,
            () => Kept::Part(record::rebuild(header, &[], None)),
        }
    }

    fn is_last(&self, header: &BatchHeader) -> bool {
        if header.producer_id == ProducerId::NONE {
            return false;
        }
        match self.producers.get(&header.producer_id) {
            Some(LastBatch::Data(offset)) => header.last_offset() == *offset,
            Some(LastBatch::Marker(epoch)) => header.is_control() && header.producer_epoch == *epoch,
            None => false,
        }
    }

    fn new_horizon(&self) -> Timestamp {
        Timestamp(self.now.0.saturating_add_unsigned(self.delete_retention_ms))
    }
}

/// What a control batch says of its transaction; `None` if nothing that we know.
pub(crate) fn marker_kind(header: &BatchHeader, batch: &Bytes) -> Result<Option<MarkerKind>, BatchError> {
    let first = record::records(*header, batch)?.next().transpose()?;
    Ok(first.and_then(|record| Marker::of(&record)).map(|marker| marker.kind))
}

#[cfg(test)]
mod tests;
