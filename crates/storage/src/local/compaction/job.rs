//! The compaction of one log, in steps.

use super::choice::Target;
use super::claim::Claim;
use super::copying::{Bytes, Copying};
use super::filter::Counts;
use super::hash::Secret;
use super::mapping::Mapping;
use super::offset_map::OffsetMap;
use super::source::Source;
use super::transactions::Transactions;
use super::{Stop, aborted};
use crate::local::freeing::Freeing;
use crate::local::partition::{Engine, Partition, Status};
use crate::settings::{CleanerOptions, LogSettings};
use ottla_base::{Now, Offset, Timestamp};
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What a job needs from outside.
pub(crate) struct Shell<'a> {
    pub(crate) engine: &'a Engine,
    /// Whoever holds it keeps partitions from being made, deleted and trimmed.
    pub(crate) change: &'a Mutex<()>,
    pub(crate) closed: &'a AtomicBool,
    pub(crate) options: &'a CleanerOptions,
    /// Where replaced logs go.
    pub(crate) freeing: &'a Freeing,
    /// Of the partition that is worked on.
    pub(crate) delete_retention_ms: u64,
}

impl Shell<'_> {
    /// The partition's settings, if it may be compacted at all.
    pub(crate) fn check(&self, partition: &Partition) -> Result<LogSettings, Stop> {
        let state = partition.state.lock();
        let may = state.status == Status::Live && state.settings.cleanup.compact;
        if may && !self.closed.load(Ordering::Acquire) { Ok(state.settings) } else { Err(Stop::Changed) }
    }
}

/// A log that a cleaner works on.
pub(crate) struct Job {
    claim: Claim,
    pub(crate) begun: Now,
    pub(crate) target: Target,
    pub(crate) delete_retention_ms: u64,
    sources: Vec<Source>,
    phase: Phase,
}

enum Phase {
    Mapping(Box<Mapping>),
    Copying(Box<Copying>),
    /// Between two others, and after the end.
    Over,
}

/// A finished pass.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Finished {
    /// Up to where the log is compacted now.
    pub(crate) covered: Offset,
    pub(crate) counts: Counts,
    pub(crate) bytes: Bytes,
}

impl Job {
    /// Claims the partition and begins. After an error it is not claimed.
    pub(crate) fn begin(
        engine: &Arc<Engine>,
        options: &CleanerOptions,
        partition: &Arc<Partition>,
        target: Target,
    ) -> Result<Self, Stop> {
        let claim = Claim::take(engine, partition)?;
        let aborted = aborted::collect(partition, engine, target.first_dirty..target.until)?;
        let state = partition.state.lock();
        let nexts = state.segments.iter().skip(1).map(|next| next.base);
        let sources = state.segments.iter().zip(nexts).map(|(segment, next)| Source {
            base: segment.base,
            next,
            bytes: segment.size,
        });
        let sources: Vec<Source> = sources.take_while(|source| source.base < target.until).collect();
        let delete_retention_ms = state.settings.compaction.delete_retention_ms;
        drop(state);
        let secret = Secret(engine.env.random(), engine.env.random());
        // No more keys than offsets.
        let keys = u64::try_from(target.until.0 - target.first_dirty.0).unwrap_or(0);
        let map = OffsetMap::new(secret, keys, options.map_bytes_max, options.map_load);
        let dirty = sources.iter().copied().filter(|source| target.first_dirty < source.next);
        let transactions = Transactions::new(aborted);
        let phase = Phase::Mapping(Box::new(Mapping::new(map, target.first_dirty, dirty, transactions)));
        Ok(Self { claim, begun: engine.env.now(), target, delete_retention_ms, sources, phase })
    }

    /// The log.
    pub(crate) fn partition(&self) -> &Arc<Partition> {
        self.claim.partition()
    }

    /// Works on for about one chunk of input or output. Returns what was done when all is done.
    pub(crate) fn step(&mut self, shell: &Shell, io_bytes: &mut u64) -> Result<Option<Finished>, Stop> {
        let partition = self.claim.partition();
        shell.check(partition)?;
        match &mut self.phase {
            Phase::Mapping(mapping) => {
                if mapping.step(shell, partition, io_bytes)? {
                    self.copy(shell)?;
                }
                Ok(None)
            }
            Phase::Copying(copying) => {
                if !copying.step(shell, partition, io_bytes)? {
                    return Ok(None);
                }
                let (covered, counts, bytes) = (copying.covered(), copying.counts, copying.bytes);
                self.phase = Phase::Over;
                Ok(Some(Finished { covered, counts, bytes }))
            }
            Phase::Over => unreachable!("nobody calls a job that is over"),
        }
    }

    fn copy(&mut self, shell: &Shell) -> Result<(), Stop> {
        let Phase::Mapping(mapping) = std::mem::replace(&mut self.phase, Phase::Over) else {
            return Ok(());
        };
        let mapped = mapping.finish();
        self.sources.retain(|source| source.base < mapped.covered);
        let first = self.sources.first().map_or(Offset::ZERO, |source| source.base);
        let until = self.sources.last().map_or(Offset::ZERO, |source| source.next);
        let transactions = Transactions::new(aborted::collect(self.partition(), shell.engine, first..until)?);
        let now: Timestamp = self.begun.wall;
        let copying = Copying::new(self.partition(), mapped, now, (&self.sources, transactions));
        self.phase = Phase::Copying(Box::new(copying));
        Ok(())
    }

    /// Gives the partition back, and removes what is not in place.
    pub(crate) fn end(self, shell: &Shell) {
        if let Phase::Copying(copying) = self.phase {
            copying.abandon(shell, self.claim.partition());
        }
    }
}
