//! Whether a whole batch belongs where it lies: its checksum covers neither its offset nor its epoch.

use super::Recovery;
use ottla_base::Offset;
use ottla_wire::record::BatchHeader;

impl Recovery<'_> {
    pub(super) fn note_jump(&mut self, position: u64, header: &BatchHeader) {
        if self.state.end < header.base_offset {
            self.jump = Some((position, self.state.end));
        }
    }

    /// A batch does not fit behind one before which offsets are missing: then that one may have the wrong offset. If it
    /// lies below the recovery point, so does the damage, and nothing must be cut.
    pub(super) fn go_back_to_jump(&mut self) -> Option<u64> {
        let point = self.known.recovery_point?;
        let (position, end) = self.jump.filter(|(_, end)| *end < point && point <= self.state.end)?;
        self.state.end = end;
        self.last().size = u32::try_from(position).expect("inside a segment");
        self.state.tail.clear();
        self.state.active = None;
        Some(position)
    }

    /// Why a whole batch does not belong where it lies. Its checksum covers neither its offset nor its epoch.
    pub(super) fn misfit(&self, base: Offset, header: &BatchHeader, is_active: bool) -> Option<String> {
        let end = self.state.end;
        // Whatever is appended follows what was there; only compaction leaves gaps, and not in the active segment.
        let is_untouched = is_active || self.known.intact;
        let was_appended = is_untouched && self.known.recovery_point.is_some_and(|point| point <= end);
        if header.base_offset < end || (was_appended && end < header.base_offset) {
            return Some(format!("offset {} comes after {end}", header.base_offset));
        }
        let last =
            header.base_offset.0.saturating_sub(base.0).saturating_add(header.last_offset_delta.into());
        if header.last_offset_delta < 0 || i64::from(i32::MAX) < last {
            return Some(format!("offset {} cannot be in this segment", header.base_offset));
        }
        if self.newest_epoch < header.partition_leader_epoch {
            return Some(format!("its leader epoch {} has not begun", header.partition_leader_epoch));
        }
        None
    }
}
