//! Damage that no torn write explains. If only the process has ended and not the machine, all that it had written is
//! there, whether it was synced or not: at most the very last write is torn. Bytes that are no batch before whole ones
//! were damaged later, and what lies behind them may have been acknowledged. It stays part of the log, and the damage is
//! told.

use super::Recovery;
use crate::error::OpenError;
use crate::local::resync;
use crate::report::Hole;
use ottla_base::Offset;
use ottla_wire::record::BatchHeader;
use std::fs::File;

impl Recovery<'_> {
    /// Whether damage from the log's present end on is none of a torn write.
    pub(super) fn may_have_holes(&self) -> bool {
        let known_to = self.known.recovery_point.unwrap_or(Offset::ZERO);
        self.known.intact && known_to <= self.state.end
    }

    /// Where the log goes on behind the damage at `position` of the last segment, if it does.
    pub(super) fn step_over(
        &mut self,
        file: &File,
        (position, length): (u64, u64),
        reason: &str,
    ) -> Result<Option<u64>, OpenError> {
        if !self.may_have_holes() {
            return Ok(None);
        }
        let (base, end, newest_epoch) = (self.last().base, self.state.end, self.newest_epoch);
        let fits = |header: &BatchHeader| {
            let last =
                header.base_offset.0.saturating_sub(base.0).saturating_add(header.last_offset_delta.into());
            let is_here = end <= header.base_offset && last <= i64::from(i32::MAX);
            is_here && 0 <= header.last_offset_delta && header.partition_leader_epoch <= newest_epoch
        };
        let behind = resync::batch_after(self.place.disk, file, (position, length), &fits);
        let Some(found) = behind.map_err(|error| self.failed("reading", error))? else { return Ok(None) };
        self.leave_hole(found.header.base_offset, reason);
        let segment = self.last();
        segment.size = u32::try_from(found.position).expect("inside a segment");
        segment.damaged = true;
        self.state.end = found.header.base_offset;
        // What is there joins batches that follow each other in the file.
        self.state.tail.clear();
        Ok(Some(found.position))
    }

    /// The log goes on at `next`.
    pub(super) fn leave_hole(&mut self, next: Offset, reason: &str) {
        let (topic, partition) = (self.known.topic.clone(), self.known.id.index);
        let first = self.state.end;
        tracing::error!(
            %topic, %partition, %first, %next, reason,
            "a log is damaged between these offsets; all others are served. 'ottla log repair' takes the damage out"
        );
        self.report.holes.push(Hole { topic, partition, first, next, reason: reason.to_owned() });
    }
}
