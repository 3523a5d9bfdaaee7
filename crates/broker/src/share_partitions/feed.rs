//! What the log holds, for share-partitions: which batches come next, and where the records lie that a member got.
//!
//! Only headers of batches are read, unless the group's settings ask what records say about themselves. Nothing here
//! waits: as for Fetch, what is read comes from the page cache.
//!
//! For a group that reads committed records, those of aborted transactions are left out here, and so are control batches
//! for everybody: a share consumer does not filter. A record that was requeued for one group is left out for the others.
//! Such records come alone in a batch of a transaction, so that nobody has to look into other batches for them.

#[cfg(test)]
mod tests;

use super::spots::Known;
use crate::config::kinds::Isolation;
use foldhash::{HashSet, HashSetExt};
use ottla_base::{Offset, PartitionId, ProducerId};
use ottla_coordinator::share_partition::{
    Config, Facts, Feed, Range, Scanned, ScannedBatch, facts, is_for_another,
};
use ottla_storage::{AbortedTransaction, Log, ReadBound, ReadError, WholeFirst};
use ottla_wire::ErrorCode;
use ottla_wire::record::{
    BatchHeader, Placed, Record, RecordIter, Records, Region, WalkError, records_within, walk,
};

/// Bytes of the log that one read may span: all of a segment, whose end need not be looked for. Only as many headers are
/// looked at as it takes.
const READ_BYTES: usize = 1 << 30;

/// As many with the aborted transactions in them, which are all looked at.
const COMMITTED_READ_BYTES: usize = 8 << 20;

/// Batches that one scan looks at, at most. A scan that ends there is asked for again.
const BATCHES_MAX: usize = 2_000;

/// Unpacked bytes after which a scan that looks into records ends.
const UNPACKED_BYTES_MAX: usize = 4 << 20;

/// A batch that unpacks to more is delivered as it is, whatever its records say.
const BATCH_UNPACKED_BYTES_MAX: usize = 64 << 20;

/// Why the log gives no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum FeedError {
    /// The log cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The bytes of the log are no batches, or their file is gone.
    #[error(transparent)]
    Walk(#[from] WalkError),
}

/// What a member is told.
pub(super) fn code(error: &FeedError) -> ErrorCode {
    match error {
        FeedError::Read(error) => crate::error::of_read(error),
        FeedError::Walk(error) => {
            tracing::error!(%error, "a partition cannot be read");
            ErrorCode::KAFKA_STORAGE_ERROR
        }
    }
}

/// How many bytes one read may span, and up to where.
fn bound(isolation: Isolation) -> (usize, ReadBound) {
    match isolation {
        Isolation::ReadUncommitted => (READ_BYTES, ReadBound::HighWatermark),
        Isolation::ReadCommitted => (COMMITTED_READ_BYTES, ReadBound::LastStable),
    }
}

/// For whom the log is looked at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a> {
    pub(super) group: &'a str,
    pub(super) config: &'a Config,
    pub(super) isolation: Isolation,
}

/// What a scan has come by.
#[derive(Debug)]
pub(super) struct Found {
    /// For the machine.
    pub(super) scanned: Scanned,
    /// The batches with records to deliver.
    pub(super) placed: Vec<Placed>,
}

/// Looks on in the log, as the machine asks. `None` if there is nothing yet.
///
/// # Errors
/// [`FeedError`]. An offset that retention has overtaken meanwhile is none: the machine learns of it next time.
pub(super) fn scan(
    log: &Log,
    partition: PartitionId,
    reader: Reader<'_>,
    feed: Feed,
) -> Result<Option<Found>, FeedError> {
    let mut scan = Scan {
        reader,
        end: feed.from.plus(feed.records_max.max(1)),
        scanned: Scanned { from: feed.from, to: feed.from, batches: Vec::new() },
        looked_at: 0,
        unpacked: 0,
        placed: Vec::new(),
    };
    while scan.goes_on() {
        let from = scan.scanned.to;
        let (bytes, bound) = bound(reader.isolation);
        let read = match log.read(partition, from, bytes, bound, WholeFirst::Yes) {
            Err(ReadError::OutOfRange { .. }) => break,
            read => read?,
        };
        if read.records.is_empty() {
            break;
        }
        let mut aborts = Aborts::new(read.aborted);
        for placed in walk(&read.records) {
            let placed = placed?;
            let is_aborted = aborts.pass(&placed.header);
            if !scan.goes_on_with(&placed.header) {
                break;
            }
            scan.take(placed, is_aborted)?;
        }
        if scan.scanned.to == from {
            break;
        }
    }
    let Scan { scanned, placed, .. } = scan;
    Ok((scanned.from < scanned.to).then_some(Found { scanned, placed }))
}

struct Scan<'a> {
    reader: Reader<'a>,
    /// No batch that begins there or behind it is asked for.
    end: Offset,
    scanned: Scanned,
    looked_at: usize,
    unpacked: usize,
    placed: Vec<Placed>,
}

impl Scan<'_> {
    fn goes_on(&self) -> bool {
        self.scanned.to < self.end && self.looked_at < BATCHES_MAX && self.unpacked < UNPACKED_BYTES_MAX
    }

    fn goes_on_with(&self, header: &BatchHeader) -> bool {
        self.goes_on() && header.base_offset < self.end
    }

    fn take(&mut self, placed: Placed, is_aborted: bool) -> Result<(), FeedError> {
        let header = &placed.header;
        self.looked_at += 1;
        // Compaction may leave a batch without records; what it covers is passed over.
        let is_passed_over = header.is_control() || is_aborted || header.record_count == 0;
        if is_passed_over || self.is_for_another(&placed)? {
            self.scanned.to = header.next_offset().max(self.scanned.to);
            return Ok(());
        }
        let records = if self.reader.config.needs_records() { self.facts(&placed)? } else { None };
        let (first, last) = (header.base_offset, header.last_offset());
        let bytes = u32::try_from(placed.region.len()).unwrap_or(u32::MAX);
        self.scanned.batches.push(ScannedBatch { first, last, bytes, records });
        self.scanned.to = header.next_offset();
        self.placed.push(placed);
        Ok(())
    }

    /// What the records say; `None` if the batch cannot be unpacked, which is for its consumers to see.
    fn facts(&mut self, placed: &Placed) -> Result<Option<Vec<(Offset, Facts)>>, FeedError> {
        let config = self.reader.config;
        let said = |record: Record| {
            (record.offset, facts(config, record.timestamp, record.key.as_deref(), headers(&record)))
        };
        let unpacked = self.unpack(placed)?;
        Ok(unpacked.and_then(|records| records.map(|record| record.map(said)).collect::<Result<_, _>>().ok()))
    }

    /// Whether the batch is a dead letter that was requeued for another group. Whoever requeues one writes it like that.
    fn is_for_another(&mut self, placed: &Placed) -> Result<bool, FeedError> {
        if !placed.header.is_transactional() || placed.header.record_count != 1 {
            return Ok(false);
        }
        let record = self.unpack(placed)?.and_then(|mut records| records.next()?.ok());
        Ok(record.is_some_and(|record| is_for_another(self.reader.group, headers(&record))))
    }

    /// `None` if it cannot be.
    fn unpack(&mut self, placed: &Placed) -> Result<Option<RecordIter>, FeedError> {
        let bytes = placed.bytes().map_err(WalkError::from)?;
        let records = records_within(placed.header, &bytes, BATCH_UNPACKED_BYTES_MAX).ok();
        self.unpacked += records.as_ref().map_or(0, RecordIter::unpacked_bytes);
        Ok(records)
    }
}

/// A name that is no text is none of ours.
fn headers(record: &Record) -> impl Iterator<Item = (&str, Option<&[u8]>)> {
    record
        .headers
        .iter()
        .filter_map(|header| Some((std::str::from_utf8(&header.key).ok()?, header.value.as_deref())))
}

/// Whose batches are part of an aborted transaction, as a walk goes on.
struct Aborts {
    /// By first offset, the next one last.
    to_come: Vec<AbortedTransaction>,
    open: HashSet<ProducerId>,
}

impl Aborts {
    fn new(mut aborted: Vec<AbortedTransaction>) -> Self {
        aborted.sort_unstable_by_key(|aborted| std::cmp::Reverse(aborted.first_offset));
        Self { to_come: aborted, open: HashSet::new() }
    }

    /// Whether the batch, which is the next one, belongs to an aborted transaction.
    fn pass(&mut self, header: &BatchHeader) -> bool {
        while let Some(next) = self.to_come.pop_if(|next| next.first_offset <= header.last_offset()) {
            self.open.insert(next.producer);
        }
        if header.is_control() {
            // The marker of the transaction: of the next one of this producer its own entry tells.
            self.open.remove(&header.producer_id);
            return false;
        }
        header.is_transactional() && self.open.contains(&header.producer_id)
    }
}

/// Where the records of `ranges` lie, as whole batches, and the ranges of which something is left. A range that
/// retention has overtaken is left out.
///
/// # Errors
/// [`FeedError`].
pub(super) fn locate(
    log: &Log,
    partition: PartitionId,
    ranges: Vec<Range>,
    known: Known,
) -> Result<(Vec<Range>, Records), FeedError> {
    let mut found = Vec::with_capacity(ranges.len());
    // Everything before `next` is in the answer, if it is to be.
    let mut locating = Locating { log, partition, known, next: Offset::ZERO, regions: Vec::new() };
    for range in ranges {
        match locating.add(range) {
            Ok(()) => found.push(range),
            Err(FeedError::Read(ReadError::OutOfRange { .. })) => {}
            Err(error) => return Err(error),
        }
    }
    Ok((found, locating.regions.into_iter().collect()))
}

struct Locating<'a> {
    log: &'a Log,
    partition: PartitionId,
    known: Known,
    next: Offset,
    regions: Vec<Region>,
}

impl Locating<'_> {
    fn add(&mut self, range: Range) -> Result<(), FeedError> {
        self.next = range.first.max(self.next);
        while self.next <= range.last {
            let from = self.next;
            if let Some((region, next)) = self.known.at(self.log, self.partition, from)? {
                self.take(region, next);
                continue;
            }
            let bound = ReadBound::HighWatermark;
            let read = self.log.read(self.partition, from, READ_BYTES, bound, WholeFirst::Yes)?;
            for placed in walk(&read.records) {
                let Placed { header, region } = placed?;
                if range.last < header.base_offset {
                    return Ok(());
                }
                self.take(region, header.next_offset());
            }
            if self.next == from {
                return Ok(());
            }
        }
        Ok(())
    }

    fn take(&mut self, region: Region, next: Offset) {
        self.next = next;
        match self.regions.last_mut().and_then(|last| Some((last.joined(&region)?, last))) {
            Some((joined, last)) => *last = joined,
            None => self.regions.push(region),
        }
    }
}
