//! Makes the new data directory.

use super::{ImportError, Plan};
use crate::environment::SystemEnv;
use crate::groups::shard_of;
use crate::shard::{JournalRows, Rows as _};
use crate::transactions::FIRST_JOURNAL_SHARD;
use ottla_base::{Env, PartitionId};
use ottla_coordinator::group::Groups;
use ottla_coordinator::transaction::Transactions;
use ottla_coordinator::{Entry, Machine};
use ottla_storage::adopt::{self, Adopted, How};
use ottla_storage::{Database, Journal, Log, LogOptions, Meta, OpenError, Progress, TopicRecord};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What was imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// Every partition.
    pub partitions: Vec<Adopted>,
}

pub(super) async fn carry_out(
    plan: &Plan,
    target: &Path,
    how: How,
    progress: &mut dyn FnMut(u64),
) -> Result<Imported, ImportError> {
    check_target(target)?;
    let making = beside(target);
    match std::fs::remove_dir_all(&making) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(failed("removing", &making, error));
        }
        _ => {}
    }
    std::fs::create_dir_all(&making).map_err(|error| failed("making", &making, error))?;
    let mut partitions = Vec::new();
    for (source, _, files) in &plan.partitions {
        let log_start = adopt::log_starts(&plan.sources[*source])?(files);
        let adopted = adopt::partition(files, &making, log_start, how)?;
        progress(adopted.bytes);
        partitions.push(adopted);
    }
    adopt::finish(&making, &partitions)?;
    let env = Arc::new(SystemEnv::new());
    let options = LogOptions::new(&making);
    let store = |reason: String| ImportError::Store { path: making.clone(), reason };
    {
        let (meta, journal) = Database::open(&options, &*env)?;
        write_topics(plan, &meta, env.now()).await.map_err(store)?;
        write_rows(plan, &journal).await.map_err(store)?;
    }
    check(plan, &options, env, &partitions)?;
    match std::fs::remove_dir(target) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(failed("replacing", target, error));
        }
        _ => {}
    }
    std::fs::rename(&making, target).map_err(|error| failed("naming", target, error))?;
    let parent = target.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let synced = std::fs::File::open(parent).and_then(|parent| parent.sync_all());
    synced.map_err(|error| failed("syncing", parent, error))?;
    Ok(Imported { partitions })
}

fn check_target(target: &Path) -> Result<(), ImportError> {
    match std::fs::read_dir(target) {
        Ok(mut entries) => match entries.next() {
            Some(_) => Err(ImportError::Target(target.to_owned())),
            None => Ok(()),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(failed("opening", target, error)),
    }
}

/// Where the directory is made: on the same file system, so that it can be renamed.
fn beside(target: &Path) -> PathBuf {
    let mut name = target.file_name().unwrap_or_default().to_owned();
    name.push(".importing");
    target.with_file_name(name)
}

async fn write_topics(plan: &Plan, meta: &Meta, now: ottla_base::Now) -> Result<(), String> {
    for (id, topic) in &plan.topics {
        let record = TopicRecord {
            name: topic.name.clone(),
            id: *id,
            partitions: topic.partitions,
            replication_factor: 1,
            created: now.wall,
            configs: topic.configs.clone(),
        };
        meta.create_topic(record).await.map_err(|error| error.to_string())?;
    }
    // Ids that Kafka has given must not be given again.
    let mut given = 0;
    while given < plan.next_producer_id {
        let count = u32::try_from(plan.next_producer_id - given).unwrap_or(u32::MAX);
        meta.allocate_producer_ids(count).await.map_err(|error| error.to_string())?;
        given += i64::from(count);
    }
    Ok(())
}

async fn write_rows(plan: &Plan, journal: &Journal) -> Result<(), String> {
    let mut shards: BTreeMap<u32, Vec<Entry>> = BTreeMap::new();
    let shard = |id: &str| u32::try_from(shard_of(id)).expect("a shard's number is small");
    for (group, row) in plan.groups.rows() {
        shards.entry(shard(group)).or_default().push(Groups::encode(&row));
    }
    for (id, row) in plan.transactions.rows() {
        shards.entry(FIRST_JOURNAL_SHARD + shard(id)).or_default().push(Transactions::encode(&row));
    }
    for (shard, entries) in shards {
        let rows = JournalRows::new(journal.clone(), shard);
        rows.append(entries).await.map_err(|error| error.to_string())?;
    }
    Ok(())
}

struct Silent;

impl Progress for Silent {
    fn advanced(&self, _: &[PartitionId]) {}
}

/// Opens the log as a broker does: it must find what was taken over, and nothing to mend.
fn check(
    plan: &Plan,
    options: &LogOptions,
    env: Arc<dyn Env>,
    partitions: &[Adopted],
) -> Result<(), ImportError> {
    let (log, report) = Log::open(options, env, Arc::new(Silent))?;
    let damaged = |reason: String| OpenError::Damaged { path: options.dir.clone(), reason };
    let unwell = [report.cuts.len(), report.damages.len(), report.holes.len(), report.offline.len()];
    if !report.clean || unwell != [0; 4] {
        return Err(damaged(format!("what was imported is not whole: {report:?}")).into());
    }
    for ((_, id, files), adopted) in plan.partitions.iter().zip(partitions) {
        let id = PartitionId { topic: *id, index: files.index };
        let found = log.offsets(id).ok().map(|offsets| (offsets.log_start, offsets.end));
        if found != Some((adopted.log_start, adopted.end)) {
            return Err(damaged(format!("{} has the offsets {found:?}", files.name())).into());
        }
    }
    log.close();
    Ok(())
}

fn failed(doing: &'static str, path: &Path, source: io::Error) -> ImportError {
    OpenError::Io { doing, path: path.to_owned(), source }.into()
}
