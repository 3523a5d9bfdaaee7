//! The journal rows of share-partitions.
//!
//! ```text
//! key    1 | group | topic id: 16 bytes | partition: i32
//! value  0 (version) | start: i64 | 0, or 1 and the position of dead letters: topic id: 16 bytes | partition: i32
//!          | offset: i64
//!
//! key    2 | group | topic id: 16 bytes | partition: i32 | first offset: i64
//! value  0 or 1 (version) | last offset: i64 | mark: byte | …
//!          mark 0, done
//!          mark 1, available: delivery count: i16 | due: i64 ms | history
//!          mark 2, archiving: delivery count: i16 | reason: byte | member | since: i64 ms | history
//! history, in version 1 only: count: byte | each delivery: member | at: i64 ms | until: i64 ms | renewals: i16 | ending: byte
//! ```
//! Reasons: 0 rejected, 1 exhausted, 2 expired. Endings: 0 released, 1 timed out, 2 gone, 3 rejected. -1 is "none" for times. Numbers are big-endian; group and member are text
//! after a u32 length. Keys never change. A value may change with a new version byte; old ones stay readable.

use super::Id;
use super::history::History;
use super::run::{Letter, Reason};
use super::stored::{Header, Mark, Position, Row};
use crate::codec::{DecodeError, Input, Output};
use crate::machine::Entry;
use ottla_base::{Offset, PartitionId, PartitionIndex, Timestamp, TopicId};

/// One change of what is known about share-partitions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// What is kept once for each share-partition is now this, or it is gone. Then it has no rows.
    Partition {
        /// Which share-partition.
        id: Id,
        /// `None`: it is gone.
        header: Option<Header>,
    },
    /// What is known of some of its records.
    Row {
        /// Whose records.
        id: Id,
        /// The first of them.
        first: Offset,
        /// `None`: nothing any more, or another row says it.
        row: Option<Row>,
    },
}

const KEY_PARTITION: u8 = 1;
const KEY_ROW: u8 = 2;
const VERSION: u8 = 0;
const VERSION_WITH_HISTORY: u8 = 1;
const MARK_DONE: u8 = 0;
const MARK_AVAILABLE: u8 = 1;
const MARK_ARCHIVING: u8 = 2;

pub(super) fn encode(record: &Record) -> Entry {
    match record {
        Record::Partition { id, header } => {
            let value = header.as_ref().map(encode_header);
            Entry { key: key(KEY_PARTITION, id).finish(), value }
        }
        Record::Row { id, first, row } => {
            Entry { key: key(KEY_ROW, id).long(first.0).finish(), value: row.as_ref().map(encode_row) }
        }
    }
}

pub(super) fn decode(key: &[u8], value: &[u8]) -> Result<Record, DecodeError> {
    let (mut key, mut value) = (Input::new(key), Input::new(value));
    let kind = key.byte()?;
    let version = value.byte()?;
    if ![VERSION, VERSION_WITH_HISTORY].contains(&version) || kind == KEY_PARTITION && version != VERSION {
        return Err(DecodeError::Unknown(version));
    }
    let id = Id { group: key.text()?, partition: partition(&mut key)? };
    let record = match kind {
        KEY_PARTITION => Record::Partition { id, header: Some(decode_header(&mut value)?) },
        KEY_ROW => {
            Record::Row { id, first: Offset(key.long()?), row: Some(decode_row(&mut value, version)?) }
        }
        other => return Err(DecodeError::Unknown(other)),
    };
    key.end()?;
    value.end()?;
    Ok(record)
}

fn key(kind: u8, id: &Id) -> Output {
    let PartitionId { topic, index } = id.partition;
    Output::default().byte(kind).text(&id.group).uuid(topic.0).int(index.0)
}

fn partition(input: &mut Input<'_>) -> Result<PartitionId, DecodeError> {
    Ok(PartitionId { topic: TopicId(input.uuid()?), index: PartitionIndex(input.int()?) })
}

fn encode_header(header: &Header) -> Vec<u8> {
    let Header { start, dead_letters } = header;
    let value = Output::default().byte(VERSION).long(start.0);
    match dead_letters {
        None => value.byte(0).finish(),
        Some(Position { partition: PartitionId { topic, index }, offset }) => {
            value.byte(1).uuid(topic.0).int(index.0).long(offset.0).finish()
        }
    }
}

fn decode_header(value: &mut Input<'_>) -> Result<Header, DecodeError> {
    let start = Offset(value.long()?);
    let dead_letters = match value.byte()? {
        0 => None,
        1 => Some(Position { partition: partition(value)?, offset: Offset(value.long()?) }),
        other => return Err(DecodeError::Unknown(other)),
    };
    Ok(Header { start, dead_letters })
}

fn encode_row(row: &Row) -> Vec<u8> {
    let Row { last, mark } = row;
    let head = |history: &History| {
        let version = if history.is_empty() { VERSION } else { VERSION_WITH_HISTORY };
        Output::default().byte(version).long(last.0)
    };
    let (value, history) = match mark {
        Mark::Done => return head(&History::default()).byte(MARK_DONE).finish(),
        Mark::Available { delivery_count, due, history } => {
            (head(history).byte(MARK_AVAILABLE).short(*delivery_count).long(due.0), history)
        }
        Mark::Archiving(Letter { delivery_count, reason, member, at, history }) => {
            let reason = match reason {
                Reason::Rejected => 0,
                Reason::Exhausted => 1,
                Reason::Expired => 2,
            };
            let value = head(history).byte(MARK_ARCHIVING).short(*delivery_count).byte(reason);
            (value.text(member).long(at.0), history)
        }
    };
    if history.is_empty() { value.finish() } else { history.encode(value).finish() }
}

fn decode_row(value: &mut Input<'_>, version: u8) -> Result<Row, DecodeError> {
    let last = Offset(value.long()?);
    let history = |value: &mut Input<'_>| match version {
        VERSION_WITH_HISTORY => History::decode(value),
        _ => Ok(History::default()),
    };
    let mark = match value.byte()? {
        MARK_DONE => Mark::Done,
        MARK_AVAILABLE => Mark::Available {
            delivery_count: value.short()?,
            due: Timestamp(value.long()?),
            history: history(value)?,
        },
        MARK_ARCHIVING => Mark::Archiving(Letter {
            delivery_count: value.short()?,
            reason: match value.byte()? {
                0 => Reason::Rejected,
                1 => Reason::Exhausted,
                2 => Reason::Expired,
                other => return Err(DecodeError::Unknown(other)),
            },
            member: value.text()?,
            at: Timestamp(value.long()?),
            history: history(value)?,
        }),
        other => return Err(DecodeError::Unknown(other)),
    };
    Ok(Row { last, mark })
}
