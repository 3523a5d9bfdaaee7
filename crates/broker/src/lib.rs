//! The server as a library: a [`Server`] listens, its workers serve connections, and one file per API
//! answers requests out of the shared [`Broker`].
//!
//! Invariants: a request is parsed, decided, written and answered on one worker, and a connection changes its worker
//! only between requests; no lock is held across an await. Nothing here reads arguments, the process's
//! environment or configuration files, and only [`environment`] reads real clocks.

mod advertised;
mod alarm;
mod api;
mod broker;
mod budget;
pub mod config;
mod connection;
pub mod environment;
mod error;
mod fetch_session;
mod frame;
mod gathering;
mod groups;
mod image;
pub mod import;
pub mod in_process;
mod jobs;
mod listener;
mod off_thread;
mod overrides;
mod placement;
mod pool;
mod producer_ids;
mod recompression;
mod reply;
mod server;
mod shard;
mod share;
mod share_partitions;
mod share_session;
mod system;
#[cfg(test)]
mod testing;
mod topics;
mod transactions;
mod validation;
mod waiting;

pub use broker::Broker;
pub use server::{BoundListener, Server, StartError};
