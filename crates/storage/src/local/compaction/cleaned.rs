//! Writes the segment that takes the place of others, with its indexes, under names that end in `.cleaned`.

use super::Stop;
use crate::disk::{Disk, Mode};
use crate::local::names::{self, Kind};
use crate::local::place::Place;
use crate::local::segment::{Active, Segment};
use crate::local::txnindex::AbortedEntry;
use ottla_base::{Offset, Timestamp};
use ottla_wire::record::BatchHeader;
use std::fs::File;
use std::io::{self, IoSlice};
use std::sync::Arc;

/// A segment that is being written.
pub(crate) struct Cleaned {
    segment: Segment,
    active: Active,
    file: Arc<File>,
    /// What is not in the file yet; it belongs at the file's end.
    buffer: Vec<u8>,
    written: u64,
    /// Up to here the system was asked to write the file out.
    written_out: u64,
    /// Up to here a sync has covered the file.
    synced: u64,
    /// The offset after its last batch.
    end: Offset,
    index_interval_bytes: u32,
}

impl Cleaned {
    /// Begins an empty one. What an earlier attempt has left under its name is gone.
    pub(crate) fn create(
        place: &Place,
        base: Offset,
        now: Timestamp,
        index_interval_bytes: u32,
    ) -> io::Result<Self> {
        let place = place.with_suffix(names::CLEANED_SUFFIX);
        Kind::OF_SEGMENTS
            .iter()
            .try_for_each(|kind| place.disk.remove_file_if_any(&place.file(base, *kind)))?;
        let file = Arc::new(place.disk.open(&place.log(base), Mode::Empty)?);
        Ok(Self {
            segment: Segment::new(base, 0),
            active: Active::new(base, now, 0),
            file,
            buffer: Vec::new(),
            written: 0,
            written_out: 0,
            synced: 0,
            end: base,
            index_interval_bytes,
        })
    }

    /// The offset after its last batch.
    pub(crate) fn end(&self) -> Offset {
        self.end
    }

    /// Adds a batch in memory.
    pub(crate) fn push(&mut self, header: &BatchHeader, batch: &[u8]) -> Result<(), Stop> {
        let position = self.segment.size;
        let size = u32::try_from(batch.len()).ok().and_then(|bytes| position.checked_add(bytes));
        // Batches may grow a little when they get a delete horizon.
        let size = size.ok_or_else(|| Stop::io("joining segments")(io::ErrorKind::FileTooLarge.into()))?;
        self.active.note(&self.segment, header, position, self.index_interval_bytes);
        self.segment.size = size;
        self.buffer.extend_from_slice(batch);
        self.end = header.next_offset();
        Ok(())
    }

    /// Notes that the marker of an aborted transaction is among the batches, and batches of it are in the log.
    pub(crate) fn push_aborted(&mut self, entry: AbortedEntry) {
        self.active.aborts.push(entry);
        self.segment.aborted += 1;
    }

    /// Writes what waits, if it is `wanted` bytes or more. Returns how many bytes were written.
    pub(crate) fn flush(&mut self, place: &Place, wanted: usize) -> Result<u64, Stop> {
        if self.buffer.len() < wanted.max(1) {
            return Ok(0);
        }
        let bytes = self.buffer.len() as u64;
        let disk = place.disk;
        disk.write_all_at(&self.file, &mut [IoSlice::new(&self.buffer)], self.written)
            .map_err(Stop::io("writing a compacted segment"))?;
        self.buffer.clear();
        self.written += bytes;
        self.spread(disk)?;
        if self.active.is_flush_due() {
            self.active.try_flush(&place.with_suffix(names::CLEANED_SUFFIX), self.segment.base);
        }
        Ok(bytes)
    }

    /// Brings to the disk what was written, bit by bit: syncs of producers wait for one of much. The system is asked to
    /// begin with every piece, which costs others nothing, where each small sync would be one more that the file system's
    /// journal and the disk's cache make them wait for. The few syncs keep it from falling far behind.
    fn spread(&mut self, disk: &dyn Disk) -> Result<(), Stop> {
        if WRITTEN_OUT_AFTER_BYTES <= self.written - self.written_out {
            // The last page is not full yet, and would be written again.
            let end = self.written - self.written % PAGE_BYTES;
            disk.write_out(&self.file, self.written_out..end);
            self.written_out = end;
        }
        if SYNCED_AFTER_BYTES <= self.written - self.synced {
            disk.sync_data(&self.file).map_err(Stop::io("syncing a compacted segment"))?;
            self.synced = self.written;
        }
        Ok(())
    }

    /// Writes and syncs everything but the names. The segment has its files open.
    pub(crate) fn finish(mut self, place: &Place) -> Result<Segment, Stop> {
        self.flush(place, 0)?;
        let place = place.with_suffix(names::CLEANED_SUFFIX);
        let base = self.segment.base;
        self.active.finish(&place, base).map_err(Stop::io("writing the indexes of a compacted segment"))?;
        let mut segment = self.segment;
        segment.newest = Some(self.active.newest());
        place.disk.sync_data(&self.file).map_err(Stop::io("syncing a compacted segment"))?;
        for kind in Kind::OF_SEGMENTS {
            if kind == Kind::Log {
                continue;
            }
            let file = place.disk.open(&place.file(base, kind), Mode::Read);
            match file {
                Ok(file) => {
                    place
                        .disk
                        .sync_data(&file)
                        .map_err(Stop::io("syncing the indexes of a compacted segment"))?;
                    if kind == Kind::Index {
                        segment.index = Some(Arc::new(file));
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(Stop::io("opening the indexes of a compacted segment")(error)),
            }
        }
        segment.file = Some(self.file);
        segment.touched = true;
        Ok(segment)
    }
}

const WRITTEN_OUT_AFTER_BYTES: u64 = 64 << 10;
const SYNCED_AFTER_BYTES: u64 = 8 << 20;
const PAGE_BYTES: u64 = 4096;
