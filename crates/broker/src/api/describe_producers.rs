//! DescribeProducers, key 61, version 0: who has written to partitions with a producer id, and where transactions are
//! open (KIP-664).
//!
//! - INVALID_TOPIC_EXCEPTION for a name that no topic can have, UNKNOWN_TOPIC_OR_PARTITION for what does not exist,
//!   each for its partitions alone.
//! - Groups keep their pending offsets in the journal and not in `__consumer_offsets`; DescribeTransactions shows them.

use super::{Api, Context};
use ottla_base::{PartitionId, TopicName};
use ottla_storage::{ActiveProducer, ReadError};
use ottla_wire::Str;
use ottla_wire::error_code::ErrorCode;
use ottla_wire::message::describe_producers_request::TopicRequest;
use ottla_wire::message::describe_producers_response::{PartitionResponse, ProducerState, TopicResponse};
use ottla_wire::message::{DescribeProducersRequest, DescribeProducersResponse};
use std::ops::RangeInclusive;

const VERSIONS: RangeInclusive<i16> = 0..=0;

pub(super) fn api() -> Api {
    Api::new(VERSIONS, handle)
}

async fn handle(context: Context, request: DescribeProducersRequest) -> DescribeProducersResponse {
    let topics = request.topics.into_iter().map(|topic| describe(&context, topic)).collect();
    DescribeProducersResponse { topics, ..Default::default() }
}

fn describe(context: &Context, asked: TopicRequest) -> TopicResponse {
    let topic = context.broker.image.topic(&asked.name);
    let is_legal = TopicName::parse(&asked.name).is_ok();
    let partition = |index: &i32| {
        let id = topic.as_ref().and_then(|topic| topic.partition(*index));
        match id.map(|id: PartitionId| context.broker.log.producers(id)) {
            Some(Ok(producers)) => PartitionResponse {
                partition_index: *index,
                active_producers: producers.iter().map(state).collect(),
                ..Default::default()
            },
            Some(Err(error @ ReadError::Offline(_))) => {
                let code = crate::error::of_read(&error);
                PartitionResponse {
                    error_message: Some(Str::from(error.to_string())),
                    ..refused(*index, code, "")
                }
            }
            None | Some(Err(_)) if is_legal => {
                let message = match &topic {
                    Some(_) => "the topic has no such partition",
                    None => "there is no such topic",
                };
                refused(*index, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, message)
            }
            None | Some(Err(_)) => {
                refused(*index, ErrorCode::INVALID_TOPIC_EXCEPTION, "no topic can have this name")
            }
        }
    };
    TopicResponse { partitions: asked.partition_indexes.iter().map(partition).collect(), name: asked.name }
}

fn refused(partition_index: i32, error_code: ErrorCode, message: &'static str) -> PartitionResponse {
    let error_message = Some(Str::from_static(message));
    PartitionResponse { partition_index, error_code, error_message, ..Default::default() }
}

fn state(producer: &ActiveProducer) -> ProducerState {
    ProducerState {
        producer_id: producer.producer.0,
        producer_epoch: producer.epoch.0.into(),
        last_sequence: producer.last_sequence,
        last_timestamp: producer.last_timestamp.0,
        coordinator_epoch: producer.coordinator_epoch,
        current_txn_start_offset: producer.transaction_start.map_or(NO_OFFSET, |offset| offset.0),
    }
}

const NO_OFFSET: i64 = -1;
