//! The verbs of offsets: `commit`, `fetch` and `delete-offsets`.

use super::{Who, topic_id};
use crate::group::*;
use ottla_wire::Str;
use ottla_wire::message::offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use ottla_wire::message::offset_delete_request::{OffsetDeleteRequestPartition, OffsetDeleteRequestTopic};
use ottla_wire::message::offset_fetch_request::{OffsetFetchRequestGroup, OffsetFetchRequestTopics};
use ottla_wire::message::{OffsetCommitRequest, OffsetDeleteRequest};
use std::collections::HashMap;

/// `t:0=42`, `t#7:0=42` with the topic's id; with `epoch=`, `meta=` and `retention=`.
pub(super) fn commit(who: Who, fields: &HashMap<&str, &str>) -> Command {
    let mut topics = Vec::new();
    let mut offsets: Vec<_> = fields.iter().filter(|(place, _)| place.contains(':')).collect();
    offsets.sort();
    for (place, offset) in offsets {
        let (name, id, partitions) = topic(place);
        topics.push(OffsetCommitRequestTopic {
            name,
            topic_id: id.0,
            partitions: vec![OffsetCommitRequestPartition {
                partition_index: partitions[0],
                committed_offset: offset.parse().expect("an offset"),
                committed_leader_epoch: fields.get("epoch").map_or(-1, |epoch| epoch.parse().expect("epoch")),
                committed_metadata: fields.get("meta").map(|meta| match meta.parse() {
                    Ok(length) => "ä".repeat(length).into(),
                    Err(_) => Str::from(*meta),
                }),
            }],
        });
    }
    let old = fields.get("v").is_some_and(|version| *version < "9");
    Command::Commit(Commit {
        ticket: who.ticket,
        request: OffsetCommitRequest {
            group_id: who.group,
            generation_id_or_member_epoch: who.generation,
            member_id: who.member,
            group_instance_id: who.instance,
            retention_time_ms: fields.get("retention").map_or(-1, |ms| ms.parse().expect("ms")),
            topics,
        },
        unknown_group: if old { UnknownGroup::IllegalGeneration } else { UnknownGroup::NotFound },
    })
}

fn topic(place: &str) -> (Str, TopicId, Vec<i32>) {
    let (topic, partitions) = place.split_once(':').expect("topic:partition");
    let (name, id) = topic.split_once('#').unwrap_or((topic, "0"));
    let partitions = partitions.split(',').map(|number| number.parse().expect("a partition"));
    (name.into(), topic_id(id.parse().expect("a number")), partitions.collect())
}

pub(super) fn fetch(who: Who, words: &[&str]) -> Command {
    let topics = words.iter().filter(|word| word.contains(':')).map(|place| {
        let (name, id, partition_indexes) = topic(place);
        OffsetFetchRequestTopics { name, topic_id: id.0, partition_indexes }
    });
    let topics = (!words.contains(&"all")).then(|| topics.collect());
    let member_id = words.iter().find_map(|word| word.strip_prefix("as=")).map(Str::from);
    let member_epoch = member_id.as_ref().map_or(-1, |_| who.generation);
    let request = OffsetFetchRequestGroup { group_id: who.group, member_id, member_epoch, topics };
    let stability = if words.contains(&"stable") { Stability::Required } else { Stability::Any };
    Command::Fetch(Fetch { ticket: who.ticket, request, stability })
}

pub(super) fn delete(who: Who, words: &[&str]) -> Command {
    let topics = words.iter().filter(|word| word.contains(':')).map(|place| {
        let (name, _, partitions) = topic(place);
        let partition = |partition_index| OffsetDeleteRequestPartition { partition_index };
        OffsetDeleteRequestTopic { name, partitions: partitions.into_iter().map(partition).collect() }
    });
    let request = OffsetDeleteRequest { group_id: who.group, topics: topics.collect() };
    Command::DeleteOffsets(DeleteOffsets { ticket: who.ticket, request })
}
