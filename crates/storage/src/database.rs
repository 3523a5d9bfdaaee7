//! One embedded database per data directory, `meta.redb`, that [`Meta`] and [`Journal`] share.
//!
//! One thread writes. It takes all changes that wait, puts them into one transaction and answers them when that
//! is durable, so that a hundred changes cost one sync. A change may wait for company (`line`). The thread alone decides whether a change is possible; readers
//! see only what is committed.
//!
//! ```text
//! table           key                          value
//! numbers         "format"                     1
//!                 "next_producer_id"           first id of the next block
//!                 "changes"                    how many changes of metadata were made; absent from databases of older
//!                                              versions until the next one
//! names           "cluster_id"                 16 bytes of a UUID
//! topics          name                         see `meta::record`
//! broker_configs  "<broker id or nothing>/key" text
//! group_configs   "key/<group id>"             text; absent from databases of older versions
//! epochs          shard, u32                   newest epoch that has written
//! journal         shard, big-endian u32, key   value, as the coordinator made it
//! ```
//!
//! A new database is made under another name and renamed when it is durable, both with one sync: a start that
//! was interrupted leaves nothing half-made, and the first start is quick.

mod backend;
mod line;
mod store;
mod writer;

pub(crate) use store::Store;
pub(crate) use writer::{Job, Queue};

use crate::disk::{self, Disk, Mode};
use crate::error::OpenError;
use crate::journal::Journal;
use crate::meta::{Image, Meta};
use crate::settings::LogOptions;
use backend::Backend;
use ottla_base::Env;
use parking_lot::RwLock;
use redb::{ReadableDatabase, ReadableTable, TableDefinition};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use writer::Writer;

pub(crate) const NUMBERS: TableDefinition<&str, u64> = TableDefinition::new("numbers");
pub(crate) const NAMES: TableDefinition<&str, &[u8]> = TableDefinition::new("names");
pub(crate) const TOPICS: TableDefinition<&str, &[u8]> = TableDefinition::new("topics");
pub(crate) const BROKER_CONFIGS: TableDefinition<&str, &str> = TableDefinition::new("broker_configs");
pub(crate) const GROUP_CONFIGS: TableDefinition<&str, &str> = TableDefinition::new("group_configs");
pub(crate) const EPOCHS: TableDefinition<u32, u64> = TableDefinition::new("epochs");
pub(crate) const JOURNAL: TableDefinition<&[u8], &[u8]> = TableDefinition::new("journal");

pub(crate) const NEXT_PRODUCER_ID: &str = "next_producer_id";
pub(crate) const CHANGES: &str = "changes";
const FORMAT_KEY: &str = "format";
const CLUSTER_ID: &str = "cluster_id";

/// The database of a data directory.
#[derive(Debug)]
pub struct Database;

impl Database {
    /// Opens the database in the data directory, which must exist; makes it, with a new cluster id, if there is
    /// none. It is closed when all clones of both results are gone.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(options: &LogOptions, env: &dyn Env) -> Result<(Meta, Journal), OpenError> {
        let LogOptions { dir, disk, work, handles_max: _, defaults: _ } = options;
        let path = dir.join(FILE_NAME);
        let opening = Opening { path: path.clone(), disk: disk.clone() };
        let store = match disk.metadata(&path) {
            Ok(_) => {
                let file = opening.file(&path)?;
                // The process before this one may have stopped because a sync failed: what was lost then must not be
                // built upon. If nobody has heard of it, no sync of this process is to hear of it as its own.
                let _ = disk.sync_data(&file);
                let length = disk.length(&file).map_err(|error| OpenError::io("reading", &path, error))?;
                disk.forget_cached(&file, 0..length);
                let backend = Backend::new(file.clone(), disk.clone());
                let gate = backend.gate();
                let database = opening.open(backend)?;
                Store::new(opening, file, database, gate)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => opening.make(dir, env)?,
            Err(error) => return Err(OpenError::io("opening", path, error)),
        };
        let store = Arc::new(store);
        let failed = |reason| OpenError::Damaged { path: path.clone(), reason };
        let (database, life) = store.database().map_err(failed)?;
        let (image, epochs) = store.load(&database)?;
        let shared = Arc::new(RwLock::new(Arc::new(image.clone())));
        let writer = Writer { store: store.clone(), life, image, epochs, published: shared.clone() };
        let queue = writer.start(*work).map_err(|error| OpenError::io("starting a thread for", path, error));
        let queue = Arc::new(queue?);
        Ok((Meta::new(shared, queue.clone()), Journal::new(store, queue)))
    }
}

#[derive(Debug)]
struct Opening {
    path: PathBuf,
    disk: Arc<dyn Disk>,
}

impl Opening {
    fn file(&self, path: &Path) -> Result<Arc<File>, OpenError> {
        let file = self.disk.open(path, Mode::Create);
        let file = file.map_err(|error| OpenError::io("opening", path, error))?;
        match disk::lock(&file) {
            Ok(true) => Ok(Arc::new(file)),
            Ok(false) => Err(OpenError::InUse { path: path.to_owned(), pid: None }),
            Err(error) => Err(OpenError::io("locking", path, error)),
        }
    }

    fn open(&self, backend: Backend) -> Result<redb::Database, OpenError> {
        let mut builder = redb::Database::builder();
        builder.set_cache_size(CACHE_BYTES);
        builder.create_with_backend(backend).map_err(|error| self.failed(error.into()))
    }

    /// Makes the file with all tables and one sync at the end.
    fn make(self, dir: &Path, env: &dyn Env) -> Result<Store, OpenError> {
        let temporary = dir.join(format!("{FILE_NAME}.tmp"));
        let file = self.file(&temporary)?;
        let io = |error| OpenError::io("making", &self.path, error);
        self.disk.set_len(&file, 0).map_err(io)?;
        let backend = Backend::new(file.clone(), self.disk.clone());
        let (held_back, gate) = (backend.hold_back(), backend.gate());
        let database = self.open(backend)?;
        self.fill(&database, env).map_err(|error| self.failed(error))?;
        drop(held_back);
        self.disk.sync_data(&file).map_err(io)?;
        self.disk.rename(&temporary, &self.path).map_err(io)?;
        self.disk.sync_directory(dir).map_err(io)?;
        Ok(Store::new(self, file, database, gate))
    }

    fn fill(&self, database: &redb::Database, env: &dyn Env) -> Result<(), redb::Error> {
        let transaction = database.begin_write()?;
        {
            let mut numbers = transaction.open_table(NUMBERS)?;
            numbers.insert(FORMAT_KEY, u64::from(FORMAT))?;
            numbers.insert(NEXT_PRODUCER_ID, 0)?;
            let cluster_id = env.random_uuid();
            transaction.open_table(NAMES)?.insert(CLUSTER_ID, cluster_id.as_bytes().as_slice())?;
            transaction.open_table(TOPICS)?;
            transaction.open_table(BROKER_CONFIGS)?;
            transaction.open_table(GROUP_CONFIGS)?;
            transaction.open_table(EPOCHS)?;
            transaction.open_table(JOURNAL)?;
        }
        transaction.commit()?;
        Ok(())
    }

    fn load(&self, database: &redb::Database) -> Result<(Image, writer::Epochs), OpenError> {
        let failed = |error: redb::Error| self.failed(error);
        let transaction = database.begin_read().map_err(|error| failed(error.into()))?;
        let numbers = transaction.open_table(NUMBERS).map_err(|error| failed(error.into()))?;
        let number = |key: &str| -> Result<u64, OpenError> {
            let value = numbers.get(key).map_err(|error| failed(error.into()))?;
            Ok(value.map_or(0, |value| value.value()))
        };
        let found = u32::try_from(number(FORMAT_KEY)?).unwrap_or(u32::MAX);
        if FORMAT < found {
            return Err(OpenError::NewerFormat { path: self.path.clone(), found, known: FORMAT });
        }
        let next_producer_id = number(NEXT_PRODUCER_ID)?;
        let names = transaction.open_table(NAMES).map_err(|error| failed(error.into()))?;
        let cluster_id = names.get(CLUSTER_ID).map_err(|error| failed(error.into()))?;
        let cluster_id = cluster_id.and_then(|bytes| uuid::Uuid::from_slice(bytes.value()).ok());
        let cluster_id = cluster_id.ok_or_else(|| self.damaged("it has no cluster id"))?;
        let mut image = Image::new(cluster_id, next_producer_id);
        self.load_topics(&transaction, &mut image)?;
        let configs = transaction.open_table(BROKER_CONFIGS).map_err(|error| failed(error.into()))?;
        for entry in configs.iter().map_err(|error| failed(error.into()))? {
            let (key, value) = entry.map_err(|error| failed(error.into()))?;
            image.broker_configs.insert(key.value().to_owned(), value.value().to_owned());
        }
        self.load_group_configs(&transaction, &mut image)?;
        image.changes = number(CHANGES)?;
        let mut epochs = writer::Epochs::default();
        let table = transaction.open_table(EPOCHS).map_err(|error| failed(error.into()))?;
        for entry in table.iter().map_err(|error| failed(error.into()))? {
            let (shard, epoch) = entry.map_err(|error| failed(error.into()))?;
            epochs.insert(shard.value(), epoch.value());
        }
        Ok((image, epochs))
    }

    fn load_topics(&self, transaction: &redb::ReadTransaction, image: &mut Image) -> Result<(), OpenError> {
        let failed = |error: redb::Error| self.failed(error);
        let topics = transaction.open_table(TOPICS).map_err(|error| failed(error.into()))?;
        for entry in topics.iter().map_err(|error| failed(error.into()))? {
            let (name, bytes) = entry.map_err(|error| failed(error.into()))?;
            let topic = crate::meta::decode_topic(name.value(), bytes.value())
                .ok_or_else(|| self.damaged(&format!("topic {} cannot be read", name.value())))?;
            image.insert(topic);
        }
        Ok(())
    }

    fn load_group_configs(
        &self,
        transaction: &redb::ReadTransaction,
        image: &mut Image,
    ) -> Result<(), OpenError> {
        let failed = |error: redb::Error| self.failed(error);
        let configs = match transaction.open_table(GROUP_CONFIGS) {
            Ok(configs) => configs,
            // The first change makes it.
            Err(redb::TableError::TableDoesNotExist(_)) => return Ok(()),
            Err(error) => return Err(failed(error.into())),
        };
        let groups = Arc::make_mut(&mut image.group_configs);
        for entry in configs.iter().map_err(|error| failed(error.into()))? {
            let (key, value) = entry.map_err(|error| failed(error.into()))?;
            let (name, group_id) =
                key.value().split_once('/').ok_or_else(|| self.damaged("a group's config has no group"))?;
            let configs = groups.entry(group_id.to_owned()).or_default();
            configs.insert(name.to_owned(), value.value().to_owned());
        }
        Ok(())
    }

    fn damaged(&self, reason: &str) -> OpenError {
        OpenError::Damaged { path: self.path.clone(), reason: reason.to_owned() }
    }

    fn failed(&self, error: redb::Error) -> OpenError {
        match error {
            redb::Error::Io(error) if error.kind() == io::ErrorKind::InvalidData => {
                self.damaged(&error.to_string())
            }
            redb::Error::Io(error) => OpenError::io("opening", &self.path, error),
            other => self.damaged(&other.to_string()),
        }
    }
}

const FILE_NAME: &str = "meta.redb";
const FORMAT: u32 = 1;
/// Journal reads happen once, at a load; the rest of what is asked often is kept as plain values.
const CACHE_BYTES: usize = 4 << 20;

#[cfg(test)]
mod tests;
