//! Keeps what lies behind damage readable: a damaged partition takes no appends, but all that is whole can be read.

use super::Recovery;
use crate::error::OpenError;
use crate::local::resync;
use crate::local::segment::Segment;
use crate::local::walk::{Walk, WalkError};
use ottla_base::Offset;
use ottla_wire::record::BatchHeader;
use std::io;

impl Recovery<'_> {
    /// The last segment is damaged at `position`, and `later` ones follow. Takes up whatever is whole and lies below
    /// `durable_to`.
    pub(super) fn keep_behind(
        &mut self,
        (position, length): (u64, u32),
        later: impl Iterator<Item = Segment>,
        durable_to: Offset,
    ) -> Result<(), OpenError> {
        let base = self.last().base;
        let file = self.open_log(base)?;
        let end = self.state.end;
        let fits = |header: &BatchHeader| end <= header.base_offset && header.base_offset < durable_to;
        let behind = resync::batch_after(self.place.disk, &file, (position, length.into()), &fits);
        let behind = behind.map_err(|error| self.failed("reading", error))?;
        let later: Vec<_> = later.filter(|segment| 0 < segment.size && segment.base < durable_to).collect();
        if behind.is_none() && later.is_empty() {
            return Ok(());
        }
        if behind.is_some() {
            self.last().size = length;
            self.last().damaged = true;
        }
        self.state.active = None;
        self.state.tail.clear();
        self.state.segments.extend(later);
        let Segment { base, size, .. } = *self.last();
        let (size, end) =
            self.readable(base, size, durable_to).map_err(|error| self.failed("reading", error))?;
        self.last().size = size;
        self.state.end = self.state.end.max(end);
        Ok(())
    }

    /// Up to where the segment's whole batches below `durable_to` reach: bytes and offset.
    fn readable(&self, base: Offset, size: u32, durable_to: Offset) -> io::Result<(u32, Offset)> {
        let file = self.open_log(base).map_err(io::Error::other)?;
        let mut reached = (0, base);
        let mut walk = Walk::new(self.place.disk, &file, 0, size.into());
        loop {
            match walk.next() {
                Ok(Some(found)) if found.header.base_offset < durable_to => {
                    let end = u32::try_from(found.end()).expect("inside a segment");
                    reached = (end, found.header.next_offset());
                }
                Ok(_) => return Ok(reached),
                Err(WalkError::Io(error)) => return Err(error),
                Err(WalkError::NotABatch { position, .. }) => {
                    let fits = |header: &BatchHeader| reached.1 <= header.base_offset;
                    if walk.pass_damage(position, &fits)?.is_none() {
                        return Ok(reached);
                    }
                }
            }
        }
    }
}
