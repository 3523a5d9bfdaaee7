//! What the offset index says of a view's segment: the entries in its file and those that are not there yet.

use super::View;
use crate::error::ReadError;
use crate::local::index::{Lookup, OffsetEntry, Share};
use crate::local::walk::WalkError;
use std::fs::File;
use std::io;
use std::sync::Arc;

/// How many bytes of an index file may be looked at.
#[derive(Clone, Copy, Debug)]
pub(super) enum Length {
    /// So many: it grows, and this much is written.
    Known(u64),
    /// Ask the file; it is as long as it will be.
    Final,
    /// Ask the file, and do not rely on it the next time.
    Now,
}

impl<'a> View<'a> {
    /// How far into the segment an offset is to be expected.
    pub(crate) fn share_of(&self, relative: u32) -> Share {
        let whole = u64::try_from(self.end.0 - self.base.0).unwrap_or(0);
        Share { part: relative.into(), whole }
    }

    /// Position of the last index entry for which `is_before` holds, or the start.
    pub(crate) fn floor(
        &self,
        likely: Share,
        is_before: impl Fn(&OffsetEntry) -> bool,
    ) -> Result<u64, ReadError> {
        Ok(self.last_entry(likely, is_before)?.map_or(0, |entry| u64::from(entry.position)))
    }

    /// The last index entry for which `is_before` holds.
    pub(super) fn last_entry(
        &self,
        likely: Share,
        is_before: impl Fn(&OffsetEntry) -> bool,
    ) -> Result<Option<OffsetEntry>, ReadError> {
        let is_usable = |entry: &OffsetEntry| u64::from(entry.position) < self.limit && is_before(entry);
        let pending = self.pending.partition_point(&is_usable);
        if let Some(last) = pending.checked_sub(1) {
            return Ok(Some(self.pending[last]));
        }
        self.find(likely, is_usable).map_err(|error| self.error(WalkError::Io(error)))
    }

    fn find(
        &self,
        likely: Share,
        is_before: impl Fn(&OffsetEntry) -> bool,
    ) -> io::Result<Option<OffsetEntry>> {
        let Some(file) = &self.index else { return Ok(None) };
        let mut lookup = self.lookup.borrow_mut();
        if lookup.is_none() {
            *lookup = Some(self.lookup_in(file)?);
        }
        lookup.as_mut().expect("made above").last_before(likely, is_before)
    }

    /// Goes on with what others have read of the index.
    fn lookup_in(&self, file: &Arc<File>) -> io::Result<Lookup<'a>> {
        let (block, noted) = self.trail.take_block();
        let bytes = match (self.index_length, noted) {
            (Length::Known(bytes), _) | (Length::Final, Some(bytes)) => bytes,
            (Length::Now, _) | (Length::Final, None) => self.disk().length(file)?,
        };
        if let Length::Final = self.index_length {
            self.trail.note_index_bytes(bytes);
        }
        Ok(Lookup::with(self.disk(), file.clone(), bytes, block))
    }
}
