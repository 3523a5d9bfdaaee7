//! Which log is compacted next, how far, and which of its segments become one.

use ottla_base::{Offset, Timestamp};
use std::ops::Range;

/// What has to be known of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SegmentFacts {
    pub(crate) base: Offset,
    pub(crate) bytes: u32,
    /// Its largest timestamp; only looked at if the log has a least lag.
    pub(crate) newest: Timestamp,
    /// The timestamp of its first batch; only looked at if the log has a largest lag.
    pub(crate) first: Timestamp,
}

/// What has to be known of a log.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LogFacts {
    pub(crate) log_start: Offset,
    pub(crate) last_stable: Offset,
    pub(crate) end: Offset,
    /// Up to where it was compacted, as far as anybody has noted.
    pub(crate) compacted_to: Option<Offset>,
    /// In order; the last one is the active one.
    pub(crate) segments: Vec<SegmentFacts>,
    pub(crate) lag_ms_min: u64,
    pub(crate) lag_ms_max: u64,
    pub(crate) dirty_ratio_min: f64,
}

/// A log that can be compacted, and what is to be gained.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Target {
    /// From here on keys have not been looked at.
    pub(crate) first_dirty: Offset,
    /// The base of the first segment that must be left alone.
    pub(crate) until: Offset,
    /// The share of the bytes below `until` that is dirty.
    pub(crate) dirty_ratio: f64,
    /// Whether its settings ask for it now.
    pub(crate) due: bool,
    /// Dirty bytes beyond those that its settings let wait.
    pub(crate) overdue_bytes: u64,
}

impl LogFacts {
    /// Where the part begins that has not been compacted. What was noted may have been trimmed since, or cut
    /// off by a crash.
    pub(crate) fn first_dirty(&self) -> Offset {
        match self.compacted_to {
            Some(offset) if self.log_start <= offset && offset <= self.end => offset,
            Some(_) | None => self.log_start,
        }
    }

    /// Looks at the log; `None` if nothing in it can be compacted.
    ///
    /// Left alone are the active segment, everything from the last stable offset on, and everything from the
    /// first dirty segment on that has a record younger than the least lag. Whole segments are taken, so that the
    /// one in which the limit lies is left alone, too.
    pub(crate) fn target(&self, now: Timestamp) -> Option<Target> {
        let first_dirty = self.first_dirty();
        let (active, old) = self.segments.split_last()?;
        let place =
            |offset| self.segments.partition_point(|segment| segment.base <= offset).saturating_sub(1);
        let dirty_from = place(first_dirty);
        let age = |timestamp: Timestamp| u64::try_from(now.0.saturating_sub(timestamp.0)).unwrap_or(0);
        let too_young = old[dirty_from.min(old.len())..]
            .iter()
            .find(|segment| 0 < self.lag_ms_min && age(segment.newest) < self.lag_ms_min);
        let limit = too_young.map_or(active.base, |segment| segment.base).min(self.last_stable);
        // The segment that the limit lies in, which may be the one that begins there.
        let until = place(limit);
        if until <= dirty_from {
            return None;
        }
        let bytes = |range: Range<usize>| -> u64 {
            self.segments[range].iter().map(|segment| u64::from(segment.bytes)).sum()
        };
        // Kafka counts the segment in which the dirty part begins as dirty.
        let (clean, dirty) = (bytes(0..dirty_from), bytes(dirty_from..until));
        if dirty == 0 {
            return None;
        }
        #[expect(clippy::cast_precision_loss, reason = "a ratio need not be exact")]
        let dirty_ratio = dirty as f64 / (clean + dirty) as f64;
        let is_overdue =
            |segment: &SegmentFacts| Timestamp(0) < segment.first && self.lag_ms_max < age(segment.first);
        let overdue = self.lag_ms_max < u64::MAX && old[dirty_from..].iter().any(is_overdue);
        let may_wait = if overdue { 0.0 } else { self.dirty_ratio_min };
        Some(Target {
            first_dirty,
            until: self.segments[until].base,
            dirty_ratio,
            due: overdue || self.dirty_ratio_min < dirty_ratio,
            overdue_bytes: dirty.saturating_sub(share(may_wait, clean + dirty)),
        })
    }
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it need not be exact, and the cast saturates"
)]
fn share(ratio: f64, bytes: u64) -> u64 {
    (ratio * bytes as f64) as u64
}

/// The place of the log that has most to gain among those that are due.
pub(crate) fn most_due<T>(targets: impl IntoIterator<Item = (T, Target)>) -> Option<(T, Target)> {
    let due = targets.into_iter().filter(|(_, target)| target.due);
    due.reduce(|best, next| if best.1.dirty_ratio < next.1.dirty_ratio { next } else { best })
}

/// Which neighbours become one segment: as many as fit `bytes_max`, and whose offsets fit 31 bits. `end` is the
/// offset after the last of them.
pub(crate) fn groups(segments: &[(Offset, u32)], end: Offset, bytes_max: u32) -> Vec<Range<usize>> {
    let mut groups: Vec<Range<usize>> = Vec::new();
    let mut bytes = 0;
    for (at, (_, size)) in segments.iter().enumerate() {
        let next = segments.get(at + 1).map_or(end, |(base, _)| *base);
        bytes += u64::from(*size);
        match groups.last_mut() {
            Some(group)
                if bytes <= u64::from(bytes_max)
                    && next.0 - 1 - segments[group.start].0.0 <= i64::from(i32::MAX) =>
            {
                group.end = at + 1;
            }
            _ => {
                groups.push(at..at + 1);
                bytes = u64::from(*size);
            }
        }
    }
    groups
}

#[cfg(test)]
mod tests;
