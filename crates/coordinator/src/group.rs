//! Groups: who consumes together, who gets what, and how far they have come. One machine per shard of groups.
//!
//! ```text
//! group.rs           commands, replies, and which verb handles which
//! group/live.rs      what is asked of a group whatever its type
//! group/migration.rs moving between types; no other file sees more than one
//! group/TYPE/VERB.rs what a type does
//! group/offsets/     committed offsets, the same for all types
//! ```
//! Invariants: a group exists in the soft state if and only if the hard state has an entry for it, and offsets,
//! committed or pending in a transaction, exist only in such an entry; a stable group is stored as it lives; nothing of either state is a slice of a
//! request's frame, which would keep the whole frame in memory. What is soft (waiting members, sessions,
//! a rebalance under way) may be lost in a crash; members then join again.

mod catalog;
mod classic;
pub mod consumer;
mod deletion;
mod embedded;
mod listing;
mod live;
mod migration;
mod offsets;
mod pattern;
mod record;
mod refusal;
mod reply;
mod settings;
pub mod share;
pub mod streams;
mod turn;

use crate::codec::DecodeError;
use crate::machine::{Decision, Entry as JournalEntry, Machine, Ticket};
use crate::timers::Timers;
use live::{Directory, Live};
use ottla_base::{Now, ProducerId, Tick, TopicId};
use ottla_wire::Str;
use std::collections::{BTreeMap, BTreeSet};
use turn::{Timer, Turn};

pub use catalog::{Catalog, CatalogTopic};
pub use classic::{FirstJoin, Heartbeat, Join, Leave, StaticRejoin, Sync};
pub use deletion::Delete;
pub use listing::{Describe, List, Words};
pub use live::{MemberOf, Stored, StoredMember};
pub use offsets::commit::{UnknownGroup, refused as refused_commit};
pub use offsets::delete::DeleteOffsets;
pub use offsets::txn_commit::refused as refused_txn_commit;
pub use offsets::{
    Commit, Committed, CompleteTransaction, Fetch, Offsets, Pending, PendingOffset, Stability, TxnCommit,
};
pub use pattern::{Invalid as InvalidPattern, Pattern, Patterns};
pub use record::Record;
pub use refusal::Refusal;
pub use reply::Reply;
pub use settings::Settings;

/// The machine of one shard of groups.
#[derive(Debug)]
pub enum Groups {}

/// What survives a crash.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Hard {
    groups: BTreeMap<Str, Entry>,
    /// In which groups a producer has offsets pending.
    open: BTreeMap<ProducerId, BTreeSet<Str>>,
}

impl Hard {
    /// Notes that a producer has offsets pending in a group that is there.
    fn open(&mut self, producer: ProducerId, group: &Str) {
        let groups = self.open.entry(producer).or_default();
        if let Some((id, _)) = self.groups.get_key_value(group).filter(|_| !groups.contains(group)) {
            groups.insert(id.clone());
        }
    }

    /// Notes that a producer has no offsets pending in a group.
    fn close(&mut self, producer: ProducerId, group: &Str) {
        let Some(groups) = self.open.get_mut(&producer) else { return };
        groups.remove(group);
        if groups.is_empty() {
            self.open.remove(&producer);
        }
    }
}

/// What survives of one group.
#[derive(Debug, PartialEq, Eq)]
struct Entry {
    stored: Stored,
    /// By member id. A type that stores its members with the group has none here.
    members: BTreeMap<Str, StoredMember>,
    offsets: Offsets,
    pending: Pending,
}

/// What a crash takes away.
#[derive(Debug, Default)]
pub struct Soft {
    settings: Settings,
    groups: Directory,
    timers: Timers<Timer>,
}

/// Who sent a request, as operators see it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Client {
    /// The client id of the request, empty if it had none.
    pub id: Str,
    /// The client's address, in Kafka's form with a leading slash.
    pub host: Str,
}

/// What can happen to the groups of a shard.
#[derive(Debug)]
pub enum Command {
    /// The hard state was loaded: make the soft state of it. Comes first, once.
    Start(Settings),
    /// Time has passed.
    Tick,
    /// JoinGroup.
    Join(Box<Join>),
    /// SyncGroup.
    Sync(Sync),
    /// Heartbeat.
    Heartbeat(Heartbeat),
    /// LeaveGroup.
    Leave(Leave),
    /// What consumer groups alone are asked.
    Consumer(consumer::Command),
    /// What share groups alone are asked.
    Share(share::Command),
    /// What streams groups alone are asked.
    Streams(streams::Command),
    /// OffsetCommit.
    Commit(Commit),
    /// TxnOffsetCommit.
    TxnCommit(TxnCommit),
    /// A transaction in which offsets may be pending has ended.
    CompleteTransaction(CompleteTransaction),
    /// Which transactions have offsets pending?
    OpenTransactions(Ticket),
    /// OffsetFetch of one group.
    Fetch(Fetch),
    /// OffsetDelete.
    DeleteOffsets(DeleteOffsets),
    /// DescribeGroups of one group.
    Describe(Describe),
    /// ListGroups of this shard.
    List(List),
    /// DeleteGroups of one group.
    Delete(Delete),
    /// Topics were deleted, and their offsets go with them.
    TopicsGone {
        /// Who waits.
        ticket: Ticket,
        /// The deleted topics.
        topics: Vec<TopicId>,
    },
}

impl Machine for Groups {
    type Hard = Hard;
    type Soft = Soft;
    type Command = Command;
    type Record = Record;
    type Reply = Reply;

    fn decide(hard: &Hard, soft: &mut Soft, now: Now, command: Command) -> Decision<Self> {
        if let Command::Start(settings) = &command {
            soft.settings = settings.clone();
        }
        let Soft { settings, groups, timers } = soft;
        let mut turn = Turn { settings, now, timers, records: Vec::new(), replies: Vec::new() };
        let entry = |group: &str| hard.groups.get(group);
        match command {
            Command::Start(_) => start(hard, groups, &mut turn),
            Command::Tick => tick(hard, groups, &mut turn),
            Command::Join(join) => migration::join(groups, &mut turn, *join),
            Command::Sync(sync) => migration::sync(groups, &mut turn, sync),
            Command::Heartbeat(heartbeat) => migration::heartbeat(groups, &mut turn, heartbeat),
            Command::Leave(leave) => migration::leave(groups, &mut turn, leave),
            Command::Consumer(command) => consumer::decide(groups, &mut turn, command),
            Command::Share(command) => share::decide(groups, &mut turn, command),
            Command::Streams(command) => streams::decide(groups, &mut turn, command),
            Command::Commit(commit) => {
                offsets::commit::commit(entry(&commit.request.group_id), groups, &mut turn, commit);
            }
            Command::TxnCommit(commit) => {
                offsets::txn_commit::commit(entry(&commit.request.group_id), groups, &mut turn, commit);
            }
            Command::CompleteTransaction(complete) => {
                offsets::complete::complete(hard, &mut turn, &complete);
            }
            Command::OpenTransactions(ticket) => offsets::complete::open(hard, &mut turn, ticket),
            Command::Fetch(fetch) => {
                offsets::fetch::fetch(entry(&fetch.request.group_id), groups, &mut turn, fetch);
            }
            Command::DeleteOffsets(delete) => {
                offsets::delete::delete(entry(&delete.request.group_id), groups, &mut turn, delete);
            }
            Command::Describe(describe) => listing::describe(groups, &mut turn, &describe),
            Command::List(list) => listing::list(groups, &mut turn, &list),
            Command::Delete(delete) => deletion::delete(hard, groups, &mut turn, delete),
            Command::TopicsGone { ticket, topics } => {
                groups.0.values_mut().for_each(|live| live.topics_gone(&topics, &mut turn));
                offsets::delete::topics_gone(&hard.groups, &mut turn, ticket, &topics);
            }
        }
        Decision { records: turn.records, replies: turn.replies }
    }

    fn apply(hard: &mut Hard, record: &Record) {
        match record {
            Record::Group { group, stored: None } => {
                let gone = hard.groups.remove(group);
                gone.iter().flat_map(|entry| entry.pending.producers()).for_each(|producer| {
                    hard.close(producer, group);
                });
            }
            Record::Group { group, stored: Some(stored) } => match hard.groups.get_mut(group) {
                Some(entry) => entry.stored = stored.clone(),
                None => {
                    let (offsets, pending) = (Offsets::default(), Pending::default());
                    let (stored, members) = (stored.clone(), BTreeMap::new());
                    hard.groups.insert(group.clone(), Entry { stored, members, offsets, pending });
                }
            },
            // The rows of groups come before those of their members and offsets, when decided and when loaded, so that
            // one without a group has outlived its group: it goes, too.
            Record::Member { group, member, of: _, stored } => {
                let Some(entry) = hard.groups.get_mut(group) else { return };
                match stored {
                    Some(stored) => entry.members.insert(member.clone(), stored.clone()),
                    None => entry.members.remove(member),
                };
            }
            Record::Offset { group, topic, partition, committed } => {
                if let Some(entry) = hard.groups.get_mut(group) {
                    entry.offsets.set(topic, *partition, committed.clone());
                }
            }
            Record::Pending { group, producer, topic, partition, pending } => {
                let Some(entry) = hard.groups.get_mut(group) else { return };
                entry.pending.set(*producer, topic, *partition, pending.clone());
                match entry.pending.has(*producer) {
                    true => hard.open(*producer, group),
                    false => hard.close(*producer, group),
                }
            }
        }
    }

    fn next_deadline(soft: &Soft) -> Option<Tick> {
        soft.timers.next()
    }

    fn tick() -> Command {
        Command::Tick
    }

    fn encode(record: &Record) -> JournalEntry {
        record::encode(record)
    }

    fn decode(key: &[u8], value: &[u8]) -> Result<Record, DecodeError> {
        record::decode(key, value)
    }
}

fn start(hard: &Hard, groups: &mut Directory, turn: &mut Turn<'_>) {
    for (id, entry) in &hard.groups {
        let mut live = Live::from_stored(id, &entry.stored, &entry.members);
        live.start(turn);
        groups.0.insert(id.clone(), live);
    }
    turn.schedule(Timer::Expiry, turn.settings.offsets_check_interval_ms);
}

fn tick(hard: &Hard, groups: &mut Directory, turn: &mut Turn<'_>) {
    while let Some(timer) = turn.timers.pop_due(turn.now.tick) {
        match timer {
            Timer::Session { group, member } => live::expire_session(groups, turn, &group, &member),
            Timer::Rebalance { group, member } => live::expire_rebalance(groups, turn, &group, &member),
            Timer::Join { group } => live::expire_join(groups, turn, &group),
            Timer::Sync { group } => classic::expire_sync(groups, turn, &group),
            Timer::Expiry => offsets::expire::expire(&hard.groups, groups, turn),
        }
    }
}

#[cfg(test)]
mod tests;
