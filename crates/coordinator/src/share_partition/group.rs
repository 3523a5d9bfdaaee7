//! What all share-partitions of a group have in common.

use super::config::Config;
use super::live::Live;
use crate::machine::Ticket;
use ottla_base::PartitionId;
use ottla_wire::Str;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// The soft state of one group.
#[derive(Debug, Default)]
pub(super) struct Group {
    /// As of the last command.
    pub(super) config: Arc<Config>,
    pub(super) partitions: BTreeMap<PartitionId, Live>,
    /// How many records each member has.
    pub(super) held: HashMap<Str, i64>,
    /// Who waits, by member.
    pub(super) watches: BTreeMap<Str, Watching>,
}

/// A member that waits for records.
#[derive(Debug)]
pub(super) struct Watching {
    pub(super) ticket: Ticket,
    pub(super) partitions: BTreeSet<PartitionId>,
}

impl Group {
    /// Counts what a member got, or gave back if `records` is negative.
    pub(super) fn count(held: &mut HashMap<Str, i64>, member: &Str, records: i64) {
        let count = match held.get_mut(member) {
            Some(count) => count,
            None => held.entry(member.clone()).or_default(),
        };
        *count += records;
        debug_assert!(0 <= *count);
        if *count == 0 {
            held.remove(member);
        }
    }
}
