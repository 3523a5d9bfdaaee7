//! What members tell each other through the broker: a version number, then a message.

use super::GroupError;
use crate::metadata::TopicPartition;
use bytes::{Buf, Bytes};
use ottla_wire::codec::Message;
use ottla_wire::message::consumer_protocol_assignment::TopicPartition as AssignedTopic;
use ottla_wire::message::{ConsumerProtocolAssignment, ConsumerProtocolSubscription};
use ottla_wire::{Reader, Writer};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Versions only add fields at the end, so that a newer version can be read as the newest known.
pub(crate) fn decode<M: Message>(mut bytes: Bytes, what: &'static str) -> Result<M, GroupError> {
    let malformed = GroupError::Malformed { what };
    let version = bytes.try_get_i16().map_err(|_| malformed.clone())?;
    if version < *M::VERSIONS.start() {
        return Err(malformed);
    }
    M::decode(&mut Reader::new(bytes), version.min(*M::VERSIONS.end())).map_err(|_| malformed)
}

fn encode<M: Message>(message: &M, version: i16) -> Bytes {
    let mut writer = Writer::new();
    message.encode(&mut writer, version).expect("names that came from a broker fit on the wire");
    let body = writer.finish().into_bytes().expect("there is no file region in it");
    [&version.to_be_bytes(), &body[..]].concat().into()
}

pub(super) fn subscription(topics: &[Arc<str>]) -> Bytes {
    let topics = topics.iter().map(|topic| (&**topic).into()).collect();
    encode(&ConsumerProtocolSubscription { topics, ..ConsumerProtocolSubscription::default() }, 1)
}

pub(super) fn assignment(partitions: &[TopicPartition]) -> Bytes {
    let mut topics: BTreeMap<&str, Vec<i32>> = BTreeMap::new();
    for partition in partitions {
        topics.entry(&partition.topic).or_default().push(partition.partition.0);
    }
    let topic = |(topic, partitions): (&str, _)| AssignedTopic { topic: topic.into(), partitions };
    let assigned_partitions = topics.into_iter().map(topic).collect();
    encode(&ConsumerProtocolAssignment { assigned_partitions, ..ConsumerProtocolAssignment::default() }, 1)
}

/// The partitions of an assignment; empty bytes are an empty one.
pub(crate) fn read_assignment(bytes: Bytes) -> Result<Vec<TopicPartition>, GroupError> {
    if bytes.is_empty() {
        return Ok(Vec::new());
    }
    let assignment: ConsumerProtocolAssignment = decode(bytes, "assignment")?;
    let mut partitions = Vec::new();
    for topic in assignment.assigned_partitions {
        let name: Arc<str> = topic.topic.as_str().into();
        partitions
            .extend(topic.partitions.iter().map(|index| TopicPartition::new(Arc::clone(&name), *index)));
    }
    Ok(partitions)
}
