//! What survives a crash: the group's epochs and topics in one row, each member in a row of its own, so that a member's
//! heartbeat does not write the whole group.
//!
//! ```text
//! group   0 (version) | group epoch: i32 | fingerprint of its topics: u64, 0 if not known | assignment epoch: i32
//!         | topics: i32, each id: 16 bytes, partitions: i32, partitions at first: i32
//! member  0 (version) | rack? | client id | client host | topics: i32, each a text | epoch: i32 | previous epoch: i32
//!         | assigned: i32, each topic id: 16 bytes, partition: i32 | target: the same
//! ```
//! `?` is a byte 0, or 1 and the text.

use super::topics::{Known, Topics};
use super::{Group, Member};
use crate::assignor::Assignment;
use crate::codec::{DecodeError, Input, Output};
use crate::group::Client;
use crate::group::live::StoredMember;
use ottla_base::{PartitionId, PartitionIndex, TopicId};
use ottla_wire::Str;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A share group at rest, without its members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Grows whenever there is a reason for a new target assignment.
    pub(super) epoch: i32,
    /// Of the topics that members subscribe to, as [`Catalog::fingerprint`](crate::group::Catalog::fingerprint)
    /// gives it; [`FINGERPRINT_UNKNOWN`] while it has to be found anew.
    pub(super) fingerprint: u64,
    /// The epoch for which the target assignment was computed.
    pub(super) assignment_epoch: i32,
    pub(super) topics: Arc<Topics>,
}

impl Default for Stored {
    /// A group that nobody has joined. Kafka begins at 1.
    fn default() -> Self {
        let (epoch, assignment_epoch) = (1, 1);
        Self { epoch, fingerprint: FINGERPRINT_UNKNOWN, assignment_epoch, topics: Arc::default() }
    }
}

/// No fingerprint that matters.
pub(super) const FINGERPRINT_UNKNOWN: u64 = 0;

const VERSION: u8 = 0;

impl Stored {
    pub(in crate::group) fn encode(&self, output: Output) -> Output {
        let Self { epoch, fingerprint, assignment_epoch, topics } = self;
        let output = output.byte(VERSION).int(*epoch).long(fingerprint.cast_signed()).int(*assignment_epoch);
        topics.iter().fold(output.int(count(topics.len())), |output, (id, known)| {
            output.uuid(id.0).int(known.partitions).int(known.first)
        })
    }

    pub(in crate::group) fn decode(input: &mut Input<'_>) -> Result<Self, DecodeError> {
        check_version(input)?;
        Ok(Self {
            epoch: input.int()?,
            fingerprint: input.long()?.cast_unsigned(),
            assignment_epoch: input.int()?,
            topics: {
                let topics = (0..input.int()?).map(|_| {
                    let id = TopicId(input.uuid()?);
                    Ok((id, Known { partitions: input.int()?, first: input.int()? }))
                });
                Arc::new(topics.collect::<Result<_, _>>()?)
            },
        })
    }
}

impl Group {
    pub(in crate::group) fn from_stored(
        id: Str,
        stored: &Stored,
        members: &BTreeMap<Str, StoredMember>,
    ) -> Self {
        let mut group = Self::new(id);
        group.head = stored.clone();
        group.recorded = Some(stored.clone());
        for (id, member) in members {
            if let Some(member) = member.share() {
                group.subscribe(member);
                group.members.insert(id.clone(), Arc::clone(member));
            }
        }
        group
    }
}

impl Member {
    pub(in crate::group) fn encode(&self, output: Output) -> Output {
        let Self { rack, client, topics, epoch, previous_epoch, assigned, target } = self;
        let output = output
            .byte(VERSION)
            .maybe_text(rack.as_deref())
            .text(&client.id)
            .text(&client.host)
            .int(count(topics.len()));
        let output = topics.iter().fold(output, |output, topic| output.text(topic));
        encode_assignment(encode_assignment(output.int(*epoch).int(*previous_epoch), assigned), target)
    }

    pub(in crate::group) fn decode(input: &mut Input<'_>) -> Result<Self, DecodeError> {
        check_version(input)?;
        Ok(Self {
            rack: input.maybe_text()?,
            client: Client { id: input.text()?, host: input.text()? },
            topics: {
                let texts = (0..input.int()?).map(|_| input.text());
                Arc::new(texts.collect::<Result<_, _>>()?)
            },
            epoch: input.int()?,
            previous_epoch: input.int()?,
            assigned: decode_assignment(input)?,
            target: decode_assignment(input)?,
        })
    }
}

fn check_version(input: &mut Input<'_>) -> Result<(), DecodeError> {
    match input.byte()? {
        VERSION => Ok(()),
        other => Err(DecodeError::Unknown(other)),
    }
}

fn count(len: usize) -> i32 {
    i32::try_from(len).expect("what comes from frames and topics has fewer than 2^31 elements")
}

fn encode_assignment(output: Output, assignment: &Assignment) -> Output {
    assignment.iter().fold(output.int(count(assignment.len())), |output, partition| {
        output.uuid(partition.topic.0).int(partition.index.0)
    })
}

fn decode_assignment(input: &mut Input<'_>) -> Result<Assignment, DecodeError> {
    let partition = |input: &mut Input<'_>| {
        Ok(PartitionId { topic: TopicId(input.uuid()?), index: PartitionIndex(input.int()?) })
    };
    (0..input.int()?).map(|_| partition(input)).collect()
}
