//! The second half of a pass: old segments are written anew, group by group, without what is superseded.

use super::Stop;
use super::choice;
use super::cleaned::Cleaned;
use super::filter::{Counts, Kept, LastBatch, Rules};
use super::job::Shell;
use super::mapping::Mapped;
use super::source::{Reader, Source};
use super::swap;
use super::transactions::Transactions;
use crate::local::partition::Partition;
use foldhash::HashMap;
use ottla_base::{Offset, ProducerId, Timestamp};
use ottla_wire::record::{self, BatchHeader};
use std::collections::VecDeque;

/// What holds while segments are copied.
pub(crate) struct Copying {
    mapped: Mapped,
    now: Timestamp,
    producers: HashMap<ProducerId, LastBatch>,
    transactions: Transactions,
    groups: VecDeque<Vec<Source>>,
    group: Option<Group>,
    pub(crate) counts: Counts,
    pub(crate) bytes: Bytes,
}

/// Sizes of what was compacted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bytes {
    pub(crate) before: u64,
    pub(crate) after: u64,
    pub(crate) segments_before: usize,
    pub(crate) segments_after: usize,
}

/// Segments that become one.
struct Group {
    sources: Vec<Source>,
    /// Which of them is read.
    at: usize,
    reader: Option<Reader>,
    cleaned: Cleaned,
    leader_epoch: ottla_base::LeaderEpoch,
}

impl Copying {
    /// Begins with the oldest of `sources`, which are all segments with a record that `mapped` covers.
    pub(crate) fn new(
        partition: &Partition,
        mapped: Mapped,
        now: Timestamp,
        (sources, transactions): (&[Source], Transactions),
    ) -> Self {
        let state = partition.state.lock();
        let last = |(id, producer): (ProducerId, &crate::sequencer::Producer)| {
            let marker = LastBatch::Marker(producer.epoch);
            (id, producer.last().map_or(marker, |batch| LastBatch::Data(batch.last_offset)))
        };
        let producers = state.producers.state().iter().map(last).collect();
        let sizes: Vec<_> = sources.iter().map(|source| (source.base, source.bytes)).collect();
        let end = sources.last().map_or(Offset::ZERO, |source| source.next);
        let groups = choice::groups(&sizes, end, state.settings.segment_bytes);
        let groups = groups.into_iter().map(|group| sources[group].to_vec()).collect();
        let (counts, bytes) = (Counts::default(), Bytes::default());
        Self { mapped, now, producers, transactions, groups, group: None, counts, bytes }
    }

    /// Up to where the log is compacted when all is copied.
    pub(crate) fn covered(&self) -> Offset {
        self.mapped.covered
    }

    /// Copies on for about one chunk; `true` when everything is copied and in place.
    pub(crate) fn step(
        &mut self,
        shell: &Shell,
        partition: &Partition,
        io_bytes: &mut u64,
    ) -> Result<bool, Stop> {
        let budget = shell.options.io_bytes as u64;
        while *io_bytes < budget {
            if self.group.is_none() {
                let Some(sources) = self.groups.pop_front() else { return Ok(true) };
                self.group = Some(Group::begin(shell, partition, sources, self.now)?);
            }
            if self.copy_batch(shell, partition, io_bytes)? {
                let group = self.group.take().expect("it was just copied");
                let base = group.sources[0].base;
                if let Err(stop) = self.finish(shell, partition, group, io_bytes) {
                    swap::abandon(shell, partition, base);
                    return Err(stop);
                }
            }
        }
        Ok(false)
    }

    /// Copies one batch of the group; `true` if there is none left.
    fn copy_batch(&mut self, shell: &Shell, partition: &Partition, io_bytes: &mut u64) -> Result<bool, Stop> {
        let group = self.group.as_mut().expect("the caller has begun one");
        let Some(reader) = &mut group.reader else {
            let Some(source) = group.sources.get(group.at) else { return Ok(true) };
            group.reader = Some(source.open(partition, shell.engine)?);
            return Ok(false);
        };
        let Some((header, batch)) = reader.next(&*shell.engine.disk, shell.options.io_bytes, io_bytes)?
        else {
            group.reader = None;
            group.at += 1;
            return Ok(false);
        };
        let rules = Rules {
            map: &self.mapped.map,
            covered: self.mapped.covered,
            now: self.now,
            delete_retention_ms: shell.delete_retention_ms,
            producers: &self.producers,
        };
        let kept = rules.apply(&mut self.transactions, &mut self.counts, (&header, &batch));
        match kept.map_err(|reason| reader.damaged(reason))? {
            Kept::Nothing => {}
            Kept::Whole => group.cleaned.push(&header, &batch)?,
            Kept::Part(part) => {
                let header = BatchHeader::parse(&part).map_err(|reason| reader.damaged(reason))?;
                group.cleaned.push(&header, &part)?;
            }
        }
        self.transactions.take_kept().into_iter().for_each(|entry| group.cleaned.push_aborted(entry));
        group.leader_epoch = header.partition_leader_epoch;
        *io_bytes += group.cleaned.flush(&partition.place(shell.engine), shell.options.io_bytes)?;
        Ok(false)
    }

    fn finish(
        &mut self,
        shell: &Shell,
        partition: &Partition,
        group: Group,
        io_bytes: &mut u64,
    ) -> Result<(), Stop> {
        let Group { sources, mut cleaned, leader_epoch, .. } = group;
        let next = sources.last().expect("a group is never empty").next;
        // Where a segment ends must follow from itself: see `swap`.
        if cleaned.end() < next {
            let placeholder = record::placeholder(next.plus(-1), leader_epoch);
            let header = BatchHeader::parse(&placeholder).expect("it was just built");
            cleaned.push(&header, &placeholder)?;
        }
        let place = partition.place(shell.engine);
        *io_bytes += cleaned.flush(&place, 0)?;
        let segment = cleaned.finish(&place)?;
        self.bytes.before += sources.iter().map(|source| u64::from(source.bytes)).sum::<u64>();
        self.bytes.after += u64::from(segment.size);
        self.bytes.segments_before += sources.len();
        self.bytes.segments_after += 1;
        swap::swap(shell, partition, &sources, segment)
    }

    /// Removes the files that are not in place yet.
    pub(crate) fn abandon(self, shell: &Shell, partition: &Partition) {
        if let Some(group) = self.group {
            swap::abandon(shell, partition, group.sources[0].base);
        }
    }
}

impl Group {
    fn begin(
        shell: &Shell,
        partition: &Partition,
        sources: Vec<Source>,
        now: Timestamp,
    ) -> Result<Self, Stop> {
        // Held so that the directory is still this partition's: one of the same name may follow it.
        let _change = shell.change.lock();
        let interval_bytes = shell.check(partition)?.index_interval_bytes;
        let place = partition.place(shell.engine);
        let cleaned = Cleaned::create(&place, sources[0].base, now, interval_bytes)
            .map_err(Stop::io("creating a compacted segment"))?;
        let leader_epoch = ottla_base::LeaderEpoch(0);
        Ok(Self { sources, at: 0, reader: None, cleaned, leader_epoch })
    }
}
