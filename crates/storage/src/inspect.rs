//! Data directories that no broker has open: looking into them, finding what is wrong, mending it.
//!
//! - [`DataDirectory`] holds a directory's lock, so that no broker can start on it meanwhile, and lists its partitions.
//! - [`verify`] reads everything and gives a [`Finding`] for each thing that is wrong, with what would mend it.
//! - [`mend`] does that. What it takes out of a log is kept beside it, and what is lost is told by offsets.
//! - [`dump`] gives the entries of single files.
//!
//! Nothing here writes but [`mend`]. A broker repairs by itself, at its start, what a crash can have caused; this
//! is for what a crash cannot have caused, and for people who want to look.

mod aborted;
mod directory;
pub mod dump;
mod finding;
pub mod mend;
pub(crate) mod scan;
mod snapshots;
mod sparse;
pub mod verify;

use crate::disk::{self, Disk};
use crate::settings::Syncs;
use std::sync::Arc;

pub use directory::{DataDirectory, PartitionFiles};
pub use finding::{Finding, LostOffsets, Mend};
pub(crate) use mend::rebuild;

/// An operator's tool works on the operating system's files, and never leaves out a sync.
pub(crate) fn real_disk() -> Arc<dyn Disk> {
    disk::system(Syncs::Real)
}

#[cfg(test)]
mod tests;
