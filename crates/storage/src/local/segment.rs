//! One segment of a partition: a `.log` file and what is known of it without reading it.
//!
//! Only the newest segment of a partition, the active one, grows; what its growth needs is in [`Active`].

use super::index::{self, Growing, OffsetEntry, TimeEntry};
use super::names::Kind;
use super::place::Place;
use super::trail::Trail;
use super::txnindex::AbortedEntry;
use super::walk::{Found, Walk, WalkError};
use crate::disk::Mode;
use crate::settings::LogSettings;
use ottla_base::{Offset, Timestamp};
use ottla_wire::record::BatchHeader;
use std::fs::File;
use std::io;
use std::sync::Arc;

/// A segment, whether it grows or not.
#[derive(Debug)]
pub(crate) struct Segment {
    /// Its first offset, which is also its files' name.
    pub(crate) base: Offset,
    /// Bytes of whole batches in it.
    pub(crate) size: u32,
    /// How many transactions have their aborts in it, written to the index or not.
    pub(crate) aborted: u32,
    /// Its largest timestamp, once somebody has asked; the active segment's is in [`Active`].
    pub(crate) newest: Option<Newest>,
    /// Open while the handle cache lets it.
    pub(crate) file: Option<Arc<File>>,
    /// The open offset index; closed together with `file`.
    pub(crate) index: Option<Arc<File>>,
    /// Where reads of `file` have ended; forgotten together with it.
    pub(crate) trail: Option<Arc<Trail>>,
    /// Used since the handle cache last looked.
    pub(crate) touched: bool,
    /// Some of its bytes were found to be no batch.
    pub(crate) damaged: bool,
}

/// The largest timestamp of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Newest {
    /// [`Timestamp::NONE`] if no record has one.
    pub(crate) timestamp: Timestamp,
    /// Last offset of the first batch that has it.
    pub(crate) offset: Offset,
}

impl Newest {
    pub(crate) fn none(base: Offset) -> Self {
        Self { timestamp: Timestamp::NONE, offset: base }
    }
}

impl Segment {
    /// A segment whose file has `size` bytes of whole batches.
    pub(crate) fn new(base: Offset, size: u32) -> Self {
        Self {
            base,
            size,
            aborted: 0,
            newest: None,
            file: None,
            index: None,
            trail: None,
            touched: false,
            damaged: false,
        }
    }

    /// An offset relative to the base, as the indexes store it. Both come from this segment.
    pub(crate) fn relative(&self, offset: Offset) -> u32 {
        relative(self.base, offset)
    }
}

/// What the growth of the active segment needs. Small, so that every partition can have it.
#[derive(Debug)]
pub(crate) struct Active {
    pub(crate) offsets: Growing<OffsetEntry>,
    pub(crate) times: Growing<TimeEntry>,
    pub(crate) aborts: Growing<AbortedEntry>,
    /// Log bytes since the last entry of the offset index.
    bytes_since_entry: u32,
    newest: Newest,
    /// Timestamp of the newest entry of the time index.
    indexed: Timestamp,
    /// Largest timestamp of the first batch; the segment's age counts from it.
    first: Option<Timestamp>,
    /// When the segment was made or opened; its age counts from it if the first batch has no timestamp.
    opened: Timestamp,
    /// How much earlier than `segment.ms` it rolls.
    jitter_ms: u64,
}

impl Active {
    /// The state of a new and empty segment.
    pub(crate) fn new(base: Offset, now: Timestamp, jitter_ms: u64) -> Self {
        Self {
            offsets: Growing::default(),
            times: Growing::default(),
            aborts: Growing::default(),
            bytes_since_entry: 0,
            newest: Newest::none(base),
            indexed: Timestamp::NONE,
            first: None,
            opened: now,
            jitter_ms,
        }
    }

    /// The state of a segment that was written before and has whole indexes: reads the ends of both, the first
    /// batch's header and those behind the last index entry.
    pub(crate) fn resume(
        place: &Place,
        segment: &Segment,
        file: &File,
        now: Timestamp,
    ) -> Result<Self, WalkError> {
        let mut active = Self::new(segment.base, now, 0);
        // Also before the first batch: recovery keeps aborts that it does not find again.
        active.aborts = Growing::resume(place, segment.base).map_err(WalkError::Io)?;
        if segment.size == 0 {
            return Ok(active);
        }
        active.offsets = Growing::resume(place, segment.base).map_err(WalkError::Io)?;
        active.times = Growing::resume(place, segment.base).map_err(WalkError::Io)?;
        if let Some(entry) = index::last::<TimeEntry>(place, segment.base).map_err(WalkError::Io)? {
            active.indexed = entry.timestamp;
            let offset = segment.base.plus(i64::from(entry.relative));
            active.newest = Newest { timestamp: entry.timestamp, offset };
        }
        let size = u64::from(segment.size);
        active.first = first_batch(place, file, size)?.map(|found| found.header.max_timestamp);
        let last = index::last::<OffsetEntry>(place, segment.base).map_err(WalkError::Io)?;
        let mut walk = Walk::new(place.disk, file, last.map_or(0, |entry| u64::from(entry.position)), size);
        loop {
            match walk.next() {
                Ok(Some(found)) => {
                    active.note_newest(&found.header);
                    active.bytes_since_entry =
                        active.bytes_since_entry.saturating_add(size_of(&found.header));
                }
                Ok(None) => return Ok(active),
                Err(WalkError::NotABatch { position, reason }) => {
                    let fits = |header: &BatchHeader| segment.base <= header.base_offset;
                    // Damage is no reason to take no more, but the end of the log has to be sound.
                    if walk.pass_damage(position, &fits).map_err(WalkError::Io)?.is_none() {
                        return Err(WalkError::NotABatch { position, reason });
                    }
                }
                Err(error) => return Err(error),
            }
        }
    }

    pub(crate) fn newest(&self) -> Newest {
        self.newest
    }

    /// Largest timestamp of the first batch, if there is one.
    pub(crate) fn first(&self) -> Option<Timestamp> {
        self.first
    }

    /// Whether the next batch of `bytes` belongs into a new segment.
    pub(crate) fn is_over(&self, segment: &Segment, settings: &LogSettings, batch: &NextBatch) -> bool {
        let used = u64::from(segment.size) + batch.before as u64;
        if used == 0 {
            return false;
        }
        let age_ms = match self.first {
            Some(first) if first != Timestamp::NONE => batch.timestamp.0.saturating_sub(first.0),
            _ => batch.now.0.saturating_sub(self.opened.0),
        };
        let age_max = settings.segment_ms.saturating_sub(self.jitter_ms);
        u64::from(settings.segment_bytes) < used + batch.bytes as u64
            || u64::try_from(age_ms).is_ok_and(|age_ms| age_max < age_ms)
            || self.offsets.is_full(settings.index_bytes_max)
            || self.times.is_full(settings.index_bytes_max)
            || i64::from(i32::MAX) < batch.last_offset.0 - segment.base.0
    }

    /// Takes a batch into account that was written at `position`.
    pub(crate) fn note(
        &mut self,
        segment: &Segment,
        header: &BatchHeader,
        position: u32,
        interval_bytes: u32,
    ) {
        self.first.get_or_insert(header.max_timestamp);
        self.note_newest(header);
        if interval_bytes < self.bytes_since_entry {
            self.offsets.push(OffsetEntry { relative: segment.relative(header.last_offset()), position });
            self.index_newest(segment.base);
            self.bytes_since_entry = 0;
        }
        self.bytes_since_entry = self.bytes_since_entry.saturating_add(size_of(header));
    }

    fn note_newest(&mut self, header: &BatchHeader) {
        if self.newest.timestamp < header.max_timestamp {
            self.newest = Newest { timestamp: header.max_timestamp, offset: header.last_offset() };
        }
    }

    fn index_newest(&mut self, base: Offset) {
        if self.indexed < self.newest.timestamp {
            self.indexed = self.newest.timestamp;
            let relative = relative(base, self.newest.offset);
            self.times.push(TimeEntry { timestamp: self.newest.timestamp, relative });
        }
    }

    /// Writes what waits in the indexes.
    fn flush(&mut self, place: &Place, base: Offset) -> io::Result<()> {
        self.offsets.flush(place, base)?;
        self.times.flush(place, base)?;
        self.aborts.flush(place, base)
    }

    /// Ends the indexes: afterwards the last entry of the time index is the segment's largest timestamp.
    pub(crate) fn finish(&mut self, place: &Place, base: Offset) -> io::Result<()> {
        self.index_newest(base);
        self.save(place, base)
    }

    /// Writes what waits, and makes sure that all files are there.
    pub(crate) fn save(&mut self, place: &Place, base: Offset) -> io::Result<()> {
        self.offsets.create(place, base)?;
        self.times.create(place, base)?;
        self.aborts.create(place, base)?;
        self.flush(place, base)
    }

    /// Whether so many entries wait that they should be written.
    pub(crate) fn is_flush_due(&self) -> bool {
        self.offsets.is_due() || self.times.is_due() || self.aborts.is_due()
    }

    /// Writes what waits. An error is not one of the log: the entries wait on.
    pub(crate) fn try_flush(&mut self, place: &Place, base: Offset) {
        if let Err(error) = self.flush(place, base) {
            tracing::debug!(directory = %place.path.display(), %error, "index entries wait for room");
        }
    }
}

/// What decides whether a batch begins a new segment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NextBatch {
    /// Bytes that are to be written before it.
    pub(crate) before: usize,
    pub(crate) bytes: usize,
    pub(crate) timestamp: Timestamp,
    pub(crate) last_offset: Offset,
    pub(crate) now: Timestamp,
}

/// Opens a segment's log for reading and appending.
pub(crate) fn open_log(place: &Place, base: Offset) -> io::Result<Arc<File>> {
    Ok(Arc::new(place.disk.open(&place.log(base), Mode::Write)?))
}

/// Creates an empty log. Left-overs of an earlier attempt with that name are emptied.
pub(crate) fn create_log(place: &Place, base: Offset) -> io::Result<Arc<File>> {
    let file = place.disk.open(&place.log(base), Mode::Empty)?;
    for kind in Kind::INDEXES {
        place.disk.remove_file_if_any(&place.file(base, kind))?;
    }
    Ok(Arc::new(file))
}

/// The first batch, if it is one.
fn first_batch(place: &Place, file: &File, size: u64) -> Result<Option<Found>, WalkError> {
    match Walk::new(place.disk, file, 0, size).next() {
        Err(WalkError::NotABatch { .. }) => Ok(None),
        other => other,
    }
}

fn relative(base: Offset, offset: Offset) -> u32 {
    u32::try_from(offset.0 - base.0).expect("a segment rolls before its offsets leave 31 bits")
}

fn size_of(header: &BatchHeader) -> u32 {
    u32::try_from(header.size()).expect("a segment has less than 4 GiB")
}
