//! A data directory under lock, and what lies in it.

use super::real_disk;
use crate::base64;
use crate::disk::{self, Disk, Mode};
use crate::error::OpenError;
use crate::local::checkpoint;
use crate::local::names::{self, Kind};
use crate::local::place::Place;
use crate::local::run::Doubt;
use ottla_base::{Offset, PartitionIndex, TopicId, TopicName};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A data directory that no broker works on as long as this lives.
#[derive(Debug)]
pub struct DataDirectory {
    path: PathBuf,
    pub(super) disk: Arc<dyn Disk>,
    _lock: Option<File>,
}

impl DataDirectory {
    /// Takes the directory's lock, if it has a lock file: a copy or a backup may have none.
    ///
    /// # Errors
    /// `InUse` if a broker works on it, `Io` if there is no such directory.
    pub fn hold(path: &Path) -> Result<Self, OpenError> {
        let disk = real_disk();
        disk.list(path).map_err(|error| OpenError::io("opening", path, error))?;
        let lock_path = path.join(names::LOCK);
        let lock = match disk.open(&lock_path, Mode::Read) {
            Ok(lock) => lock,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Self { path: path.to_owned(), disk, _lock: None });
            }
            Err(error) => return Err(OpenError::io("opening", lock_path, error)),
        };
        if disk::lock(&lock).map_err(|error| OpenError::io("locking", &lock_path, error))? {
            return Ok(Self { path: path.to_owned(), disk, _lock: Some(lock) });
        }
        let pid = disk.read_to_string(&lock_path).ok().and_then(|text| text.trim().parse().ok());
        Err(OpenError::InUse { path: path.to_owned(), pid })
    }

    /// As [`hold`](Self::hold), of a directory that Apache Kafka works on: its lock is of another kind.
    ///
    /// # Errors
    /// `InUse` if a broker works on it, `Io` if there is no such directory.
    pub fn hold_of_kafka(path: &Path) -> Result<Self, OpenError> {
        let mut held = Self::hold(path)?;
        // Closing any other handle of the file would give the record lock back.
        held._lock = None;
        let lock_path = path.join(names::LOCK);
        let lock = match held.disk.open(&lock_path, Mode::Write) {
            Ok(lock) => lock,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(held),
            // What cannot be written cannot be locked: a read-only copy.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return Ok(held),
            Err(error) if error.kind() == io::ErrorKind::ReadOnlyFilesystem => return Ok(held),
            Err(error) => return Err(OpenError::io("opening", lock_path, error)),
        };
        match disk::lock_record(&lock).map_err(|error| OpenError::io("locking", &lock_path, error))? {
            true => {
                held._lock = Some(lock);
                Ok(held)
            }
            false => Err(OpenError::InUse { path: path.to_owned(), pid: None }),
        }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the broker that worked on it last was stopped in good order.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.disk.metadata(&self.path.join(names::CLEAN_SHUTDOWN)).is_ok()
    }

    /// Whether all that was written in it is there, also without a sync, because the system runs on.
    pub(crate) fn is_intact(&self) -> bool {
        Doubt::read(&self.path, &*self.disk) != Doubt::Everything
    }

    /// Its partitions, by topic and number.
    ///
    /// # Errors
    /// `Io` if it cannot be listed.
    pub fn partitions(&self) -> Result<Vec<PartitionFiles>, OpenError> {
        let failed = |error| OpenError::io("listing", &self.path, error);
        let mut found = Vec::new();
        for name in self.disk.list(&self.path).map_err(failed)? {
            let path = self.path.join(&name);
            if let Some((topic, index)) = names::parse_directory(&name)
                && self.disk.metadata(&path).is_ok_and(|metadata| metadata.is_directory)
            {
                found.push(PartitionFiles::list(topic, index, path)?);
            }
        }
        found.sort_by(|a, b| (&a.topic, a.index.0).cmp(&(&b.topic, b.index.0)));
        Ok(found)
    }

    /// The offsets that a checkpoint file of this directory has; `None` if the file is damaged.
    pub(crate) fn checkpoint(&self, name: &str) -> Result<Option<checkpoint::Offsets>, OpenError> {
        let path = self.path.join(name);
        let text = match self.disk.read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Some(checkpoint::Offsets::new()));
            }
            Err(error) => return Err(OpenError::io("reading", path, error)),
        };
        let is_whole = String::from_utf8(text).is_ok_and(|text| checkpoint::parse(&text).is_some());
        if !is_whole {
            return Ok(None);
        }
        checkpoint::load(&path, &*self.disk).map(Some).map_err(|error| OpenError::io("reading", path, error))
    }
}

/// The files of a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionFiles {
    /// Whose.
    pub topic: TopicName,
    /// Which partition of it.
    pub index: PartitionIndex,
    /// The topic's id, if `partition.metadata` has one.
    pub topic_id: Option<TopicId>,
    /// Where they are.
    pub directory: PathBuf,
    /// Base offset and length of each `.log`, ascending.
    pub segments: Vec<(Offset, u64)>,
    /// Offsets of the producer snapshots, ascending.
    pub snapshots: Vec<Offset>,
    /// Indexes whose log is not there, ascending.
    pub(crate) orphans: Vec<(Offset, Kind)>,
}

impl PartitionFiles {
    /// Lists the directory of a partition.
    ///
    /// # Errors
    /// `Io` if it cannot be listed.
    pub fn list(topic: TopicName, index: PartitionIndex, directory: PathBuf) -> Result<Self, OpenError> {
        let failed = |error| OpenError::io("listing", &directory, error);
        let disk = real_disk();
        let (mut segments, mut snapshots, mut orphans) = (Vec::new(), Vec::new(), Vec::new());
        for name in disk.list(&directory).map_err(failed)? {
            match names::parse_file(&name) {
                Some((base, Kind::Log)) => {
                    let length = disk.metadata(&directory.join(&name)).map_err(failed)?.length;
                    segments.push((base, length));
                }
                Some((offset, Kind::Snapshot)) => snapshots.push(offset),
                Some(index @ (_, Kind::Index | Kind::TimeIndex | Kind::TxnIndex)) => orphans.push(index),
                None => {}
            }
        }
        segments.sort_unstable_by_key(|(base, _)| *base);
        snapshots.sort_unstable();
        orphans.retain(|(base, _)| segments.binary_search_by_key(base, |(base, _)| *base).is_err());
        orphans.sort_unstable_by_key(|(base, _)| *base);
        let topic_id = read_topic_id(&*disk, &directory);
        Ok(Self { topic, index, topic_id, directory, segments, snapshots, orphans })
    }

    /// `TOPIC-N`.
    #[must_use]
    pub fn name(&self) -> String {
        names::directory(&self.topic, self.index)
    }

    /// Bytes of its logs.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.segments.iter().map(|(_, length)| length).sum()
    }

    pub(crate) fn place<'d>(&self, disk: &'d dyn Disk) -> Place<'d> {
        Place::new(disk, self.directory.clone())
    }

    pub(crate) fn file(&self, base: Offset, kind: Kind) -> PathBuf {
        names::file(&self.directory, base, kind)
    }
}

fn read_topic_id(disk: &dyn Disk, directory: &Path) -> Option<TopicId> {
    let text = disk.read_to_string(&directory.join(names::PARTITION_METADATA)).ok()?;
    let id = text.lines().find_map(|line| line.strip_prefix("topic_id:"))?;
    base64::decode(id.trim()).map(TopicId)
}
