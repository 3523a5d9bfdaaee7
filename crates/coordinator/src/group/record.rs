//! The journal rows of groups and offsets.
//!
//! ```text
//! key    1 | group id                                            a group
//! value  0 (version) | 0 (type: classic) | as the type writes it
//!
//! key    2 | group id | topic | partition: i32                   a committed offset
//! value  0 (version) | offset: i64 | leader epoch: i32 | metadata | committed: i64 ms
//!          | expires: i64 ms, -1 for never | topic id: 16 bytes, zero for unknown
//! ```
//! Numbers are big-endian; text is a u32 length and UTF-8, but the group id of a group's key has no length.
//! Keys never change. A value may change with a new version byte; old ones stay readable.

use super::live::Stored;
use super::offsets::Committed;
use crate::codec::{DecodeError, Input, Output};
use crate::machine::Entry;
use ottla_base::{LeaderEpoch, Offset, PartitionIndex, Timestamp, TopicId};
use ottla_wire::Str;

/// One change of what is known about groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// The group is now this, or is gone with all its offsets.
    Group {
        /// Which group.
        group: Str,
        /// `None`: it is gone.
        stored: Option<Stored>,
    },
    /// The offset of one partition is now this, or is gone.
    Offset {
        /// Which group's.
        group: Str,
        /// The topic by name.
        topic: Str,
        /// The partition of that topic.
        partition: PartitionIndex,
        /// `None`: it is gone.
        committed: Option<Committed>,
    },
}

const KEY_GROUP: u8 = 1;
const KEY_OFFSET: u8 = 2;
const VERSION: u8 = 0;
const EXPIRES_NEVER: i64 = -1;

pub(super) fn encode(record: &Record) -> Entry {
    match record {
        Record::Group { group, stored } => {
            let mut key = vec![KEY_GROUP];
            key.extend(group.as_bytes());
            let value = stored.as_ref().map(|stored| stored.encode(Output::default().byte(VERSION)).finish());
            Entry { key, value }
        }
        Record::Offset { group, topic, partition, committed } => Entry {
            key: Output::default().byte(KEY_OFFSET).text(group).text(topic).int(partition.0).finish(),
            value: committed.as_ref().map(encode_committed),
        },
    }
}

pub(super) fn decode(key: &[u8], value: &[u8]) -> Result<Record, DecodeError> {
    let mut value = Input::new(value);
    match value.byte()? {
        VERSION => {}
        other => return Err(DecodeError::Unknown(other)),
    }
    let (kind, rest) = key.split_first().ok_or(DecodeError::Truncated)?;
    let mut key = Input::new(rest);
    let record = match *kind {
        KEY_GROUP => Record::Group {
            group: std::str::from_utf8(rest).map(Str::from).map_err(|_| DecodeError::NotText)?,
            stored: Some(Stored::decode(&mut value)?),
        },
        KEY_OFFSET => {
            let (group, topic) = (key.text()?, key.text()?);
            let partition = PartitionIndex(key.int()?);
            key.end()?;
            Record::Offset { group, topic, partition, committed: Some(decode_committed(&mut value)?) }
        }
        other => return Err(DecodeError::Unknown(other)),
    };
    value.end()?;
    Ok(record)
}

fn encode_committed(committed: &Committed) -> Vec<u8> {
    let Committed { offset, leader_epoch, metadata, committed_at, expires_at, topic_id } = committed;
    Output::default()
        .byte(VERSION)
        .long(offset.0)
        .int(leader_epoch.0)
        .text(metadata)
        .long(committed_at.0)
        .long(expires_at.map_or(EXPIRES_NEVER, |at| at.0))
        .uuid(topic_id.0)
        .finish()
}

fn decode_committed(value: &mut Input<'_>) -> Result<Committed, DecodeError> {
    Ok(Committed {
        offset: Offset(value.long()?),
        leader_epoch: LeaderEpoch(value.int()?),
        metadata: value.text()?,
        committed_at: Timestamp(value.long()?),
        expires_at: Some(value.long()?).filter(|at| *at != EXPIRES_NEVER).map(Timestamp),
        topic_id: TopicId(value.uuid()?),
    })
}
