//! The data directory as a whole: its lock, its format, its checkpoints and its partitions' directories.

use super::checkpoint;
use super::epochs::Epochs;
use super::handles::Handles;
use super::names;
use super::partition::{Engine, Partition};
use super::recovery::{self, Known};
use super::segment;
use crate::base64;
use crate::error::OpenError;
use crate::report::RecoveryReport;
use crate::settings::LogOptions;
use crate::system::{self, Disk};
use ottla_base::{Env, Offset, PartitionId, PartitionIndex, TopicId, TopicName};
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// An open data directory and what was found in it.
pub(crate) struct Opened {
    pub(crate) engine: Engine,
    /// Locked for as long as it is open.
    pub(crate) lock: File,
    pub(crate) partitions: Vec<Arc<Partition>>,
    pub(crate) report: RecoveryReport,
    /// Deleted partitions' directories that are still there.
    pub(crate) deleted: Vec<PathBuf>,
}

/// Locks the directory, creating it if need be, and opens all partitions in it.
pub(crate) fn open(options: &LogOptions, env: Arc<dyn Env>) -> Result<Opened, OpenError> {
    let dir = &options.dir;
    let disk = Disk::new(options.syncs);
    match std::fs::create_dir(dir) {
        Ok(()) => {
            let parent =
                dir.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
            disk.sync_directory(parent).map_err(|error| OpenError::io("syncing", parent, error))?;
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(OpenError::io("creating", dir, error)),
    }
    let lock = lock(dir)?;
    check_format(dir)?;
    let root = File::open(dir).map_err(|error| OpenError::io("opening", dir, error))?;
    let engine = Engine { data: dir.clone(), root, disk, env, handles: Handles::new(options.handles_max) };
    let mut opened = Opened {
        engine,
        lock,
        partitions: Vec::new(),
        report: RecoveryReport::default(),
        deleted: Vec::new(),
    };
    opened.load(options)?;
    Ok(opened)
}

impl Opened {
    fn load(&mut self, options: &LogOptions) -> Result<(), OpenError> {
        let dir = &self.engine.data.clone();
        let marker = dir.join(names::CLEAN_SHUTDOWN);
        let clean = marker.exists();
        let load = |name: &str| {
            let path = dir.join(name);
            checkpoint::load(&path).map_err(|error| OpenError::io("reading", path, error))
        };
        let (recovery_points, log_starts) = (load(names::RECOVERY_POINTS)?, load(names::LOG_STARTS)?);
        let failed = |error| OpenError::io("listing", dir, error);
        let mut found = Vec::new();
        for entry in std::fs::read_dir(dir).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            if name.ends_with(names::DELETED_DIRECTORY_SUFFIX) {
                self.deleted.push(entry.path());
                continue;
            }
            let Some((topic, index)) = names::parse_directory(&name) else { continue };
            let Some(topic_id) = read_topic_id(&entry.path()) else {
                self.report.unknown.push(entry.path());
                continue;
            };
            found.push((topic, PartitionId { topic: topic_id, index }));
        }
        // Until the next orderly stop, a start has to check: also if it ends in the next line.
        if clean {
            std::fs::remove_file(&marker).map_err(|error| OpenError::io("removing", &marker, error))?;
            self.engine.disk.sync_directory(dir).map_err(|error| OpenError::io("syncing", dir, error))?;
        }
        self.report.clean = clean || found.is_empty();
        for (topic, id) in found {
            let key = (topic, id.index);
            let recovery_point = recovery_points.get(&key).copied();
            let log_start = log_starts.get(&key).copied();
            let known = Known { id, topic: key.0, recovery_point, log_start, clean };
            let partition = recovery::open(&self.engine, known, options.defaults, &mut self.report)?;
            self.partitions.push(partition);
        }
        self.report.partitions = self.partitions.len();
        if !self.report.clean {
            // What was read may be in the page cache only; it becomes visible as durable now.
            let synced = self.engine.disk.sync_file_system(&self.engine.root);
            synced.map_err(|error| OpenError::io("syncing", dir, error))?;
            save_recovery_points(&self.engine, self.partitions.iter())
                .map_err(|error| OpenError::io("writing the recovery points in", dir, error))?;
        }
        Ok(())
    }
}

/// Writes where each partition's log is known to be durable up to.
pub(crate) fn save_recovery_points<'a>(
    engine: &Engine,
    partitions: impl Iterator<Item = &'a Arc<Partition>>,
) -> io::Result<()> {
    let lines = partitions.map(|partition| {
        let recovery_point = partition.state.lock().recovery_point;
        checkpoint::line(&partition.topic, partition.id.index, recovery_point)
    });
    checkpoint::write(&engine.data.join(names::RECOVERY_POINTS), lines, &engine.disk)
}

/// Writes the log starts that do not follow from the segments. `also` is one that is to become true.
pub(crate) fn save_log_starts<'a>(
    engine: &Engine,
    partitions: impl Iterator<Item = &'a Arc<Partition>>,
    also: Option<(PartitionId, Offset)>,
) -> io::Result<()> {
    let lines = partitions.filter_map(|partition| {
        let (mut log_start, first) = {
            let state = partition.state.lock();
            (state.log_start, state.segments[0].base)
        };
        if let Some((id, start)) = also
            && id == partition.id
        {
            log_start = log_start.max(start);
        }
        (first < log_start).then(|| checkpoint::line(&partition.topic, partition.id.index, log_start))
    });
    checkpoint::write(&engine.data.join(names::LOG_STARTS), lines, &engine.disk)
}

/// Says that everything was written and nothing need be checked at the next start.
pub(crate) fn mark_clean(engine: &Engine) -> io::Result<()> {
    std::fs::write(engine.data.join(names::CLEAN_SHUTDOWN), "{\"version\":0}\n")?;
    engine.disk.sync_directory(&engine.data)
}

/// Makes the directory of a new partition, without a sync. Takes over one that an interrupted attempt left.
pub(crate) fn create_partition(engine: &Engine, topic: &TopicName, id: PartitionId) -> io::Result<PathBuf> {
    let directory = engine.data.join(names::directory(topic, id.index));
    match std::fs::create_dir(&directory) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            if read_topic_id(&directory).is_some() || holds_records(&directory)? {
                return Err(error);
            }
        }
        other => other?,
    }
    segment::create_log(&directory, Offset::ZERO)?;
    Epochs::first().save_unsynced(&directory)?;
    let text = format!("version: 0\ntopic_id: {}\n", base64::encode(id.topic.0));
    std::fs::write(directory.join(names::PARTITION_METADATA), text)?;
    Ok(directory)
}

/// Makes new partitions durable: their directories, their files, and that they are there.
pub(crate) fn sync_new(engine: &Engine, directories: &[PathBuf]) -> io::Result<()> {
    if SYNCED_ONE_BY_ONE_MAX < directories.len() {
        return engine.disk.sync_file_system(&engine.root);
    }
    for directory in directories {
        for name in [names::PARTITION_METADATA, names::LEADER_EPOCHS] {
            engine.disk.sync_data(&File::open(directory.join(name))?)?;
        }
        engine.disk.sync_directory(directory)?;
    }
    engine.disk.sync_directory(&engine.data)
}

fn holds_records(directory: &Path) -> io::Result<bool> {
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        let is_log = entry.path().extension().is_some_and(|extension| extension == "log");
        if is_log && 0 < entry.metadata()?.len() {
            return Ok(true);
        }
    }
    Ok(false)
}

fn lock(dir: &Path) -> Result<File, OpenError> {
    let path = dir.join(names::LOCK);
    let file = File::options().read(true).write(true).create(true).truncate(false).open(&path);
    let mut file = file.map_err(|error| OpenError::io("opening", &path, error))?;
    if !system::lock(&file).map_err(|error| OpenError::io("locking", &path, error))? {
        let mut text = String::new();
        // If it cannot be read, the process is unknown; that the directory is in use is certain.
        let pid = file.read_to_string(&mut text).ok().and_then(|_| text.trim().parse().ok());
        return Err(OpenError::InUse { path: dir.to_owned(), pid });
    }
    let written = file
        .set_len(0)
        .and_then(|()| file.rewind())
        .and_then(|()| file.write_all(format!("{}\n", std::process::id()).as_bytes()));
    written.map_err(|error| OpenError::io("writing", &path, error))?;
    Ok(file)
}

/// Checks `meta.properties`, or writes it. It is not synced: a lost one is written again.
fn check_format(dir: &Path) -> Result<(), OpenError> {
    let path = dir.join(names::META_PROPERTIES);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) if !text.is_empty() => text,
        Ok(_) => return write_format(&path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return write_format(&path),
        Err(error) => return Err(OpenError::io("reading", path, error)),
    };
    let version = text.lines().find_map(|line| line.strip_prefix("version="));
    match version.map(|version| version.trim().parse::<u32>()) {
        Some(Ok(found)) if found <= FORMAT => Ok(()),
        Some(Ok(found)) => Err(OpenError::NewerFormat { path, found, known: FORMAT }),
        Some(Err(_)) => Err(OpenError::Damaged { path, reason: "its version is not a number".to_owned() }),
        None => Err(OpenError::Damaged { path, reason: "it has no line version=".to_owned() }),
    }
}

fn write_format(path: &Path) -> Result<(), OpenError> {
    std::fs::write(path, format!("version={FORMAT}\n")).map_err(|error| OpenError::io("writing", path, error))
}

fn read_topic_id(directory: &Path) -> Option<TopicId> {
    let text = std::fs::read_to_string(directory.join(names::PARTITION_METADATA)).ok()?;
    let id = text.lines().find_map(|line| line.strip_prefix("topic_id:"))?;
    base64::decode(id.trim()).map(TopicId)
}

/// The partition's name as the log's own messages give it.
pub(crate) fn deleted_path(engine: &Engine, topic: &TopicName, index: PartitionIndex) -> PathBuf {
    engine.data.join(names::deleted_directory(&names::directory(topic, index), engine.env.random()))
}

/// Kafka's version of `meta.properties` with the layout that this release reads and writes.
const FORMAT: u32 = 1;
/// More new partitions than this are made durable by one `syncfs`.
const SYNCED_ONE_BY_ONE_MAX: usize = 2;
