//! The data directory as a whole: its lock, its format, its checkpoints and its partitions' directories.

mod format;

use super::checkpoint;
use super::epochs::Epochs;
use super::handles::Handles;
use super::names;
use super::offline::{Noted, Offline, Unread};
use super::parallel;
use super::partition::{Engine, Partition, Roots, Status};
use super::place::Place;
use super::recovery::{self, Known};
use super::run::{Doubt, Run};
use super::segment;
use crate::base64;
use crate::disk::{self, Disk, Mode};
use crate::error::OpenError;
use crate::report::{self, RecoveryReport};
use crate::settings::{LogOptions, LogSettings};
use ottla_base::{Env, Offset, PartitionId, PartitionIndex, TopicId, TopicName};
use parking_lot::Mutex;
use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{self, IoSlice};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

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
    let disk = &*options.disk;
    match disk.create_dir(dir) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            return Err(OpenError::io("creating", dir, error));
        }
        Ok(()) | Err(_) => {}
    }
    let lock = lock(dir, disk)?;
    format::check(dir, disk)?;
    let roots = open_roots(dir, disk)?;
    let (disk, handles) = (options.disk.clone(), Handles::new(options.handles_max));
    let gone = Mutex::default();
    let has_lost_writes = AtomicBool::new(false);
    let offline = Offline::default();
    let run = Run::new(disk.clone(), dir);
    let engine = Engine { data: dir.clone(), roots, disk, env, handles, gone, offline, has_lost_writes, run };
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

/// The name of a partition, which is that of its directory.
type Key = (TopicName, PartitionIndex);

/// A partition's directory, and whose it is, if that can be read.
type Found = (Key, Result<TopicId, OpenError>);

/// How partitions are opened, all alike.
#[derive(Clone, Copy)]
struct How<'a> {
    clean: bool,
    is_settled: bool,
    doubt: &'a Doubt,
    defaults: LogSettings,
}

impl Opened {
    fn load(&mut self, options: &LogOptions) -> Result<(), OpenError> {
        let dir = &self.engine.data.clone();
        let marker = dir.join(names::CLEAN_SHUTDOWN);
        let disk = self.engine.disk.clone();
        let clean = exists(&marker, &*disk).map_err(|error| OpenError::io("looking for", &marker, error))?;
        let load = |name: &str| {
            let path = dir.join(name);
            checkpoint::load(&path, &*disk).map_err(|error| OpenError::io("reading", path, error))
        };
        let doubt = Doubt::read(dir, &*disk);
        let (recovery_points, log_starts) = (load(names::RECOVERY_POINTS)?, load(names::LOG_STARTS)?);
        let mut compacted_to = load(names::COMPACTED_TO)?;
        let found = self.look(options)?;
        // Until the next orderly stop, a start has to check: also if it ends in the next line.
        if clean {
            disk.remove_file(&marker).map_err(|error| OpenError::io("removing", &marker, error))?;
            disk.sync_directory(dir).map_err(|error| OpenError::io("syncing", dir, error))?;
        }
        self.report.clean = clean || found.is_empty();
        let is_settled = !self.report.clean && doubt == Doubt::Everything;
        if is_settled {
            self.settle_the_past()?;
        }
        let with_notes = |(key, id)| {
            let noted = Noted {
                recovery_point: recovery_points.get(&key).copied(),
                log_start: log_starts.get(&key).copied(),
                compacted_to: compacted_to.remove(&key),
            };
            (key, id, noted)
        };
        let found: Vec<_> = found.into_iter().map(with_notes).collect();
        let how = How { clean, is_settled, doubt: &doubt, defaults: options.defaults };
        let open = |(key, id, noted)| open_partition(&self.engine, key, id, noted, &how);
        for (opened, report) in parallel::map(options.work, found, open) {
            self.report.add(report.map_or_else(RecoveryReport::default, |report| *report));
            match opened {
                Ok(partition) => self.partitions.push(partition),
                Err(failed) => self.leave_offline(*failed)?,
            }
        }
        self.report.partitions = self.partitions.len();
        let name = |partition: &Arc<Partition>| (partition.topic.clone(), partition.id.index);
        let mut here: HashSet<_> = self.partitions.iter().map(name).collect();
        here.extend(self.report.offline.iter().map(|offline| (offline.topic.clone(), offline.partition)));
        let noted = recovery_points.keys().chain(log_starts.keys());
        self.engine.gone.lock().extend(noted.filter(|name| !here.contains(*name)).cloned());
        if !compacted_to.is_empty() {
            // Notes about partitions that are gone must not be taken for those of later ones of their names.
            save_compacted_to(&self.engine, self.partitions.iter())
                .map_err(|error| OpenError::io("writing how far logs were compacted in", dir, error))?;
        }
        if is_settled {
            // What was read may be in the page cache only; it becomes visible as durable now.
            if let Err(error) = self.engine.sync_everything() {
                // Who is told now is not told again by a later start, which would take it for a failure of its own.
                self.partitions.iter().for_each(|partition| partition.look_for_losses(&self.engine));
                return Err(OpenError::io("syncing", dir, error));
            }
            save_recovery_points(&self.engine, self.partitions.iter(), &Moved::new())
                .map_err(|error| OpenError::io("writing the recovery points in", dir, error))?;
        }
        self.engine.run.begin();
        if doubt != Doubt::Nothing && !self.report.offline.is_empty() {
            // Nobody has looked at those.
            self.engine.run.doubt();
        }
        Ok(())
    }

    /// Lets the system write what earlier processes have left, and tell of all that it could not write: what of that is
    /// in the logs is looked for by whoever reads them, and no sync of this process is to hear of it.
    fn settle_the_past(&mut self) -> Result<(), OpenError> {
        let Engine { data, roots, disk, .. } = &self.engine;
        if let Err(error) = disk.sync_file_system(&roots.checkpoints) {
            tracing::warn!(%error, "not all that was written before could be written to the disk; the logs are checked");
        }
        // Those that are open have not all heard of it.
        self.engine.roots = open_roots(data, &**disk)?;
        Ok(())
    }

    /// Lists the directory.
    fn look(&mut self, options: &LogOptions) -> Result<Vec<Found>, OpenError> {
        let (dir, disk) = (&self.engine.data, &*self.engine.disk);
        let mut there = Vec::new();
        for name in disk.list(dir).map_err(|error| OpenError::io("listing", dir, error))? {
            let path = dir.join(&name);
            if name.ends_with(names::DELETED_DIRECTORY_SUFFIX) {
                self.deleted.push(path);
            } else if let Some(key) = names::parse_directory(&name) {
                there.push((key, path));
            }
        }
        let read = |(key, path)| {
            let place = Place::new(disk, path);
            (key, read_topic_id(&place), place.path)
        };
        let mut found = Vec::with_capacity(there.len());
        for (key, id, path) in parallel::map(options.work, there, read) {
            match id {
                Ok(None) => self.report.unknown.push(path),
                Ok(Some(id)) => found.push((key, Ok(id))),
                Err(error) => found.push((key, Err(OpenError::io("reading the topic's id in", path, error)))),
            }
        }
        Ok(found)
    }

    /// The files of one partition are what is wrong: nobody else is concerned.
    fn leave_offline(&mut self, (unread, error): (Unread, OpenError)) -> Result<(), OpenError> {
        if !error.concerns_one_partition() {
            return Err(error);
        }
        let (topic, partition) = (unread.topic.clone(), unread.index);
        tracing::error!(
            %topic, %partition, %error,
            "a partition is offline because it cannot be read; nothing was taken away from it, and all others \
             are served. Look after the disk and restart; if the disk cannot give the file back, restore it \
             from a backup, or save what 'ottla log verify' and 'ottla log repair' can"
        );
        self.report.offline.push(report::Offline { topic, partition, reason: error.to_string() });
        self.engine.offline.put(unread);
        Ok(())
    }
}

/// A partition that was opened, or what is known of it and why it could not be; and what was unusual. Small where all is
/// well, because there may be many at a time.
type OnePartition = (Result<Arc<Partition>, Box<(Unread, OpenError)>>, Option<Box<RecoveryReport>>);

fn open_partition(
    engine: &Engine,
    (topic, index): Key,
    topic_id: Result<TopicId, OpenError>,
    noted: Noted,
    how: &How,
) -> OnePartition {
    let How { clean, is_settled, doubt, defaults: settings } = *how;
    let mut report = RecoveryReport::default();
    let unread = Unread { topic, index, topic_id: topic_id.as_ref().ok().copied(), settings, noted };
    let opened = topic_id.and_then(|topic_id| {
        let id = PartitionId { topic: topic_id, index };
        let Noted { recovery_point, log_start, compacted_to } = noted;
        let (topic, intact) = (unread.topic.clone(), !doubt.covers(id));
        let known = Known { id, topic, recovery_point, log_start, compacted_to, clean, intact, is_settled };
        recovery::open(engine, known, settings, &mut report)
    });
    let report = (report != RecoveryReport::default()).then(|| Box::new(report));
    (opened.map_err(|error| Box::new((unread, error))), report)
}

fn open_roots(dir: &Path, disk: &dyn Disk) -> Result<Roots, OpenError> {
    let root = || disk.open(dir, Mode::Read).map_err(|error| OpenError::io("opening", dir, error));
    Ok(Roots { commits: root()?, checkpoints: root()?, creations: root()? })
}

/// Takes what the checkpoints say of partitions that are gone out of them. `partitions` are those that are here.
pub(crate) fn forget_gone<'a>(
    engine: &Engine,
    partitions: impl Iterator<Item = &'a Arc<Partition>> + Clone,
) -> io::Result<()> {
    let mut gone = engine.gone.lock();
    if !gone.is_empty() {
        save_recovery_points(engine, partitions.clone(), &Moved::new())?;
        save_log_starts(engine, partitions, None)?;
        gone.clear();
    }
    Ok(())
}

/// Recovery points that are to become true.
pub(crate) type Moved = HashMap<PartitionId, Offset>;

/// Moves the recovery points: writes where each partition's log is known to be durable up to, and believes it then. Not
/// before, because what recovery needs from a point on goes when a later one is believed.
pub(crate) fn move_recovery_points<'a>(
    engine: &Engine,
    partitions: impl Iterator<Item = &'a Arc<Partition>> + Clone,
    moved: &Moved,
) -> io::Result<()> {
    save_recovery_points(engine, partitions.clone(), moved)?;
    for partition in partitions {
        let mut state = partition.state.lock();
        if let Some(end) = moved.get(&partition.id).filter(|_| state.status == Status::Live) {
            state.recovery_point = *end;
        }
    }
    Ok(())
}

fn save_recovery_points<'a>(
    engine: &Engine,
    partitions: impl Iterator<Item = &'a Arc<Partition>>,
    moved: &Moved,
) -> io::Result<()> {
    let lines = partitions.map(|partition| {
        let state = partition.state.lock();
        let moved = moved.get(&partition.id).filter(|_| state.status == Status::Live);
        let recovery_point = moved.copied().unwrap_or(state.recovery_point);
        checkpoint::line(&partition.topic, partition.id.index, recovery_point)
    });
    let lines = lines.chain(engine.offline.lines(|noted| noted.recovery_point));
    checkpoint::write(&engine.data.join(names::RECOVERY_POINTS), lines, &*engine.disk)
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
    let lines = lines.chain(engine.offline.lines(|noted| noted.log_start));
    checkpoint::write(&engine.data.join(names::LOG_STARTS), lines, &*engine.disk)
}

/// Writes up to where each partition was compacted.
pub(crate) fn save_compacted_to<'a>(
    engine: &Engine,
    partitions: impl Iterator<Item = &'a Arc<Partition>>,
) -> io::Result<()> {
    let lines = partitions.filter_map(|partition| {
        let compacted_to = partition.state.lock().compaction.compacted_to?;
        Some(checkpoint::line(&partition.topic, partition.id.index, compacted_to))
    });
    let lines = lines.chain(engine.offline.lines(|noted| noted.compacted_to));
    checkpoint::write(&engine.data.join(names::COMPACTED_TO), lines, &*engine.disk)
}

/// Says that everything was written and nothing need be checked at the next start.
pub(crate) fn mark_clean(engine: &Engine) -> io::Result<()> {
    engine.disk.write(&engine.data.join(names::CLEAN_SHUTDOWN), b"{\"version\":0}\n")?;
    engine.disk.sync_directory(&engine.data)
}

/// Makes the directory of a new partition, without a sync. Takes over one that an interrupted attempt left.
pub(crate) fn create_partition(engine: &Engine, topic: &TopicName, id: PartitionId) -> io::Result<PathBuf> {
    let place = engine.place(topic, id.index);
    match engine.disk.create_dir(&place.path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            if read_topic_id(&place)?.is_some() || holds_records(&place)? {
                return Err(error);
            }
        }
        other => other?,
    }
    segment::create_log(&place, Offset::ZERO)?;
    Epochs::first().save_unsynced(&place)?;
    let text = format!("version: 0\ntopic_id: {}\n", base64::encode(id.topic.0));
    engine.disk.write(&place.path.join(names::PARTITION_METADATA), text.as_bytes())?;
    Ok(place.path)
}

/// Makes new partitions durable: their directories, their files, and that they are there.
pub(crate) fn sync_new(engine: &Engine, directories: &[PathBuf]) -> io::Result<()> {
    if SYNCED_ONE_BY_ONE_MAX < directories.len() {
        return engine.disk.sync_file_system(&engine.roots.creations);
    }
    for directory in directories {
        for name in [names::PARTITION_METADATA, names::LEADER_EPOCHS] {
            engine.disk.sync_data(&engine.disk.open(&directory.join(name), Mode::Read)?)?;
        }
        engine.disk.sync_directory(directory)?;
    }
    engine.disk.sync_directory(&engine.data)
}

fn holds_records(place: &Place) -> io::Result<bool> {
    for name in place.disk.list(&place.path)? {
        let path = place.path.join(name);
        let is_log = path.extension().is_some_and(|extension| extension == "log");
        if is_log && 0 < place.disk.metadata(&path)?.length {
            return Ok(true);
        }
    }
    Ok(false)
}

fn exists(path: &Path, disk: &dyn Disk) -> io::Result<bool> {
    match disk.metadata(path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

fn lock(dir: &Path, disk: &dyn Disk) -> Result<File, OpenError> {
    let path = dir.join(names::LOCK);
    let file = disk.open(&path, Mode::Create).map_err(|error| OpenError::io("opening", &path, error))?;
    if !disk::lock(&file).map_err(|error| OpenError::io("locking", &path, error))? {
        // If it cannot be read, the process is unknown; that the directory is in use is certain.
        let pid = disk.read_to_string(&path).ok().and_then(|text| text.trim().parse().ok());
        return Err(OpenError::InUse { path: dir.to_owned(), pid });
    }
    let text = format!("{}\n", std::process::id());
    let written = disk
        .set_len(&file, 0)
        .and_then(|()| disk.write_all_at(&file, &mut [IoSlice::new(text.as_bytes())], 0));
    written.map_err(|error| OpenError::io("writing", &path, error))?;
    Ok(file)
}

/// `None` if the file is missing or nonsense.
fn read_topic_id(place: &Place) -> io::Result<Option<TopicId>> {
    let text = checkpoint::read(&place.path.join(names::PARTITION_METADATA), place.disk)?.unwrap_or_default();
    let id = text.lines().find_map(|line| line.strip_prefix("topic_id:"));
    Ok(id.and_then(|id| base64::decode(id.trim())).map(TopicId))
}

/// The partition's name as the log's own messages give it.
pub(crate) fn deleted_path(engine: &Engine, topic: &TopicName, index: PartitionIndex) -> PathBuf {
    engine.data.join(names::deleted_directory(&names::directory(topic, index), engine.env.random()))
}

/// More new partitions than this are made durable by one `syncfs`.
const SYNCED_ONE_BY_ONE_MAX: usize = 2;
