//! How share-partitions stand, for operators.

use super::Id;
use super::live::Live;
use super::reply::Reply;
use super::run::{Reason, Run, State};
use super::stored::{Mark, Stored};
use super::turn::Turn;
use crate::machine::Ticket;
use ottla_base::{Now, Offset, PartitionId, Timestamp};
use ottla_wire::Str;
use std::collections::BTreeSet;

/// How do the share-partitions of a group stand?
#[derive(Clone, Debug)]
pub struct Describe {
    /// Who waits.
    pub ticket: Ticket,
    /// Of which group; `None` for all of this shard.
    pub group: Option<Str>,
    /// Of which partitions; `None` for all.
    pub partitions: Option<BTreeSet<PartitionId>>,
    /// How many ranges are listed of each, at most.
    pub ranges_max: usize,
}

/// How one share-partition stands. Numbers count records, gaps included that lie inside of batches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    /// Which one.
    pub id: Id,
    /// Everything before is done.
    pub start: Offset,
    /// Nobody has looked at what comes from here on.
    pub next: Offset,
    /// Available now.
    pub ready: i64,
    /// Available, but another record of their key is first.
    pub blocked: i64,
    /// Not due yet.
    pub scheduled: i64,
    /// Resting before they are delivered again.
    pub retrying: i64,
    /// With members.
    pub acquired: i64,
    /// On the way to the dead-letter topic.
    pub archiving: i64,
    /// Done, though not everything before them is. Kafka's delivery-complete count, which lag leaves out.
    pub delivery_complete: i64,
    /// What has happened since the start of the broker.
    pub totals: Totals,
    /// From the start on.
    pub ranges: Vec<DescribedRange>,
}

/// Neighbouring records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescribedRange {
    /// The first of them.
    pub first: Offset,
    /// The last of them.
    pub last: Offset,
    /// How often they were delivered.
    pub delivery_count: i16,
    /// What they are doing.
    pub state: RangeState,
}

/// What records are doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RangeState {
    /// Available now.
    Ready,
    /// Waiting for another record of their key.
    Blocked,
    /// Waiting for their time.
    Scheduled {
        /// When that is.
        due: Timestamp,
    },
    /// Resting.
    Retrying {
        /// How long yet, in milliseconds.
        rest_ms: u64,
    },
    /// With a member.
    Acquired {
        /// Who that is.
        member: Str,
        /// How long yet, in milliseconds.
        rest_ms: u64,
    },
    /// On the way to the dead-letter topic.
    Archiving {
        /// Why.
        reason: Reason,
        /// Since when.
        at: Timestamp,
    },
}

/// How many records something has happened to since the start of the broker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Handed out; again and again counts again.
    pub acquired: i64,
    /// Accepted, or found to be a gap.
    pub accepted: i64,
    /// Given back by a member, or for one that has gone.
    pub released: i64,
    /// Given back because their lock had timed out.
    pub timed_out: i64,
    /// Rejected.
    pub rejected: i64,
    /// Delivered for the last time, in vain.
    pub exhausted: i64,
    /// Not delivered in time.
    pub expired: i64,
    /// Arrived in the dead-letter topic.
    pub dead_lettered: i64,
}

impl Totals {
    pub(super) fn ended(&mut self, reason: Reason, records: i64) {
        *match reason {
            Reason::Rejected => &mut self.rejected,
            Reason::Exhausted => &mut self.exhausted,
            Reason::Expired => &mut self.expired,
        } += records;
    }
}

pub(super) fn describe(turn: &mut Turn<'_>, command: &Describe) {
    let Describe { ticket, group, partitions, ranges_max } = command;
    let is_meant = |id: &PartitionId| partitions.as_ref().is_none_or(|named| named.contains(id));
    let groups =
        turn.hard.groups.iter().filter(|(name, _)| group.as_ref().is_none_or(|group| group == *name));
    let mut described = Vec::new();
    for (group, stored) in groups {
        let live = turn.groups.get(group);
        for (partition, stored) in stored.iter().filter(|(id, _)| is_meant(id)) {
            let Some(live) = live.and_then(|group| group.partitions.get(partition)) else { continue };
            let id = Id { group: group.clone(), partition: *partition };
            described.push(of(id, stored, live, (turn.now, *ranges_max)));
        }
    }
    turn.reply(*ticket, Reply::Described(described));
}

fn of(id: Id, stored: &Stored, live: &Live, (now, ranges_max): (Now, usize)) -> Described {
    let start = stored.header.start;
    let counts = live.counts;
    // Dead letters of before a crash may lie after what has been looked at since.
    let ahead = stored.rows.range(live.next..).filter(|(_, row)| row.mark == Mark::Done);
    let ahead: i64 = ahead.map(|(first, row)| row.last.0 - first.0 + 1).sum();
    let letters_ahead: i64 = live.runs.range(live.next..).map(|(first, run)| run.size(*first)).sum();
    let looked_at = live.next.0 - start.0 - (counts.all() - letters_ahead);
    Described {
        id,
        start,
        next: live.next,
        ready: counts.ready,
        blocked: counts.blocked,
        scheduled: counts.scheduled,
        retrying: counts.retrying,
        acquired: counts.acquired,
        archiving: counts.archiving,
        delivery_complete: looked_at + ahead,
        totals: live.totals,
        ranges: live.runs.iter().take(ranges_max).map(|(first, run)| range(*first, run, now)).collect(),
    }
}

fn range(first: Offset, run: &Run, now: Now) -> DescribedRange {
    let state = match &run.state {
        State::Ready => RangeState::Ready,
        State::Blocked => RangeState::Blocked,
        State::Scheduled => RangeState::Scheduled { due: run.facts.due },
        State::Retrying(at) => RangeState::Retrying { rest_ms: at.since(now.tick) },
        State::Acquired(lock) => {
            RangeState::Acquired { member: run.member.clone(), rest_ms: lock.until.since(now.tick) }
        }
        State::Archiving { letter, .. } => RangeState::Archiving { reason: letter.reason, at: letter.at },
    };
    DescribedRange { first, last: run.last, delivery_count: run.count, state }
}
