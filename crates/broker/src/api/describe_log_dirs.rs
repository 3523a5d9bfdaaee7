//! DescribeLogDirs, key 35, versions 1–5: what lies in the data directory, and how much room its volume has.
//!
//! - There is one directory. Null asks for all partitions, a list for those in it; what does not exist is left out.
//! - A size is that of the segments' logs without their indexes, as in Apache Kafka. A partition that could not be read
//!   when the directory was opened has no size that anybody knows, and is left out, too.
//! - The one replica leads and nothing moves to another directory: no lag, no future log.
//! - v4+: bytes of the volume, -1 if the system does not tell. v5+: no directory is ever cordoned.

use super::{Api, Context};
use crate::image::Topic;
use crate::{Broker, off_thread};
use ottla_storage::disk::Space;
use ottla_wire::message::describe_log_dirs_request::DescribableLogDirTopic;
use ottla_wire::message::describe_log_dirs_response::{
    DescribeLogDirsPartition, DescribeLogDirsResult, DescribeLogDirsTopic,
};
use ottla_wire::message::{DescribeLogDirsRequest, DescribeLogDirsResponse};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::path::PathBuf;

const VERSIONS: RangeInclusive<i16> = 1..=5;

pub(super) fn api() -> Api {
    Api::new(VERSIONS, handle)
}

async fn handle(context: Context, request: DescribeLogDirsRequest) -> DescribeLogDirsResponse {
    let broker = &context.broker;
    let (total_bytes, usable_bytes) = match space(broker).await {
        Some(Space { total_bytes, usable_bytes }) => (signed(total_bytes), signed(usable_bytes)),
        None => (UNKNOWN, UNKNOWN),
    };
    let directory = DescribeLogDirsResult {
        log_dir: path(broker).into(),
        topics: topics(broker, request.topics.as_deref()),
        total_bytes,
        usable_bytes,
        ..Default::default()
    };
    DescribeLogDirsResponse { results: vec![directory], ..Default::default() }
}

/// The data directory as clients are told it: absolute, with links as they are.
pub(super) fn path(broker: &Broker) -> String {
    let opened = broker.log.dir();
    let absolute = std::path::absolute(opened).unwrap_or_else(|_| PathBuf::from(opened));
    absolute.to_string_lossy().into_owned()
}

/// A volume on a network may let its readers wait.
async fn space(broker: &Broker) -> Option<Space> {
    let log = broker.log.clone();
    match off_thread::run(&*broker.env, move || log.space()).await {
        Ok(Ok(space)) => Some(space),
        Ok(Err(error)) => {
            tracing::debug!(%error, "the volume of the data directory does not tell its size");
            None
        }
        Err(error) => {
            tracing::error!(%error, "looking for the size of a volume has panicked");
            None
        }
    }
}

fn topics(broker: &Broker, asked: Option<&[DescribableLogDirTopic]>) -> Vec<DescribeLogDirsTopic> {
    let Some(asked) = asked else {
        let all = broker.image.topics();
        return all.iter().filter_map(|topic| describe(broker, topic, 0..topic.partitions)).collect();
    };
    let mut wanted: BTreeMap<&str, BTreeSet<i32>> = BTreeMap::new();
    for topic in asked {
        wanted.entry(&topic.topic).or_default().extend(&topic.partitions);
    }
    let found = wanted.into_iter().filter_map(|(name, indexes)| {
        let topic = broker.image.topic(name)?;
        describe(broker, &topic, indexes)
    });
    found.collect()
}

/// Nothing, if nothing is known of any of its partitions.
fn describe(
    broker: &Broker,
    topic: &Topic,
    indexes: impl IntoIterator<Item = i32>,
) -> Option<DescribeLogDirsTopic> {
    let partition = |partition_index| {
        let id = topic.partition(partition_index)?;
        broker.log.offsets(id).ok()?;
        let partition_size = signed(broker.log.size(id));
        Some(DescribeLogDirsPartition { partition_index, partition_size, ..Default::default() })
    };
    let partitions: Vec<_> = indexes.into_iter().filter_map(partition).collect();
    (!partitions.is_empty()).then(|| DescribeLogDirsTopic { name: topic.name.as_str().into(), partitions })
}

fn signed(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

const UNKNOWN: i64 = -1;

#[cfg(test)]
mod tests;
