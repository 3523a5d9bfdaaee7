//! The answers of the share-partition machine.

use super::dead_letter::Letters;
use super::describe::Described;
use ottla_base::Offset;
use ottla_wire::ErrorCode;

/// An answer to a command.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// To [`Command::Open`](super::Command::Open).
    Opened {
        /// Where the share-partition starts; where the command said only if it was made now.
        start: Offset,
    },
    /// To [`Command::Acquire`](super::Command::Acquire).
    Acquired(Acquired),
    /// There is no such share-partition: it must be opened first. To any command that names one.
    Absent,
    /// To [`Command::Acknowledge`](super::Command::Acknowledge).
    Acknowledged(Result<(), Refusal>),
    /// To [`Command::Watch`](super::Command::Watch): it is worth trying again; or a later watch of the same member has
    /// taken the place of this one.
    Awake,
    /// To [`Command::Describe`](super::Command::Describe).
    Described(Vec<Described>),
    /// To [`Command::DeadLetters`](super::Command::DeadLetters); empty if another writer asks.
    DeadLetters(Vec<Letters>),
    /// To [`Command::DeadLetterPosition`](super::Command::DeadLetterPosition): what of the ranges is still on its way,
    /// first and last offsets.
    Awaited(Vec<(Offset, Offset)>),
    /// To the others.
    Done,
}

/// What a member got.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Acquired {
    /// Ascending, and not overlapping. Empty if nothing is available now.
    pub ranges: Vec<Range>,
    /// What to read in the log before asking again. Then there are no ranges.
    pub feed: Option<Feed>,
}

/// Records that a member has now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// The first of them.
    pub first: Offset,
    /// The last of them.
    pub last: Offset,
    /// How often they were delivered, this time included.
    pub delivery_count: i16,
}

/// What to read in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Feed {
    /// From where.
    pub from: Offset,
    /// At least one batch; no batch that begins after this many records, at least 1.
    pub records_max: i64,
}

/// Why acknowledgements were not accepted. None of those in the command were.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// `INVALID_REQUEST` or `INVALID_RECORD_STATE`.
    pub code: ErrorCode,
    /// The cause and the cure.
    pub message: &'static str,
}
