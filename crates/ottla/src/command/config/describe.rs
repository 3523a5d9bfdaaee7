//! `ottla config describe`: what is in force, and where it comes from.

use super::Resource;
use crate::command::Session;
use crate::exit::Outcome;
use crate::output;
use ottla_client::Refused;
use ottla_wire::message::describe_configs_request::DescribeConfigsResource;
use ottla_wire::message::describe_configs_response::DescribeConfigsResourceResult;
use ottla_wire::message::{DescribeConfigsRequest, DescribeConfigsResponse};
use serde_json::{Value, json};

/// Show the settings of a topic, group or broker that are in force, and where each comes from.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  ottla config describe topic:flights
  ottla config describe group:thumbnails --all
  ottla config describe broker:1 --all")]
pub(crate) struct Arguments {
    /// topic:NAME, group:ID, broker:ID, or broker for the default of all brokers.
    resource: Resource,

    /// Also what is at its default.
    #[arg(long, short)]
    all: bool,
}

/// Prints them.
pub(super) async fn run(session: &Session<'_>, arguments: &Arguments) -> Outcome {
    let client = session.connect().await?;
    let configs = fetch(&client, &arguments.resource).await?;
    let shown = configs.iter().filter(|config| arguments.all || config.config_source != DEFAULT);
    let rows: Vec<Vec<Value>> = shown
        .map(|config| {
            let value = if config.is_sensitive { json!("(hidden)") } else { json!(config.value.as_deref()) };
            vec![json!(&*config.name), value, json!(source(config.config_source)), json!(config.read_only)]
        })
        .collect();
    if rows.is_empty() {
        output::note(session.common, "everything is at its default; --all shows it");
    }
    output::rows(session.common, &["name", "value", "source", "read-only"], rows)
}

/// Asks for everything that is set on a resource.
pub(crate) async fn fetch(
    client: &ottla_client::Client,
    resource: &Resource,
) -> Outcome<Vec<DescribeConfigsResourceResult>> {
    let request = DescribeConfigsRequest {
        resources: vec![DescribeConfigsResource {
            resource_type: resource.kind,
            resource_name: resource.name.clone(),
            configuration_keys: None,
        }],
        ..Default::default()
    };
    let response: DescribeConfigsResponse = client.call_any(&request).await?;
    let result = response.results.into_iter().next().unwrap_or_default();
    let what = format!("settings of {}", resource.name);
    Refused::check(what, result.error_code, result.error_message.as_deref())
        .map_err(ottla_client::RequestError::from)?;
    Ok(result.configs)
}

/// Where a value comes from, in words.
pub(crate) fn source(code: i8) -> &'static str {
    match code {
        1 => "topic",
        2 => "broker, while running",
        3 => "all brokers, while running",
        4 => "broker's start",
        DEFAULT => "default",
        6 => "logger",
        8 => "group",
        _ => "unknown",
    }
}

/// The protocol's number for a default.
pub(crate) const DEFAULT: i8 = 5;
