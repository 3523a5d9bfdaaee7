//! What is known of producers after a recovery: replayed from the batches behind the newest snapshot, and saved.

use super::{Recovery, State};
use crate::error::OpenError;
use crate::local::facts;
use crate::local::segment::Segment;
use crate::local::walk::{Found, Walk, WalkError};
use ottla_base::Offset;

impl Recovery<'_> {
    /// The recovery point is about to move to the end: the next start reads nothing before it.
    pub(super) fn save_producers(&mut self) -> Result<(), OpenError> {
        let State { producers, end, recovery_point, .. } = &mut *self.state;
        if !producers.is_worth_saving() {
            return Ok(());
        }
        let saved = producers.save(self.place, *end, *recovery_point);
        saved.map_err(|error| self.failed("writing what is known of producers in", error))
    }

    /// What is known of producers at `to`, as far as a snapshot tells; the rest is to be replayed from what this returns.
    pub(super) fn load_producers(&mut self, to: Offset) -> Result<Offset, OpenError> {
        let loaded = self.state.producers.load(self.place, to, self.now);
        loaded.map_err(|error| self.failed("reading what is known of producers in", error))
    }

    /// The next batch of a walk that only passes by. Damage ends it, for it is found, and dealt with, by whoever checks
    /// these bytes; what cannot be read is nobody's to guess.
    pub(super) fn next_sound(&self, base: Offset, walk: &mut Walk) -> Result<Option<Found>, OpenError> {
        match walk.next() {
            Ok(found) => Ok(found),
            Err(WalkError::NotABatch { .. }) => Ok(None),
            Err(error @ WalkError::Io(_)) => Err(self.walk_failed(base, error)),
        }
    }

    /// Takes the producers of the batches from `from` to `to` into account.
    pub(super) fn replay(&mut self, from: Offset, to: Offset) -> Result<(), OpenError> {
        if to <= from {
            return Ok(());
        }
        for at in self.state.segment_of(from).unwrap_or(0)..self.state.segments.len() {
            let Segment { base, size, .. } = self.state.segments[at];
            let file = self.open_log(base)?;
            let mut walk = Walk::new(self.place.disk, &file, 0, size.into());
            while let Some(found) = self.next_sound(base, &mut walk)? {
                let at = found.header.base_offset;
                if from <= at && at < to {
                    let facts = facts::of_found(self.place.disk, &file, &found)
                        .map_err(|error| self.failed("reading", error))?;
                    self.state.producers.apply(&facts, at, self.now);
                }
            }
        }
        Ok(())
    }
}
