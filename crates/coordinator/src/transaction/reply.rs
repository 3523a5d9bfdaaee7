//! The answers of the transaction machine.

use super::listing::Described;
use super::state::Ending;
use ottla_wire::ErrorCode;
use ottla_wire::message::list_transactions_response::TransactionState;
use ottla_wire::message::{EndTxnResponse, InitProducerIdResponse};

/// An answer to a command, of the same name.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// To [`Command::Init`](super::Command::Init).
    Init(InitProducerIdResponse),
    /// To [`Command::Init`](super::Command::Init) and [`Command::End`](super::Command::End) without a spare producer
    /// id where one is needed: nothing was decided, ask again with one.
    SpareNeeded,
    /// To [`Command::Add`](super::Command::Add): all were added, or none.
    Add(Result<(), ErrorCode>),
    /// To [`Command::Verify`](super::Command::Verify): one for each participant, in their order.
    Verify(Vec<Result<(), ErrorCode>>),
    /// To [`Command::End`](super::Command::End), when the transaction is complete or at once if it cannot be.
    End(EndTxnResponse),
    /// To [`Command::Endings`](super::Command::Endings), when there are some; none if another finisher asks.
    Endings(Vec<Ending>),
    /// To [`Command::Reconcile`](super::Command::Reconcile).
    Reconcile {
        /// The places, in the list, of what belongs to a transaction of this shard.
        known: Vec<usize>,
        /// The places of what a producer of this shard has left behind and cannot go on with.
        orphans: Vec<usize>,
        /// How many transactions are prepared, and so the finisher's work.
        prepared: usize,
    },
    /// To [`Command::Describe`](super::Command::Describe); `None` if there is no such id.
    Describe(Option<Described>),
    /// To [`Command::List`](super::Command::List).
    List(Vec<TransactionState>),
    /// To [`Command::Complete`](super::Command::Complete).
    Done,
}

impl From<InitProducerIdResponse> for Reply {
    fn from(response: InitProducerIdResponse) -> Self {
        Self::Init(response)
    }
}

impl From<EndTxnResponse> for Reply {
    fn from(response: EndTxnResponse) -> Self {
        Self::End(response)
    }
}
