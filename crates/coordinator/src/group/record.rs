//! The journal rows of groups and offsets.
//!
//! ```text
//! key    1 | group id                                            a group
//! value  0 (version) | type: 0 classic, 1 consumer, 2 share, 3 streams | as the type writes it
//!
//! key    2 | group id | topic | partition: i32                   a committed offset
//! value  1 (version) | offset: i64 | leader epoch: i32 | metadata | committed: i64 ms
//!          | expires: i64 ms, -1 for never | topic id: 16 bytes, zero for unknown
//!          | position: i64 (not in version 0, which means 0)
//!
//! key    3 | group id | topic | partition: i32 | producer id: i64  an offset that a transaction has pending
//! value  1 (version) | as 2 | producer epoch: i16
//!
//! key    4 | group id | member id                                a member of a consumer group, 5: of a share group
//! value  0 (version) | as the type writes it
//!
//! key    6 | group id | member id                                a member of a streams group
//! value  0 (version) | as the type writes it
//! ```
//! Numbers are big-endian; text is a u32 length and UTF-8, but the group id of a group's key has no length.
//! Keys never change. A value may change with a new version byte; old ones stay readable.

use super::live::{MemberOf, Stored, StoredMember};
use super::offsets::{Committed, PendingOffset};
use crate::codec::{DecodeError, Input, Output};
use crate::machine::Entry;
use ottla_base::{LeaderEpoch, Offset, PartitionIndex, ProducerEpoch, ProducerId, Timestamp, TopicId};
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
    /// A member of a group that stores its members one by one is now this, or is gone.
    Member {
        /// Which group's.
        group: Str,
        /// Its member id.
        member: Str,
        /// The type of its group.
        of: MemberOf,
        /// `None`: it is gone.
        stored: Option<StoredMember>,
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
    /// What a transaction has pending for one partition is now this, or is gone.
    Pending {
        /// Which group's.
        group: Str,
        /// Whose transaction.
        producer: ProducerId,
        /// The topic by name.
        topic: Str,
        /// The partition of that topic.
        partition: PartitionIndex,
        /// `None`: it is gone.
        pending: Option<PendingOffset>,
    },
}

const KEY_GROUP: u8 = 1;
const KEY_OFFSET: u8 = 2;
const KEY_PENDING: u8 = 3;
const VERSION: u8 = 0;
/// Of committed and pending offsets: with the position.
const VERSION_POSITION: u8 = 1;
const EXPIRES_NEVER: i64 = -1;

pub(super) fn encode(record: &Record) -> Entry {
    match record {
        Record::Group { group, stored } => {
            let mut key = vec![KEY_GROUP];
            key.extend(group.as_bytes());
            let value = stored.as_ref().map(|stored| stored.encode(Output::default().byte(VERSION)).finish());
            Entry { key, value }
        }
        Record::Member { group, member, of, stored } => Entry {
            key: Output::default().byte(of.key()).text(group).text(member).finish(),
            value: stored.as_ref().map(|stored| stored.encode(Output::default().byte(VERSION)).finish()),
        },
        Record::Offset { group, topic, partition, committed } => Entry {
            key: Output::default().byte(KEY_OFFSET).text(group).text(topic).int(partition.0).finish(),
            value: committed.as_ref().map(|committed| encode_committed(committed).finish()),
        },
        Record::Pending { group, producer, topic, partition, pending } => Entry {
            key: Output::default()
                .byte(KEY_PENDING)
                .text(group)
                .text(topic)
                .int(partition.0)
                .long(producer.0)
                .finish(),
            value: pending
                .as_ref()
                .map(|pending| encode_committed(&pending.committed).short(pending.producer_epoch.0).finish()),
        },
    }
}

pub(super) fn decode(key: &[u8], value: &[u8]) -> Result<Record, DecodeError> {
    let mut value = Input::new(value);
    let version = value.byte()?;
    let (kind, rest) = key.split_first().ok_or(DecodeError::Truncated)?;
    let mut key = Input::new(rest);
    let record = match (*kind, version) {
        (KEY_GROUP, VERSION) => Record::Group {
            group: std::str::from_utf8(rest).map(Str::from).map_err(|_| DecodeError::NotText)?,
            stored: Some(Stored::decode(&mut value)?),
        },
        (KEY_OFFSET, VERSION | VERSION_POSITION) => {
            let (group, topic) = (key.text()?, key.text()?);
            let partition = PartitionIndex(key.int()?);
            key.end()?;
            Record::Offset {
                group,
                topic,
                partition,
                committed: Some(decode_committed(&mut value, version)?),
            }
        }
        (KEY_PENDING, VERSION_POSITION) => {
            let (group, topic) = (key.text()?, key.text()?);
            let partition = PartitionIndex(key.int()?);
            let producer = ProducerId(key.long()?);
            key.end()?;
            let committed = decode_committed(&mut value, version)?;
            let pending = Some(PendingOffset { committed, producer_epoch: ProducerEpoch(value.short()?) });
            Record::Pending { group, producer, topic, partition, pending }
        }
        (KEY_GROUP | KEY_OFFSET | KEY_PENDING, version) => return Err(DecodeError::Unknown(version)),
        (kind, version) => {
            let of = MemberOf::of_key(kind).ok_or(DecodeError::Unknown(kind))?;
            if version != VERSION {
                return Err(DecodeError::Unknown(version));
            }
            let (group, member) = (key.text()?, key.text()?);
            key.end()?;
            Record::Member { group, member, of, stored: Some(StoredMember::decode(of, &mut value)?) }
        }
    };
    value.end()?;
    Ok(record)
}

fn encode_committed(committed: &Committed) -> Output {
    let Committed { offset, leader_epoch, metadata, committed_at, expires_at, topic_id, position } =
        committed;
    Output::default()
        .byte(VERSION_POSITION)
        .long(offset.0)
        .int(leader_epoch.0)
        .text(metadata)
        .long(committed_at.0)
        .long(expires_at.map_or(EXPIRES_NEVER, |at| at.0))
        .uuid(topic_id.0)
        .long(*position)
}

fn decode_committed(value: &mut Input<'_>, version: u8) -> Result<Committed, DecodeError> {
    Ok(Committed {
        offset: Offset(value.long()?),
        leader_epoch: LeaderEpoch(value.int()?),
        metadata: value.text()?,
        committed_at: Timestamp(value.long()?),
        expires_at: Some(value.long()?).filter(|at| *at != EXPIRES_NEVER).map(Timestamp),
        topic_id: TopicId(value.uuid()?),
        position: if version < VERSION_POSITION { 0 } else { value.long()? },
    })
}
