//! The history of a run: what clients did and saw, one JSON object a line.
//!
//! Every client writes lines of its own, in any number of files; only lines of one `client` about one partition
//! have an order among each other. What holds in every history:
//!
//! - A **value** is a number that is sent once in the whole run. The values of one `client` rise in the order in
//!   which it sent them. A client that starts over (a new producer, a new consumer) takes a new name.
//! - A **partition** is its topic and number, `orders-0`.
//! - **Times** are nanoseconds of one clock that all clients of the run share, such as the machine's monotonic one.
//! - Everything that was attempted is told, with `unknown` if the client cannot know what became of it. `failed`
//!   is only what was surely not stored.
//! - A run ends with readers that read everything and say `drained`.
//! - A record with a **key** is one of a compacted partition: it may be gone once a later record of its key is there,
//!   and one that `deletes` may be gone anyway.
//! - A partition whose records are acknowledged before they are durable may **lose** its end in a power cut. All lines
//!   about it from before the power cut stand before that line, but for transactions that ended later.
//!
//! ```json
//! {"event":"send","client":"p1","producer":"idempotent","partition":"a-0","value":7,"outcome":"ok","offset":3}
//! {"event":"transaction","client":"t1","outcome":"committed","ended":500,"finished":510,
//!  "sends":[{"partition":"b-0","value":90,"offset":4}],"group":"g","reads":[{"partition":"a-0","first":0,"next":4}]}
//! {"event":"assign","client":"c1","partition":"a-0","offset":0}
//! {"event":"poll","client":"c1","isolation":"read_committed","partition":"a-0","start":1,"end":9,"next":4,"records":[[3,7]]}
//! {"event":"commit","client":"c1","group":"h","partition":"a-0","offset":4,"outcome":"ok","start":10,"end":12}
//! {"event":"committed","client":"c2","group":"h","partition":"a-0","offset":4,"start":20,"end":21}
//! {"event":"end","client":"c2","isolation":"read_committed","partition":"a-0","offset":4,"start":22,"end":23}
//! {"event":"trim","client":"a1","partition":"a-0","offset":2}
//! {"event":"send","client":"p1","producer":"idempotent","partition":"k-0","value":8,"key":{"number":1,"deletes":false},"outcome":"ok","offset":0}
//! {"event":"lost","partition":"a-0","offset":9,"at":30}
//! {"event":"drained","client":"c2","isolation":"read_committed","partition":"a-0"}
//! ```

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::io::{self, BufRead, Write};

/// One line of a history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case", deny_unknown_fields)]
pub enum Event {
    /// A record sent outside a transaction.
    Send(Send),
    /// A transaction, once it has ended in whatever way.
    Transaction(Transaction),
    /// A reader begins to read a partition here; what it read before does not bind it.
    Assign {
        /// Who reads.
        client: String,
        /// What it reads.
        partition: String,
        /// Where it begins; without it, where its first poll begins.
        offset: Option<i64>,
    },
    /// What one poll gave of one partition.
    Poll(Poll),
    /// A group's offset was committed outside a transaction.
    Commit(Commit),
    /// A group's committed offset was asked for.
    Committed(Committed),
    /// A partition's end was asked for.
    End(End),
    /// Records below `offset` may be gone by request.
    Trim {
        /// Who asked.
        client: String,
        /// What was trimmed.
        partition: String,
        /// The least offset that must still be there.
        offset: i64,
    },
    /// A power cut may have taken what stood at `offset` and behind it; the log goes on at `offset`.
    Lost {
        /// Which log.
        partition: String,
        /// Where it ends now.
        offset: i64,
        /// When it was there again.
        at: u64,
    },
    /// A reader reached the end after everybody had stopped sending.
    Drained {
        /// Who reads.
        client: String,
        /// How it reads.
        isolation: Isolation,
        /// What it reads.
        partition: String,
    },
}

/// A record sent outside a transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Send {
    /// Who sent.
    pub client: String,
    /// What it was promised.
    pub producer: Producer,
    /// Where to.
    pub partition: String,
    /// What.
    pub value: u64,
    /// Its key, if that matters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Key>,
    /// What became of it.
    pub outcome: Outcome,
    /// Where it is, if the acknowledgement said so.
    pub offset: Option<i64>,
}

/// Of which key a record of a compacted partition is the newest, until the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Key {
    /// Which.
    pub number: u64,
    /// Whether the record is a tombstone.
    pub deletes: bool,
}

/// What a producer is promised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Producer {
    /// Its retries may store a record twice and in another order.
    Plain,
    /// Its records are stored once and in order.
    Idempotent,
}

/// What the client knows of something that it attempted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was acknowledged.
    Ok,
    /// It surely did not happen.
    Failed,
    /// Nobody knows.
    Unknown,
}

/// A transaction and all that was in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transaction {
    /// Who ran it.
    pub client: String,
    /// How it ended.
    pub outcome: Ending,
    /// When the client asked for its end.
    pub ended: u64,
    /// When it had the answer.
    pub finished: u64,
    /// The records.
    pub sends: Vec<Sent>,
    /// Whose offsets were committed with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Which input was consumed with it. A transaction that consumes also sends, so that its outcome shows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reads: Vec<Range>,
}

/// How a transaction ended, as far as its client knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// The commit was acknowledged.
    Committed,
    /// No commit was ever asked for, or it was refused for good.
    Aborted,
    /// A commit was asked for, and nobody knows.
    Unknown,
}

/// A record of a transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sent {
    /// Where to.
    pub partition: String,
    /// What.
    pub value: u64,
    /// Its key, if that matters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Key>,
    /// Where it is, if the acknowledgement said so.
    pub offset: Option<i64>,
}

/// Offsets `first..next` of a partition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Range {
    /// Of what.
    pub partition: String,
    /// The position before.
    pub first: i64,
    /// The position after, which is what the transaction commits.
    pub next: i64,
}

/// What one poll gave of one partition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Poll {
    /// Who reads.
    pub client: String,
    /// How it reads.
    pub isolation: Isolation,
    /// What it reads.
    pub partition: String,
    /// When the poll began.
    pub start: u64,
    /// When it returned.
    pub end: u64,
    /// The position after it. It may have passed records that the isolation hides.
    pub next: i64,
    /// Offset and value of each record.
    pub records: Vec<(i64, u64)>,
}

/// Which records a reader is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Isolation {
    /// All up to the high watermark.
    ReadUncommitted,
    /// Those that are in no open and in no aborted transaction.
    ReadCommitted,
}

/// A group's offset was committed outside a transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Commit {
    /// Who committed.
    pub client: String,
    /// For whom.
    pub group: String,
    /// Of what.
    pub partition: String,
    /// The position.
    pub offset: i64,
    /// What became of it.
    pub outcome: Outcome,
    /// When it was asked for.
    pub start: u64,
    /// When it was answered or given up.
    pub end: u64,
}

/// The answer to a question for a group's committed offset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Committed {
    /// Who asked.
    pub client: String,
    /// For whom.
    pub group: String,
    /// Of what.
    pub partition: String,
    /// The answer; nothing if there is no committed offset.
    pub offset: Option<i64>,
    /// When it was asked.
    pub start: u64,
    /// When it was answered.
    pub end: u64,
}

/// The answer to a question for a partition's end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct End {
    /// Who asked.
    pub client: String,
    /// Whose end: the high watermark, or the last stable offset.
    pub isolation: Isolation,
    /// Of what.
    pub partition: String,
    /// The answer.
    pub offset: i64,
    /// When it was asked.
    pub start: u64,
    /// When it was answered.
    pub end: u64,
}

impl fmt::Display for Isolation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ReadUncommitted => "read_uncommitted",
            Self::ReadCommitted => "read_committed",
        })
    }
}

/// Hands every event of `lines` to `hear`, of whichever kind of history. Empty lines are skipped.
///
/// # Errors
/// With the number of the line that cannot be read or is no event. A program that was killed while writing leaves
/// half a line behind: that is an error too, for the event is missing.
pub fn read<E: DeserializeOwned>(lines: impl BufRead, mut hear: impl FnMut(E)) -> Result<(), ReadError> {
    for (index, line) in lines.lines().enumerate() {
        let number = index + 1;
        let line = line.map_err(|source| ReadError::Io { number, source })?;
        if !line.is_empty() {
            let event =
                serde_json::from_str(&line).map_err(|source| ReadError::NoEvent { number, source })?;
            hear(event);
        }
    }
    Ok(())
}

/// Writes one event as one line.
///
/// # Errors
/// If the file cannot be written.
pub fn write(event: &Event, out: &mut impl Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, event).map_err(io::Error::from)?;
    out.write_all(b"\n")
}

/// Why a history cannot be read.
#[derive(Debug)]
pub enum ReadError {
    /// The file cannot be read.
    Io {
        /// Counted from 1.
        number: usize,
        /// What the system says.
        source: io::Error,
    },
    /// A line is no event of a history.
    NoEvent {
        /// Counted from 1.
        number: usize,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { number, source } => write!(f, "line {number}: cannot be read: {source}"),
            Self::NoEvent { number, source } => write!(f, "line {number}: no event of a history: {source}"),
        }
    }
}

impl std::error::Error for ReadError {}
