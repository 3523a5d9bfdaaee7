//! The logs of one partition, and what must agree with them.

use super::{Depth, Known, Verified, about, small};
use crate::error::OpenError;
use crate::inspect::aborted::Transactions;
use crate::inspect::directory::PartitionFiles;
use crate::inspect::finding::{Finding, LostOffsets, Mend};
use crate::inspect::real_disk;
use crate::inspect::scan::{LogScan, Piece};
use crate::inspect::sparse::{self, Place};
use crate::local::epochs::Epochs;
use crate::local::index::OffsetEntry;
use crate::local::names::Kind;
use crate::local::txnindex::AbortedEntry;
use bytes::Bytes;
use ottla_base::{LeaderEpoch, Offset};
use ottla_wire::record::{self, BatchHeader};
use std::io;

/// What the log of a segment has, as far as other files speak about it.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) base: Offset,
    pub(super) length: u64,
    pub(super) places: Vec<Place>,
    pub(super) aborted: Vec<AbortedEntry>,
    pub(super) is_last: bool,
}

/// The check of one partition.
pub(super) struct Checking<'a> {
    pub(super) files: &'a PartitionFiles,
    pub(super) known: Known,
    depth: Depth,
    progress: &'a mut dyn FnMut(u64),
    verified: &'a mut Verified,
    /// The offset after the last batch so far.
    end: Offset,
    /// A start will end the log there: what follows is not judged.
    ended: bool,
    transactions: Transactions,
    /// Where each leader epoch begins, as the batches say.
    epochs: Vec<(LeaderEpoch, Offset)>,
    /// The same as the partition's own file says, if it can be read.
    known_epochs: Option<Epochs>,
}

impl<'a> Checking<'a> {
    pub(super) fn new(
        files: &'a PartitionFiles,
        known: Known,
        depth: Depth,
        progress: &'a mut dyn FnMut(u64),
        verified: &'a mut Verified,
    ) -> Self {
        let end = files.segments.first().map_or(Offset::ZERO, |(base, _)| *base);
        let (transactions, epochs) = (Transactions::default(), Vec::new());
        let known_epochs = Epochs::load(&files.place(&*real_disk())).ok().flatten();
        Self {
            files,
            known,
            depth,
            progress,
            verified,
            end,
            ended: false,
            transactions,
            epochs,
            known_epochs,
        }
    }

    pub(super) fn run(mut self) -> Result<(), OpenError> {
        for at in 0..self.files.segments.len() {
            let (base, length) = self.files.segments[at];
            let next = self.files.segments.get(at + 1).map(|(base, _)| *base);
            if length == 0 && base < self.end {
                // Left by a roll that did not happen: a start removes it.
                continue;
            }
            self.check_overlap(base);
            let seen = self.check_log(base, next)?;
            if self.ended {
                // What belongs to the rest is cut back or removed, too.
                return Ok(());
            }
            small::check_indexes(self.files, self.known, &seen, &mut self.verified.findings)?;
            self.check_gap(&seen, next)?;
            self.verified.totals.segments += 1;
        }
        self.check_end();
        let known_to = self.end.max(self.known.durable_to.unwrap_or_default());
        small::check_snapshots(self.files, known_to, &mut self.verified.findings)?;
        small::check_epochs(self.files, &self.epochs, self.end, &mut self.verified.findings);
        small::check_partition(self.files, self.known, self.end, &mut self.verified.findings);
        Ok(())
    }

    fn find(&mut self, finding: Finding) {
        self.verified.findings.push(finding);
    }

    fn check_overlap(&mut self, base: Offset) {
        if base < self.end {
            let cause =
                format!("it begins at offset {base}, but the segment before it goes up to {}", self.end);
            let by_hand = Mend::ByHand("move one of the two segments' .log files away, then repair");
            let mut finding = about(self.files, self.files.file(base, Kind::Log), cause, by_hand);
            finding.offset = Some(base);
            self.find(finding);
        }
        self.end = self.end.max(base);
    }

    /// Compaction leaves gaps between segments. It is no gap but a loss if an index knows of more than there is.
    fn check_gap(&mut self, seen: &Seen, next: Option<Offset>) -> Result<(), OpenError> {
        let Some(next) = next.filter(|next| self.end < *next) else { return Ok(()) };
        self.verified.totals.gaps += 1;
        if !self.known.compacted {
            self.check_orphans(next, Some(LostOffsets { first: self.end, next: Some(next) }));
        }
        let path = self.files.file(seen.base, Kind::Index);
        let knows_more = match sparse::entries::<OffsetEntry>(&path) {
            Ok((entries, _)) => entries.last().is_some_and(|entry| seen.length <= u64::from(entry.position)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            Err(error) => return Err(OpenError::io("reading", path, error)),
        };
        let is_told = self.verified.findings.iter().any(|finding| {
            finding.path == self.files.file(seen.base, Kind::Log)
                && finding.lost.is_some_and(|lost| lost.next == Some(next))
        });
        if knows_more && !is_told {
            let cause = format!("the log ends at byte {}, but its index leads to later ones", seen.length);
            let mend = Mend::RebuildIndexes { base: seen.base };
            let mut finding = about(self.files, self.files.file(seen.base, Kind::Log), cause, mend);
            (finding.position, finding.offset) = (Some(seen.length), Some(self.end));
            finding.lost = Some(LostOffsets { first: self.end, next: Some(next) });
            self.find(finding);
        }
        Ok(())
    }

    /// A segment's log goes last when the segment does. Where only its indexes are left, the log was lost.
    fn check_orphans(&mut self, next: Offset, mut lost: Option<LostOffsets>) {
        let gap = self.end..next;
        for &(base, kind) in self.files.orphans.iter().filter(|(base, _)| gap.contains(base)) {
            let cause = format!("there is no log {} any more", self.files.file(base, Kind::Log).display());
            let mut finding = about(self.files, self.files.file(base, kind), cause, Mend::SetAside);
            (finding.offset, finding.lost) = (Some(base), lost.take());
            self.find(finding);
        }
    }

    fn check_log(&mut self, base: Offset, next: Option<Offset>) -> Result<Seen, OpenError> {
        let path = self.files.file(base, Kind::Log);
        let failed = |error| OpenError::io("reading", &path, error);
        let limit =
            next.or(self.known.durable_to.filter(|durable_to| self.known.clean && base <= *durable_to));
        let mut scan = LogScan::open(&path, base).map_err(failed)?.below(limit);
        let (length, is_last) = (scan.length(), next.is_none());
        let mut seen = Seen { base, length, places: Vec::new(), aborted: Vec::new(), is_last };
        let mut told = 0;
        while let Some(piece) = scan.next().map_err(failed)? {
            let end = match piece {
                Piece::Batch { position, header, bytes } => {
                    self.take(&mut seen, position, header, &bytes);
                    position + header.size() as u64
                }
                Piece::Damage { position, end, reason, next: resumed } => {
                    let cause = format!("{} bytes are no batch: {reason}", end - position);
                    let is_followed = resumed.or(next).is_some();
                    let mend = match resumed {
                        _ if self.is_behind_durable() && !(self.known.intact && is_followed) => {
                            Mend::NextStart
                        }
                        Some(next) => Mend::CutOut { base, position, end, next },
                        None => Mend::CutTail { base, position },
                    };
                    let mut finding = about(self.files, path.clone(), cause, mend);
                    finding.position = Some(position);
                    finding.offset = Some(self.end);
                    finding.lost = self.lost(resumed.or(next), &finding.mend);
                    self.ended = finding.mend == Mend::NextStart;
                    self.find(finding);
                    if self.ended {
                        break;
                    }
                    self.end = resumed.unwrap_or(self.end);
                    end
                }
            };
            (self.progress)(end - told);
            told = end;
        }
        self.verified.totals.bytes += length;
        Ok(seen)
    }

    /// What is lost if the log goes on at `next`.
    fn lost(&self, next: Option<Offset>, mend: &Mend) -> Option<LostOffsets> {
        if *mend == Mend::NextStart {
            // A torn end was never acknowledged. But what follows damage, a start keeps in a file beside the log.
            return next.map(|_| LostOffsets { first: self.end, next: None });
        }
        let next = next.or(self.known.durable_to.filter(|durable_to| self.end < *durable_to));
        match next {
            // A batch that was written twice, or whose offset is wrong while its neighbours' leave no gap.
            Some(next) if next <= self.end => None,
            _ => Some(LostOffsets { first: self.end, next }),
        }
    }

    /// After a crash, a start ends the log at the first damage behind the recovery point.
    fn is_behind_durable(&self) -> bool {
        !self.known.clean && self.known.durable_to.is_none_or(|durable_to| durable_to <= self.end)
    }

    fn take(&mut self, seen: &mut Seen, position: u64, header: BatchHeader, bytes: &Bytes) {
        let totals = &mut self.verified.totals;
        totals.gaps += u64::from(self.end < header.base_offset);
        self.end = header.next_offset();
        totals.batches += 1;
        totals.records += u64::try_from(header.record_count).unwrap_or(0);
        seen.places.push(Place {
            position,
            base_offset: header.base_offset,
            last_offset: header.last_offset(),
            max_timestamp: header.max_timestamp,
        });
        self.check_epoch(seen.base, position, &header);
        if self.depth == Depth::Records || header.is_control() {
            self.check_records(position, header, bytes, seen.base);
        }
        seen.aborted.extend(self.transactions.take(&header, bytes));
    }

    fn check_epoch(&mut self, base: Offset, position: u64, header: &BatchHeader) {
        let (found, offset) = (header.partition_leader_epoch, header.base_offset);
        let newest = self.epochs.last().map_or(LeaderEpoch::NONE, |(epoch, _)| *epoch);
        let known = self.known_epochs.as_ref().and_then(|known| known.of(offset));
        let expected = known.unwrap_or(found.max(newest));
        if newest < expected {
            self.epochs.push((expected, offset));
        }
        if found != expected {
            let cause = format!("the batch has the leader epoch {found}, the log was in {expected}");
            let mend = Mend::SetEpoch { base, position, epoch: expected };
            let mut finding = about(self.files, self.files.file(base, Kind::Log), cause, mend);
            (finding.position, finding.offset) = (Some(position), Some(offset));
            self.find(finding);
        }
    }

    fn check_records(&mut self, position: u64, header: BatchHeader, bytes: &Bytes, base: Offset) {
        let problem = match record::records(header, bytes) {
            Err(error) => Some(error),
            Ok(mut records) => records.find_map(Result::err),
        };
        if let Some(problem) = problem {
            let cause = format!("the checksum is right, but the records cannot be read: {problem}");
            let by_hand = Mend::ByHand("the producer sent it so; consumers have to skip these offsets");
            let mut finding = about(self.files, self.files.file(base, Kind::Log), cause, by_hand);
            (finding.position, finding.offset) = (Some(position), Some(header.base_offset));
            self.find(finding);
        }
    }

    fn check_end(&mut self) {
        let Some(durable_to) = self.known.durable_to.filter(|durable_to| self.end < *durable_to) else {
            return;
        };
        let is_told = self.verified.findings.iter().any(|finding| {
            finding.partition == Some((self.files.topic.clone(), self.files.index))
                && finding.lost.is_some_and(|lost| lost.next == Some(durable_to))
        });
        let cause = format!("the log ends at offset {}, but was durable up to {durable_to}", self.end);
        let mut finding = about(self.files, self.files.directory.clone(), cause, Mend::GoOnAt(durable_to));
        finding.offset = Some(self.end);
        finding.lost = (!is_told).then_some(LostOffsets { first: self.end, next: Some(durable_to) });
        self.find(finding);
        self.check_orphans(durable_to, None);
    }
}
