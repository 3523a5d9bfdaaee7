//! DescribeQuorum, key 55, versions 0–2: who keeps the cluster's metadata.
//!
//! This broker keeps its metadata itself, so it is the quorum's only voter and leads it; nobody else ever did, which is
//! epoch 1. Offsets count the changes of metadata: they grow by one with each and keep over restarts. All of them are
//! durable, so the high watermark is the end.
//!
//! - Exactly partition 0 of `__cluster_metadata` may be asked for; else whatever was is UNKNOWN_TOPIC_OR_PARTITION.
//! - v2+: the addresses of voters. There is no listener for controllers: what it would be asked is answered on the one
//!   that the client came by. The data directory has no id, as of a voter below `kraft.version` 1.

use super::create_topics::CLUSTER_METADATA;
use super::{Api, Context};
use ottla_wire::Str;
use ottla_wire::error_code::ErrorCode;
use ottla_wire::message::describe_quorum_response::{Listener, Node, PartitionData, ReplicaState, TopicData};
use ottla_wire::message::{DescribeQuorumRequest, DescribeQuorumResponse};
use std::ops::RangeInclusive;

const VERSIONS: RangeInclusive<i16> = 0..=2;

pub(super) fn api() -> Api {
    Api::new(VERSIONS, handle)
}

async fn handle(context: Context, request: DescribeQuorumRequest) -> DescribeQuorumResponse {
    if !is_metadata(&request) {
        return unknown(request);
    }
    let topic = TopicData { topic_name: CLUSTER_METADATA.into(), partitions: vec![describe(&context)] };
    let nodes = match context.version {
        FIRST_VERSION_WITH_NODES.. => vec![node(&context)],
        _ => Vec::new(),
    };
    DescribeQuorumResponse { topics: vec![topic], nodes, ..Default::default() }
}

fn is_metadata(request: &DescribeQuorumRequest) -> bool {
    let [topic] = request.topics.as_slice() else { return false };
    let [partition] = topic.partitions.as_slice() else { return false };
    topic.topic_name == CLUSTER_METADATA && partition.partition_index == 0
}

fn unknown(request: DescribeQuorumRequest) -> DescribeQuorumResponse {
    let message =
        Str::from_static("the only quorum is that of partition 0 of __cluster_metadata: ask for it alone");
    let topics = request.topics.into_iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|partition| PartitionData {
            partition_index: partition.partition_index,
            error_code: ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
            error_message: Some(message.clone()),
            ..Default::default()
        });
        TopicData { partitions: partitions.collect(), topic_name: topic.topic_name }
    });
    DescribeQuorumResponse { topics: topics.collect(), ..Default::default() }
}

fn describe(context: &Context) -> PartitionData {
    let broker = &context.broker;
    let end = i64::try_from(broker.meta.changes()).unwrap_or(i64::MAX);
    let now = context.now.wall.0;
    let voter = ReplicaState {
        replica_id: broker.node.0,
        log_end_offset: end,
        last_fetch_timestamp: now,
        last_caught_up_timestamp: now,
        ..Default::default()
    };
    PartitionData {
        leader_id: broker.node.0,
        leader_epoch: ONLY_EPOCH,
        high_watermark: end,
        current_voters: vec![voter],
        ..Default::default()
    }
}

fn node(context: &Context) -> Node {
    let endpoint = context.broker.advertised.to(&context.peer);
    let listener = Listener {
        name: Str::from(&*context.peer.listener),
        host: endpoint.host.into(),
        port: endpoint.port,
    };
    Node { node_id: context.broker.node.0, listeners: vec![listener] }
}

const FIRST_VERSION_WITH_NODES: i16 = 2;
const ONLY_EPOCH: i32 = 1;

#[cfg(test)]
mod tests;
