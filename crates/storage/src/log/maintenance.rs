//! What has to be done from time to time, and at the end.

use super::Log;
use crate::error::OpenError;
use crate::local::directory::{self, Moved};
use crate::local::partition::{Engine, Partition, State, Status};
use crate::local::place::Place;
use crate::local::retention::{self, Reason};
use crate::settings::Durability;
use ottla_base::Offset;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

impl Log {
    /// Removes segments that are older or more than the settings keep. To be called every few minutes (Kafka:
    /// `log.retention.check.interval.ms`), and then [`free_deleted`](Self::free_deleted) until there is nothing.
    pub fn enforce_retention(&self) {
        let partitions = self.all();
        let wanting: Vec<_> =
            partitions.iter().filter(|partition| self.remove_old(partition, Reason::Any)).collect();
        if !wanting.is_empty() {
            if let Err(error) = self.checkpoint() {
                tracing::warn!(%error, "old segments stay until the recovery point can be moved");
            }
            wanting.into_iter().for_each(|partition| _ = self.remove_old(partition, Reason::Any));
        }
    }

    /// Removes a bit of what was deleted, once its delay has passed. Returns for how many bytes read or written it counts;
    /// `None` if nothing can be done now. Syncs of producers may wait meanwhile, for longer the fewer rests there are
    /// between the calls.
    #[must_use]
    pub fn free_deleted(&self) -> Option<u64> {
        let engine = &self.0.engine;
        self.0.graveyard.step(engine.env.now().tick, &*engine.disk)
    }

    /// Removes old segments of a partition. Returns whether more would go after a checkpoint.
    fn remove_old(&self, partition: &Partition, reason: Reason) -> bool {
        let (topic, index) = (&partition.topic, partition.id.index);
        match retention::enforce(partition, &self.0.engine, &self.0.graveyard, reason) {
            Ok(removed) => {
                if 0 < removed.segments {
                    tracing::debug!(%topic, partition = %index, removed.segments, "retention");
                }
                removed.wants_checkpoint
            }
            Err(error) => {
                tracing::warn!(%topic, partition = %index, %error, "old segments cannot be removed");
                false
            }
        }
    }

    /// Removes the segments below the log start, which is durable.
    pub(super) fn remove_trimmed(&self, partition: &Partition) {
        if !self.remove_old(partition, Reason::Trimmed) {
            return;
        }
        match self.move_recovery_points() {
            Ok(()) => _ = self.remove_old(partition, Reason::Trimmed),
            Err(error) => {
                tracing::warn!(%error, "trimmed segments stay until the recovery point can be moved");
            }
        }
    }

    /// Makes everything that is written durable, and notes it, so that a crash has less to check. Also closes
    /// files that nobody has used since the last call. To be called every minute or so.
    ///
    /// # Errors
    /// What the operating system said; then the former recovery points hold. After a sync that failed they hold until
    /// the next start.
    pub fn checkpoint(&self) -> io::Result<()> {
        let _change = self.0.change.lock();
        self.move_recovery_points()?;
        self.0.engine.handles.close_idle();
        Ok(())
    }

    /// Makes durable what an earlier process has left in partitions whose records count when they are, so that readers may
    /// see it. To be called once after [`open`](Self::open), when all partitions are configured and before anybody is served.
    /// Of others it is made durable later, as if the process that wrote it still ran.
    ///
    /// # Errors
    /// [`OpenError::Io`]: the disk does not take it. The next start looks at what the page cache has of it.
    pub fn sync_inherited(&self) -> Result<(), OpenError> {
        let engine = &self.0.engine;
        for partition in self.all() {
            {
                let state = partition.state.lock();
                let counts_when_durable = state.settings.durability == Durability::Sync;
                if !state.is_inherited || !counts_when_durable || state.status != Status::Live {
                    continue;
                }
            }
            let turn = engine.run.turn();
            let synced = turn.while_syncing(&[partition.id], || {
                let capture =
                    partition.capture(engine, &turn).map_err(|_| io::Error::other("see the log above"))?;
                partition.sync(engine, &capture).inspect_err(|_| engine.run.doubt())?;
                partition.synced(&capture);
                Ok(())
            });
            synced.map_err(|error| OpenError::io("syncing", partition.place(engine).path, error))?;
        }
        Ok(())
    }

    /// Moves the recovery point up to `until` or behind it, unless it is there.
    pub(super) fn settle(&self, partition: &Partition, until: Offset) -> io::Result<()> {
        if until <= partition.state.lock().recovery_point {
            return Ok(());
        }
        let _change = self.0.change.lock();
        self.move_recovery_points()
    }

    /// A checkpoint, by whoever holds the lock of changes.
    fn move_recovery_points(&self) -> io::Result<()> {
        let engine = &self.0.engine;
        let mut moved = Moved::new();
        let partitions = self.all();
        for partition in &partitions {
            let mut state = partition.state.lock();
            if state.status == Status::Live && state.recovery_point < state.end {
                prepare_checkpoint(engine, partition, &mut state)?;
                moved.insert(partition.id, state.end);
            }
        }
        if !moved.is_empty() {
            if let Err(error) = engine.sync_everything() {
                let written = partitions.iter().filter(|partition| moved.contains_key(&partition.id));
                written.for_each(|partition| partition.look_for_losses(engine));
                return Err(error);
            }
            let written = partitions.iter().filter(|partition| moved.contains_key(&partition.id));
            written.for_each(|partition| partition.look_at_inheritance(engine));
            directory::move_recovery_points(engine, partitions.iter(), &moved)?;
        }
        directory::forget_gone(engine, partitions.iter())?;
        Ok(())
    }

    /// Ends the log in good order: everything is made durable and the next start has nothing to check. Other
    /// clones of this log refuse appends from now on.
    pub fn close(self) {
        self.0.closed.store(true, Ordering::Release);
        self.0.stop();
        // What a thread would have finished.
        while self.commit_waiting() {}
        if let Err(error) = self.write_out() {
            tracing::error!(%error, "the log could not be closed in good order; the next start will check it");
        }
        self.0.graveyard.clear(self.0.engine.env.now().tick, &*self.0.engine.disk);
    }

    fn write_out(&self) -> io::Result<()> {
        let _change = self.0.change.lock();
        let engine = &self.0.engine;
        let partitions = self.all();
        // One that could not be opened must be checked when it can.
        let all_there = engine.offline.is_empty();
        for partition in &partitions {
            let mut state = partition.state.lock();
            let place = partition.place(engine);
            let base = state.segments.last().expect("a partition has a segment").base;
            if let Some(active) = &mut state.active {
                active.finish(&place, base)?;
            }
            save_producers(&mut state, &place)?;
        }
        engine.sync_everything()?;
        partitions.iter().for_each(|partition| partition.look_at_inheritance(engine));
        let ends = partitions.iter().map(|partition| (partition.id, partition.state.lock().end));
        directory::move_recovery_points(engine, partitions.iter(), &ends.collect())?;
        directory::save_log_starts(engine, partitions.iter(), None)?;
        // A partition that has failed must be checked.
        let is_live = |partition: &Arc<Partition>| partition.state.lock().status == Status::Live;
        if all_there && partitions.iter().all(is_live) { directory::mark_clean(engine) } else { Ok(()) }
    }
}

/// Writes what a recovery from the end of the log would need, without a sync.
fn prepare_checkpoint(engine: &Engine, partition: &Partition, state: &mut State) -> io::Result<()> {
    let place = partition.place(engine);
    let base = state.segments.last().expect("a partition has a segment").base;
    if let Some(active) = &mut state.active {
        active.save(&place, base)?;
    }
    save_producers(state, &place)
}

fn save_producers(state: &mut State, place: &Place) -> io::Result<()> {
    if !state.producers.is_worth_saving() {
        return Ok(());
    }
    let (end, recovery_point) = (state.end, state.recovery_point);
    state.producers.save(place, end, recovery_point)
}
