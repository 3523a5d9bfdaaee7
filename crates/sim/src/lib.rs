//! What judges Ottla's promises: what clients did and saw, and whether a correct log could have shown it to them.
//!
//! [`history`] is the record of a run, [`checker`] the judge. Both are pure and know nothing of who ran: the
//! simulator, or real clients beside a broker that is killed again and again.
//!
//! [`queues`] is another pair of the two, for what members of share groups did and saw.
//!
//! The simulator is the rest: a [`world`] is a broker on a [`disk`] that loses what was not synced, with clients
//! around it, all on one thread and from one seed.

pub mod campaign;
pub mod chance;
pub mod checker;
pub mod disk;
pub mod env;
pub mod groups;
pub mod history;
#[cfg(test)]
mod planting;
pub mod queues;
pub mod world;

use std::path::PathBuf;

/// Where worlds have their files: in memory if the system has such a place.
#[must_use]
pub fn scratch() -> PathBuf {
    let in_memory = PathBuf::from("/dev/shm");
    if in_memory.is_dir() { in_memory } else { tempfile::env::temp_dir() }
}
