//! After a start: does what is open in the logs belong to a transaction?
//!
//! A write that opens a transaction in a log and the record that the log takes part are made durable side by side, and
//! a crash may leave the write alone. Nobody was told that it is there, but its producer may send it again and is
//! answered as for the first time, so that it must count: the transaction takes the participant in. What no producer
//! can go on with is not known here, and the broker ends it by a marker.

use super::add;
use super::record::Record;
use super::state::{Claim, Participant, Version};
use super::turn::Turn;
use super::{Entry, Hard, Reply, State};
use crate::machine::Ticket;
use ottla_base::ProducerId;
use ottla_wire::Str;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// A transaction that is open in one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Open {
    /// Who wrote there last.
    pub claim: Claim,
    /// Where.
    pub participant: Participant,
}

/// What is open anywhere.
#[derive(Clone, Debug)]
pub struct Reconcile {
    /// Who waits.
    pub ticket: Ticket,
    /// The same list for all shards.
    pub open: Arc<Vec<Open>>,
}

pub(super) fn reconcile(hard: &Hard, turn: &mut Turn<'_>, reconcile: Reconcile) {
    let owners: HashMap<ProducerId, (&Str, &Entry)> =
        hard.ids.iter().map(|(id, entry)| (entry.stored.producer, (id, entry))).collect();
    let mut begun = HashSet::new();
    let (mut known, mut orphans) = (Vec::new(), Vec::new());
    for (at, open) in reconcile.open.iter().enumerate() {
        let Some((id, entry)) = owners.get(&open.claim.producer) else { continue };
        if entry.participants.contains(&open.participant) {
            known.push(at);
        } else if may_go_on(entry, open.claim) {
            if begun.insert(*id) {
                add::begin(turn, id, entry, Version::Two);
            }
            turn.record(Record::Joined { id: (*id).clone(), participant: open.participant });
            known.push(at);
        } else {
            orphans.push(at);
        }
    }
    let is_prepared = |entry: &&Entry| match entry.stored.state {
        State::Prepare(_) => true,
        State::Empty | State::Ongoing | State::Complete(_) => false,
    };
    let prepared = hard.ids.values().filter(is_prepared).count();
    turn.reply(reconcile.ticket, Reply::Reconcile { known, orphans, prepared });
}

/// Whether the producer may have written without having been told that it takes part. One of version 1 is told before
/// it writes.
fn may_go_on(entry: &Entry, claim: Claim) -> bool {
    let stored = &entry.stored;
    let is_possible = match stored.state {
        State::Empty => true,
        State::Ongoing | State::Complete(_) => stored.version == Version::Two,
        State::Prepare(_) => false,
    };
    is_possible && claim == stored.claim()
}
