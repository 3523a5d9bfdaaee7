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
}

impl JournalRows {
    pub(crate) fn new(journal: Journal, shard: u32) -> Self {
        Self { journal, shard }
    }
}

impl Rows for JournalRows {
    fn load(&self) -> Result<Vec<Row>, JournalError> {
        self.journal.load(self.shard)
    }

    fn append(&self, entries: Vec<Entry>) -> Pending {
        let change = |Entry { key, value }| Change { key, value };
        Box::pin(self.journal.append(self.shard, EPOCH, entries.into_iter().map(change).collect()))
    }
}

/// Nobody else ever owns a shard of an embedded journal, which is locked with its directory.
const EPOCH: u64 = 1;
