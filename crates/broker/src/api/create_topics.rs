//! CreateTopics, key 19, versions 2–7.
//!
//! - Partitions and replication factor -1 mean the broker's defaults. On one broker a factor above 1 is
//!   INVALID_REPLICATION_FACTOR.
//! - A topic named twice in one request is answered once, with INVALID_REQUEST.
//! - A request may create 10 000 topics, partitions and settings together, else all of it is POLICY_VIOLATION.
//! - v5+: the answer echoes the topic's configuration in force. v7+: and its id.
//! - `validate_only` checks everything and creates nothing; the answer then has no id, where Apache Kafka invents
//!   one.

use super::refused::Refused;
use super::{Api, Context, assignment, describe_configs, metadata_records};
use crate::config::{Overrides, check_topic};
use crate::topics::NewTopic;
use ottla_base::{TopicId, TopicName};
use ottla_wire::error_code::ErrorCode;
use ottla_wire::message::create_topics_request::CreatableTopic;
use ottla_wire::message::create_topics_response::{CreatableTopicConfigs, CreatableTopicResult};
use ottla_wire::message::{CreateTopicsRequest, CreateTopicsResponse};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

const VERSIONS: RangeInclusive<i16> = 2..=7;

/// Kafka's metadata log, which a client must not create.
pub(super) const CLUSTER_METADATA: &str = "__cluster_metadata";

pub(super) fn api() -> Api {
    Api::new(VERSIONS, handle)
}

async fn handle(context: Context, request: CreateTopicsRequest) -> CreateTopicsResponse {
    let mut times: BTreeMap<&str, u32> = BTreeMap::new();
    for topic in &request.topics {
        *times.entry(&topic.name).or_default() += 1;
    }
    let checked = request.topics.iter().map(|wanted| (wanted, check(&context, wanted)));
    let records: usize = checked.map(|(wanted, new)| new.map_or(0, |new| records(wanted, &new))).sum();
    let size = metadata_records::check(records);
    let mut topics = Vec::with_capacity(request.topics.len());
    for wanted in &request.topics {
        let outcome = match times.remove(&*wanted.name) {
            None => continue,
            Some(times) => match &size {
                Err(refused) => Err(refused.clone()),
                Ok(()) if times == 1 => create(&context, wanted, request.validate_only).await,
                Ok(()) => Err(Refused::request("the request names this topic more than once: name it once")),
            },
        };
        topics.push(outcome.unwrap_or_else(|Refused { code, message }| CreatableTopicResult {
            name: wanted.name.clone(),
            error_code: code,
            error_message: Some(message.into()),
            ..Default::default()
        }));
    }
    CreateTopicsResponse { topics, ..Default::default() }
}

/// How many records of metadata a topic takes in Apache Kafka.
fn records(wanted: &CreatableTopic, new: &NewTopic) -> usize {
    1 + wanted.configs.len() + usize::try_from(new.partitions).unwrap_or_default()
}

/// Creates one topic as a client asks for it.
pub(super) async fn create(
    context: &Context,
    wanted: &CreatableTopic,
    validate_only: bool,
) -> Result<CreatableTopicResult, Refused> {
    let new = check(context, wanted)?;
    metadata_records::check(records(wanted, &new))?;
    if validate_only {
        return Ok(result(context, wanted, TopicId::NONE, new.partitions, &new.overrides));
    }
    let topic = context.broker.create_topic(new).await?;
    Ok(result(context, wanted, topic.id, topic.partitions, &topic.overrides))
}

fn check(context: &Context, wanted: &CreatableTopic) -> Result<NewTopic, Refused> {
    if wanted.name == CLUSTER_METADATA {
        return Err(Refused::request(format!("{CLUSTER_METADATA} cannot be created by clients")));
    }
    let name = TopicName::parse(&wanted.name)?;
    if name.is_internal() {
        return Err(crate::topics::TopicError::Internal.into());
    }
    if context.broker.image.topic(name.as_str()).is_some() {
        return Err(crate::topics::TopicError::Exists.into());
    }
    if let Some(other) = context.broker.image.collision(&name) {
        return Err(crate::topics::TopicError::Collides(other).into());
    }
    let mut overrides = Overrides::new();
    for config in &wanted.configs {
        let Some(value) = &config.value else {
            let message = format!("'{}' has no value: give it one or leave it out", config.name);
            return Err(Refused::new(ErrorCode::INVALID_CONFIG, message));
        };
        overrides.insert(config.name.to_string(), value.trim().to_owned());
    }
    check_topic(&overrides)?;
    let partitions = if wanted.assignments.is_empty() {
        check_replication_factor(context, wanted.replication_factor)?;
        partition_count(context, wanted.num_partitions)?
    } else {
        assigned_partition_count(context, wanted)?
    };
    Ok(NewTopic { name, partitions, overrides })
}

fn partition_count(context: &Context, wanted: i32) -> Result<i32, Refused> {
    match wanted {
        -1 => Ok(context.broker.config().topics.num_partitions),
        1.. => Ok(wanted),
        _ => Err(Refused::new(
            ErrorCode::INVALID_PARTITIONS,
            format!(
                "a topic cannot have {wanted} partitions: ask for 1 or more, or -1 for the broker's default"
            ),
        )),
    }
}

fn check_replication_factor(context: &Context, wanted: i16) -> Result<(), Refused> {
    let refused = |message: String| Err(Refused::new(ErrorCode::INVALID_REPLICATION_FACTOR, message));
    match wanted {
        1 => Ok(()),
        -1 => match context.broker.config().topics.default_replication_factor {
            1 => Ok(()),
            default => refused(format!(
                "default.replication.factor is {default} and there is one broker: ask for a replication factor of 1"
            )),
        },
        2.. => refused(format!(
            "a replication factor of {wanted} needs {wanted} brokers and there is one: ask for 1 or -1"
        )),
        _ => refused(format!(
            "the replication factor cannot be {wanted}: ask for 1, or -1 for the broker's default"
        )),
    }
}

/// How many partitions the client's own assignment makes.
fn assigned_partition_count(context: &Context, wanted: &CreatableTopic) -> Result<i32, Refused> {
    if wanted.replication_factor != -1 || wanted.num_partitions != -1 {
        return Err(Refused::request(
            "with a manual assignment the partition count and the replication factor must both be -1",
        ));
    }
    let mut indexes: Vec<i32> =
        wanted.assignments.iter().map(|partition| partition.partition_index).collect();
    indexes.sort_unstable();
    if !indexes.iter().copied().eq((0i32..).take(indexes.len())) {
        return Err(Refused::new(
            ErrorCode::INVALID_REPLICA_ASSIGNMENT,
            "the assigned partitions must be numbered 0, 1, 2 and so on, each once",
        ));
    }
    for partition in &wanted.assignments {
        assignment::check(&partition.broker_ids, context.broker.node)?;
    }
    Ok(i32::try_from(indexes.len()).unwrap_or(i32::MAX))
}

fn result(
    context: &Context,
    wanted: &CreatableTopic,
    id: TopicId,
    partitions: i32,
    overrides: &Overrides,
) -> CreatableTopicResult {
    let configs =
        describe_configs::topic(&context.broker.configs, overrides).map(|entry| CreatableTopicConfigs {
            name: entry.key.name.into(),
            value: entry.value(),
            read_only: false,
            config_source: entry.source_code(),
            is_sensitive: entry.key.is_sensitive(),
        });
    CreatableTopicResult {
        name: wanted.name.clone(),
        topic_id: id.0,
        num_partitions: partitions,
        replication_factor: 1,
        error_message: None,
        configs: Some(configs.collect()),
        ..Default::default()
    }
}

#[cfg(test)]
mod tests;
