//! The first half of a pass: the newest offset of every key in the dirty part of the log.

use super::Stop;
use super::filter::marker_kind;
use super::job::Shell;
use super::offset_map::{Full, OffsetMap};
use super::source::{Reader, Source};
use super::transactions::Transactions;
use crate::local::partition::Partition;
use bytes::Bytes;
use ottla_base::Offset;
use ottla_wire::record::{self, BatchError, BatchHeader};
use std::collections::VecDeque;

/// A map that is being filled.
pub(crate) struct Mapping {
    map: OffsetMap,
    from: Offset,
    /// The offset after the last record that was taken into account.
    covered: Offset,
    waiting: VecDeque<Source>,
    current: Option<(Source, Reader)>,
    transactions: Transactions,
}

/// Keys and their newest offsets, for everything below `covered` that was dirty.
pub(crate) struct Mapped {
    pub(crate) map: OffsetMap,
    pub(crate) covered: Offset,
}

impl Mapping {
    /// Begins at `from`, which lies in the first of `sources`. `transactions` knows the aborted ones.
    pub(crate) fn new(
        map: OffsetMap,
        from: Offset,
        sources: impl IntoIterator<Item = Source>,
        transactions: Transactions,
    ) -> Self {
        let waiting = sources.into_iter().collect();
        Self { map, from, covered: from, waiting, current: None, transactions }
    }

    /// Reads on for about one chunk; `true` when the map is full or has everything.
    pub(crate) fn step(
        &mut self,
        shell: &Shell,
        partition: &Partition,
        io_bytes: &mut u64,
    ) -> Result<bool, Stop> {
        let budget = shell.options.io_bytes as u64;
        while *io_bytes < budget {
            let Some((source, reader)) = &mut self.current else {
                let Some(source) = self.waiting.pop_front() else { return Ok(true) };
                self.current = Some((source, source.open(partition, shell.engine)?));
                continue;
            };
            let Some((header, batch)) = reader.next(&*shell.engine.disk, shell.options.io_bytes, io_bytes)?
            else {
                self.covered = self.covered.max(source.next);
                self.current = None;
                continue;
            };
            if header.last_offset() < self.from {
                continue;
            }
            let noted = note(&mut self.map, &mut self.transactions, self.from, (&header, &batch));
            match noted.map_err(|reason| reader.damaged(reason))? {
                None => self.covered = header.next_offset(),
                Some(offset) => {
                    self.covered = offset;
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// What was mapped, when [`step`](Self::step) says that it is all.
    pub(crate) fn finish(self) -> Mapped {
        Mapped { map: self.map, covered: self.covered }
    }
}

/// Notes the keys of a batch. Returns the offset of the first record that found no room.
fn note(
    map: &mut OffsetMap,
    transactions: &mut Transactions,
    from: Offset,
    (header, batch): (&BatchHeader, &Bytes),
) -> Result<Option<Offset>, BatchError> {
    if header.is_control() {
        transactions.marker(header, marker_kind(header, batch)?);
        return Ok(None);
    }
    // An aborted record supersedes nothing.
    if transactions.data(header) {
        return Ok(None);
    }
    for record in record::records(*header, batch)? {
        let record = record?;
        let Some(key) = record.key.filter(|_| from <= record.offset) else { continue };
        if map.put(&key, record.offset) == Err(Full) {
            return Ok(Some(record.offset));
        }
    }
    Ok(None)
}
