//! Makes, changes, describes and deletes topics, configs, groups, offsets and records; describes and ends
//! transactions.
//!
//! An operation on several things gives one outcome for each, so that one refusal does not hide the others; an error
//! of the operation itself means that nobody answered, or the answer refused everything. Retries happen where they
//! are harmless: while there is no controller, coordinator or leader.

mod cluster;
mod configs;
mod groups;
mod records;
mod topics;
mod transactions;

pub use cluster::ClusterDescription;
pub use configs::{
    AlterOp, ConfigAlteration, ConfigEntry, ConfigSource, ConfigSynonym, Resource, ResourceKind,
};
pub use groups::{GroupDescription, GroupListing, GroupMember, SharePartition, Standing, StandingRange};
pub use topics::{CreatedTopic, NewTopic};
pub use transactions::{
    ActiveProducer, ListedTransactions, Marker, TransactionDescription, TransactionFilter, TransactionListing,
};

use crate::client::Client;
use crate::error::Refused;
use std::sync::Arc;
use std::time::Duration;

/// What became of one of several things asked for.
pub type Outcome<T> = (Arc<str>, Result<T, Refused>);

/// Whether to do it or only to say whether it could be done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Do it.
    #[default]
    Apply,
    /// Only check.
    Validate,
}

/// Administers a cluster.
#[derive(Clone, Debug)]
pub struct Admin {
    client: Client,
}

impl Admin {
    /// An administrator with the client's connections.
    #[must_use]
    pub fn new(client: &Client) -> Self {
        Self { client: client.clone() }
    }

    /// The client.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// For the broker to finish what it was asked, as the requests say it.
    fn timeout_ms(&self) -> i32 {
        i32::try_from(self.timeout().as_millis()).unwrap_or(i32::MAX)
    }

    fn timeout(&self) -> Duration {
        self.client.options().request_timeout
    }
}
