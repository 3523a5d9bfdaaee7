//! A member gives back what it has: its session was closed, or its connection is gone.

use super::Id;
use super::config::Config;
use super::history::Ending;
use super::reply::Reply;
use super::turn::Turn;
use super::watch;
use crate::machine::Ticket;
use ottla_base::PartitionId;
use ottla_wire::Str;
use std::sync::Arc;

/// A member gives back all that it has, and waits for records no more.
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
}

pub(super) fn release(turn: &mut Turn<'_>, command: &Release) {
    let Release { ticket, group, member, config } = command;
    turn.configure(group, Arc::clone(config));
    let Some(known) = turn.groups.get_mut(group) else { return turn.reply(*ticket, Reply::Done) };
    watch::forget(known, member, &mut turn.replies);
    let owned = known.partitions.iter().filter(|(_, live)| live.owners.contains_key(member));
    let owned: Vec<PartitionId> = owned.map(|(id, _)| *id).collect();
    for partition in owned {
        let id = Id { group: group.clone(), partition };
        turn.edit(&id, |edit| {
            let runs: Vec<_> = edit.live.owners.get(member).into_iter().flatten().copied().collect();
            for first in runs {
                edit.live.totals.released += edit.live.runs[&first].size(first);
                edit.give_back(first, Ending::Gone);
            }
        });
    }
    turn.reply(*ticket, Reply::Done);
}
