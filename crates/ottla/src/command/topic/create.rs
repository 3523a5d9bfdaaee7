//! `ottla topic create`.

use super::TIMEOUT_MS;
use crate::command::Session;
use crate::exit::{Failure, Outcome};
use crate::output;
use ottla_base::TopicId;
use ottla_client::{Refused, RequestError};
use ottla_wire::ErrorCode;
use ottla_wire::message::create_topics_request::{CreatableTopic, CreatableTopicConfig};
use ottla_wire::message::create_topics_response::CreatableTopicResult;
use ottla_wire::message::{CreateTopicsRequest, CreateTopicsResponse};
use serde_json::{Value, json};

/// Create topics.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  ottla topic create flights -p 6
  ottla topic create flights weather -c retention.ms=86400000
  ottla topic create flights --if-not-exists --dry-run")]
pub(crate) struct Arguments {
    /// Their names.
    #[arg(required = true, value_name = "TOPIC")]
    names: Vec<String>,

    /// How many partitions; without it the broker's num.partitions.
    #[arg(short, long, value_name = "COUNT", default_value_t = -1, hide_default_value = true)]
    partitions: i32,

    /// How many copies; without it the broker's default.replication.factor.
    #[arg(short, long, value_name = "COUNT", default_value_t = -1, hide_default_value = true)]
    replication_factor: i16,

    /// A setting of the topic; may be repeated.
    #[arg(short, long = "config", value_name = "KEY=VALUE")]
    config: Vec<String>,

    /// A topic that exists already is fine.
    #[arg(long)]
    if_not_exists: bool,

    /// Check only; create nothing.
    #[arg(long)]
    dry_run: bool,
}

/// Creates them, all in one request.
pub(super) async fn run(session: &Session<'_>, arguments: &Arguments) -> Outcome {
    let configs = arguments.config.iter().map(|text| {
        let (name, value) = text.split_once('=').ok_or_else(|| {
            Failure::usage(format!("'{text}': expected KEY=VALUE, such as retention.ms=1000"))
        })?;
        Ok(CreatableTopicConfig { name: name.into(), value: Some(value.into()) })
    });
    let configs = configs.collect::<Outcome<Vec<_>>>()?;
    let topic = |name: &String| CreatableTopic {
        name: name.into(),
        num_partitions: arguments.partitions,
        replication_factor: arguments.replication_factor,
        configs: configs.clone(),
        ..Default::default()
    };
    let request = CreateTopicsRequest {
        topics: arguments.names.iter().map(topic).collect(),
        timeout_ms: TIMEOUT_MS,
        validate_only: arguments.dry_run,
    };
    let response: CreateTopicsResponse = session.connect().await?.call_any(&request).await?;
    let mut rows = Vec::new();
    let mut refused = None;
    for result in response.topics {
        if result.error_code == ErrorCode::TOPIC_ALREADY_EXISTS && arguments.if_not_exists {
            output::note(session.common, format_args!("topic {} exists already", result.name));
            continue;
        }
        let what = format!("topic {}", result.name);
        match Refused::check(what, result.error_code, result.error_message.as_deref()) {
            Ok(()) => rows.push(row(&result)),
            Err(no) => refused = refused.or(Some(no)),
        }
    }
    if !rows.is_empty() {
        output::rows(session.common, &["topic", "partitions", "replication-factor", "id"], rows)?;
    }
    if arguments.dry_run {
        output::note(session.common, "checked, nothing created");
    }
    refused.map_or(Ok(()), |no| Err(RequestError::from(no).into()))
}

fn row(result: &CreatableTopicResult) -> Vec<Value> {
    let id = TopicId(result.topic_id);
    let id = if id == TopicId::NONE { Value::Null } else { json!(crate::text::topic_id(id)) };
    vec![json!(&*result.name), json!(result.num_partitions), json!(result.replication_factor), id]
}
