//! Topics.

use super::{Admin, Mode, Outcome};
use crate::client::TopicSet;
use crate::error::{CallError, Refused};
use crate::metadata::Topic;
use ottla_base::TopicId;
use ottla_wire::ErrorCode;
use ottla_wire::message::create_partitions_request::{CreatePartitionsAssignment, CreatePartitionsTopic};
use ottla_wire::message::create_topics_request::{
    CreatableReplicaAssignment, CreatableTopic, CreatableTopicConfig,
};
use ottla_wire::message::delete_topics_request::DeleteTopicState;
use ottla_wire::message::{CreatePartitionsRequest, CreateTopicsRequest, DeleteTopicsRequest};
use std::sync::Arc;

/// A topic to be made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewTopic {
    /// Its name.
    pub name: String,
    /// How many partitions; the broker's default, if none.
    pub partitions: Option<i32>,
    /// How many replicas; the broker's default, if none.
    pub replication_factor: Option<i16>,
    /// On which brokers each partition shall be, instead of the two numbers.
    pub assignment: Vec<Vec<i32>>,
    /// Its configs, where they differ from the broker's.
    pub configs: Vec<(String, Option<String>)>,
}

/// A topic that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreatedTopic {
    /// Its identity; none from old brokers.
    pub id: TopicId,
    /// How many partitions it has, if the broker says.
    pub partitions: Option<i32>,
    /// How many replicas it has, if the broker says.
    pub replication_factor: Option<i16>,
}

impl Admin {
    /// All topics that we may see, by name.
    ///
    /// # Errors
    /// If nobody answers.
    pub async fn list_topics(&self) -> Result<Vec<Arc<Topic>>, CallError> {
        Ok(self.client.view(TopicSet::All).await?.topics.into_values().collect())
    }

    /// These topics, in the order asked.
    ///
    /// # Errors
    /// If nobody answers.
    pub async fn describe_topics(&self, names: &[&str]) -> Result<Vec<Outcome<Arc<Topic>>>, CallError> {
        let view = self.client.view(TopicSet::Named(names)).await?;
        let outcome = |name: &&str| {
            let code = view.refused.get(*name).copied().unwrap_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
            let refused = || Refused { what: format!("topic {name}").into(), code, message: None };
            (Arc::from(*name), view.topics.get(*name).cloned().ok_or_else(refused))
        };
        Ok(names.iter().map(outcome).collect())
    }

    /// Makes topics.
    ///
    /// # Errors
    /// If nobody answers.
    pub async fn create_topics(
        &self,
        topics: &[NewTopic],
        mode: Mode,
    ) -> Result<Vec<Outcome<CreatedTopic>>, CallError> {
        let request = |_| CreateTopicsRequest {
            topics: topics.iter().map(creatable).collect(),
            timeout_ms: self.timeout_ms(),
            validate_only: mode == Mode::Validate,
        };
        let first = |response: &ottla_wire::message::CreateTopicsResponse| {
            first_code(&response.topics, |t| t.error_code)
        };
        let response = self.client.ask_controller(request, first).await?;
        let outcome = |topic: &ottla_wire::message::create_topics_response::CreatableTopicResult| {
            self.client.forget_topic(&topic.name);
            let what = format_args!("topic {}", topic.name.as_str()).to_string();
            let created = CreatedTopic {
                id: TopicId(topic.topic_id),
                partitions: (0 <= topic.num_partitions).then_some(topic.num_partitions),
                replication_factor: (0 <= topic.replication_factor).then_some(topic.replication_factor),
            };
            let result = Refused::check(what, topic.error_code, topic.error_message.as_deref());
            (topic.name.as_str().into(), result.map(|()| created))
        };
        Ok(response.topics.iter().map(outcome).collect())
    }

    /// Deletes topics.
    ///
    /// # Errors
    /// If nobody answers.
    pub async fn delete_topics(&self, names: &[&str]) -> Result<Vec<Outcome<()>>, CallError> {
        let request = |version| {
            let mut request =
                DeleteTopicsRequest { timeout_ms: self.timeout_ms(), ..DeleteTopicsRequest::default() };
            let state =
                |name: &&str| DeleteTopicState { name: Some((*name).into()), ..DeleteTopicState::default() };
            match version {
                ..6 => request.topic_names = names.iter().map(|name| (*name).into()).collect(),
                _ => request.topics = names.iter().map(state).collect(),
            }
            request
        };
        let first = |response: &ottla_wire::message::DeleteTopicsResponse| {
            first_code(&response.responses, |t| t.error_code)
        };
        let response = self.client.ask_controller(request, first).await?;
        let outcome = |topic: &ottla_wire::message::delete_topics_response::DeletableTopicResult| {
            let name = topic.name.as_deref().unwrap_or_default();
            self.client.forget_topic(name);
            let what = format_args!("topic {name}").to_string();
            (name.into(), Refused::check(what, topic.error_code, topic.error_message.as_deref()))
        };
        Ok(response.responses.iter().map(outcome).collect())
    }

    /// Gives topics more partitions: each as many as stands beside its name, in total.
    ///
    /// # Errors
    /// If nobody answers.
    pub async fn create_partitions(
        &self,
        counts: &[(&str, i32)],
        mode: Mode,
    ) -> Result<Vec<Outcome<()>>, CallError> {
        let topic = |(name, count): &(&str, i32)| CreatePartitionsTopic {
            name: (*name).into(),
            count: *count,
            assignments: None::<Vec<CreatePartitionsAssignment>>,
        };
        let request = |_| CreatePartitionsRequest {
            topics: counts.iter().map(topic).collect(),
            timeout_ms: self.timeout_ms(),
            validate_only: mode == Mode::Validate,
        };
        let first = |response: &ottla_wire::message::CreatePartitionsResponse| {
            first_code(&response.results, |t| t.error_code)
        };
        let response = self.client.ask_controller(request, first).await?;
        let outcome =
            |topic: &ottla_wire::message::create_partitions_response::CreatePartitionsTopicResult| {
                self.client.forget_topic(&topic.name);
                let what = format_args!("topic {}", topic.name.as_str()).to_string();
                (
                    topic.name.as_str().into(),
                    Refused::check(what, topic.error_code, topic.error_message.as_deref()),
                )
            };
        Ok(response.results.iter().map(outcome).collect())
    }
}

fn creatable(topic: &NewTopic) -> CreatableTopic {
    let assignment = |(index, brokers): (i32, &Vec<i32>)| CreatableReplicaAssignment {
        partition_index: index,
        broker_ids: brokers.clone(),
    };
    let config = |(name, value): &(String, Option<String>)| CreatableTopicConfig {
        name: name.into(),
        value: value.as_ref().map(Into::into),
    };
    CreatableTopic {
        name: topic.name.as_str().into(),
        num_partitions: topic.partitions.unwrap_or(-1),
        replication_factor: topic.replication_factor.unwrap_or(-1),
        assignments: (0..).zip(&topic.assignment).map(assignment).collect(),
        configs: topic.configs.iter().map(config).collect(),
    }
}

/// The first code: a broker that is not the controller refuses all alike.
fn first_code<T>(results: &[T], code: impl Fn(&T) -> ErrorCode) -> ErrorCode {
    results.first().map_or(ErrorCode::NONE, code)
}
