//! What one command changes in the rows of a share-partition.
//!
//! The rows that a change touches are copied here, changed, and compared with what is stored at the end, so that only
//! differences become records. What is done swallows the gaps and the done rows around it: there are never more done rows
//! than runs that keep them apart.

use super::Id;
use super::live::Live;
use super::record::Record;
use super::stored::{Header, Mark, Position, Row, Stored};
use ottla_base::Offset;
use std::collections::{BTreeMap, BTreeSet};

/// The changes of one share-partition.
pub(super) struct Book<'a> {
    stored: &'a Stored,
    /// The stored rows that stand here now.
    taken: BTreeSet<Offset>,
    rows: BTreeMap<Offset, Row>,
    /// What became done, before it swallows what is around it: that is once for all of them and not for each, or many
    /// small stretches beside each other would walk through the same rows again and again.
    done: Vec<(Offset, Offset)>,
    position: Option<Position>,
}

impl<'a> Book<'a> {
    pub(super) fn new(stored: &'a Stored) -> Self {
        let position = stored.header.dead_letters;
        Self { stored, taken: BTreeSet::new(), rows: BTreeMap::new(), done: Vec::new(), position }
    }

    /// Dead letters will be behind this position.
    pub(super) fn set_position(&mut self, position: Position) {
        self.position = Some(position);
    }

    /// These records are this from now on.
    pub(super) fn set(&mut self, first: Offset, last: Offset, mark: Mark) {
        self.clear(first, last);
        self.rows.insert(first, Row { last, mark });
    }

    /// These records, which have no run any more, are never delivered again.
    pub(super) fn done(&mut self, first: Offset, last: Offset) {
        self.done.push((first, last));
    }

    /// Turns the changes into records, after moving the start to the first record that is not done.
    pub(super) fn finish(mut self, id: &Id, live: &mut Live, records: &mut Vec<Record>) {
        self.swallow(live);
        while let Some(last) = self.done_at(live.next) {
            live.next = last.plus(1);
        }
        let before = self.stored.header;
        let first = live.runs.first_key_value().map_or(live.next, |(first, _)| *first);
        let start = first.min(live.next).max(before.start);
        if before.start < start {
            self.clear(before.start, start.plus(-1));
        }
        let header = Header { start, dead_letters: self.position };
        if header != before {
            records.push(Record::Partition { id: id.clone(), header: Some(header) });
        }
        for first in &self.taken {
            if !self.rows.contains_key(first) {
                records.push(Record::Row { id: id.clone(), first: *first, row: None });
            }
        }
        for (first, row) in self.rows {
            if self.stored.rows.get(&first) != Some(&row) {
                records.push(Record::Row { id: id.clone(), first, row: Some(row) });
            }
        }
    }

    /// Makes rows of what became done, each as long as there is nothing else.
    fn swallow(&mut self, live: &Live) {
        let mut done = std::mem::take(&mut self.done);
        done.sort_unstable();
        let mut swallowed = None;
        for (first, last) in done {
            if swallowed.is_some_and(|end| last <= end) {
                continue;
            }
            let (first, last) = match last < live.next {
                true => live.hole_around(first, last, self.stored.header.start),
                false => (first, last),
            };
            self.set(first, last, Mark::Done);
            swallowed = Some(last);
        }
    }

    /// Forgets what is known of these records.
    fn clear(&mut self, first: Offset, last: Offset) {
        for (key, row) in self.stored.overlapping(first, last) {
            if self.taken.insert(key) {
                self.rows.insert(key, row.clone());
            }
        }
        self.cut(first);
        self.cut(last.plus(1));
        let within: Vec<Offset> = self.rows.range(first..=last).map(|(first, _)| *first).collect();
        for first in within {
            self.rows.remove(&first);
        }
    }

    /// Makes `at` the beginning of a row, if it is inside one.
    fn cut(&mut self, at: Offset) {
        let Some((_, left)) = self.rows.range_mut(..at).next_back().filter(|(_, row)| at <= row.last) else {
            return;
        };
        let right = left.clone();
        left.last = at.plus(-1);
        self.rows.insert(at, right);
    }

    /// The end of the row that says that the record at `offset` is done.
    fn done_at(&self, offset: Offset) -> Option<Offset> {
        let covers = |row: &&Row| offset <= row.last && row.mark == Mark::Done;
        let here = self.rows.range(..=offset).next_back().map(|(_, row)| row).filter(covers);
        let stored = self.stored.rows.range(..=offset).next_back();
        let stored =
            stored.filter(|(first, _)| !self.taken.contains(first)).map(|(_, row)| row).filter(covers);
        here.or(stored).map(|row| row.last)
    }
}
