//! A member gives back what it has: its session was closed, its connection is gone, or it does not want a partition.

use super::Id;
use super::config::Config;
use super::reply::Reply;
use super::turn::Turn;
use super::watch;
use crate::machine::Ticket;
use ottla_base::PartitionId;
use ottla_wire::Str;
use std::sync::Arc;

/// A member gives back what it has.
#[derive(Clone, Debug)]
pub struct Release {
    /// Who waits.
    pub ticket: Ticket,
    /// Of which group.
    pub group: Str,
    /// Whose records.
    pub member: Str,
    /// The group's settings now.
    pub config: Arc<Config>,
    /// Of which partitions; `None` for all, and then it does not wait for records any more, either.
    pub partitions: Option<Vec<PartitionId>>,
}

pub(super) fn release(turn: &mut Turn<'_>, command: &Release) {
    let Release { ticket, group, member, config, partitions } = command;
    turn.configure(group, Arc::clone(config));
    let Some(known) = turn.groups.get_mut(group) else { return turn.reply(*ticket, Reply::Done) };
    if partitions.is_none() {
        watch::forget(known, member, &mut turn.replies);
    }
    let is_meant = |id: &PartitionId| partitions.as_ref().is_none_or(|named| named.contains(id));
    let owned = known.partitions.iter().filter(|(_, live)| live.owners.contains_key(member));
    let owned: Vec<PartitionId> = owned.map(|(id, _)| *id).filter(is_meant).collect();
    for partition in owned {
        let id = Id { group: group.clone(), partition };
        turn.edit(&id, |edit| {
            let runs: Vec<_> = edit.live.owners.get(member).into_iter().flatten().copied().collect();
            for first in runs {
                edit.live.totals.released += edit.live.runs[&first].size(first);
                edit.give_back(first);
            }
        });
    }
    turn.reply(*ticket, Reply::Done);
}
