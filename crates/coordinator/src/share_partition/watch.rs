//! Members that wait for records to become available again. For new records in the log the broker waits by itself.
//!
//! All who wait are woken: how many of them can be served depends on what they want, and a group is small.

use super::config::Config;
use super::group::{Group, Watching};
use super::reply::Reply;
use super::turn::Turn;
use crate::machine::Ticket;
use ottla_base::PartitionId;
use ottla_wire::Str;
use std::collections::{BTreeMap, BTreeSet};

/// A member waits for records.
#[derive(Clone, Debug)]
pub struct Watch {
    /// Who waits. Answered at once if something is available; a member waits once.
    pub ticket: Ticket,
    /// In which group.
    pub group: Str,
    /// Which member.
    pub member: Str,
    /// For records of which partitions.
    pub partitions: BTreeSet<PartitionId>,
}

/// A member does not wait any more.
#[derive(Clone, Debug)]
pub struct Unwatch {
    /// Who asks.
    pub ticket: Ticket,
    /// In which group.
    pub group: Str,
    /// Which member.
    pub member: Str,
}

pub(super) fn watch(turn: &mut Turn<'_>, command: Watch) {
    let Watch { ticket, group, member, partitions } = command;
    let Some(group) = turn.groups.get_mut(&group) else { return turn.reply(ticket, Reply::Absent) };
    forget(group, &member, &mut turn.replies);
    if is_worthwhile(group, &member, &partitions, turn.now) {
        return turn.reply(ticket, Reply::Awake);
    }
    group.watches.insert(member.detached(), Watching { ticket, partitions });
}

pub(super) fn unwatch(turn: &mut Turn<'_>, command: &Unwatch) {
    if let Some(group) = turn.groups.get_mut(&command.group) {
        forget(group, &command.member, &mut turn.replies);
    }
    turn.reply(command.ticket, Reply::Done);
}

/// Whether the member would get something if it asked now.
fn is_worthwhile(
    group: &Group,
    member: &Str,
    partitions: &BTreeSet<PartitionId>,
    now: ottla_base::Now,
) -> bool {
    let config = &group.config;
    let has = group.held.get(member).copied().unwrap_or(0);
    let mut known = partitions.iter().filter_map(|id| group.partitions.get(id));
    let has_locks = |acquired: i64| acquired < i64::from(config.record_locks_max);
    !config.paused
        && !is_capped(config, has)
        && known.any(|live| (0 < live.counts.ready || live.is_due(now)) && has_locks(live.counts.acquired))
}

/// Whether a member that has so many records may have no more.
pub(super) fn is_capped(config: &Config, has: i64) -> bool {
    0 < config.member_in_flight_max && i64::from(config.member_in_flight_max) <= has
}

/// Answers who waits for this partition, but for those who may not have more anyway.
pub(super) fn wake(
    watches: &mut BTreeMap<Str, Watching>,
    partition: PartitionId,
    is_capped: impl Fn(&Str) -> bool,
    replies: &mut Vec<(Ticket, Reply)>,
) {
    watches.retain(|member, watching| {
        let is_meant = watching.partitions.contains(&partition) && !is_capped(member);
        if is_meant {
            replies.push((watching.ticket, Reply::Awake));
        }
        !is_meant
    });
}

/// Answers one member, if it waits.
pub(super) fn wake_member(
    watches: &mut BTreeMap<Str, Watching>,
    member: &Str,
    replies: &mut Vec<(Ticket, Reply)>,
) {
    if let Some(Watching { ticket, .. }) = watches.remove(member) {
        replies.push((ticket, Reply::Awake));
    }
}

/// Answers everybody who waits in a group.
pub(super) fn wake_all(group: &mut Group, replies: &mut Vec<(Ticket, Reply)>) {
    let woken = std::mem::take(&mut group.watches).into_values();
    replies.extend(woken.map(|watching| (watching.ticket, Reply::Awake)));
}

/// The member waits no more.
pub(super) fn forget(group: &mut Group, member: &Str, replies: &mut Vec<(Ticket, Reply)>) {
    wake_member(&mut group.watches, member, replies);
}
