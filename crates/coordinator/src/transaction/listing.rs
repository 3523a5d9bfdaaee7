//! DescribeTransactions and ListTransactions.

use super::state::{Participant, Stored};
use super::turn::Turn;
use super::{Hard, Reply};
use crate::machine::Ticket;
use ottla_base::{ProducerId, Timestamp};
use ottla_wire::Str;
use ottla_wire::message::describe_transactions_response::TransactionState;
use ottla_wire::message::list_transactions_response::TransactionState as ListedTransaction;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A description to give.
#[derive(Debug)]
pub struct Describe {
    /// Who waits.
    pub ticket: Ticket,
    /// Of which transactional id.
    pub id: Str,
}

/// One transactional id, described.
#[derive(Clone, Debug, PartialEq)]
pub struct Described {
    /// The answer but for its topics, whose names are not known here.
    pub state: TransactionState,
    /// Who takes part in the transaction that is open.
    pub participants: Vec<Participant>,
}

/// A list to give. An empty filter lets everything pass. One may be as large as a request, and is compared with every id.
#[derive(Clone, Debug)]
pub struct List {
    /// Who waits.
    pub ticket: Ticket,
    /// States to show, by Kafka's words.
    pub states: Arc<BTreeSet<Str>>,
    /// Producers to show.
    pub producers: Arc<BTreeSet<ProducerId>>,
    /// Show only what has been there for longer, in milliseconds; negative for everything.
    pub duration_ms: i64,
}

pub(super) fn describe(hard: &Hard, turn: &mut Turn<'_>, describe: Describe) {
    let Describe { ticket, id } = describe;
    let described = hard.find(&id).map(|(_, entry)| {
        let Stored { producer, epoch, timeout_ms, state, started, .. } = entry.stored;
        Described {
            state: TransactionState {
                transactional_id: id.clone(),
                transaction_state: Str::from_static(state.name()),
                transaction_timeout_ms: timeout_ms,
                transaction_start_time_ms: started.0,
                producer_id: producer.0,
                producer_epoch: epoch.0,
                ..TransactionState::default()
            },
            participants: entry.participants.iter().copied().collect(),
        }
    });
    turn.reply(ticket, Reply::Describe(described));
}

pub(super) fn list(hard: &Hard, turn: &mut Turn<'_>, list: &List) {
    let now = turn.now.wall;
    let listed = hard.ids.iter().filter(|(_, entry)| passes(list, &entry.stored, now)).map(|(id, entry)| {
        ListedTransaction {
            transactional_id: id.clone(),
            producer_id: entry.stored.producer.0,
            transaction_state: Str::from_static(entry.stored.state.name()),
        }
    });
    let listed = listed.collect();
    turn.reply(list.ticket, Reply::List(listed));
}

fn passes(list: &List, stored: &Stored, now: Timestamp) -> bool {
    let List { states, producers, duration_ms, ticket: _ } = list;
    (states.is_empty() || states.contains(stored.state.name()))
        && (producers.is_empty() || producers.contains(&stored.producer))
        && (*duration_ms < 0 || *duration_ms < now.0.saturating_sub(stored.started.0))
}
