//! Appending batches to one partition: decide, stamp, write once, take into account.
//!
//! Several batches that come together are one vectored write, a *run*. Producers are updated while the run is
//! put together, because its batches may follow one another; if the write fails they are put back. Everything
//! else changes only after the write has succeeded.

use super::facts;
use super::group_commit::GroupCommit;
use super::partition::{Engine, Partition, State, Status};
use super::segment::NextBatch;
use super::txnindex::AbortedEntry;
use super::walk::WalkError;
use crate::error::AppendError;
use crate::log::Appended;
use crate::sequencer::{self, Applied, BatchFacts, Decision, EndedTransaction, TransactionVersion};
use crate::settings::{Durability, TimestampType};
use bytes::{Bytes, BytesMut};
use ottla_base::{Offset, Timestamp};
use ottla_wire::record::{self, BatchHeader, HEADER_BYTES, MarkerKind};
use std::fs::File;
use std::io::{self, IoSlice};
use std::sync::Arc;

/// A batch and where its result goes.
pub(crate) struct Item {
    pub(crate) at: usize,
    pub(crate) batch: Bytes,
    pub(crate) version: TransactionVersion,
}

/// What an append needs from outside.
pub(crate) struct Shell<'a> {
    pub(crate) engine: &'a Engine,
    pub(crate) commits: &'a GroupCommit,
    pub(crate) now: Timestamp,
}

/// What became of batches of one partition that were next to each other.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// The sync group that makes them durable, if they are not yet.
    pub(crate) group: Option<u64>,
    /// The high watermark has moved at once.
    pub(crate) advanced: bool,
}

/// Batches that will be written by one call, all into the active segment.
#[derive(Default)]
struct Run {
    entries: Vec<Entry>,
    bytes: u32,
}

struct Entry {
    at: usize,
    batch: Stamped,
    /// What it has changed of its producer.
    applied: Option<Applied>,
}

impl Entry {
    fn slices(&self) -> [IoSlice<'_>; 2] {
        [IoSlice::new(&self.batch.head), IoSlice::new(&self.batch.records)]
    }
}

/// A batch as it will lie in the log. The records stay where the request left them.
struct Stamped {
    header: BatchHeader,
    head: [u8; HEADER_BYTES],
    records: Bytes,
}

/// Appends the items in their order. What became of each goes to its place in `results`.
pub(crate) fn append(
    shell: &Shell,
    partition: &Arc<Partition>,
    items: impl Iterator<Item = Item>,
    results: &mut [Result<Appended, AppendError>],
) -> Outcome {
    let mut state = partition.state.lock();
    // Nearly always there is one.
    let mut run = Run { entries: Vec::with_capacity(1), bytes: 0 };
    let outcome = Outcome::default();
    let mut appending = Appending { shell, partition, state: &mut state, results, outcome };
    for item in items {
        appending.take(&mut run, item);
    }
    // Each batch of the run has its own answer by now, also if it is an error.
    let _ = appending.write(&mut run);
    appending.outcome
}

struct Appending<'a> {
    shell: &'a Shell<'a>,
    partition: &'a Arc<Partition>,
    state: &'a mut State,
    results: &'a mut [Result<Appended, AppendError>],
    outcome: Outcome,
}

impl Appending<'_> {
    /// Answers the item, or puts it into the run.
    fn take(&mut self, run: &mut Run, item: Item) {
        let Item { at, batch, version } = item;
        match self.decide(&batch, version) {
            Ok((header, facts, Decision::Accept)) => {
                if let Err(error) = self.make_room(run, &header) {
                    self.await_again(&header);
                    self.results[at] = Err(error);
                    return;
                }
                let base_offset = run.next_offset(self.state.end);
                run.bytes += u32::try_from(batch.len()).expect("smaller than a segment");
                let batch = self.stamp(header, &batch, base_offset);
                let facts = BatchFacts { timestamp: batch.header.max_timestamp, ..facts };
                let applied = self.state.producers.apply(&facts, base_offset, self.shell.now);
                run.entries.push(Entry { at, batch, applied });
            }
            // What it repeats may be in the run, and the run may fail: decide anew when that is known.
            Ok((_, _, Decision::Duplicate { .. })) if !run.entries.is_empty() => {
                let _ = self.write(run);
                self.take(run, Item { at, batch, version });
            }
            Ok((_, _, Decision::Duplicate { base_offset, last_offset, timestamp })) => {
                self.wait_for(last_offset);
                // As Kafka: it comes with the time that the first one was stored with, whoever has set it.
                let log_start = self.state.log_start;
                self.results[at] = Ok(Appended { base_offset, log_append_time: timestamp, log_start });
            }
            Ok((header, _, refusal)) => self.results[at] = Err(refused(refusal, &header)),
            Err(error) => self.results[at] = Err(error),
        }
    }

    fn decide(
        &self,
        batch: &[u8],
        version: TransactionVersion,
    ) -> Result<(BatchHeader, BatchFacts, Decision), AppendError> {
        match self.state.status {
            Status::Live => {}
            Status::Failed => return Err(AppendError::Storage(self.partition.id)),
            Status::Deleted => return Err(AppendError::NotFound(self.partition.id)),
        }
        let header = BatchHeader::parse(batch)?;
        if header.size() != batch.len() {
            let available = batch.len().saturating_sub(12);
            return Err(record::BatchError::LengthMismatch { declared: header.length, available }.into());
        }
        if header.last_offset_delta < 0 {
            let value = i64::from(header.last_offset_delta);
            return Err(record::BatchError::BadRange { field: "last offset delta", value }.into());
        }
        let segment_bytes = self.state.settings.segment_bytes;
        if (segment_bytes as usize) < batch.len() {
            return Err(AppendError::TooLarge { bytes: batch.len(), segment_bytes });
        }
        let facts = facts::of_batch(&header, batch);
        let decision = sequencer::decide(self.state.producers.state(), &facts, version);
        Ok((header, facts, decision))
    }

    /// Makes the active segment ready for the batch, if need be after writing the run and rolling.
    fn make_room(&mut self, run: &mut Run, header: &BatchHeader) -> Result<(), AppendError> {
        let (engine, now) = (self.shell.engine, self.shell.now);
        self.partition.resume_active(engine, self.state, now).map_err(|error| self.failed_walk(error))?;
        if !run.entries.is_empty() && self.is_over(run, header) {
            // This batch was decided on as if those of the run were in the log.
            self.write(run)?;
        }
        if run.entries.is_empty() && self.is_over(run, header) {
            self.partition.roll(engine, self.state, now).map_err(|error| self.refuse_or_fail(&error))?;
            if ROLLED_MAX < self.state.unsynced.len() {
                self.shell.commits.enter(self.partition, self.state);
            }
        }
        Ok(())
    }

    fn is_over(&self, run: &Run, header: &BatchHeader) -> bool {
        let active = self.state.active.as_ref().expect("make_room has resumed it");
        let segment = self.state.segments.last().expect("a partition has a segment");
        let timestamp = match self.state.settings.timestamp_type {
            TimestampType::CreateTime => header.max_timestamp,
            TimestampType::LogAppendTime => self.shell.now,
        };
        let last_offset = run.next_offset(self.state.end).plus(i64::from(header.last_offset_delta));
        let (before, bytes) = (run.bytes as usize, header.size());
        active.is_over(
            segment,
            &self.state.settings,
            &NextBatch { before, bytes, timestamp, last_offset, now: self.shell.now },
        )
    }

    /// Writes what only a broker knows onto the batch of `header`.
    fn stamp(&self, mut header: BatchHeader, batch: &Bytes, base_offset: Offset) -> Stamped {
        let epoch = self.state.epochs.newest();
        let timed_here = self.state.settings.timestamp_type == TimestampType::LogAppendTime;
        let mut batch = batch.clone();
        // Markers keep the time of their transaction's end.
        if timed_here && !header.is_control() {
            // The checksum covers the timestamp, so this one needs bytes of its own.
            let mut own = BytesMut::from(&batch[..]);
            record::set_log_append_time(&mut own, self.shell.now);
            header = BatchHeader::parse(&own).expect("it was a batch before");
            batch = own.freeze();
        }
        let mut head = *batch.first_chunk::<HEADER_BYTES>().expect("a batch has a header");
        record::set_base_offset(&mut head, base_offset);
        record::set_leader_epoch(&mut head, epoch);
        header = BatchHeader { base_offset, partition_leader_epoch: epoch, ..header };
        Stamped { header, head, records: batch.slice(HEADER_BYTES..) }
    }

    /// Writes the run and answers its batches. After an error none of them is in the log.
    fn write(&mut self, run: &mut Run) -> Result<(), AppendError> {
        if run.entries.is_empty() {
            return Ok(());
        }
        let entries = std::mem::take(&mut run.entries);
        run.bytes = 0;
        let written = self.active_file().and_then(|file| {
            let segment = self.state.segments.last().expect("a partition has a segment");
            let disk = &self.shell.engine.disk;
            let written = match entries.as_slice() {
                // Nearly every run has one batch. The kernel has less to do with one piece than with two, and for a small
                // batch that is worth a copy.
                [entry] if entry.batch.records.len() <= JOINED_BYTES_MAX => {
                    let (mut whole, bytes) =
                        ([0; HEADER_BYTES + JOINED_BYTES_MAX], entry.batch.records.len());
                    whole[..HEADER_BYTES].copy_from_slice(&entry.batch.head);
                    whole[HEADER_BYTES..][..bytes].copy_from_slice(&entry.batch.records);
                    let mut slices = [IoSlice::new(&whole[..HEADER_BYTES + bytes])];
                    disk.write_all_at(&file, &mut slices, segment.size.into())
                }
                [entry] => disk.write_all_at(&file, &mut entry.slices(), segment.size.into()),
                entries => {
                    let mut slices: Vec<IoSlice> = entries.iter().flat_map(Entry::slices).collect();
                    disk.write_all_at(&file, &mut slices, segment.size.into())
                }
            };
            // The next append must not find half a batch before it.
            written.map_err(|error| {
                self.state.is_cut_back = true;
                match disk.set_len(&file, segment.size.into()) {
                    Ok(()) => error,
                    Err(second) => io::Error::other(format!("{error}, and then cutting it back: {second}")),
                }
            })
        });
        match written {
            Ok(()) => {
                self.account(&entries);
                Ok(())
            }
            Err(error) => {
                let error = self.refuse_or_fail(&error);
                for applied in entries.iter().rev().filter_map(|entry| entry.applied) {
                    self.state.producers.undo(applied.undo);
                }
                for entry in entries {
                    self.await_again(&entry.batch.header);
                    self.results[entry.at] = Err(error.clone());
                }
                Err(error)
            }
        }
    }

    /// The batch could not be written. If it was the first of its producer, those behind it in flight must not be taken
    /// for the first: it would be out of order when it comes again.
    fn await_again(&mut self, header: &BatchHeader) {
        if header.base_sequence == 0 && !header.is_control() {
            self.state.producers.expect(header.producer_id, header.producer_epoch, self.shell.now);
        }
    }

    fn account(&mut self, entries: &[Entry]) {
        for entry in entries {
            self.state.note(&entry.batch.header);
            if let Some(ended) = entry.applied.and_then(|applied| applied.ended) {
                self.state.unstable.ended(ended.first, ended.marker);
                self.state.note_ended(&ended);
            }
            let timestamp = entry.batch.header.max_timestamp;
            let appended = self.appended(entry.batch.header.base_offset, entry.batch.header, timestamp);
            self.results[entry.at] = Ok(appended);
        }
        let active = self.state.active.as_mut().expect("make_room has resumed it");
        if active.is_flush_due() {
            let base = self.state.segments.last().expect("a partition has a segment").base;
            active.try_flush(&self.partition.place(self.shell.engine), base);
        }
        match self.state.settings.durability {
            Durability::Os => {
                let mark = self.state.end_mark();
                self.outcome.advanced |= self.state.raise_high_watermark(self.state.end, mark);
                // A transaction has ended when its markers can no longer be lost: its producer may go on in the same
                // epoch, and then the next marker would decide over this transaction, too.
                if entries.iter().any(|entry| entry.batch.header.is_control()) {
                    self.outcome.group = Some(self.shell.commits.enter(self.partition, self.state));
                }
            }
            Durability::Sync => {
                self.outcome.group = Some(self.shell.commits.enter(self.partition, self.state))
            }
        }
    }

    /// A repetition is answered no earlier than the first one would be.
    fn wait_for(&mut self, last_offset: Offset) {
        if self.state.high_watermark <= last_offset && self.state.settings.durability == Durability::Sync {
            self.outcome.group = Some(self.shell.commits.enter(self.partition, self.state));
        }
    }

    fn active_file(&mut self) -> io::Result<Arc<File>> {
        let last = self.state.segments.len() - 1;
        self.partition.open_log(self.shell.engine, self.state, last)
    }

    fn appended(&self, base_offset: Offset, header: BatchHeader, timestamp: Timestamp) -> Appended {
        let timed_here = self.state.settings.timestamp_type == TimestampType::LogAppendTime;
        let log_append_time = if timed_here && !header.is_control() { timestamp } else { Timestamp::NONE };
        Appended { base_offset, log_append_time, log_start: self.state.log_start }
    }

    /// A full disk refuses this append; any other error takes the partition offline.
    fn refuse_or_fail(&mut self, error: &io::Error) -> AppendError {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
                AppendError::NoSpace(self.partition.id)
            }
            _ => {
                self.shell.engine.run.doubt();
                self.partition.fail(self.state, "writing the log", error);
                AppendError::Storage(self.partition.id)
            }
        }
    }

    fn failed_walk(&mut self, error: WalkError) -> AppendError {
        match error {
            WalkError::Io(error) => self.refuse_or_fail(&error),
            WalkError::NotABatch { reason, .. } => {
                let error = io::Error::new(io::ErrorKind::InvalidData, reason);
                self.partition.fail(self.state, "reading the end of the log", &error);
                AppendError::Storage(self.partition.id)
            }
        }
    }
}

impl Run {
    /// Where the next batch of the run begins, if the log ends at `end` without it.
    fn next_offset(&self, end: Offset) -> Offset {
        self.entries.last().map_or(end, |entry| entry.batch.header.next_offset())
    }
}

impl State {
    /// Takes a batch into account that lies at the end of the active segment.
    pub(crate) fn note(&mut self, header: &BatchHeader) {
        let interval_bytes = self.settings.index_interval_bytes;
        let segment = self.segments.last_mut().expect("a partition has a segment");
        let position = segment.size;
        if let Some(active) = &mut self.active {
            active.note(segment, header, position, interval_bytes);
        }
        segment.size += u32::try_from(header.size()).expect("smaller than a segment");
        self.tail.push(header.base_offset, position);
        assert!(self.end <= header.base_offset, "offsets never go back");
        self.end = header.next_offset();
    }

    /// Takes into account that the last batch is the marker of a transaction.
    pub(crate) fn note_ended(&mut self, ended: &EndedTransaction) {
        match ended.kind {
            MarkerKind::Commit => {}
            MarkerKind::Abort => {
                self.segments.last_mut().expect("a partition has a segment").aborted += 1;
                let active = self.active.as_mut().expect("a batch was just appended");
                active.aborts.push(AbortedEntry::of(ended));
            }
        }
    }
}

fn refused(refusal: Decision, header: &BatchHeader) -> AppendError {
    match refusal {
        Decision::OutOfOrder { expected } => {
            AppendError::OutOfOrderSequence { expected, found: header.base_sequence }
        }
        Decision::FencedEpoch { current } => {
            AppendError::InvalidProducerEpoch { found: header.producer_epoch, current }
        }
        Decision::InvalidTransactionState => AppendError::InvalidTransactionState,
        Decision::FencedCoordinator { current } => AppendError::FencedCoordinator { current },
        Decision::Accept | Decision::Duplicate { .. } => unreachable!("these are not refusals"),
    }
}

/// So many rolled segments wait open for a sync, where nobody else asks for one.
const ROLLED_MAX: usize = 8;
/// Records of up to so many bytes are written in one piece with their header.
const JOINED_BYTES_MAX: usize = 512;
