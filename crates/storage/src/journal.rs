//! What coordinators must not forget: a table of (shard, key) → value.
//!
//! A shard is loaded whole and then changed only by its owner, who holds an epoch. A change with an older epoch
//! than the newest that has written is refused, so that a former owner cannot harm.

use crate::database::{JOURNAL, Job, Queue, Store};
use crate::error::JournalError;
use redb::ReadableDatabase;
use std::sync::Arc;
use tokio::sync::oneshot;

/// A key's new value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Any bytes.
    pub key: Vec<u8>,
    /// Any bytes; `None` removes the key.
    pub value: Option<Vec<u8>>,
}

/// A key and its value.
pub type Entry = (Vec<u8>, Vec<u8>);

/// The journal of a data directory. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Journal {
    store: Arc<Store>,
    queue: Arc<Queue>,
}

impl Journal {
    pub(crate) fn new(store: Arc<Store>, queue: Arc<Queue>) -> Self {
        Self { store, queue }
    }

    /// All keys and values of a shard, in the order of the keys.
    ///
    /// # Errors
    /// `Failed` if the database cannot be read.
    pub fn load(&self, shard: u32) -> Result<Vec<Entry>, JournalError> {
        let (database, _) = self.store.database().map_err(JournalError::Failed)?;
        Self::read(&database, shard).map_err(|error| JournalError::Failed(error.to_string()))
    }

    fn read(database: &redb::Database, shard: u32) -> Result<Vec<Entry>, redb::Error> {
        let table = database.begin_read()?.open_table(JOURNAL)?;
        let from = stored_key(shard, &[]);
        let mut entries = Vec::new();
        for entry in table.range(from.as_slice()..)? {
            let (key, value) = entry?;
            match key.value().split_at_checked(SHARD_BYTES) {
                Some((found, key)) if found == shard.to_be_bytes() => {
                    entries.push((key.to_vec(), value.value().to_vec()));
                }
                _ => break,
            }
        }
        Ok(entries)
    }

    /// Makes all changes or none, in the order given. They are handed over before this returns, and changes of
    /// one caller are made in the order of the calls. Resolves when they are durable. Dropping the future does
    /// not take them back.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn append(
        &self,
        shard: u32,
        epoch: u64,
        changes: Vec<Change>,
    ) -> impl Future<Output = Result<(), JournalError>> + Send + use<> {
        let (job, durable) = job(shard, epoch, changes);
        self.queue.put(job);
        durable
    }

    /// As [`append`](Self::append), but no commit begins for it before [`commit_soon`](Self::commit_soon) is called, or
    /// somebody else appends: for who knows that more is about to come, and that one commit for all of it is cheaper.
    /// Who forgets to call may wait for ever. When the journal is closed it is made durable in any case.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn append_quietly(
        &self,
        shard: u32,
        epoch: u64,
        changes: Vec<Change>,
    ) -> impl Future<Output = Result<(), JournalError>> + Send + use<> {
        let (job, durable) = job(shard, epoch, changes);
        self.queue.put_quietly(job);
        durable
    }

    /// Begins a commit of all that waits, or the next one after that which is under way.
    pub fn commit_soon(&self) {
        self.queue.call();
    }
}

/// What the writer has to do, and what resolves when that is durable.
fn job(
    shard: u32,
    epoch: u64,
    changes: Vec<Change>,
) -> (Job, impl Future<Output = Result<(), JournalError>> + Send + use<>) {
    let (reply, answer) = oneshot::channel();
    let gone = |_| JournalError::Failed("its thread has ended".to_owned());
    (Job::Journal { shard, epoch, changes, reply }, async move { answer.await.map_err(gone)? })
}

/// The key in the table: the shard, big-endian so that shards do not mix in the order, then the key.
pub(crate) fn stored_key(shard: u32, key: &[u8]) -> Vec<u8> {
    [&shard.to_be_bytes(), key].concat()
}

const SHARD_BYTES: usize = 4;
