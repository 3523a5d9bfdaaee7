//! Creating and deleting partitions.

use super::Log;
use crate::error::{CreateError, DeleteError};
use crate::local::compaction::Standing;
use crate::local::directory;
use crate::local::epochs::Epochs;
use crate::local::names::{self, Kind};
use crate::local::partition::{Mark, Partition, State, Status};
use crate::local::producers::Producers;
use crate::local::segment::{Active, Segment};
use crate::local::tail::Tail;
use crate::local::unstable::Unstable;
use crate::settings::LogSettings;
use ottla_base::{Offset, PartitionId, PartitionIndex, TopicId, TopicName};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

impl Log {
    /// Creates an empty partition, durably.
    ///
    /// # Errors
    /// [`CreateError`]; then nothing of it is left.
    pub fn create(
        &self,
        topic: &TopicName,
        id: PartitionId,
        settings: LogSettings,
    ) -> Result<(), CreateError> {
        self.create_range(topic, id.topic, id.index.0..id.index.0 + 1, settings)
    }

    /// Creates the partitions of a topic whose numbers are in `indexes`, durably and with few syncs.
    ///
    /// # Errors
    /// [`CreateError`]; then none of them is there.
    pub fn create_range(
        &self,
        topic: &TopicName,
        topic_id: TopicId,
        indexes: std::ops::Range<i32>,
        settings: LogSettings,
    ) -> Result<(), CreateError> {
        let _change = self.0.change.lock();
        if let Err(error) = self.free_names(topic, indexes.clone()) {
            let id = PartitionId { topic: topic_id, index: PartitionIndex(indexes.start) };
            return Err(self.create_error(topic, id, error));
        }
        let mut made = Vec::new();
        for index in indexes {
            let id = PartitionId { topic: topic_id, index: PartitionIndex(index) };
            let result = if self.has(id) {
                Err(CreateError::Exists(id))
            } else {
                self.make(topic, id).map_err(|error| self.create_error(topic, id, error))
            };
            match result {
                Ok(directory) => made.push((id, directory)),
                Err(error) => {
                    self.unmake(&made);
                    return Err(error);
                }
            }
        }
        let directories: Vec<_> = made.iter().map(|(_, directory)| directory.clone()).collect();
        if let Err(error) = directory::sync_new(&self.0.engine, &directories) {
            self.unmake(&made);
            let id = PartitionId { topic: topic_id, index: PartitionIndex(0) };
            return Err(self.create_error(topic, id, error));
        }
        let mut partitions = self.0.partitions.write();
        for (id, _) in made {
            partitions.insert(id, Partition::new(id, topic.clone(), self.new_state(settings)));
        }
        Ok(())
    }

    /// Deletes a partition: at once for everybody, durably, and its files a little later.
    ///
    /// # Errors
    /// [`DeleteError`].
    pub fn delete(&self, id: PartitionId) -> Result<(), DeleteError> {
        let _change = self.0.change.lock();
        let engine = &self.0.engine;
        let Some(partition) = self.find(id) else { return self.delete_offline(id) };
        let path = partition.place(engine).path;
        let (delay_ms, compacted_to, logs) = {
            let mut state = partition.state.lock();
            state.status = Status::Deleted;
            state.segments.iter_mut().for_each(|segment| segment.index = None);
            state.unsynced = Vec::new();
            let logs =
                state.segments.iter_mut().filter_map(|segment| Some((segment.base, segment.file.take()?)));
            let logs: Vec<_> = logs.filter(|(_, log)| 1 < Arc::strong_count(log)).collect();
            (state.settings.file_delete_delay_ms, state.compaction.compacted_to, logs)
        };
        let deleted = directory::deleted_path(engine, &partition.topic, id.index);
        let renamed = engine.disk.rename(&path, &deleted);
        renamed
            .and_then(|()| engine.disk.sync_directory(&engine.data))
            .map_err(|source| DeleteError::Io { path, source })?;
        self.0.partitions.write().remove(&id);
        engine.gone.lock().insert((partition.topic.clone(), id.index));
        // The next partition of this name was not compacted. A crash before this is dealt with at the start.
        if compacted_to.is_some()
            && let Err(error) = directory::save_compacted_to(engine, self.all().iter())
        {
            tracing::warn!(%id, %error, "how far a deleted log was compacted is still noted");
        }
        let due = engine.env.now().tick + Duration::from_millis(delay_ms);
        for (base, log) in logs {
            self.0.graveyard.put_file(due, names::file(&deleted, base, Kind::Log), Some(log));
        }
        self.0.graveyard.put_directory(due, deleted);
        Ok(())
    }

    /// What cannot be read can still get another name.
    fn delete_offline(&self, id: PartitionId) -> Result<(), DeleteError> {
        let engine = &self.0.engine;
        let unread = engine.offline.take(id).ok_or(DeleteError::NotFound(id))?;
        let path = unread.path(&engine.data);
        let deleted = directory::deleted_path(engine, &unread.topic, id.index);
        let renamed = engine.disk.rename(&path, &deleted);
        if let Err(source) = renamed.and_then(|()| engine.disk.sync_directory(&engine.data)) {
            engine.offline.put(unread);
            return Err(DeleteError::Io { path, source });
        }
        let delay = Duration::from_millis(unread.settings.file_delete_delay_ms);
        engine.gone.lock().insert((unread.topic, id.index));
        self.0.graveyard.put_directory(engine.env.now().tick + delay, deleted);
        Ok(())
    }

    /// Whether there is such a partition, be it one that could not be opened.
    #[must_use]
    pub fn has(&self, id: PartitionId) -> bool {
        self.find(id).is_some() || self.0.engine.offline.has(id)
    }

    /// Says that partition `id` of `topic` ought to be here. If its directory is here and could not even be asked whose
    /// it is, it is taken for this one, and offline. Returns whether the partition is here now.
    pub fn claim(&self, topic: &TopicName, id: PartitionId) -> bool {
        self.has(id) || self.0.engine.offline.claim(topic, id.topic, id.index)
    }

    /// A partition of one of these names may have been here before.
    fn free_names(&self, topic: &TopicName, mut indexes: std::ops::Range<i32>) -> io::Result<()> {
        let engine = &self.0.engine;
        let is_taken = {
            let gone = engine.gone.lock();
            !gone.is_empty() && indexes.any(|index| gone.contains(&(topic.clone(), PartitionIndex(index))))
        };
        if is_taken { directory::forget_gone(engine, self.all().iter()) } else { Ok(()) }
    }

    fn make(&self, topic: &TopicName, id: PartitionId) -> io::Result<PathBuf> {
        directory::create_partition(&self.0.engine, topic, id)
    }

    /// Takes back partitions that nobody has seen.
    fn unmake(&self, made: &[(PartitionId, PathBuf)]) {
        for (_, directory) in made {
            if let Err(error) = self.0.engine.disk.remove_dir_all(directory) {
                tracing::warn!(path = %directory.display(), %error, "a half-made partition cannot be removed");
            }
        }
    }

    fn new_state(&self, settings: LogSettings) -> State {
        let now = self.0.engine.env.now().wall;
        State {
            settings,
            status: Status::Live,
            log_start: Offset::ZERO,
            high_watermark: Offset::ZERO,
            high_mark: Mark { base: Offset::ZERO, position: 0 },
            end: Offset::ZERO,
            recovery_point: Offset::ZERO,
            epochs: Epochs::first(),
            segments: vec![Segment::new(Offset::ZERO, 0)],
            active: Some(Box::new(Active::new(Offset::ZERO, now, 0))),
            tail: Tail::default(),
            producers: Producers::default(),
            unstable: Unstable::default(),
            compaction: Standing::default(),
            queued_in: 0,
            unsynced: Vec::new(),
            is_inherited: false,
            is_cut_back: false,
            directory_unsynced: false,
        }
    }

    fn create_error(&self, topic: &TopicName, id: PartitionId, source: io::Error) -> CreateError {
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => CreateError::NoSpace(id),
            _ => {
                let name = names::directory(topic, id.index);
                CreateError::Io { path: self.0.engine.data.join(name), source }
            }
        }
    }
}
