//! Transactions: who speaks for a transactional id, what its transaction has touched, and how it ends. One machine
//! per shard of transactional ids.
//!
//! ```text
//!            add                end                        complete
//! Empty ───────────► Ongoing ─────────► Prepare{Commit,Abort} ─────────► Complete{Commit,Abort} ──add──► Ongoing
//!                       └── time-out, InitProducerId: PrepareAbort under a new epoch
//! ```
//! Ending has two steps, because its markers go to other places than this shard: *prepared* is durable before the
//! first marker is written, *complete* after the last one is. What is prepared is handed to the finisher of the
//! broker ([`Command::Endings`]), which writes the markers and says so ([`Command::Complete`]); after a crash it gets
//! the same work again.
//!
//! Invariants: an entry has participants if and only if it is ongoing or prepared; the epoch of a producer id only
//! grows; every ongoing transaction has a deadline; every prepared one is in the hands of the finisher or queued for
//! it; nothing of either state is a slice of a request's frame.
//!
//! What differs from Kafka: EndTxn is answered when the transaction is complete, so that who reads after a commit
//! has returned sees it. There is no PrepareEpochFence, because a decision here is one step, and no Dead, because what
//! has expired is gone.

mod add;
mod complete;
mod end;
mod expire;
mod fence;
mod init;
mod listing;
mod reconcile;
mod record;
mod reply;
mod settings;
mod state;
mod turn;

use crate::codec::DecodeError;
use crate::machine::{Decision, Entry as JournalEntry, Machine, Ticket};
use crate::timers::Timers;
use ottla_base::{Now, Tick};
use ottla_wire::Str;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use turn::{Timer, Turn, Work};

pub use add::{Add, Verify};
pub use complete::Complete;
pub use end::End;
pub use init::Init;
pub use listing::{Describe, Described, List};
pub use reconcile::{Open, Reconcile};
pub use record::Record;
pub use reply::Reply;
pub use settings::Settings;
pub use state::{Claim, Ending, Participant, State, Stored, Version};

/// The machine of one shard of transactional ids.
#[derive(Debug)]
pub enum Transactions {}

/// What survives a crash.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Hard {
    ids: BTreeMap<Str, Entry>,
}

/// What survives of one transactional id.
#[derive(Debug, PartialEq, Eq)]
struct Entry {
    stored: Stored,
    participants: BTreeSet<Participant>,
}

/// What a crash takes away.
#[derive(Debug, Default)]
pub struct Soft {
    settings: Settings,
    timers: Timers<Timer>,
    work: Work,
    /// Who waits for the end of a transaction, by transactional id.
    ending: HashMap<Str, Ticket>,
}

/// What can happen to the transactions of a shard.
#[derive(Debug)]
pub enum Command {
    /// The hard state was loaded: make the soft state of it. Comes first, once.
    Start(Settings),
    /// Time has passed.
    Tick,
    /// InitProducerId with a transactional id.
    Init(Init),
    /// Something is going to be part of a transaction.
    Add(Add),
    /// Whether something is part of a transaction.
    Verify(Verify),
    /// EndTxn.
    End(End),
    /// The finisher waits for transactions to end. Answered when there are some.
    Endings(Ticket),
    /// The finisher has written what an ending asks for.
    Complete(Complete),
    /// What is open in the logs, after a start.
    Reconcile(Reconcile),
    /// DescribeTransactions of one id.
    Describe(Describe),
    /// ListTransactions of this shard.
    List(List),
}

impl Machine for Transactions {
    type Hard = Hard;
    type Soft = Soft;
    type Command = Command;
    type Record = Record;
    type Reply = Reply;

    fn decide(hard: &Hard, soft: &mut Soft, now: Now, command: Command) -> Decision<Self> {
        if let Command::Start(settings) = &command {
            soft.settings = settings.clone();
        }
        let Soft { settings, timers, work, ending } = soft;
        let mut turn = Turn { settings, now, timers, work, ending, records: Vec::new(), replies: Vec::new() };
        match command {
            Command::Start(_) => start(hard, &mut turn),
            Command::Tick => tick(hard, &mut turn),
            Command::Init(init) => init::init(hard, &mut turn, init),
            Command::Add(add) => add::add(hard, &mut turn, add),
            Command::Verify(verify) => add::verify(hard, &mut turn, verify),
            Command::End(end) => end::end(hard, &mut turn, end),
            Command::Endings(ticket) => turn.wait_for_work(ticket),
            Command::Complete(complete) => complete::complete(hard, &mut turn, complete),
            Command::Reconcile(reconcile) => reconcile::reconcile(hard, &mut turn, reconcile),
            Command::Describe(describe) => listing::describe(hard, &mut turn, describe),
            Command::List(list) => listing::list(hard, &mut turn, &list),
        }
        turn.hand_out_work();
        Decision { records: turn.records, replies: turn.replies }
    }

    fn apply(hard: &mut Hard, record: &Record) {
        match record {
            Record::Id { id, stored: None } => {
                hard.ids.remove(id);
            }
            Record::Id { id, stored: Some(stored) } => match hard.ids.get_mut(id) {
                Some(entry) => entry.stored = *stored,
                None => {
                    hard.ids.insert(id.clone(), Entry { stored: *stored, participants: BTreeSet::new() });
                }
            },
            // The row of an id comes before those of its participants, when decided and when loaded.
            Record::Joined { id, participant } => {
                if let Some(entry) = hard.ids.get_mut(id) {
                    entry.participants.insert(*participant);
                }
            }
            Record::Left { id, participant } => {
                if let Some(entry) = hard.ids.get_mut(id) {
                    entry.participants.remove(participant);
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

impl Hard {
    /// What is known of an id, and the id itself as it is kept.
    fn find(&self, id: &str) -> Option<(&Str, &Entry)> {
        self.ids.get_key_value(id)
    }
}

fn start(hard: &Hard, turn: &mut Turn<'_>) {
    for (id, entry) in &hard.ids {
        match entry.stored.state {
            State::Empty | State::Complete(_) => {}
            State::Ongoing => turn.schedule(Timer::Timeout(id.clone()), entry.stored.rest_ms(turn.now.wall)),
            State::Prepare(outcome) => turn.work.queue(Ending {
                id: id.clone(),
                claim: entry.stored.claim(),
                outcome,
                version: entry.stored.version,
                participants: entry.participants.iter().copied().collect(),
            }),
        }
    }
    turn.schedule(Timer::Expiry, turn.settings.expiry_check_interval_ms);
}

fn tick(hard: &Hard, turn: &mut Turn<'_>) {
    while let Some(timer) = turn.timers.pop_due(turn.now.tick) {
        match timer {
            Timer::Timeout(id) => fence::time_out(hard, turn, &id),
            Timer::Expiry => expire::expire(hard, turn),
        }
    }
}

#[cfg(test)]
mod tests;
