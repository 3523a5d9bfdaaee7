//! Share-partitions: which record of a partition is with which member of a share group, and what became of it. One
//! machine per shard of groups; all share-partitions of a group live in the same shard.
//!
//! ```text
//!              acquire                 accept, gap
//!  AVAILABLE ───────────► ACQUIRED ──────────────────────────────► ACKNOWLEDGED
//!      ▲                    │ │ reject; released or timed out for the last time; expired
//!      └────────────────────┘ └───► ARCHIVING ──► ARCHIVED         ARCHIVING only if a dead-letter topic is set
//!        release, time-out
//!
//!      start                                   next
//!  ──────┼───────────────────────────────────────┼──────────────────► offsets
//!  done  │ runs: available, acquired, archiving;  │ not looked at yet, but for
//!        │ what has no run is done                │ the rows that are stored
//! ```
//! Acquiring writes nothing: it is soft. What is acknowledged, released, timed out or archived is a row, and so is where
//! the share-partition starts. After a crash whatever was acquired is available again with the delivery count it had
//! when it was last released; the broker reads the log once more from the start, and the rows say what of it is done.
//!
//! Invariants: no record is with two members; what is done has no run and is never handed out again; the start only
//! grows, but for [`Alter`] and [`LogEnd`]; the stored rows are the runs without what is soft; memory is bounded by the limits of
//! [`Config`] and [`ottla_base::limits`], however long one record holds the start back.
//!
//! What differs from Kafka: records in flight are counted one by one, so that one slow record does not stop the others
//! when the offsets ahead of it are done. Nothing is ever archived for want of a dead-letter topic that works.

mod acknowledge;
mod acquire;
mod book;
mod config;
mod dead_letter;
mod describe;
mod extend;
mod group;
mod headers;
mod history;
mod live;
mod offsets;
mod record;
mod release;
mod reply;
mod run;
mod scanned;
mod stored;
mod tick;
mod turn;
mod watch;

use crate::codec::DecodeError;
use crate::machine::{Decision, Entry, Machine, Ticket};
use crate::timers::Timers;
use group::Group;
use ottla_base::{Now, PartitionId, Tick};
use ottla_wire::Str;
use std::collections::BTreeMap;
use stored::Stored;
use turn::{Timer, Turn};

pub use acknowledge::{Acknowledge, AcknowledgeBatch, Renew};
pub use acquire::{Acquire, More};
pub use config::{Backoff, Config, Mode, Order, Want};
pub use dead_letter::{DeadLetterPosition, DeadLettered, Letters};
pub use describe::{Describe, Described, DescribedRange, RangeState, Totals};
pub use extend::Extend;
pub use headers::{facts, is_for_another};
pub use history::{Delivery, Ending, History};
pub use offsets::{Alter, Delete, LogEnd, LogStart, Open};
pub use record::Record;
pub use release::Release;
pub use reply::{Acquired, Feed, Range, Reply};
pub use run::{Facts, Letter, PRIORITY_DEFAULT, PRIORITY_MAX, Reason};
pub use scanned::{Scanned, ScannedBatch};
pub use stored::{Header, Mark, Position, Row};
pub use watch::{Unwatch, Watch};

/// The machine of one shard of share-partitions.
#[derive(Debug)]
pub enum SharePartitions {}

/// One share-partition.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id {
    /// Whose.
    pub group: Str,
    /// Of which partition.
    pub partition: PartitionId,
}

/// What survives a crash.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Hard {
    groups: BTreeMap<Str, BTreeMap<PartitionId, Stored>>,
}

impl Hard {
    fn find(&self, id: &Id) -> Option<&Stored> {
        self.groups.get(&id.group)?.get(&id.partition)
    }
}

/// What a crash takes away.
#[derive(Debug, Default)]
pub struct Soft {
    groups: BTreeMap<Str, Group>,
    timers: Timers<Timer>,
    desk: dead_letter::Desk,
}

/// What can happen to the share-partitions of a shard.
#[derive(Debug)]
pub enum Command {
    /// The hard state was loaded: make the soft state of it. Comes first, once.
    Start,
    /// Time has passed.
    Tick,
    /// A member wants a share-partition to be there.
    Open(Open),
    /// A member wants records.
    Acquire(Acquire),
    /// The broker has read on in the log.
    Extend(Extend),
    /// A member says what became of records.
    Acknowledge(Acknowledge),
    /// A member has gone.
    Release(Release),
    /// A member waits for records.
    Watch(Watch),
    /// A member does not wait any more.
    Unwatch(Unwatch),
    /// The log starts later now.
    LogStart(LogStart),
    /// The log is found to end here. Comes at the start only, before anybody has records.
    LogEnd(LogEnd),
    /// An operator sets where a share-partition starts.
    Alter(Alter),
    /// The offsets of a group, or topics, are deleted.
    Delete(Delete),
    /// How does a share-partition stand?
    Describe(Describe),
    /// The writer of dead letters waits for work. Answered when there is some.
    DeadLetters(Ticket),
    /// The writer is going to append dead letters behind this position.
    DeadLetterPosition(DeadLetterPosition),
    /// The writer has appended dead letters, and they are durable.
    DeadLettered(DeadLettered),
}

impl Machine for SharePartitions {
    type Hard = Hard;
    type Soft = Soft;
    type Command = Command;
    type Record = Record;
    type Reply = Reply;

    fn decide(hard: &Hard, soft: &mut Soft, now: Now, command: Command) -> Decision<Self> {
        let mut turn = Turn::new(hard, now, soft);
        match command {
            Command::Start => tick::start(&mut turn),
            Command::Tick => tick::tick(&mut turn),
            Command::Open(open) => offsets::open(&mut turn, open),
            Command::Acquire(acquire) => acquire::acquire(&mut turn, acquire),
            Command::Extend(extend) => extend::extend(&mut turn, extend),
            Command::Acknowledge(acknowledge) => acknowledge::acknowledge(&mut turn, &acknowledge),
            Command::Release(release) => release::release(&mut turn, &release),
            Command::Watch(watch) => watch::watch(&mut turn, watch),
            Command::Unwatch(unwatch) => watch::unwatch(&mut turn, &unwatch),
            Command::LogStart(log_start) => offsets::log_start(&mut turn, &log_start),
            Command::LogEnd(log_end) => offsets::log_end(&mut turn, log_end),
            Command::Alter(alter) => offsets::alter(&mut turn, &alter),
            Command::Delete(delete) => offsets::delete(&mut turn, &delete),
            Command::Describe(describe) => describe::describe(&mut turn, &describe),
            Command::DeadLetters(ticket) => dead_letter::wait(&mut turn, ticket),
            Command::DeadLetterPosition(position) => dead_letter::position(&mut turn, position),
            Command::DeadLettered(letters) => dead_letter::done(&mut turn, &letters),
        }
        dead_letter::hand_out(&mut turn);
        Decision { records: turn.records, replies: turn.replies }
    }

    fn apply(hard: &mut Hard, record: &Record) {
        match record {
            Record::Partition { id, header: None } => {
                if let Some(group) = hard.groups.get_mut(&id.group) {
                    group.remove(&id.partition);
                    if group.is_empty() {
                        hard.groups.remove(&id.group);
                    }
                }
            }
            Record::Partition { id, header: Some(header) } => {
                let group = hard.groups.entry(id.group.clone()).or_default();
                let fresh = || Stored::new(*header);
                group.entry(id.partition).or_insert_with(fresh).header = *header;
            }
            // The row of a share-partition comes before those of its records, when decided and when loaded.
            Record::Row { id, first, row } => {
                let group = hard.groups.get_mut(&id.group);
                let Some(stored) = group.and_then(|group| group.get_mut(&id.partition)) else { return };
                match row {
                    Some(row) => stored.rows.insert(*first, row.clone()),
                    None => stored.rows.remove(first),
                };
            }
        }
    }

    fn next_deadline(soft: &Soft) -> Option<Tick> {
        soft.timers.next()
    }

    fn tick() -> Command {
        Command::Tick
    }

    fn encode(record: &Record) -> Entry {
        record::encode(record)
    }

    fn decode(key: &[u8], value: &[u8]) -> Result<Record, DecodeError> {
        record::decode(key, value)
    }
}

#[cfg(test)]
mod tests;
