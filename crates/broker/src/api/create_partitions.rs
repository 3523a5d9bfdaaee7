//! CreatePartitions, key 37, versions 0–3: a topic grows, it never shrinks.
//!
//! - The same or a smaller count is INVALID_PARTITIONS. A manual assignment lists the new partitions only.
//! - A topic named twice in one request is answered once, with INVALID_REQUEST.
//! - A request that adds more than 10 000 partitions in all is POLICY_VIOLATION.
//! - Records stay where they are: a key may hash to another partition from then on, as in Apache Kafka.

use super::refused::Refused;
use super::{Api, Context, assignment, metadata_records};
use crate::image::Topic;
use ottla_wire::error_code::ErrorCode;
use ottla_wire::message::create_partitions_request::CreatePartitionsTopic;
use ottla_wire::message::create_partitions_response::CreatePartitionsTopicResult;
use ottla_wire::message::{CreatePartitionsRequest, CreatePartitionsResponse};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;

const VERSIONS: RangeInclusive<i16> = 0..=3;

pub(super) fn api() -> Api {
    Api::new(VERSIONS, handle)
}

async fn handle(context: Context, request: CreatePartitionsRequest) -> CreatePartitionsResponse {
    let mut times: BTreeMap<&str, u32> = BTreeMap::new();
    for topic in &request.topics {
        *times.entry(&topic.name).or_default() += 1;
    }
    let new =
        request.topics.iter().filter_map(|wanted| usize::try_from(check(&context, wanted).ok()?.1).ok());
    let size = metadata_records::check(new.sum());
    let mut results = Vec::with_capacity(request.topics.len());
    for wanted in &request.topics {
        let outcome = match times.remove(&*wanted.name) {
            None => continue,
            Some(times) => match &size {
                Err(refused) => Err(refused.clone()),
                Ok(()) if times == 1 => grow(&context, wanted, request.validate_only).await,
                Ok(()) => Err(Refused::request("the request names this topic more than once: name it once")),
            },
        };
        let (error_code, error_message) = Refused::fields(outcome);
        results.push(CreatePartitionsTopicResult { name: wanted.name.clone(), error_code, error_message });
    }
    CreatePartitionsResponse { results, ..Default::default() }
}

async fn grow(context: &Context, wanted: &CreatePartitionsTopic, validate_only: bool) -> Result<(), Refused> {
    let (topic, _) = check(context, wanted)?;
    if !validate_only {
        context.broker.add_partitions(topic.id, wanted.count).await?;
    }
    Ok(())
}

/// The topic, and how many partitions it is to get.
fn check(context: &Context, wanted: &CreatePartitionsTopic) -> Result<(Arc<Topic>, i32), Refused> {
    let topic =
        context.broker.image.topic(&wanted.name).ok_or_else(|| Refused::unknown_topic(&wanted.name))?;
    if wanted.count <= topic.partitions {
        return Err(Refused::new(
            ErrorCode::INVALID_PARTITIONS,
            format!(
                "the topic has {} partition(s) and cannot have {}: partitions can only be added",
                topic.partitions, wanted.count
            ),
        ));
    }
    let added = wanted.count - topic.partitions;
    if let Some(assignments) = &wanted.assignments {
        if i32::try_from(assignments.len()) != Ok(added) {
            return Err(Refused::new(
                ErrorCode::INVALID_REPLICA_ASSIGNMENT,
                format!(
                    "{added} partition(s) are added and {} are assigned: assign each new one",
                    assignments.len()
                ),
            ));
        }
        for partition in assignments {
            assignment::check(&partition.broker_ids, context.broker.node)?;
        }
    }
    Ok((topic, added))
}
