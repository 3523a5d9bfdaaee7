//! The shape of everything that decides: a state machine without side effects.
//!
//! Invariants: [`Machine::decide`] can only read the hard state, [`Machine::apply`] is the only code that
//! changes it, and applying the same records in the same order gives the same hard state, live or on replay.
//! Roll-back does not exist: if records cannot be made durable, the runner drops both states and replays.

use crate::codec::DecodeError;
use ottla_base::{Now, Tick};

/// Names a waiting client; the shard that runs the machine turns it back into a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// What a machine wants to happen: records become durable in order, then the replies go out.
pub struct Decision<M: Machine + ?Sized> {
    /// Changes of the hard state, not applied yet.
    pub records: Vec<M::Record>,
    /// Answers to this command or to earlier ones that were parked. None may leave before the records of
    /// this and all earlier decisions are durable.
    pub replies: Vec<(Ticket, M::Reply)>,
}

/// One row of the journal: the bytes a record is stored as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Unique within the shard. A later entry with the same key replaces the earlier one.
    pub key: Vec<u8>,
    /// `None` removes the row.
    pub value: Option<Vec<u8>>,
}

/// A state machine that a shard of the broker runs.
pub trait Machine {
    /// Rebuilt by replaying records. `decide` can only read it.
    type Hard: Default;
    /// Lost in a crash: waiting clients, session clocks.
    type Soft: Default;
    /// What can happen to it.
    type Command;
    /// One change of the hard state.
    type Record;
    /// One answer to one client.
    type Reply;

    /// Decides what `command` means at `now`. Must never panic on anything a client can send. The first command
    /// after the hard state was loaded makes the soft state of it, and decides no records.
    fn decide(hard: &Self::Hard, soft: &mut Self::Soft, now: Now, command: Self::Command) -> Decision<Self>;

    /// Changes the hard state. Total and infallible; the same code runs live and on replay.
    fn apply(hard: &mut Self::Hard, record: &Self::Record);

    /// When to send [`Machine::tick`] if nothing else happens before. At most O(log n).
    fn next_deadline(soft: &Self::Soft) -> Option<Tick>;

    /// The command that lets deadlines pass. Harmless when none is due.
    fn tick() -> Self::Command;

    /// The journal row that stands for `record`.
    fn encode(record: &Self::Record) -> Entry;

    /// The record that a journal row stands for. Total on any bytes.
    ///
    /// # Errors
    /// [`DecodeError`] if the row was not written by [`Machine::encode`] of this or an older release: the
    /// shard must not be served, because its state is not known.
    fn decode(key: &[u8], value: &[u8]) -> Result<Self::Record, DecodeError>;
}
