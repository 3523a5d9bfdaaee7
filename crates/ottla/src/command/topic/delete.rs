//! `ottla topic delete`: topics with their records, or records of a topic.

use super::TIMEOUT_MS;
use crate::command::Session;
use crate::exit::Outcome;
use crate::offsets;
use crate::output;
use ottla_client::{Client, OffsetSpec, Refused, RequestError};
use ottla_wire::message::delete_topics_request::DeleteTopicState;
use ottla_wire::message::{DeleteTopicsRequest, DeleteTopicsResponse};
use serde_json::{Value, json};

/// Delete topics and all their records.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  ottla topic delete flights --dry-run
  ottla topic delete flights weather --yes")]
pub(crate) struct Arguments {
    /// Their names.
    #[arg(required = true, value_name = "TOPIC")]
    names: Vec<String>,

    /// Do not ask.
    #[arg(short, long)]
    yes: bool,

    /// Show what would be deleted; delete nothing.
    #[arg(long)]
    dry_run: bool,
}

/// Deletes them.
pub(super) async fn run(session: &Session<'_>, arguments: &Arguments) -> Outcome {
    let client = session.connect().await?;
    let mut rows = Vec::new();
    for name in &arguments.names {
        rows.push(row(&client, name).await?);
    }
    let total: i64 = rows.iter().filter_map(|row| row[2].as_i64()).sum();
    if arguments.dry_run {
        output::rows(session.common, &["topic", "partitions", "records"], rows)?;
        output::note(session.common, "nothing was deleted");
        return Ok(());
    }
    let names = arguments.names.join(", ");
    output::confirm(arguments.yes, &format!("Delete {names} with {total} records, for ever?"))?;
    delete(&client, &arguments.names).await?;
    output::rows(session.common, &["topic", "partitions", "records"], rows)?;
    output::note(session.common, "deleted");
    Ok(())
}

async fn row(client: &Client, name: &str) -> Outcome<Vec<Value>> {
    let all = offsets::partitions(client, name).await?;
    let sum = |found: offsets::Found| found.values().map(|offset| offset.0).sum::<i64>();
    let start = sum(offsets::find(client, &all, OffsetSpec::Earliest).await?);
    let end = sum(offsets::find(client, &all, OffsetSpec::Latest).await?);
    Ok(vec![json!(name), json!(all.len()), json!(end - start)])
}

async fn delete(client: &Client, names: &[String]) -> Outcome {
    let named = |name: &String| DeleteTopicState { name: Some(name.into()), ..Default::default() };
    let version = client.any().await?.version_of::<DeleteTopicsRequest>()?;
    let mut request = DeleteTopicsRequest { timeout_ms: TIMEOUT_MS, ..Default::default() };
    if version < FIRST_VERSION_BY_ID {
        request.topic_names = names.iter().map(Into::into).collect();
    } else {
        request.topics = names.iter().map(named).collect();
    }
    let response: DeleteTopicsResponse = client.call_any(&request).await?;
    for result in response.responses {
        let what = format!("topic {}", result.name.as_deref().unwrap_or_default());
        Refused::check(what, result.error_code, result.error_message.as_deref())
            .map_err(RequestError::from)?;
    }
    Ok(())
}

const FIRST_VERSION_BY_ID: i16 = 6;
