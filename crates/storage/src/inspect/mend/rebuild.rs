//! Makes the indexes of segments anew from their logs.

use super::super::aborted::Transactions;
use super::super::directory::PartitionFiles;
use super::super::scan::{LogScan, Piece};
use super::write;
use crate::error::OpenError;
use crate::local::index::{Entry, OffsetEntry, TimeEntry};
use crate::local::names::{self, Kind};
use crate::local::txnindex::AbortedEntry;
use ottla_base::{Offset, Timestamp};
use std::path::Path;

/// Writes the indexes of the segments that `wanted` accepts. Reads all segments: transactions span them.
pub(crate) fn indexes(directory: &Path, wanted: &dyn Fn(Offset) -> bool) -> Result<(), OpenError> {
    let name = directory.file_name().and_then(|name| name.to_str()).and_then(names::parse_directory);
    let (topic, index) = name.expect("the directory was found by its name");
    let files = PartitionFiles::list(topic, index, directory.to_owned())?;
    let mut transactions = Transactions::default();
    for (base, _) in &files.segments {
        let made = Made::of(&files.file(*base, Kind::Log), *base, &mut transactions)?;
        if !wanted(*base) {
            continue;
        }
        write(&files.file(*base, Kind::Index), &bytes_of(&made.offsets))?;
        write(&files.file(*base, Kind::TimeIndex), &bytes_of(&made.times))?;
        write(&files.file(*base, Kind::TxnIndex), &bytes_of(&made.aborted))?;
    }
    Ok(())
}

fn bytes_of<E: Entry>(entries: &[E]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(entries.len() * E::BYTES);
    entries.iter().for_each(|entry| entry.put(&mut bytes));
    bytes
}

#[derive(Default)]
struct Made {
    offsets: Vec<OffsetEntry>,
    times: Vec<TimeEntry>,
    aborted: Vec<AbortedEntry>,
}

impl Made {
    fn of(path: &Path, base: Offset, transactions: &mut Transactions) -> Result<Self, OpenError> {
        let failed = |error| OpenError::io("reading", path, error);
        let mut scan = LogScan::open(path, base).map_err(failed)?;
        let mut made = Self::default();
        let (mut bytes_since_entry, mut newest) = (0, (Timestamp::NONE, base));
        let relative = |offset: Offset| u32::try_from(offset.0 - base.0).expect("the scan has checked it");
        while let Some(piece) = scan.next().map_err(failed)? {
            let Piece::Batch { position, header, bytes } = piece else { continue };
            if newest.0 < header.max_timestamp {
                newest = (header.max_timestamp, header.last_offset());
            }
            if INTERVAL_BYTES < bytes_since_entry {
                let position = u32::try_from(position).expect("a segment has less than 4 GiB");
                made.offsets.push(OffsetEntry { relative: relative(header.last_offset()), position });
                made.note_time(newest, relative(newest.1));
                bytes_since_entry = 0;
            }
            bytes_since_entry += header.size();
            made.aborted.extend(transactions.take(&header, &bytes));
        }
        made.note_time(newest, relative(newest.1));
        Ok(made)
    }

    fn note_time(&mut self, (timestamp, _): (Timestamp, Offset), relative: u32) {
        let indexed = self.times.last().map_or(Timestamp::NONE, |entry| entry.timestamp);
        if indexed < timestamp {
            self.times.push(TimeEntry { timestamp, relative });
        }
    }
}

/// Kafka's default of `index.interval.bytes`.
const INTERVAL_BYTES: usize = 4096;
