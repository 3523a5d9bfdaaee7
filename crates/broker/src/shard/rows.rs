//! Where a shard's rows are kept.

use ottla_coordinator::Entry;
use ottla_coordinator::codec::DecodeError;
use ottla_storage::{Change, Journal, JournalError};
use std::pin::Pin;

/// A key and its value.
pub(crate) type Row = (Vec<u8>, Vec<u8>);

/// An append that is under way; resolves when it is durable.
pub(crate) type Pending = Pin<Box<dyn Future<Output = Result<(), JournalError>> + Send>>;

/// The rows of one shard. Tests have an implementation that fails on demand.
pub(crate) trait Rows: Send + Sync {
    /// All rows, in the order of their keys.
    fn load(&self) -> Result<Vec<Row>, JournalError>;

    /// Queues the changes behind all earlier ones before it returns; all of them become durable, or none.
    fn append(&self, entries: Vec<Entry>) -> Pending;
}

/// Why a shard cannot be served.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoadError {
    /// The store failed.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A row has no meaning.
    #[error("the row with key {} cannot be read: {source}", .key.escape_ascii())]
    Row { key: Vec<u8>, source: DecodeError },
}

/// The rows of a shard in the journal of this broker, its only owner.
pub(crate) struct JournalRows {
    journal: Journal,
    shard: u32,
    pace: Pace,
}

/// When the commit of an append begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pace {
    AtOnce,
    /// When what this thread has to do now is done.
    Together,
}

impl JournalRows {
    pub(crate) fn new(journal: Journal, shard: u32) -> Self {
        Self { journal, shard, pace: Pace::AtOnce }
    }

    /// For many small appends that come close behind each other: what is ready to run on this thread goes before the
    /// commit, so that it has the appends of all of it. Measured in work and not in time, nobody waits for it who has not
    /// waited for that work in any case.
    pub(crate) fn together(journal: Journal, shard: u32) -> Self {
        Self { journal, shard, pace: Pace::Together }
    }
}

impl Rows for JournalRows {
    fn load(&self) -> Result<Vec<Row>, JournalError> {
        self.journal.load(self.shard)
    }

    fn append(&self, entries: Vec<Entry>) -> Pending {
        let change = |Entry { key, value }| Change { key, value };
        let changes = entries.into_iter().map(change).collect();
        match self.pace {
            Pace::AtOnce => Box::pin(self.journal.append(self.shard, EPOCH, changes)),
            Pace::Together => {
                let durable = self.journal.append_quietly(self.shard, EPOCH, changes);
                let journal = self.journal.clone();
                Box::pin(async move {
                    // Behind all that is ready, and what the network has brought meanwhile.
                    tokio::task::yield_now().await;
                    journal.commit_soon();
                    durable.await
                })
            }
        }
    }
}

/// Nobody else ever owns a shard of an embedded journal, which is locked with its directory.
const EPOCH: u64 = 1;
