//! Where a share-partition starts: made, moved and deleted.

use super::group::Group;
use super::live::Live;
use super::record::Record;
use super::reply::Reply;
use super::stored::{Header, Row};
use super::turn::Turn;
use super::{Id, tick, watch};
use crate::machine::Ticket;
use ottla_base::{Offset, PartitionId, TopicId};
use ottla_wire::Str;

/// A member wants a share-partition to be there.
#[derive(Clone, Debug)]
pub struct Open {
    /// Who waits.
    pub ticket: Ticket,
    /// Which share-partition.
    pub id: Id,
    /// Where it starts if it is made now.
    pub start: Offset,
}

/// The log starts later now, by retention or DeleteRecords.
#[derive(Clone, Debug)]
pub struct LogStart {
    /// Who waits.
    pub ticket: Ticket,
    /// For which share-partition.
    pub id: Id,
    /// Its first offset.
    pub start: Offset,
}

/// The log ends here, as the broker has found it at its start. A power cut may have taken an end that was not on stable
/// storage yet (`log.durability=os`): what is known of it must not be taken for what comes in its place.
#[derive(Clone, Debug)]
pub struct LogEnd {
    /// Who waits.
    pub ticket: Ticket,
    /// For which share-partition.
    pub id: Id,
    /// The offset of the next record.
    pub end: Offset,
}

/// An operator sets where a share-partition starts. It is made if it is missing. Whatever is known of it is forgotten,
/// records on their way to the dead-letter topic among it. The broker has made sure that the group is empty.
#[derive(Clone, Debug)]
pub struct Alter {
    /// Who waits.
    pub ticket: Ticket,
    /// Which share-partition.
    pub id: Id,
    /// Where it starts from now on.
    pub start: Offset,
}

/// Share-partitions are deleted, and all that is known of them.
#[derive(Clone, Debug)]
pub struct Delete {
    /// Who waits.
    pub ticket: Ticket,
    /// Of which group; `None` for all of this shard.
    pub group: Option<Str>,
    /// Of which topics; `None` for all.
    pub topics: Option<Vec<TopicId>>,
}

pub(super) fn open(turn: &mut Turn<'_>, command: Open) {
    let Open { ticket, id, start } = command;
    let start = match turn.hard.find(&id) {
        Some(stored) => stored.header.start,
        None => {
            make(turn, &detached(&id), start);
            start
        }
    };
    turn.reply(ticket, Reply::Opened { start });
}

pub(super) fn log_start(turn: &mut Turn<'_>, command: &LogStart) {
    let done = turn.edit(&command.id, |edit| edit.trim(command.start));
    turn.reply(command.ticket, done.map_or(Reply::Absent, |()| Reply::Done));
}

pub(super) fn log_end(turn: &mut Turn<'_>, command: LogEnd) {
    let LogEnd { ticket, id, end } = command;
    let hard = turn.hard;
    let Some(stored) = hard.find(&id) else { return turn.reply(ticket, Reply::Absent) };
    let mut left = stored.clone();
    left.header.start = left.header.start.min(end);
    let reaches_further = |(first, row): (&Offset, &Row)| (end <= row.last).then_some(*first);
    for first in stored.rows.iter().filter_map(reaches_further) {
        let row = (first < end).then(|| Row { last: Offset(end.0 - 1), ..stored.rows[&first].clone() });
        match &row {
            Some(row) => left.rows.insert(first, row.clone()),
            None => left.rows.remove(&first),
        };
        turn.records.push(Record::Row { id: id.clone(), first, row });
    }
    if left != *stored {
        turn.records.push(Record::Partition { id: id.clone(), header: Some(left.header) });
        turn.desk.forget(&id);
        tick::revive(turn, &id, &left);
    }
    turn.reply(ticket, Reply::Done);
}

pub(super) fn alter(turn: &mut Turn<'_>, command: &Alter) {
    let Alter { ticket, id, start } = command;
    let id = detached(id);
    forget(turn, &id);
    make(turn, &id, *start);
    turn.reply(*ticket, Reply::Done);
}

pub(super) fn delete(turn: &mut Turn<'_>, command: &Delete) {
    let Delete { ticket, group, topics } = command;
    let is_meant = |id: &PartitionId| topics.as_ref().is_none_or(|topics| topics.contains(&id.topic));
    let groups =
        turn.hard.groups.iter().filter(|(name, _)| group.as_ref().is_none_or(|group| group == *name));
    let ids: Vec<Id> = groups
        .flat_map(|(group, partitions)| {
            let partitions = partitions.keys().copied().filter(is_meant);
            partitions.map(|partition| Id { group: group.clone(), partition })
        })
        .collect();
    for id in ids {
        forget(turn, &id);
        turn.records.push(Record::Partition { id: id.clone(), header: None });
        let Some(group) = turn.groups.get_mut(&id.group) else { continue };
        if group.partitions.is_empty() {
            watch::wake_all(group, &mut turn.replies);
            turn.groups.remove(&id.group);
        }
    }
    turn.reply(*ticket, Reply::Done);
}

fn detached(id: &Id) -> Id {
    Id { group: id.group.detached(), partition: id.partition }
}

fn make(turn: &mut Turn<'_>, id: &Id, start: Offset) {
    turn.records
        .push(Record::Partition { id: id.clone(), header: Some(Header { start, dead_letters: None }) });
    let group = turn.groups.entry(id.group.clone()).or_default();
    group.partitions.insert(id.partition, Live::new(start));
}

/// Drops the rows and the soft state; who has records of it, has none.
fn forget(turn: &mut Turn<'_>, id: &Id) {
    let rows = turn.hard.find(id).into_iter().flat_map(|stored| stored.rows.keys());
    let gone = |first: &Offset| Record::Row { id: id.clone(), first: *first, row: None };
    turn.records.extend(rows.map(gone));
    turn.timers.cancel(id);
    turn.desk.forget(id);
    let Some(group) = turn.groups.get_mut(&id.group) else { return };
    let Some(live) = group.partitions.remove(&id.partition) else { return };
    for (member, runs) in &live.owners {
        let held: i64 = runs.iter().map(|first| live.runs[first].size(*first)).sum();
        Group::count(&mut group.held, member, -held);
    }
    watch::wake(&mut group.watches, id.partition, |_| false, &mut turn.replies);
}
