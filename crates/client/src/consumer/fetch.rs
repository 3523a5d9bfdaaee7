//! One Fetch to one leader.

use super::ConsumerOptions;
use crate::client::Client;
use crate::error::{Refused, RequestError};
use crate::metadata::TopicPartition;
use bytes::Bytes;
use ottla_base::{Offset, ProducerId, TopicId};
use ottla_wire::ErrorCode;
use ottla_wire::message::fetch_request::{FetchPartition, FetchTopic};
use ottla_wire::message::fetch_response::{FetchableTopicResponse, PartitionData};
use ottla_wire::message::{FetchRequest, FetchResponse};
use std::sync::Arc;

/// A partition to ask for.
#[derive(Clone, Debug)]
pub(super) struct Question {
    pub(super) partition: TopicPartition,
    pub(super) topic_id: TopicId,
    pub(super) position: Offset,
    pub(super) round: u64,
}

/// What the leader has of a partition.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) high_watermark: Offset,
    pub(crate) log_start: Option<Offset>,
    pub(crate) records: Bytes,
    /// Transactions that were taken back: who, and from which offset on. By offset.
    pub(crate) aborted: Vec<(ProducerId, Offset)>,
}

/// The answers of one leader to all its questions.
#[derive(Debug)]
pub(super) struct Fetched {
    /// Whom was asked; none if only the leader was looked for.
    pub(super) leader: Option<i32>,
    /// No answer where only the leader was looked for, and found.
    pub(super) answers: Vec<(Question, Result<Option<Answer>, RequestError>)>,
}

/// Looks for the leader, so that it is known when the partition is asked for next.
pub(super) async fn locate(client: Client, question: Question) -> Fetched {
    let found = client.leader(&question.partition.topic, question.partition.partition).await;
    Fetched { leader: None, answers: vec![(question, found.map(|_| None))] }
}

pub(super) async fn ask(
    client: Client,
    options: ConsumerOptions,
    leader: i32,
    questions: Vec<Question>,
) -> Fetched {
    let answers = match exchange(&client, &options, leader, &questions).await {
        Ok(response) => questions
            .into_iter()
            .map(|question| {
                let answer = read(&response, &question);
                (question, answer.map(Some))
            })
            .collect(),
        Err(error) => questions.into_iter().map(|question| (question, Err(error.clone()))).collect(),
    };
    Fetched { leader: Some(leader), answers }
}

async fn exchange(
    client: &Client,
    options: &ConsumerOptions,
    leader: i32,
    questions: &[Question],
) -> Result<FetchResponse, RequestError> {
    let mut request = FetchRequest {
        max_wait_ms: i32::try_from(options.fetch_wait.as_millis()).unwrap_or(i32::MAX),
        min_bytes: options.fetch_bytes_min,
        max_bytes: options.fetch_bytes_max,
        isolation_level: options.isolation as i8,
        ..FetchRequest::default()
    };
    for question in questions {
        let partition = FetchPartition {
            partition: question.partition.partition.0,
            fetch_offset: question.position.0,
            partition_max_bytes: options.partition_bytes_max,
            ..FetchPartition::default()
        };
        // The broker fills its answer in the order of the request, so that a topic may come several times.
        match request.topics.last_mut() {
            Some(topic) if topic.topic.as_str() == &*question.partition.topic => {
                topic.partitions.push(partition)
            }
            _ => request.topics.push(FetchTopic {
                topic: (&*question.partition.topic).into(),
                topic_id: question.topic_id.0,
                partitions: vec![partition],
            }),
        }
    }
    let connection = client.broker(leader).await?;
    let response = connection.call_within(&request, options.fetch_wait).await?;
    Refused::check(format_args!("fetch from broker {leader}"), response.error_code, None)?;
    Ok(response)
}

fn read(response: &FetchResponse, question: &Question) -> Result<Answer, RequestError> {
    let name = &*question.partition.topic;
    let same = |topic: &&FetchableTopicResponse| {
        topic.topic.as_str() == name || (topic.topic.is_empty() && topic.topic_id == question.topic_id.0)
    };
    let mut partitions = response.responses.iter().filter(same).flat_map(|topic| &topic.partitions);
    let what = || format!("partition {}", question.partition);
    let Some(found) = partitions.find(|data| data.partition_index == question.partition.partition.0) else {
        let message = Some(Arc::from("the broker did not answer for this partition"));
        return Err(Refused { what: what().into(), code: ErrorCode::UNKNOWN_SERVER_ERROR, message }.into());
    };
    Refused::check(what(), found.error_code, None)?;
    Ok(answer(found))
}

fn answer(found: &PartitionData) -> Answer {
    let records = found.records.as_ref().and_then(|records| records.as_bytes()).cloned().unwrap_or_default();
    let aborted = found.aborted_transactions.iter().flatten();
    let mut aborted: Vec<_> =
        aborted.map(|one| (ProducerId(one.producer_id), Offset(one.first_offset))).collect();
    aborted.sort_by_key(|(_, offset)| *offset);
    Answer {
        high_watermark: Offset(found.high_watermark),
        log_start: (0 <= found.log_start_offset).then_some(Offset(found.log_start_offset)),
        records,
        aborted,
    }
}
