//! What one partition has for the member.

use crate::share_partitions::Acquired;
use crate::share_session::Reported;
use ottla_coordinator::share_partition::Range;
use ottla_wire::error_code::ErrorCode;
use ottla_wire::record::Records;

/// One partition's part of a fetch.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) code: ErrorCode,
    pub(super) ranges: Vec<Range>,
    pub(super) records: Records,
    /// There may be more where the looking stopped.
    pub(super) is_cut_short: bool,
}

impl From<ErrorCode> for Outcome {
    fn from(code: ErrorCode) -> Self {
        Self { code, ..Self::default() }
    }
}

impl From<Acquired> for Outcome {
    fn from(acquired: Acquired) -> Self {
        let Acquired { ranges, records, is_cut_short } = acquired;
        Self { code: ErrorCode::NONE, ranges, records, is_cut_short }
    }
}

impl Outcome {
    pub(super) fn reported(&self) -> Reported {
        Reported { has_records: !self.ranges.is_empty(), is_error: self.code != ErrorCode::NONE }
    }

    /// Whether the member has to hear of it now: records, or trouble that may be over when it asks again. What does not
    /// exist waits for the others.
    pub(super) fn is_news(&self) -> bool {
        !self.ranges.is_empty() || self.code != ErrorCode::NONE && !self.is_unknown()
    }

    pub(super) fn is_unknown(&self) -> bool {
        matches!(self.code, ErrorCode::UNKNOWN_TOPIC_ID | ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)
    }
}

/// What an answer may still take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    pub(super) records: i32,
    pub(super) bytes: i64,
}

impl Budget {
    pub(super) fn has_room(self) -> bool {
        0 < self.records && 0 < self.bytes
    }

    pub(super) fn take(&mut self, outcome: &Outcome) {
        let count = |range: &Range| range.last.0 - range.first.0 + 1;
        let records: i64 = outcome.ranges.iter().map(count).sum();
        self.records = self.records.saturating_sub(i32::try_from(records).unwrap_or(i32::MAX));
        let bytes = outcome.records.len();
        self.bytes = self.bytes.saturating_sub(i64::try_from(bytes).unwrap_or(i64::MAX));
    }
}
