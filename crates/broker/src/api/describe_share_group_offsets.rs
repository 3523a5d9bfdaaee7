//! DescribeShareGroupOffsets, key 90, versions 0–1: where a share group is in its partitions.
//!
//! - No list of topics: all that the group knows; a group that does not exist knows none, which is no error.
//! - A start of -1: nobody has fetched there yet, or there is no such topic or partition.
//! - v1: lag (KIP-1226), the records from the start to the high watermark that are not done; -1 if it is unknown.
//! - Ottla's own: asked with `RangesMax` (tag 10000), each partition tells how it stands: what is ready, waiting, with
//!   members, on its way to the dead-letter topic, counts since the start of the broker, and up to that many ranges of
//!   records, [`RANGES_MAX`] in one answer at most.

use super::alter_share_group_offsets::LOADING;
use super::{Api, Context};
use foldhash::{HashMap, HashMapExt};
use ottla_base::{Offset, PartitionId, PartitionIndex, TopicId};
use ottla_coordinator::share_partition::{Described, DescribedRange, RangeState, Reason, Totals};
use ottla_storage::{ReadBound, WholeFirst};
use ottla_wire::error_code::ErrorCode;
use ottla_wire::message::describe_share_group_offsets_request::{
    DescribeShareGroupOffsetsRequestGroup as Asked, DescribeShareGroupOffsetsRequestTopic as AskedTopic,
};
use ottla_wire::message::describe_share_group_offsets_response::{
    DescribeShareGroupOffsetsResponseGroup as Group, DescribeShareGroupOffsetsResponsePartition as Partition,
    DescribeShareGroupOffsetsResponseTopic as Topic, Standing, StandingRange,
};
use ottla_wire::message::{DescribeShareGroupOffsetsRequest, DescribeShareGroupOffsetsResponse};
use ottla_wire::record::walk;
use std::collections::BTreeSet;
use std::ops::RangeInclusive;

const VERSIONS: RangeInclusive<i16> = 0..=1;

/// Most ranges in one answer, over all partitions.
const RANGES_MAX: usize = 10_000;

/// Where nobody has fetched.
const NO_OFFSET: i64 = -1;

pub(super) fn api() -> Api {
    Api::new(VERSIONS, handle)
}

async fn handle(
    context: Context,
    request: DescribeShareGroupOffsetsRequest,
) -> DescribeShareGroupOffsetsResponse {
    let mut ranges_left = usize::try_from(request.ranges_max).ok().map(|asked| asked.min(RANGES_MAX));
    let mut groups = Vec::with_capacity(request.groups.len());
    for asked in request.groups {
        let group_id = asked.group_id.clone();
        let described = describe(&context, asked, ranges_left).await;
        if let Some(left) = &mut ranges_left {
            let partitions = described.iter().flatten().flat_map(|topic| &topic.partitions);
            let told =
                partitions.flat_map(|partition| &partition.standing).map(|standing| standing.ranges.len());
            *left = left.saturating_sub(told.sum());
        }
        groups.push(match described {
            Ok(topics) => Group { group_id, topics, ..Default::default() },
            Err(error_code) => {
                Group { group_id, error_code, error_message: Some(LOADING.into()), ..Default::default() }
            }
        });
    }
    DescribeShareGroupOffsetsResponse { groups, ..Default::default() }
}

/// A topic that is asked for: by its name, and its id if it exists.
struct Named {
    topic: Topic,
    exists: bool,
}

async fn describe(
    context: &Context,
    asked: Asked,
    ranges_left: Option<usize>,
) -> Result<Vec<Topic>, ErrorCode> {
    let broker = &context.broker;
    let mut named: Vec<Named> = match asked.topics {
        Some(topics) => topics.into_iter().map(|topic| by_name(context, topic)).collect(),
        None => known(context, broker.groups.share_topics(&asked.group_id).await?),
    };
    // As Apache Kafka: what does not exist comes last.
    named.sort_by_key(|topic| !topic.exists);
    let of_topic = |named: &Named| {
        let topic = TopicId(named.topic.topic_id);
        let partitions = named.topic.partitions.iter();
        let ids = partitions.map(move |it| PartitionId { topic, index: PartitionIndex(it.partition_index) });
        if named.exists { ids.collect::<Vec<_>>() } else { Vec::new() }
    };
    let ids: BTreeSet<PartitionId> = named.iter().flat_map(of_topic).collect();
    let each = ranges_left.map(|left| left.checked_div(ids.len()).unwrap_or(0).max(usize::from(0 < left)));
    let described = broker.share.partitions.describe(&asked.group_id, ids, each.unwrap_or(0)).await?;
    let mut by_id: HashMap<PartitionId, Described> = HashMap::with_capacity(described.len());
    by_id.extend(described.into_iter().map(|described| (described.id.partition, described)));
    let mut topics = Vec::with_capacity(named.len());
    for Named { mut topic, .. } in named {
        for partition in &mut topic.partitions {
            let index = PartitionIndex(partition.partition_index);
            let id = PartitionId { topic: TopicId(topic.topic_id), index };
            if let Some(described) = by_id.remove(&id) {
                tell(context, partition, described, each.is_some());
            }
        }
        topics.push(topic);
    }
    Ok(topics)
}

fn nothing(partition_index: i32) -> Partition {
    Partition { partition_index, start_offset: NO_OFFSET, ..Default::default() }
}

fn by_name(context: &Context, asked: AskedTopic) -> Named {
    let known = context.broker.image.topic(&asked.topic_name);
    let topic = Topic {
        topic_id: known.as_ref().map_or(TopicId::NONE, |known| known.id).0,
        topic_name: asked.topic_name,
        partitions: asked.partitions.into_iter().map(nothing).collect(),
    };
    Named { topic, exists: known.is_some() }
}

fn known(context: &Context, topics: Vec<(TopicId, i32)>) -> Vec<Named> {
    let named = topics.into_iter().filter_map(|(id, partitions)| {
        let topic = context.broker.image.topic_by_id(id)?;
        let partitions = (0..partitions).map(nothing).collect();
        let topic = Topic { topic_name: topic.name.as_str().into(), topic_id: id.0, partitions };
        Some(Named { topic, exists: true })
    });
    named.collect()
}

fn tell(context: &Context, partition: &mut Partition, described: Described, wants_standing: bool) {
    let log = &context.broker.log;
    partition.start_offset = described.start.0;
    if let Ok(offsets) = log.offsets(described.id.partition) {
        partition.leader_epoch = offsets.leader_epoch.0;
        let left = offsets.high_watermark.0 - described.start.0 - described.delivery_complete;
        partition.lag = left.max(0);
        if wants_standing {
            let oldest = (described.start < offsets.high_watermark).then(|| oldest(context, &described));
            partition.standing = vec![standing(described, oldest.flatten())];
        }
    }
}

/// When the first record that is not done was made, as far as its batch tells.
fn oldest(context: &Context, described: &Described) -> Option<i64> {
    let read = context.broker.log.read(
        described.id.partition,
        described.start,
        1,
        ReadBound::HighWatermark,
        WholeFirst::Yes,
    );
    let header = walk(&read.ok()?.records).next()?.ok()?.header;
    Some(header.base_timestamp.0)
}

fn standing(described: Described, oldest: Option<i64>) -> Standing {
    let Described {
        id: _,
        start: _,
        next: Offset(next_offset),
        ready,
        blocked,
        scheduled,
        retrying,
        acquired,
        archiving,
        delivery_complete,
        totals,
        ranges,
    } = described;
    let Totals {
        acquired: total_acquired,
        accepted: total_accepted,
        released: total_released,
        timed_out: total_timed_out,
        rejected: total_rejected,
        exhausted: total_exhausted,
        expired: total_expired,
        dead_lettered: total_dead_lettered,
    } = totals;
    Standing {
        next_offset,
        ready,
        blocked,
        scheduled,
        retrying,
        acquired,
        archiving,
        delivery_complete,
        oldest_timestamp: oldest.unwrap_or(-1),
        total_acquired,
        total_accepted,
        total_released,
        total_timed_out,
        total_rejected,
        total_exhausted,
        total_expired,
        total_dead_lettered,
        ranges: ranges.into_iter().map(range).collect(),
    }
}

fn range(range: DescribedRange) -> StandingRange {
    let DescribedRange { first, last, delivery_count, state } = range;
    let milliseconds = |rest: u64| i64::try_from(rest).unwrap_or(i64::MAX);
    let told = StandingRange {
        first_offset: first.0,
        last_offset: last.0,
        delivery_count,
        rest_ms: -1,
        at: -1,
        reason: -1,
        ..Default::default()
    };
    match state {
        RangeState::Ready => StandingRange { state: 0, ..told },
        RangeState::Blocked => StandingRange { state: 1, ..told },
        RangeState::Scheduled { due } => StandingRange { state: 2, at: due.0, ..told },
        RangeState::Retrying { rest_ms } => {
            StandingRange { state: 3, rest_ms: milliseconds(rest_ms), ..told }
        }
        RangeState::Acquired { member, rest_ms } => {
            StandingRange { state: 4, member_id: Some(member), rest_ms: milliseconds(rest_ms), ..told }
        }
        RangeState::Archiving { reason, at } => {
            let reason = match reason {
                Reason::Rejected => 0,
                Reason::Exhausted => 1,
                Reason::Expired => 2,
            };
            StandingRange { state: 5, at: at.0, reason, ..told }
        }
    }
}

#[cfg(test)]
mod tests;
