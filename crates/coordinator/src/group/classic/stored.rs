//! What survives a crash: the last generation whose assignment was known, or that the group was empty.
//!
//! ```text
//! 0 (version) | generation: i32 | protocol type? | protocol? | leader? | since: i64 ms | members: i32
//! each member: id | instance id? | client id | client host | rebalance timeout: i32 ms
//!              | session timeout: i32 ms | subscription | assignment
//! ```
//! `?` is a byte 0, or 1 and the text.

use super::member::{Member, Protocol};
use super::{Group, State};
use crate::codec::{DecodeError, Input, Output};
use crate::group::Client;
use bytes::Bytes;
use ottla_base::Timestamp;
use ottla_wire::Str;

/// A classic group at rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    generation: i32,
    protocol_type: Option<Str>,
    protocol: Option<Str>,
    leader: Option<Str>,
    since: Timestamp,
    members: Vec<StoredMember>,
}

/// A member of a group at rest. It knows the one protocol of its generation.
#[derive(Clone, Debug, PartialEq, Eq)]
struct StoredMember {
    id: Str,
    instance: Option<Str>,
    client: Client,
    rebalance_timeout_ms: i32,
    session_timeout_ms: i32,
    subscription: Bytes,
    assignment: Bytes,
}

const VERSION: u8 = 0;

impl Group {
    /// What of the group is worth keeping.
    pub(in crate::group) fn stored(&self) -> Stored {
        let protocol = self.protocol.as_deref().unwrap_or_default();
        let store = |(id, member): (&Str, &Member)| StoredMember {
            id: id.clone(),
            instance: member.instance.clone(),
            client: member.client.clone(),
            rebalance_timeout_ms: member.rebalance_timeout_ms,
            session_timeout_ms: member.session_timeout_ms,
            subscription: member.metadata(protocol),
            assignment: member.assignment.clone(),
        };
        Stored {
            generation: self.generation,
            protocol_type: self.protocol_type.clone(),
            protocol: self.protocol.clone(),
            leader: self.leader.clone(),
            since: self.since,
            members: self.members.iter().map(store).collect(),
        }
    }

    pub(in crate::group) fn from_stored(id: Str, stored: &Stored) -> Self {
        let mut group = Self::new(id, stored.since);
        group.generation = stored.generation;
        group.protocol_type = stored.protocol_type.clone();
        group.protocol = stored.protocol.clone();
        group.leader = stored.leader.clone();
        for member in &stored.members {
            let metadata = member.subscription.clone();
            let protocols = stored
                .protocol
                .iter()
                .map(|name| Protocol { name: name.clone(), metadata: metadata.clone() });
            let live = Member {
                instance: member.instance.clone(),
                client: member.client.clone(),
                rebalance_timeout_ms: member.rebalance_timeout_ms,
                session_timeout_ms: member.session_timeout_ms,
                protocols: protocols.collect(),
                assignment: member.assignment.clone(),
                newcomer: false,
                join: None,
                sync: None,
            };
            group.add(member.id.clone(), live);
        }
        if !group.members.is_empty() {
            group.state = State::Stable;
        }
        group.subscribed = group.subscribed_topics();
        group
    }
}

impl Stored {
    /// A group without members that was at `generation`, as another store has it.
    #[must_use]
    pub fn vacant(generation: i32, protocol_type: Option<Str>, since: Timestamp) -> Self {
        Self { generation, protocol_type, protocol: None, leader: None, since, members: Vec::new() }
    }

    pub(in crate::group) fn encode(&self, output: Output) -> Output {
        let Self { generation, protocol_type, protocol, leader, since, members } = self;
        let count = i32::try_from(members.len()).expect("a frame has fewer than 2^31 members");
        let output = output
            .byte(VERSION)
            .int(*generation)
            .maybe_text(protocol_type.as_deref())
            .maybe_text(protocol.as_deref())
            .maybe_text(leader.as_deref())
            .long(since.0)
            .int(count);
        members.iter().fold(output, |output, member| {
            let StoredMember { id, instance, client, .. } = member;
            output
                .text(id)
                .maybe_text(instance.as_deref())
                .text(&client.id)
                .text(&client.host)
                .int(member.rebalance_timeout_ms)
                .int(member.session_timeout_ms)
                .bytes(&member.subscription)
                .bytes(&member.assignment)
        })
    }

    pub(in crate::group) fn decode(input: &mut Input<'_>) -> Result<Self, DecodeError> {
        match input.byte()? {
            VERSION => {}
            other => return Err(DecodeError::Unknown(other)),
        }
        let generation = input.int()?;
        let (protocol_type, protocol) = (input.maybe_text()?, input.maybe_text()?);
        let leader = input.maybe_text()?;
        let since = Timestamp(input.long()?);
        let mut members = Vec::new();
        for _ in 0..input.int()? {
            members.push(StoredMember {
                id: input.text()?,
                instance: input.maybe_text()?,
                client: Client { id: input.text()?, host: input.text()? },
                rebalance_timeout_ms: input.int()?,
                session_timeout_ms: input.int()?,
                subscription: input.bytes()?,
                assignment: input.bytes()?,
            });
        }
        Ok(Self { generation, protocol_type, protocol, leader, since, members })
    }
}
