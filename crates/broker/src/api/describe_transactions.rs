//! DescribeTransactions, key 65, version 0: what transactional ids are doing (KIP-664).
//!
//! Partitions of topics that have been deleted meanwhile are left out. An empty id is INVALID_REQUEST, an unknown one
//! TRANSACTIONAL_ID_NOT_FOUND.

use super::{Api, Context};
use crate::groups::OFFSETS_TOPIC;
use ottla_coordinator::transaction::{Described, Participant};
use ottla_wire::Str;
use ottla_wire::error_code::ErrorCode;
use ottla_wire::message::describe_transactions_response::{TopicData, TransactionState};
use ottla_wire::message::{DescribeTransactionsRequest, DescribeTransactionsResponse};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

const VERSIONS: RangeInclusive<i16> = 0..=0;

pub(super) fn api() -> Api {
    Api::new(VERSIONS, handle)
}

async fn handle(context: Context, request: DescribeTransactionsRequest) -> DescribeTransactionsResponse {
    let mut transaction_states = Vec::with_capacity(request.transactional_ids.len());
    for id in request.transactional_ids {
        let described = describe(&context, id.clone()).await;
        transaction_states.push(described.unwrap_or_else(|error_code| TransactionState {
            error_code,
            transactional_id: id,
            ..Default::default()
        }));
    }
    DescribeTransactionsResponse { transaction_states, ..Default::default() }
}

async fn describe(context: &Context, id: Str) -> Result<TransactionState, ErrorCode> {
    if id.is_empty() {
        return Err(ErrorCode::INVALID_REQUEST);
    }
    let described = context.broker.transactions.describe(id).await?;
    let Described { state, participants } = described.ok_or(ErrorCode::TRANSACTIONAL_ID_NOT_FOUND)?;
    let mut topics = BTreeMap::<Str, Vec<i32>>::new();
    for participant in participants {
        let (topic, index) = match participant {
            Participant::Offsets(index) => (Str::from_static(OFFSETS_TOPIC), index),
            Participant::Partition(id) => match context.broker.image.topic_by_id(id.topic) {
                Some(topic) => (Str::from(topic.name.as_str()), id.index),
                None => continue,
            },
        };
        topics.entry(topic).or_default().push(index.0);
    }
    let topics = topics.into_iter().map(|(topic, partitions)| TopicData { topic, partitions });
    Ok(TransactionState { topics: topics.collect(), ..state })
}
