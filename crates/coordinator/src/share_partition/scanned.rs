//! What the broker has read in the log, as the machine needs to know it.

use super::run::Facts;
use ottla_base::Offset;

/// What stands in the log from one offset to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scanned {
    /// Where the reading began.
    pub from: Offset,
    /// Where it ended: the offset after the last one that was looked at.
    pub to: Offset,
    /// The batches with records to deliver, ascending. What lies between them is archived at once: control batches,
    /// aborted transactions for a group that reads committed, and what compaction has taken.
    pub batches: Vec<ScannedBatch>,
}

/// One batch of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScannedBatch {
    /// Its first offset. May lie before [`Scanned::from`].
    pub first: Offset,
    /// Its last offset.
    pub last: Offset,
    /// What it takes in the log.
    pub bytes: u32,
    /// What each of its records says, ascending by offset; what is missing is archived. `None` if the config does not
    /// need the records ([`Config::needs_records`](super::Config::needs_records)).
    pub records: Option<Vec<(Offset, Facts)>>,
}
