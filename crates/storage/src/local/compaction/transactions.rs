//! Which batches belong to aborted transactions, and which markers nobody needs any more.
//!
//! Fed with the batches of a log in order. An aborted transaction is known before its first batch comes, from the
//! transaction index, because its marker comes last. A marker is needed while any batch of its transaction is in the
//! log: without it a reader would take the transaction for open.

use crate::local::txnindex::AbortedEntry;
use foldhash::{HashMap, HashSet};
use ottla_base::{Offset, ProducerId};
use ottla_wire::record::{BatchHeader, MarkerKind};
use std::collections::VecDeque;

/// Whether a marker still says something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// Batches of its transaction precede it.
    Needed,
    /// Nothing of its transaction is left.
    Spent,
}

/// What is known of the transactions at one place of a log.
#[derive(Debug, Default)]
pub(crate) struct Transactions {
    /// Aborted ones that have not begun yet, by their first offset.
    upcoming: VecDeque<AbortedEntry>,
    /// Aborted ones that have begun, and whether a batch of theirs was seen.
    aborting: HashMap<ProducerId, (AbortedEntry, bool)>,
    /// Producers of whose current, committed transaction a batch was seen.
    committing: HashSet<ProducerId>,
    /// Aborted ones whose markers were met and are needed.
    kept: Vec<AbortedEntry>,
}

impl Transactions {
    /// `aborted` are those that have a record in what will be read.
    pub(crate) fn new(mut aborted: Vec<AbortedEntry>) -> Self {
        aborted.sort_unstable_by_key(|transaction| transaction.first);
        Self { upcoming: aborted.into(), ..Self::default() }
    }

    /// A batch of data comes. Returns whether it was aborted.
    pub(crate) fn data(&mut self, header: &BatchHeader) -> bool {
        self.begin(header.last_offset());
        if !header.is_transactional() {
            return false;
        }
        match self.aborting.get_mut(&header.producer_id) {
            Some((_, seen)) => {
                *seen = true;
                true
            }
            None => {
                self.committing.insert(header.producer_id);
                false
            }
        }
    }

    /// A control batch comes; `kind` is `None` if it is no marker that we know, which is then kept.
    pub(crate) fn marker(&mut self, header: &BatchHeader, kind: Option<MarkerKind>) -> Use {
        self.begin(header.last_offset());
        let needed = match kind {
            // What is left of a marker that Kafka's compaction has emptied.
            None if header.record_count == 0 => false,
            None => true,
            Some(MarkerKind::Commit) => self.committing.remove(&header.producer_id),
            Some(MarkerKind::Abort) => match self.aborting.remove(&header.producer_id) {
                Some((transaction, true)) => {
                    self.kept.push(transaction);
                    true
                }
                _ => false,
            },
        };
        if needed { Use::Needed } else { Use::Spent }
    }

    /// The aborted transactions whose markers were found needed since the last call, for the transaction
    /// index of the segment that they are in.
    pub(crate) fn take_kept(&mut self) -> Vec<AbortedEntry> {
        std::mem::take(&mut self.kept)
    }

    fn begin(&mut self, up_to: Offset) {
        while let Some(next) = self.upcoming.pop_front_if(|next| next.first <= up_to) {
            self.aborting.entry(next.producer).or_insert((next, false));
        }
    }
}

#[cfg(test)]
mod tests;
