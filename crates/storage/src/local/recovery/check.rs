//! Checks one segment of a partition that was not stopped in order: every batch behind what is known to be durable.

use super::Recovery;
use super::scan::Scan;
use crate::error::OpenError;
use crate::local::index::{self, OffsetEntry, TimeEntry};
use crate::local::segment::{Active, Segment};
use crate::local::txnindex::AbortedEntry;
use crate::local::walk::{self, Walk, WalkError};
use ottla_base::Offset;
use ottla_wire::record;
use std::fs::File;

/// What was found in a segment.
pub(super) enum Scanned {
    Whole,
    /// `position` is the first byte that does not belong to a batch.
    Damaged {
        position: u64,
        reason: String,
    },
}

impl Recovery<'_> {
    /// Checks `base`'s log from the batch at `from` on and makes it the last segment.
    pub(super) fn check_segment(
        &mut self,
        base: Offset,
        length: u32,
        from: Offset,
        is_active: bool,
    ) -> Result<Scanned, OpenError> {
        let file = self.open_log(base)?;
        let position = match self.prepare(base, length, from, &file)? {
            Ok(position) => position,
            Err(damaged) => return Ok(damaged),
        };
        if !self.known.intact {
            self.put_back(base, &file, position..length.into())?;
        }
        let mut scan = Scan::new(self.place.disk, &file, position, length.into());
        loop {
            let before = scan.position;
            let found = scan.next().map_err(|error| self.failed("reading", error))?;
            self.report.bytes_checked += scan.position - before;
            let reason = match found {
                None => return Ok(Scanned::Whole),
                Some(Ok(header)) => match self.misfit(base, &header, is_active) {
                    None => {
                        self.note_jump(before, &header);
                        self.take(&header, scan.last_batch(&header));
                        continue;
                    }
                    Some(reason) => reason,
                },
                Some(Err(reason)) => reason.to_string(),
            };
            if let Some(position) = self.go_back_to_jump() {
                return Ok(Scanned::Damaged { position, reason });
            }
            match self.step_over(&file, (before, length.into()), &reason)? {
                Some(position) => scan = Scan::new(self.place.disk, &file, position, length.into()),
                None => return Ok(Scanned::Damaged { position: before, reason }),
            }
        }
    }

    /// Cuts the indexes back to `from`, and finds where its batch begins.
    fn prepare(
        &mut self,
        base: Offset,
        length: u32,
        from: Offset,
        file: &File,
    ) -> Result<Result<u64, Scanned>, OpenError> {
        self.jump = None;
        let relative = from.0 - base.0;
        let failed = |error| self.failed("cutting the indexes in", error);
        index::truncate::<OffsetEntry>(self.place, base, |before, entry| {
            let ascends = before
                .is_none_or(|before| before.relative < entry.relative && before.position < entry.position);
            ascends && i64::from(entry.relative) < relative && entry.position < length
        })
        .map_err(failed)?;
        index::truncate::<TimeEntry>(self.place, base, |before, entry| {
            let ascends = before
                .is_none_or(|before| before.relative < entry.relative && before.timestamp < entry.timestamp);
            ascends && i64::from(entry.relative) < relative
        })
        .map_err(failed)?;
        // What is replayed finds its aborts again.
        let replayed_to = self.replayed_to;
        index::truncate::<AbortedEntry>(self.place, base, |before, entry| {
            entry.is_sound(base, before) && entry.marker < replayed_to
        })
        .map_err(failed)?;
        let floor = index::last::<OffsetEntry>(self.place, base).map_err(failed)?;
        let mut position = floor.map_or(0, |entry| u64::from(entry.position));
        self.state.end = self.state.end.max(base);
        self.state.segments.push(Segment::new(base, 0));
        let mut walk = Walk::new(self.place.disk, file, position, length.into());
        let (skipped_to, mut batch) = (position, Vec::new());
        let damage = loop {
            match walk.next() {
                Ok(Some(found))
                    if found.header.base_offset < from && self.state.end <= found.header.base_offset =>
                {
                    // A header alone may lead anywhere, and what lies behind would be taken for torn.
                    walk::read_batch(self.place.disk, file, &found, &mut batch)
                        .map_err(|error| self.failed("reading", error))?;
                    if let Err(reason) = record::check_integrity(&batch) {
                        break Some(reason.to_string());
                    }
                    // What the index has skipped is not missing.
                    if 0 < skipped_to && found.position == skipped_to {
                        self.state.end = self.state.end.max(found.header.base_offset);
                    }
                    self.note_jump(found.position, &found.header);
                    self.state.end = found.header.next_offset();
                    position = found.end();
                }
                Ok(_) => break None,
                Err(WalkError::Io(error)) => return Err(self.failed("reading", error)),
                // Nothing of it is below the recovery point: it is for the scan to tell.
                Err(WalkError::NotABatch { .. }) if from <= self.state.end => break None,
                Err(WalkError::NotABatch { reason, .. }) => break Some(reason.to_string()),
            }
        };
        self.last().size = u32::try_from(position).expect("inside a segment");
        let last = self.state.segments.last().expect("it was just pushed");
        let active = Active::resume(self.place, last, file, self.now);
        let active = active.map_err(|error| self.walk_failed(base, error))?;
        self.last().aborted = active.aborts.len();
        self.state.active = Some(Box::new(active));
        Ok(damage.map_or(Ok(position), |reason| Err(Scanned::Damaged { position, reason })))
    }
}
