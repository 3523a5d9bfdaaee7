//! What one answer brought for one partition, unpacked batch by batch as it is taken.
//!
//! Drops what the broker leaves to readers: records before the position, markers, and under read-committed the
//! records of transactions that were taken back.

use super::fetch::Answer;
use super::{Checksums, ConsumedRecord, ConsumerOptions, Isolation};
use crate::metadata::TopicPartition;
use bytes::Bytes;
use ottla_base::{LeaderEpoch, Offset, ProducerId};
use ottla_wire::record::{
    BatchError, BatchHeader, Batches, Marker, MarkerKind, RecordIter, batches, records, verify_crc,
};
use std::collections::{HashSet, VecDeque};

#[derive(Debug, Default)]
pub(crate) struct Buffer {
    batches: Option<Batches>,
    open: Option<(BatchHeader, RecordIter)>,
    checksums: Checksums,
    isolation: Isolation,
    /// Transactions taken back that begin further on, by offset.
    aborted: VecDeque<(ProducerId, Offset)>,
    /// Producers whose transaction, as far as the walk has come, was taken back.
    aborting: HashSet<ProducerId>,
}

impl Buffer {
    pub(crate) fn new(answer: Answer, options: &ConsumerOptions) -> Self {
        Self {
            batches: Some(batches(&answer.records)),
            open: None,
            checksums: options.checksums,
            isolation: options.isolation,
            aborted: answer.aborted.into(),
            aborting: HashSet::new(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.batches.is_none()
    }

    /// Moves up to `room` records to `into` and the position behind them.
    pub(crate) fn take(
        &mut self,
        partition: &TopicPartition,
        room: usize,
        (position, epoch): (&mut Offset, &mut LeaderEpoch),
        into: &mut Vec<ConsumedRecord>,
    ) -> Result<(), BatchError> {
        let end = into.len() + room;
        while into.len() < end {
            let Some((header, open)) = &mut self.open else {
                if !self.open_next(position)? {
                    return Ok(());
                }
                continue;
            };
            let Some(record) = open.next() else {
                *position = (*position).max(header.next_offset());
                self.open = None;
                continue;
            };
            let record = record?;
            if record.offset < *position {
                continue;
            }
            *position = record.offset.plus(1);
            *epoch = header.partition_leader_epoch;
            into.push(ConsumedRecord {
                topic: partition.topic.clone(),
                partition: partition.partition,
                offset: record.offset,
                leader_epoch: header.partition_leader_epoch,
                timestamp: record.timestamp,
                timestamp_type: header.timestamp_type(),
                key: record.key,
                value: record.value,
                headers: record.headers,
            });
        }
        // So that the last record of a batch empties the buffer, and the partition is asked for again at once.
        if let Some((header, open)) = &self.open
            && open.is_done()
        {
            *position = (*position).max(header.next_offset());
            self.open = None;
        }
        Ok(())
    }

    /// Opens the next batch that has records to give; false at the end of the answer.
    fn open_next(&mut self, position: &mut Offset) -> Result<bool, BatchError> {
        loop {
            let next = self.batches.as_mut().and_then(Iterator::next);
            let (header, batch) = match next {
                Some(Ok(batch)) => batch,
                // The broker may cut the last batch.
                None | Some(Err(BatchError::TooShort { .. })) => {
                    self.batches = None;
                    return Ok(false);
                }
                Some(Err(error)) => return Err(error),
            };
            if header.next_offset() <= *position {
                self.note(&header, &batch)?;
                continue;
            }
            if self.checksums == Checksums::Verified {
                verify_crc(&batch)?;
            }
            if self.note(&header, &batch)? == Verdict::Skip {
                *position = header.next_offset();
                continue;
            }
            self.open = Some((header, records(header, &batch)?));
            return Ok(true);
        }
    }

    /// Follows transactions past this batch, and says whether its records are for the caller.
    fn note(&mut self, header: &BatchHeader, batch: &Bytes) -> Result<Verdict, BatchError> {
        while let Some((producer, _)) = self.aborted.pop_front_if(|(_, first)| *first <= header.last_offset())
        {
            self.aborting.insert(producer);
        }
        if header.is_control() {
            let marker = records(*header, batch)?.next().transpose()?.as_ref().and_then(Marker::of);
            if marker.is_some_and(|marker| marker.kind == MarkerKind::Abort) {
                self.aborting.remove(&header.producer_id);
            }
            return Ok(Verdict::Skip);
        }
        let aborted = header.is_transactional() && self.aborting.contains(&header.producer_id);
        match self.isolation {
            Isolation::ReadCommitted if aborted => Ok(Verdict::Skip),
            Isolation::ReadCommitted | Isolation::ReadUncommitted => Ok(Verdict::Give),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Give,
    Skip,
}
