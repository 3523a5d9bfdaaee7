//! DescribeTopicPartitions, key 75, version 0: partitions of some or all topics, page by page.
//!
//! - Topics come in the order of their names. A page holds at most `max.request.partition.size.limit` partitions,
//!   fewer if the client asks for fewer, at least one.
//! - `next_cursor` names the first partition that is missing from the page; the client sends it back. Its topic may
//!   be gone by then: an answer for all topics goes on behind it.
//! - With a list, the cursor's topic must be in it and its partition not negative, else INVALID_REQUEST for all.

use super::metadata::TOPIC_OPERATIONS;
use super::{Api, Context};
use crate::image::Topic;
use ottla_base::TopicName;
use ottla_wire::Str;
use ottla_wire::error_code::ErrorCode;
use ottla_wire::message::describe_topic_partitions_response::{
    Cursor, DescribeTopicPartitionsResponsePartition, DescribeTopicPartitionsResponseTopic,
};
use ottla_wire::message::{DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse};
use std::collections::BTreeSet;
use std::ops::RangeInclusive;

const VERSIONS: RangeInclusive<i16> = 0..=0;

pub(super) fn api() -> Api {
    Api::new(VERSIONS, handle)
}

async fn handle(
    context: Context,
    request: DescribeTopicPartitionsRequest,
) -> DescribeTopicPartitionsResponse {
    let asked: BTreeSet<&str> = request.topics.iter().map(|topic| &*topic.name).collect();
    let (from_topic, from_partition) =
        request.cursor.as_ref().map_or(("", 0), |cursor| (&*cursor.topic_name, cursor.partition_index));
    let is_all = asked.is_empty();
    if request.cursor.is_some() && (from_partition < 0 || !is_all && !asked.contains(from_topic)) {
        let refuse = |name: &&str| unknown(name, ErrorCode::INVALID_REQUEST);
        return DescribeTopicPartitionsResponse {
            topics: asked.iter().map(refuse).collect(),
            ..Default::default()
        };
    }
    let names: Vec<Str> = if is_all {
        context.broker.image.topics().iter().map(|topic| topic.name.as_str().into()).collect()
    } else {
        asked.into_iter().map(Str::from).collect()
    };
    let limit = context.broker.config().topics.max_request_partition_size_limit;
    let mut page = Page { left: limit.min(request.response_partition_limit).max(1), topics: Vec::new() };
    for name in names.iter().filter(|name| from_topic <= name.as_str()) {
        let first = if *name == from_topic { from_partition } else { 0 };
        if let Some(next) = page.add(&context, name, first) {
            return DescribeTopicPartitionsResponse {
                topics: page.topics,
                next_cursor: Some(Box::new(next)),
                ..Default::default()
            };
        }
    }
    DescribeTopicPartitionsResponse { topics: page.topics, ..Default::default() }
}

struct Page {
    /// How many partitions still fit.
    left: i32,
    topics: Vec<DescribeTopicPartitionsResponseTopic>,
}

impl Page {
    /// Adds what fits of a topic's partitions from `first` on. Returns where the next page begins if not all fits.
    fn add(&mut self, context: &Context, name: &Str, first: i32) -> Option<Cursor> {
        let cursor = |partition_index| Cursor { topic_name: name.clone(), partition_index };
        if self.left == 0 {
            return Some(cursor(first));
        }
        let Some(topic) = context.broker.image.topic(name) else {
            let is_legal = TopicName::parse(name).is_ok();
            let code = if is_legal {
                ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
            } else {
                ErrorCode::INVALID_TOPIC_EXCEPTION
            };
            let topic_authorized_operations = TOPIC_OPERATIONS;
            self.topics.push(DescribeTopicPartitionsResponseTopic {
                topic_authorized_operations,
                ..unknown(name, code)
            });
            return None;
        };
        let end = topic.partitions.min(first.saturating_add(self.left));
        self.topics.push(describe(context, &topic, first..end));
        self.left -= (end - first).max(0);
        (end < topic.partitions && first < topic.partitions).then(|| cursor(end))
    }
}

fn unknown(name: &str, error_code: ErrorCode) -> DescribeTopicPartitionsResponseTopic {
    DescribeTopicPartitionsResponseTopic { error_code, name: Some(name.into()), ..Default::default() }
}

fn describe(
    context: &Context,
    topic: &Topic,
    indexes: std::ops::Range<i32>,
) -> DescribeTopicPartitionsResponseTopic {
    let node = context.broker.node.0;
    let partition = |partition_index| DescribeTopicPartitionsResponsePartition {
        error_code: ErrorCode::NONE,
        partition_index,
        leader_id: node,
        leader_epoch: context.broker.leader_epoch(topic, partition_index).0,
        replica_nodes: vec![node],
        isr_nodes: vec![node],
        eligible_leader_replicas: Some(Vec::new()),
        last_known_elr: Some(Vec::new()),
        ..Default::default()
    };
    DescribeTopicPartitionsResponseTopic {
        error_code: ErrorCode::NONE,
        name: Some(topic.name.as_str().into()),
        topic_id: topic.id.0,
        is_internal: false,
        partitions: indexes.map(partition).collect(),
        topic_authorized_operations: TOPIC_OPERATIONS,
    }
}
