//! AlterReplicaLogDirs, key 34, versions 1–2: moves partitions to another directory of their broker.
//!
//! Ottla has one directory, so there is nowhere to move to: a partition that is asked to be where it is succeeds, any other
//! directory is LOG_DIR_NOT_FOUND, whether the partition exists or not. A directory is ours if its path is the one that
//! DescribeLogDirs tells, letter by letter. Of a partition that comes more than once the last directory counts.

use super::{Api, Context, describe_log_dirs};
use crate::Broker;
use ottla_wire::Str;
use ottla_wire::error_code::ErrorCode;
use ottla_wire::message::alter_replica_log_dirs_response::{
    AlterReplicaLogDirPartitionResult, AlterReplicaLogDirTopicResult,
};
use ottla_wire::message::{AlterReplicaLogDirsRequest, AlterReplicaLogDirsResponse};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

const VERSIONS: RangeInclusive<i16> = 1..=2;

pub(super) fn api() -> Api {
    Api::new(VERSIONS, handle)
}

async fn handle(context: Context, request: AlterReplicaLogDirsRequest) -> AlterReplicaLogDirsResponse {
    let mut wanted: BTreeMap<Str, BTreeMap<i32, Str>> = BTreeMap::new();
    for directory in request.dirs {
        for topic in directory.topics {
            let moved = topic.partitions.into_iter().map(|index| (index, directory.path.clone()));
            wanted.entry(topic.name).or_default().extend(moved);
        }
    }
    let ours = describe_log_dirs::path(&context.broker);
    let results = wanted.into_iter().map(|(topic_name, partitions)| {
        let result = |(partition_index, path): (i32, Str)| {
            let error_code = match path == ours {
                true => find(&context.broker, &topic_name, partition_index),
                false => ErrorCode::LOG_DIR_NOT_FOUND,
            };
            AlterReplicaLogDirPartitionResult { partition_index, error_code }
        };
        let partitions = partitions.into_iter().map(result).collect();
        AlterReplicaLogDirTopicResult { topic_name, partitions }
    });
    AlterReplicaLogDirsResponse { results: results.collect(), ..Default::default() }
}

/// Whether the partition lies in our directory.
fn find(broker: &Broker, topic: &str, index: i32) -> ErrorCode {
    let id = broker.image.topic(topic).and_then(|topic| topic.partition(index));
    match id.map(|id| broker.log.offsets(id)) {
        None => ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
        Some(Ok(_)) => ErrorCode::NONE,
        Some(Err(error)) => crate::error::of_read(&error),
    }
}
