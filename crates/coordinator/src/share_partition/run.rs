//! A run: neighbouring records to which the same has happened.

use super::history::History;
use ottla_base::{Offset, Tick, Timestamp};
use ottla_wire::Str;

/// The priority of a record that names none.
pub const PRIORITY_DEFAULT: u8 = 4;
/// The most urgent priority.
pub const PRIORITY_MAX: u8 = 9;

/// What a record says about its own delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Not to be delivered before; [`Timestamp::NONE`] for at once.
    pub due: Timestamp,
    /// Not to be delivered from then on; [`Timestamp::NONE`] for never expires.
    pub expires: Timestamp,
    /// 0 to 9, and 9 comes first.
    pub priority: u8,
    /// A hash of its key, if the order of keys is kept and it has one.
    pub key: Option<u64>,
}

impl Default for Facts {
    fn default() -> Self {
        Self { due: Timestamp::NONE, expires: Timestamp::NONE, priority: PRIORITY_DEFAULT, key: None }
    }
}

impl Facts {
    pub(super) fn is_due(&self, wall: Timestamp) -> bool {
        self.due == Timestamp::NONE || self.due <= wall
    }

    pub(super) fn is_expired(&self, wall: Timestamp) -> bool {
        self.expires != Timestamp::NONE && self.expires <= wall
    }
}

/// Why a record is not delivered any more, though nobody has accepted it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// A member rejected it.
    Rejected,
    /// It was delivered as often as the limit allows.
    Exhausted,
    /// Its time to live is over.
    Expired,
}

/// What is kept of records on their way to the dead-letter topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// How often they were delivered.
    pub delivery_count: i16,
    /// Why they are not delivered any more.
    pub reason: Reason,
    /// Who had them last; empty if nobody had.
    pub member: Str,
    /// When that was decided.
    pub at: Timestamp,
    /// What became of the deliveries.
    pub history: History,
}

/// Records that were acquired together, or stand in one batch of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Batch {
    pub(super) first: Offset,
    pub(super) size: i64,
    /// What they take in the log.
    pub(super) bytes: i64,
}

/// Records `first..=last`, where `first` is the key of the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) last: Offset,
    pub(super) state: State,
    /// How often they were acquired.
    pub(super) count: i16,
    pub(super) facts: Facts,
    /// Where they come from; isolation halves by its size.
    pub(super) batch: Batch,
    /// Who had them last; empty if nobody had.
    pub(super) member: Str,
    /// Their deliveries before the one that is under way.
    pub(super) history: History,
}

/// A member's right to some records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lock {
    /// When it ends by itself.
    pub(super) until: Tick,
    /// When it began.
    pub(super) since: Timestamp,
    pub(super) renewals: i16,
}

/// What a run is doing. What is acknowledged or archived has no run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Available, and may be handed out.
    Ready,
    /// Available, but another record of its key comes first.
    Blocked,
    /// Available, but not due yet.
    Scheduled,
    /// Available, but resting until then.
    Retrying(Tick),
    /// With a member.
    Acquired(Lock),
    /// On the way to the dead-letter topic; is it in the hands of the writer?
    Archiving { letter: Letter, is_out: bool },
}

impl Run {
    pub(super) fn size(&self, first: Offset) -> i64 {
        self.last.0 - first.0 + 1
    }

    pub(super) fn is_waiting(&self) -> bool {
        match self.state {
            State::Ready | State::Blocked | State::Scheduled | State::Retrying(_) => true,
            State::Acquired(_) | State::Archiving { .. } => false,
        }
    }

    /// Whether it has its place in the order of its key.
    pub(super) fn key_in_line(&self) -> Option<u64> {
        match self.state {
            State::Ready | State::Blocked | State::Retrying(_) | State::Acquired(_) => self.facts.key,
            State::Scheduled | State::Archiving { .. } => None,
        }
    }
}
