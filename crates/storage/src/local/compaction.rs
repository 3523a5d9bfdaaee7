//! Compaction: of each key only the newest record stays, at the offset that it has.
//!
//! ```text
//!      compacted before        dirty              left alone
//!  [ a  b  c      d ][ e b f ][ g f ]|[ a h ][ i active …
//!         ^                          ^
//!   becomes [ a c d ][ e b g f ]     first segment that is too young, has an open transaction, or is the active one
//! ```
//! A cleaner takes the dirtiest log, notes the newest offset of every key in its dirty part (`mapping`), writes the
//! log's old segments anew without what is superseded (`copying`, rules in `filter`), and puts the new files in place
//! of the old ones (`swap`). It works in small steps, on whose thread ever calls them, and holds a partition's lock
//! only to look at its segments and to exchange them in memory: never while it reads, writes or syncs.
//!
//! Invariants: no offset changes; what is not covered by the map of keys stays; nothing at or behind the last stable
//! offset or the recovery point is touched; a crash at any point leaves the old segments or the new ones, never neither. A log with damaged
//! bytes is left alone until a restart.

mod aborted;
pub(crate) mod choice;
mod claim;
mod cleaned;
mod copying;
pub(crate) mod filter;
pub(crate) mod hash;
pub(crate) mod job;
mod mapping;
pub(crate) mod offset_map;
mod source;
pub(crate) mod survey;
pub(crate) mod swap;
pub(crate) mod transactions;

use ottla_base::{Offset, Tick};
use ottla_wire::record::BatchError;
use std::io;

/// How a partition stands with compaction.
#[derive(Debug, Default)]
pub(crate) struct Standing {
    /// Up to where it was compacted, if ever.
    pub(crate) compacted_to: Option<Offset>,
    /// A cleaner works on it.
    pub(crate) claimed: bool,
    /// Its files get new names just now: nobody else may rename, or close what he cannot open again.
    pub(crate) swapping: bool,
    /// After a failure it is left alone until then.
    pub(crate) not_before: Tick,
}

/// Why a cleaner gives a log up.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The log was trimmed, deleted, switched to another policy, or closes. There is nothing to say about it.
    Changed,
    /// Bytes of the segment are no batch.
    Damaged { base: Offset, position: u64, reason: BatchError },
    /// The operating system refused. The log is as it was.
    Io { doing: &'static str, source: io::Error },
    /// It refused in the middle of a swap. The partition is offline; the next start puts it right.
    Offline,
}

impl Stop {
    pub(crate) fn io(doing: &'static str) -> impl Fn(io::Error) -> Self {
        move |source| Self::Io { doing, source }
    }
}
