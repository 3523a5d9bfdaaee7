//! What consumers of the classic protocol tell each other, and a coordinator that looks after both kinds must read.
//!
//! ```text
//! version: i16 | ConsumerProtocolSubscription or ConsumerProtocolAssignment of that version
//! ```
//! A version that is newer than ours is read as our newest, as clients do.

use super::Catalog;
use crate::assignor::{self, Assignment};
use bytes::{BufMut, Bytes, BytesMut};
use ottla_base::{PartitionId, PartitionIndex};
use ottla_wire::Str;
use ottla_wire::codec::{Message, Reader};
use ottla_wire::message::{ConsumerProtocolAssignment, ConsumerProtocolSubscription};
use std::collections::BTreeSet;

/// What a classic consumer wants and has.
pub(super) struct Subscription {
    pub(super) topics: BTreeSet<Str>,
    pub(super) owned: BTreeSet<PartitionId>,
    pub(super) rack: Option<Str>,
}

/// `None`: it makes no sense.
pub(super) fn subscription(bytes: &Bytes, catalog: &Catalog) -> Option<Subscription> {
    let told: ConsumerProtocolSubscription = read(bytes)?;
    let owned =
        told.owned_partitions.iter().flat_map(|owned| partitions(&owned.topic, &owned.partitions, catalog));
    Some(Subscription {
        owned: owned.collect(),
        topics: told.topics.iter().map(Str::detached).collect(),
        rack: told.rack_id.as_ref().filter(|rack| !rack.is_empty()).map(Str::detached),
    })
}

/// What a classic consumer was assigned, without topics that are not there. `None`: it makes no sense, or an assignor
/// has put words of its own in it, which would be lost.
pub(super) fn assignment(bytes: &Bytes, catalog: &Catalog) -> Option<Assignment> {
    if bytes.is_empty() {
        return Some(Assignment::new());
    }
    let told: ConsumerProtocolAssignment = read(bytes)?;
    if told.user_data.is_some_and(|data| !data.is_empty()) {
        return None;
    }
    let assigned = told
        .assigned_partitions
        .iter()
        .flat_map(|topic| partitions(&topic.topic, &topic.partitions, catalog));
    Some(assigned.collect())
}

/// An assignment as a client reads it that speaks the version in which `subscription` was written.
pub(super) fn encode_assignment(assigned: &Assignment, subscription: &[u8], catalog: &Catalog) -> Bytes {
    let version = version(subscription).unwrap_or(0).clamp(0, *ConsumerProtocolAssignment::VERSIONS.end());
    let topics: Vec<(&Str, Vec<PartitionIndex>)> = assignor::by_topic(assigned)
        .filter_map(|(topic, partitions)| Some((catalog.name(topic)?, partitions)))
        .collect();
    let mut bytes = BytesMut::new();
    bytes.put_i16(version);
    bytes.put_i32(length(topics.len()));
    for (name, partitions) in topics {
        bytes.put_i16(i16::try_from(name.len()).expect("a topic's name is short"));
        bytes.put_slice(name.as_bytes());
        bytes.put_i32(length(partitions.len()));
        partitions.iter().for_each(|partition| bytes.put_i32(partition.0));
    }
    bytes.put_i32(NO_USER_DATA);
    bytes.freeze()
}

fn read<M: Message>(bytes: &Bytes) -> Option<M> {
    let version = version(bytes).filter(|version| 0 <= *version)?;
    let mut reader = Reader::new(bytes.slice(2..));
    M::decode(&mut reader, version.min(*M::VERSIONS.end())).ok()
}

fn version(bytes: &[u8]) -> Option<i16> {
    bytes.first_chunk::<2>().map(|version| i16::from_be_bytes(*version))
}

fn partitions<'a>(
    topic: &Str,
    indexes: &'a [i32],
    catalog: &Catalog,
) -> impl Iterator<Item = PartitionId> + use<'a> {
    let known = catalog.topic(topic);
    indexes.iter().filter_map(move |index| {
        let known = known.filter(|known| (0..known.partitions).contains(index))?;
        Some(PartitionId { topic: known.id, index: PartitionIndex(*index) })
    })
}

fn length(count: usize) -> i32 {
    i32::try_from(count).expect("there are fewer than 2^31 partitions")
}

const NO_USER_DATA: i32 = -1;
