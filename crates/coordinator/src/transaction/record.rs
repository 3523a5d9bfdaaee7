//! The journal rows of transactional ids and their participants.
//!
//! ```text
//! key    1 | transactional id
//! value  0 (version) | state: byte | transaction version: byte, 1 or 2 | producer: i64 | epoch: i32
//!          | last epoch: i32 | previous producer: i64 | next producer: i64 | timeout: i32 ms
//!          | started: i64 ms | updated: i64 ms
//!
//! key    2 | transactional id | kind: byte | …                   a participant of the transaction that is open
//!          kind 0, a partition: topic id: 16 bytes | index: i32
//!          kind 1, a partition of `__consumer_offsets`: index: i32
//! value  0 (version)
//! ```
//! States: 0 Empty, 1 Ongoing, 2 PrepareCommit, 3 PrepareAbort, 4 CompleteCommit, 5 CompleteAbort, as in Kafka. -1 is
//! "none" for producers, epochs and times. Numbers are big-endian; text is a u32 length and UTF-8, but the id in the
//! first key has no length. Keys never change. A value may change with a new version byte; old ones stay readable.

use super::state::{Participant, State, Stored, Version};
use crate::codec::{DecodeError, Input, Output};
use crate::machine::Entry;
use ottla_base::{PartitionId, PartitionIndex, ProducerEpoch, ProducerId, Timestamp, TopicId};
use ottla_wire::Str;
use ottla_wire::record::MarkerKind;

/// One change of what is known about transactions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// What is stored of an id is now this, or the id is gone. Then it has no participants.
    Id {
        /// Which transactional id.
        id: Str,
        /// `None`: it is gone.
        stored: Option<Stored>,
    },
    /// The open transaction has one more participant.
    Joined {
        /// Whose transaction.
        id: Str,
        /// Who takes part.
        participant: Participant,
    },
    /// The transaction has ended for a participant.
    Left {
        /// Whose transaction.
        id: Str,
        /// Who took part.
        participant: Participant,
    },
}

const KEY_ID: u8 = 1;
const KEY_PARTICIPANT: u8 = 2;
const VERSION: u8 = 0;
const KIND_PARTITION: u8 = 0;
const KIND_OFFSETS: u8 = 1;

pub(super) fn encode(record: &Record) -> Entry {
    match record {
        Record::Id { id, stored } => {
            let mut key = vec![KEY_ID];
            key.extend(id.as_bytes());
            Entry { key, value: stored.as_ref().map(encode_stored) }
        }
        Record::Joined { id, participant } => {
            Entry { key: participant_key(id, participant), value: Some(vec![VERSION]) }
        }
        Record::Left { id, participant } => Entry { key: participant_key(id, participant), value: None },
    }
}

pub(super) fn decode(key: &[u8], value: &[u8]) -> Result<Record, DecodeError> {
    let mut value = Input::new(value);
    match value.byte()? {
        VERSION => {}
        other => return Err(DecodeError::Unknown(other)),
    }
    let (kind, rest) = key.split_first().ok_or(DecodeError::Truncated)?;
    let record = match *kind {
        KEY_ID => Record::Id {
            id: std::str::from_utf8(rest).map(Str::from).map_err(|_| DecodeError::NotText)?,
            stored: Some(decode_stored(&mut value)?),
        },
        KEY_PARTICIPANT => {
            let mut key = Input::new(rest);
            let record = Record::Joined { id: key.text()?, participant: decode_participant(&mut key)? };
            key.end()?;
            record
        }
        other => return Err(DecodeError::Unknown(other)),
    };
    value.end()?;
    Ok(record)
}

fn participant_key(id: &str, participant: &Participant) -> Vec<u8> {
    let key = Output::default().byte(KEY_PARTICIPANT).text(id);
    match participant {
        Participant::Partition(PartitionId { topic, index }) => {
            key.byte(KIND_PARTITION).uuid(topic.0).int(index.0).finish()
        }
        Participant::Offsets(index) => key.byte(KIND_OFFSETS).int(index.0).finish(),
    }
}

fn decode_participant(key: &mut Input<'_>) -> Result<Participant, DecodeError> {
    match key.byte()? {
        KIND_PARTITION => {
            let (topic, index) = (TopicId(key.uuid()?), PartitionIndex(key.int()?));
            Ok(Participant::Partition(PartitionId { topic, index }))
        }
        KIND_OFFSETS => Ok(Participant::Offsets(PartitionIndex(key.int()?))),
        other => Err(DecodeError::Unknown(other)),
    }
}

fn encode_stored(stored: &Stored) -> Vec<u8> {
    let Stored { producer, epoch, last_epoch, previous, next, timeout_ms, state, version, started, updated } =
        stored;
    Output::default()
        .byte(VERSION)
        .byte(match state {
            State::Empty => 0,
            State::Ongoing => 1,
            State::Prepare(MarkerKind::Commit) => 2,
            State::Prepare(MarkerKind::Abort) => 3,
            State::Complete(MarkerKind::Commit) => 4,
            State::Complete(MarkerKind::Abort) => 5,
        })
        .byte(match version {
            Version::One => 1,
            Version::Two => 2,
        })
        .long(producer.0)
        .int(i32::from(epoch.0))
        .int(i32::from(last_epoch.0))
        .long(previous.0)
        .long(next.0)
        .int(*timeout_ms)
        .long(started.0)
        .long(updated.0)
        .finish()
}

fn decode_stored(value: &mut Input<'_>) -> Result<Stored, DecodeError> {
    let state = match value.byte()? {
        0 => State::Empty,
        1 => State::Ongoing,
        2 => State::Prepare(MarkerKind::Commit),
        3 => State::Prepare(MarkerKind::Abort),
        4 => State::Complete(MarkerKind::Commit),
        5 => State::Complete(MarkerKind::Abort),
        other => return Err(DecodeError::Unknown(other)),
    };
    let version = match value.byte()? {
        1 => Version::One,
        2 => Version::Two,
        other => return Err(DecodeError::Unknown(other)),
    };
    Ok(Stored {
        producer: ProducerId(value.long()?),
        epoch: decode_epoch(value)?,
        last_epoch: decode_epoch(value)?,
        previous: ProducerId(value.long()?),
        next: ProducerId(value.long()?),
        timeout_ms: value.int()?,
        state,
        version,
        started: Timestamp(value.long()?),
        updated: Timestamp(value.long()?),
    })
}

/// An epoch takes four bytes, so that there is one width fewer to know.
fn decode_epoch(value: &mut Input<'_>) -> Result<ProducerEpoch, DecodeError> {
    i16::try_from(value.int()?).map(ProducerEpoch).map_err(|_| DecodeError::Unknown(VERSION))
}
