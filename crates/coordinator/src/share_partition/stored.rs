//! What survives of a share-partition: where it starts, and what is known of records after that.
//!
//! ```text
//! offsets   0 ... 99 | 100 ... 199 | 200 ... 299 | 300 ... 304 | 305 ...
//!           before   | no row      | row: Done   | row:        | no row
//!           start    | never       |             | Available,  | never
//!           = done   | delivered   |             | count 2     | delivered
//! ```
//! Invariants: rows do not overlap, and none ends before the start. What is acquired has the row it had before.

use super::history::History;
use super::run::Letter;
use ottla_base::{Offset, PartitionId, Timestamp};
use std::collections::BTreeMap;

/// What survives of one share-partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stored {
    pub(super) header: Header,
    /// By first offset.
    pub(super) rows: BTreeMap<Offset, Row>,
}

/// What is kept once for each share-partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Everything before is done or given up.
    pub start: Offset,
    /// Records that are on the way to the dead-letter topic are there, if at all, from here on.
    pub dead_letters: Option<Position>,
}

/// A place in a dead-letter topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Which of its partitions.
    pub partition: PartitionId,
    /// The end of the partition at that time.
    pub offset: Offset,
}

/// What is known of neighbouring records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The last of them.
    pub last: Offset,
    /// What is known.
    pub mark: Mark,
}

/// What is known of a record that was delivered at least once, or is not to be delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Acknowledged or archived: never delivered again.
    Done,
    /// To be delivered again.
    Available {
        /// How often it was delivered.
        delivery_count: i16,
        /// Not before; [`Timestamp::NONE`] for at once.
        due: Timestamp,
        /// What became of the deliveries.
        history: History,
    },
    /// On the way to the dead-letter topic.
    Archiving(Letter),
}

impl Stored {
    pub(super) fn new(header: Header) -> Self {
        Self { header, rows: BTreeMap::new() }
    }

    /// The rows that have offsets in `first..=last`, ascending.
    pub(super) fn overlapping(&self, first: Offset, last: Offset) -> impl Iterator<Item = (Offset, &Row)> {
        let before = self.rows.range(..first).next_back().filter(move |(_, row)| first <= row.last);
        let within = (first <= last).then(|| self.rows.range(first..=last)).into_iter().flatten();
        before.into_iter().chain(within).map(|(first, row)| (*first, row))
    }
}
