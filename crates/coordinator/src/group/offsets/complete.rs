//! The end of a transaction: what it had pending becomes committed, or goes.
//!
//! Asking twice is harmless: what has ended is not pending any more.

use super::txn_commit::gone;
use crate::group::record::Record;
use crate::group::turn::Turn;
use crate::group::{Hard, Reply};
use crate::machine::Ticket;
use ottla_base::{ProducerEpoch, ProducerId};
use ottla_wire::Str;
use ottla_wire::record::MarkerKind;
use std::collections::BTreeSet;

/// The end of a transaction.
#[derive(Clone, Debug)]
pub struct CompleteTransaction {
    /// Who waits.
    pub ticket: Ticket,
    /// Whose transaction.
    pub producer_id: ProducerId,
    /// The marker's epoch. What was written under a later one stays pending.
    pub producer_epoch: ProducerEpoch,
    /// How it ended.
    pub outcome: MarkerKind,
}

/// Tells whose transactions have offsets pending.
pub(in crate::group) fn open(hard: &Hard, turn: &mut Turn<'_>, ticket: Ticket) {
    let newest = |(producer, groups): (&ProducerId, &BTreeSet<Str>)| {
        let pending = groups.iter().filter_map(|group| Some(hard.groups.get(group)?.pending.of(*producer)));
        let epoch = pending.flatten().map(|(_, _, pending)| pending.producer_epoch).max()?;
        Some((*producer, epoch))
    };
    turn.reply(ticket, Reply::OpenTransactions(hard.open.iter().filter_map(newest).collect()));
}

pub(in crate::group) fn complete(hard: &Hard, turn: &mut Turn<'_>, complete: &CompleteTransaction) {
    let producer = complete.producer_id;
    for group in hard.open.get(&producer).into_iter().flatten() {
        let Some(entry) = hard.groups.get(group) else { continue };
        for (topic, partition, pending) in entry.pending.of(producer) {
            if complete.producer_epoch < pending.producer_epoch {
                continue;
            }
            turn.record(gone(group, producer, topic, partition));
            let before = entry.offsets.get(topic, partition);
            let is_last = before.is_none_or(|before| before.position < pending.committed.position);
            if complete.outcome == MarkerKind::Commit && is_last {
                turn.record(Record::Offset {
                    group: group.clone(),
                    topic: topic.clone(),
                    partition,
                    committed: Some(pending.committed.clone()),
                });
            }
        }
    }
    turn.reply(complete.ticket, Reply::Done);
}
