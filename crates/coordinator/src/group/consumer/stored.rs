//! What survives a crash: the group's epochs in one row, each member in a row of its own, so that a member's step
//! does not write the whole group.
//!
//! ```text
//! group   0 (version) | group epoch: i32 | fingerprint of its topics: u64 | assignment epoch: i32
//! member  0 (version) | instance id? | rack? | client id | client host | rebalance timeout: i32 ms
//!         | assignor: 0 none, 1 uniform, 2 range | topics: i32, each a text | pattern
//!         | epoch: i32 | previous epoch: i32 | state: 0 stable, 1 unrevoked, 2 unreleased
//!         | assigned: i32, each topic id: 16 bytes, partition: i32, epoch: i32 | revoking: the same
//!         | target: i32, each topic id: 16 bytes, partition: i32
//!         | 0, or of a classic member 1 | session timeout: i32 ms | protocols: i32, each name, metadata
//! ```
//! `?` is a byte 0, or 1 and the text.

use super::classic::Classic;
use super::member::{Held, Member, MemberState};
use super::{Assignor, Group};
use crate::assignor::Assignment;
use crate::codec::{DecodeError, Input, Output};
use crate::group::Client;
use crate::group::catalog::FINGERPRINT_OF_NONE;
use crate::group::live::StoredMember;
use ottla_base::{PartitionId, PartitionIndex, TopicId};
use ottla_wire::Str;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A consumer group at rest, without its members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Grows whenever there is a reason for a new target assignment.
    pub(super) epoch: i32,
    /// Of the topics that members subscribe to, as [`Catalog::fingerprint`](crate::group::Catalog::fingerprint)
    /// gives it.
    pub(super) fingerprint: u64,
    /// The epoch for which the target assignment was computed.
    pub(super) assignment_epoch: i32,
}

impl Default for Stored {
    /// A group that nobody has joined. Kafka begins at 1.
    fn default() -> Self {
        Self { epoch: 1, fingerprint: FINGERPRINT_OF_NONE, assignment_epoch: 1 }
    }
}

const VERSION: u8 = 0;

impl Stored {
    pub(in crate::group) fn encode(self, output: Output) -> Output {
        let Self { epoch, fingerprint, assignment_epoch } = self;
        output.byte(VERSION).int(epoch).long(fingerprint.cast_signed()).int(assignment_epoch)
    }

    pub(in crate::group) fn decode(input: &mut Input<'_>) -> Result<Self, DecodeError> {
        match input.byte()? {
            VERSION => {}
            other => return Err(DecodeError::Unknown(other)),
        }
        Ok(Self {
            epoch: input.int()?,
            fingerprint: input.long()?.cast_unsigned(),
            assignment_epoch: input.int()?,
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
        group.head = *stored;
        group.recorded = Some(*stored);
        for (id, member) in members {
            if let Some(member) = member.consumer() {
                group.link(id, member);
                group.subscriptions.add(member);
                group.members.insert(id.clone(), Arc::clone(member));
            }
        }
        group
    }
}

impl Member {
    pub(in crate::group) fn encode(&self, output: Output) -> Output {
        let Self { instance, rack, client, rebalance_timeout_ms, assignor, topics, pattern, .. } = self;
        let Self { epoch, previous_epoch, state, assigned, revoking, target, classic, .. } = self;
        let output = output
            .byte(VERSION)
            .maybe_text(instance.as_deref())
            .maybe_text(rack.as_deref())
            .text(&client.id)
            .text(&client.host)
            .int(*rebalance_timeout_ms)
            .byte(match assignor {
                None => 0,
                Some(Assignor::Uniform) => 1,
                Some(Assignor::Range) => 2,
            })
            .int(count(topics.len()));
        let output = topics.iter().fold(output, |output, topic| output.text(topic));
        let output = output.text(pattern).int(*epoch).int(*previous_epoch).byte(match state {
            MemberState::Stable => 0,
            MemberState::Unrevoked => 1,
            MemberState::Unreleased => 2,
        });
        let output = encode_held(encode_held(output, assigned), revoking).int(count(target.len()));
        let output = target.iter().fold(output, |output, partition| encode_partition(output, *partition));
        let Some(Classic { session_timeout_ms, protocols }) = classic else { return output.byte(0) };
        let output = output.byte(1).int(*session_timeout_ms).int(count(protocols.len()));
        protocols.iter().fold(output, |output, (name, metadata)| output.text(name).bytes(metadata))
    }

    pub(in crate::group) fn decode(input: &mut Input<'_>) -> Result<Self, DecodeError> {
        match input.byte()? {
            VERSION => {}
            other => return Err(DecodeError::Unknown(other)),
        }
        Ok(Self {
            instance: input.maybe_text()?,
            rack: input.maybe_text()?,
            client: Client { id: input.text()?, host: input.text()? },
            rebalance_timeout_ms: input.int()?,
            assignor: match input.byte()? {
                0 => None,
                1 => Some(Assignor::Uniform),
                2 => Some(Assignor::Range),
                other => return Err(DecodeError::Unknown(other)),
            },
            topics: {
                let texts = (0..input.int()?).map(|_| input.text());
                Arc::new(texts.collect::<Result<BTreeSet<_>, _>>()?)
            },
            pattern: input.text()?,
            epoch: input.int()?,
            previous_epoch: input.int()?,
            state: match input.byte()? {
                0 => MemberState::Stable,
                1 => MemberState::Unrevoked,
                2 => MemberState::Unreleased,
                other => return Err(DecodeError::Unknown(other)),
            },
            assigned: decode_held(input)?,
            revoking: decode_held(input)?,
            target: {
                let partitions = (0..input.int()?).map(|_| decode_partition(input));
                partitions.collect::<Result<Assignment, _>>()?
            },
            classic: match input.byte()? {
                0 => None,
                1 => Some(Classic {
                    session_timeout_ms: input.int()?,
                    protocols: (0..input.int()?)
                        .map(|_| Ok((input.text()?, input.bytes()?)))
                        .collect::<Result<_, DecodeError>>()?,
                }),
                other => return Err(DecodeError::Unknown(other)),
            },
        })
    }
}

fn count(len: usize) -> i32 {
    i32::try_from(len).expect("what comes from frames and topics has fewer than 2^31 elements")
}

fn encode_held(output: Output, held: &Held) -> Output {
    held.iter().fold(output.int(count(held.len())), |output, (partition, epoch)| {
        encode_partition(output, *partition).int(*epoch)
    })
}

fn decode_held(input: &mut Input<'_>) -> Result<Held, DecodeError> {
    (0..input.int()?).map(|_| Ok((decode_partition(input)?, input.int()?))).collect()
}

fn encode_partition(output: Output, partition: PartitionId) -> Output {
    output.uuid(partition.topic.0).int(partition.index.0)
}

fn decode_partition(input: &mut Input<'_>) -> Result<PartitionId, DecodeError> {
    Ok(PartitionId { topic: TopicId(input.uuid()?), index: PartitionIndex(input.int()?) })
}
