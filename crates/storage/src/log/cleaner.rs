//! Compaction, driven from outside in small steps.

use super::Log;
use crate::local::compaction::choice::Target;
use crate::local::compaction::job::{Finished, Job, Shell};
use crate::local::compaction::{Stop, choice, survey};
use crate::local::directory;
use crate::local::freeing::Freeing;
use crate::local::partition::Partition;
use crate::settings::CleanerOptions;
use ottla_base::Tick;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Compacts logs, one after the other. Several of them never work on the same log.
pub struct Cleaner {
    log: Log,
    options: CleanerOptions,
    job: Option<Job>,
    /// What it has replaced.
    freeing: Freeing,
    /// Of all logs that were due when it last chose one.
    overdue_bytes: u64,
}

/// What a step of a [`Cleaner`] was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CleanerStep {
    /// No log needs to be compacted now: ask again later (Kafka: `log.cleaner.backoff.ms`).
    Idle,
    /// There is more to do at once.
    Busy {
        /// How much was read and written.
        io_bytes: u64,
    },
}

impl Log {
    /// A cleaner for this log. Nothing happens until [`Cleaner::step`] is called.
    #[must_use]
    pub fn cleaner(&self, options: CleanerOptions) -> Cleaner {
        Cleaner { log: self.clone(), options, job: None, freeing: Freeing::default(), overdue_bytes: 0 }
    }
}

impl Cleaner {
    /// Changes its means; a pass that has begun keeps its map of keys.
    pub fn configure(&mut self, options: CleanerOptions) {
        self.options = options;
    }

    /// How many bytes waited to be compacted, beyond what their logs' settings let wait, when it chose the log that it works
    /// on. More and more if it is too slow.
    #[must_use]
    pub fn overdue_bytes(&self) -> u64 {
        self.overdue_bytes
    }

    /// Works for a moment: about [`CleanerOptions::io_bytes`] are read or written, or a piece of a replaced log is freed. Blocks on files, but makes
    /// nobody wait: partitions are locked for microseconds only.
    ///
    /// A log that cannot be compacted is reported in the program's log and left alone for a while.
    pub fn step(&mut self) -> CleanerStep {
        if self.log.0.closed.load(Ordering::Acquire) {
            self.give_up();
            return CleanerStep::Idle;
        }
        // Before anything else: room may be scarce.
        if let Some(io_bytes) = self.freeing.step(&*self.log.0.engine.disk) {
            return CleanerStep::Busy { io_bytes };
        }
        let Some(mut job) = self.job.take() else {
            self.job = self.next_job();
            return if self.job.is_some() { CleanerStep::Busy { io_bytes: 0 } } else { CleanerStep::Idle };
        };
        let mut io_bytes = 0;
        let shell = self.shell(job.delete_retention_ms);
        match job.step(&shell, &mut io_bytes) {
            Ok(None) => self.job = Some(job),
            Ok(Some(finished)) => self.finish(job, &finished),
            Err(stop) => {
                self.complain(job.partition(), &stop);
                job.end(&shell);
            }
        }
        CleanerStep::Busy { io_bytes }
    }

    /// Claims the log that has most to gain.
    fn next_job(&mut self) -> Option<Job> {
        let engine = &self.log.0.engine;
        let now = engine.env.now();
        let mut targets = Vec::new();
        for partition in self.log.all() {
            match survey::survey(&partition, engine, now) {
                Ok(Some(target)) => targets.push((partition, target)),
                Ok(None) => {}
                Err(error) => {
                    tracing::warn!(topic = %partition.topic, partition = %partition.id.index, %error,
                        "whether this log needs compaction cannot be seen");
                }
            }
        }
        let due = targets.iter().filter(|(_, target)| target.due);
        self.overdue_bytes = due.map(|(_, target)| target.overdue_bytes).sum();
        let (partition, target) = choice::most_due(targets)?;
        self.begin(&partition, target)
    }

    /// Nothing goes before it is below the recovery point: a start after a crash learns from what lies behind it what
    /// producers have sent last, and of that compaction leaves too little to know a repetition.
    fn begin(&self, partition: &Arc<Partition>, target: Target) -> Option<Job> {
        let settled = self.log.settle(partition, target.until).map_err(Stop::io("moving the recovery point"));
        let begun = settled.and_then(|()| Job::begin(&self.log.0.engine, &self.options, partition, target));
        match begun {
            Ok(job) => Some(job),
            Err(stop) => {
                self.complain(partition, &stop);
                None
            }
        }
    }

    fn finish(&mut self, job: Job, finished: &Finished) {
        let engine = &self.log.0.engine;
        let Finished { covered, counts, bytes } = *finished;
        tracing::debug!(
            topic = %job.partition().topic, partition = %job.partition().id.index,
            from = %job.target.first_dirty, to = %covered, dirty_ratio = job.target.dirty_ratio,
            bytes_before = bytes.before, bytes_after = bytes.after,
            records_before = counts.records, records_after = counts.kept,
            segments_before = bytes.segments_before, segments_after = bytes.segments_after,
            ms = engine.env.now().tick.since(job.begun.tick),
            "compacted a log"
        );
        let saved = {
            let _change = self.log.0.change.lock();
            job.partition().state.lock().compaction.compacted_to = Some(covered);
            directory::save_compacted_to(engine, self.log.all().iter())
        };
        if let Err(error) = saved {
            tracing::warn!(%error, "how far logs were compacted could not be written; the next start will do it again");
        }
        let (partition, target) = (job.partition().clone(), job.target);
        let shell = self.shell(job.delete_retention_ms);
        job.end(&shell);
        // The map was full: the rest is part of the same work, whether it would be due by itself or not.
        if covered < target.until && target.first_dirty < covered {
            self.job = self.begin(&partition, Target { first_dirty: covered, ..target });
        }
    }

    fn complain(&self, log: &Partition, stop: &Stop) {
        let (topic, partition) = (&log.topic, log.id.index);
        let not_before = match stop {
            Stop::Changed | Stop::Offline => return,
            Stop::Damaged { base, position, reason } => {
                tracing::error!(%topic, %partition, segment = %base, position, %reason,
                    "a log is damaged and is not compacted any more; repair it and start again");
                Tick(u64::MAX)
            }
            Stop::Io { doing, source } => {
                tracing::warn!(%topic, %partition, error = %source, "{doing} failed; compaction will be tried again");
                self.log.0.engine.env.now().tick + RETRY_AFTER
            }
        };
        log.state.lock().compaction.not_before = not_before;
    }

    fn shell(&self, delete_retention_ms: u64) -> Shell<'_> {
        Shell {
            engine: &self.log.0.engine,
            change: &self.log.0.change,
            closed: &self.log.0.closed,
            options: &self.options,
            freeing: &self.freeing,
            delete_retention_ms,
        }
    }

    fn give_up(&mut self) {
        if let Some(job) = self.job.take() {
            let shell = self.shell(job.delete_retention_ms);
            job.end(&shell);
        }
    }
}

impl Drop for Cleaner {
    fn drop(&mut self) {
        self.give_up();
    }
}

/// A full disk should have room again, or somebody should have looked.
const RETRY_AFTER: Duration = Duration::from_secs(60);
