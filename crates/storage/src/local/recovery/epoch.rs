//! Leader epochs over a recovery: a new one where something may be lost, and the old ones from the batches if their file is.

use super::Recovery;
use crate::error::OpenError;
use crate::local::segment::Segment;
use crate::local::walk::Walk;
use ottla_base::{LeaderEpoch, Offset};

impl Recovery<'_> {
    /// Consumers may have seen what is gone: a new epoch lets them notice. No epoch is ever used again.
    pub(super) fn begin_epoch(&mut self) -> Result<(), OpenError> {
        let newest = self.state.epochs.newest();
        if Offset::ZERO < self.state.end || LeaderEpoch(0) < newest {
            self.state.epochs.assign(LeaderEpoch(newest.0.saturating_add(1)), self.state.end);
        }
        // Nothing may be written in an epoch that a power cut can take back: it would not be believed.
        let saved = match self.known.is_settled {
            true => self.state.epochs.save_unsynced(self.place),
            false => self.state.epochs.save(self.place),
        };
        saved.map_err(|error| self.failed("writing the leader epochs of", error))
    }

    /// The file of epochs is missing or nonsense: every batch says in which one it was written. Epochs in which nothing
    /// was written are forgotten, and nobody can have seen them.
    pub(super) fn read_epochs(&mut self) -> Result<(), OpenError> {
        if self.state.segments.iter().all(|segment| segment.size == 0) {
            return Ok(());
        }
        tracing::warn!(directory = %self.place.path.display(), "the leader epochs are lost; reading the whole log for them");
        for at in 0..self.state.segments.len() {
            let Segment { base, size, .. } = self.state.segments[at];
            let file = self.open_log(base)?;
            let mut walk = Walk::new(self.place.disk, &file, 0, size.into());
            while let Some(found) = self.next_sound(base, &mut walk)? {
                self.state.epochs.assign(found.header.partition_leader_epoch, found.header.base_offset);
            }
        }
        let saved = self.state.epochs.save_unsynced(self.place);
        saved.map_err(|error| self.failed("writing the leader epochs of", error))
    }
}
