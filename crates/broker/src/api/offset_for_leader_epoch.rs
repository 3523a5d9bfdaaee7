//! OffsetForLeaderEpoch, key 23, versions 2–4: where a leader epoch ended, so that a consumer can tell whether
//! the log that it read from is still the log that it reads (KIP-320).
//!
//! - A current leader epoch that is not ours is answered by FENCED_LEADER_EPOCH or UNKNOWN_LEADER_EPOCH.
//! - An epoch that is unknown or later than the latest has no end: epoch and offset are -1.

use super::{Api, Context};
use ottla_base::LeaderEpoch;
use ottla_wire::error_code::ErrorCode;
use ottla_wire::message::offset_for_leader_epoch_request::OffsetForLeaderPartition;
use ottla_wire::message::offset_for_leader_epoch_response::{EpochEndOffset, OffsetForLeaderTopicResult};
use ottla_wire::message::{OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse};
use std::ops::RangeInclusive;

const VERSIONS: RangeInclusive<i16> = 2..=4;

pub(super) fn api() -> Api {
    Api::new(VERSIONS, handle)
}

async fn handle(context: Context, request: OffsetForLeaderEpochRequest) -> OffsetForLeaderEpochResponse {
    let topics = request.topics.into_iter().map(|topic| {
        let find = |asked: &OffsetForLeaderPartition| {
            let mut answer = EpochEndOffset { partition: asked.partition, ..Default::default() };
            match find_end(&context, &topic.topic, asked) {
                Ok(Some((epoch, end))) => (answer.leader_epoch, answer.end_offset) = (epoch.0, end),
                Ok(None) => {}
                Err(code) => answer.error_code = code,
            }
            answer
        };
        let partitions = topic.partitions.iter().map(find).collect();
        OffsetForLeaderTopicResult { topic: topic.topic.clone(), partitions }
    });
    OffsetForLeaderEpochResponse { topics: topics.collect(), ..Default::default() }
}

fn find_end(
    context: &Context,
    topic: &str,
    asked: &OffsetForLeaderPartition,
) -> Result<Option<(LeaderEpoch, i64)>, ErrorCode> {
    let broker = &context.broker;
    let topic = broker.image.topic(topic).ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)?;
    let id = topic.partition(asked.partition).ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)?;
    let current = broker.log.offsets(id).map_err(|error| crate::error::of_read(&error))?.leader_epoch;
    broker.check_leader_epoch(LeaderEpoch(asked.current_leader_epoch), current)?;
    Ok(broker.log.epoch_end(id, LeaderEpoch(asked.leader_epoch)).map(|(epoch, end)| (epoch, end.0)))
}
