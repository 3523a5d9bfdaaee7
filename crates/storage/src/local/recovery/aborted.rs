//! Loads the indexes of aborted transactions, and makes those anew that are lost.

use super::Recovery;
use crate::error::OpenError;
use crate::local::facts;
use crate::local::names::Kind;
use crate::local::segment::Segment;
use crate::local::txnindex::{self, AbortedEntry};
use crate::local::walk::Walk;
use crate::sequencer::PartitionProducers;
use ottla_base::Offset;
use ottla_wire::record::MarkerKind;

impl Recovery<'_> {
    /// Counts the aborts of the first `segments` segments. With `durable_to`, which lies in the last of them, only
    /// those whose markers are below it. `whole` are indexes of which nothing need be read.
    pub(super) fn load_aborted(
        &mut self,
        segments: usize,
        durable_to: Option<Offset>,
        whole: &[(Offset, Kind)],
    ) -> Result<(), OpenError> {
        let mut lost = Vec::new();
        for at in 0..segments {
            let Segment { base, size, .. } = self.state.segments[at];
            if size == 0 || durable_to.is_some_and(|durable_to| durable_to <= base) {
                continue;
            }
            if whole.contains(&(base, Kind::TxnIndex)) {
                continue;
            }
            let loaded = txnindex::load(self.place, base, durable_to.filter(|_| at + 1 == segments));
            match loaded.map_err(|error| self.failed("reading the aborted transactions of", error))? {
                Some(entries) => self.state.segments[at].aborted = count(&entries),
                None => lost.push(at),
            }
        }
        match lost.last().copied() {
            Some(last) => self.rebuild_aborted(&lost, last, durable_to),
            None => Ok(()),
        }
    }

    /// Only the whole log up to a marker tells where its transaction began.
    fn rebuild_aborted(
        &mut self,
        lost: &[usize],
        last: usize,
        durable_to: Option<Offset>,
    ) -> Result<(), OpenError> {
        let mut producers = PartitionProducers::default();
        for at in 0..=last {
            let Segment { base, size, .. } = self.state.segments[at];
            let file = self.open_log(base)?;
            let mut walk = Walk::new(self.place.disk, &file, 0, size.into());
            let mut entries = Vec::new();
            while let Some(found) = self.next_sound(base, &mut walk)? {
                if durable_to.is_some_and(|durable_to| durable_to <= found.header.base_offset) {
                    break;
                }
                let facts = facts::of_found(self.place.disk, &file, &found)
                    .map_err(|error| self.failed("reading", error))?;
                let applied = producers.apply(&facts, found.header.base_offset, self.now);
                let ended = applied.and_then(|applied| applied.ended);
                entries.extend(
                    ended.filter(|ended| ended.kind == MarkerKind::Abort).as_ref().map(AbortedEntry::of),
                );
            }
            if lost.contains(&at) {
                txnindex::write(self.place, base, &entries)
                    .map_err(|error| self.failed("writing the aborted transactions of", error))?;
                self.state.segments[at].aborted = count(&entries);
                self.report.indexes_rebuilt += 1;
            }
        }
        Ok(())
    }
}

fn count(entries: &[AbortedEntry]) -> u32 {
    u32::try_from(entries.len()).expect("a segment has less than 4 GiB")
}
