//! `ottla topic describe`.

use crate::arguments::Form;
use crate::command::Session;
use crate::command::config::describe as configs;
use crate::command::config::{Resource, TOPIC};
use crate::exit::Outcome;
use crate::offsets;
use crate::output;
use ottla_client::{Client, OffsetSpec, Topic};
use serde_json::{Value, json};

/// Show a topic's partitions, their records, and its settings.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  ottla topic describe flights
  ottla topic describe flights --output json")]
pub(crate) struct Arguments {
    /// Their names.
    #[arg(required = true, value_name = "TOPIC")]
    names: Vec<String>,
}

/// Prints them.
pub(super) async fn run(session: &Session<'_>, arguments: &Arguments) -> Outcome {
    let client = session.connect().await?;
    for (nth, name) in arguments.names.iter().enumerate() {
        let topic = client.topic(name).await?;
        let partitions = partitions(&client, &topic).await?;
        let resource = Resource { kind: TOPIC, name: name.into() };
        let set: Vec<_> = configs::fetch(&client, &resource).await?;
        let set = set.iter().filter(|config| config.config_source != configs::DEFAULT);
        if session.common.output == Form::Json {
            let settings = set.map(|config| (config.name.to_string(), json!(config.value.as_deref())));
            let header = HEADER.iter().map(|name| name.replace('-', "_"));
            let partitions: Vec<Value> =
                partitions.into_iter().map(|row| Value::Object(header.clone().zip(row).collect())).collect();
            output::json(&json!({
                "topic": name,
                "id": crate::text::topic_id(topic.id),
                "partitions": partitions,
                "settings": Value::Object(settings.collect()),
            }))?;
            continue;
        }
        if nth > 0 {
            output::line("")?;
        }
        output::line(format_args!("{name}  ({})", crate::text::topic_id(topic.id)))?;
        for config in set {
            let source = configs::source(config.config_source);
            output::line(format_args!(
                "  {} = {}  ({source})",
                config.name,
                config.value.as_deref().unwrap_or("")
            ))?;
        }
        output::line(output::table(HEADER, &partitions))?;
    }
    Ok(())
}

const HEADER: &[&str] = &["partition", "leader", "replicas", "in-sync", "start", "end", "records"];

async fn partitions(client: &Client, topic: &Topic) -> Outcome<Vec<Vec<Value>>> {
    let all = offsets::partitions(client, &topic.name).await?;
    let starts = offsets::find(client, &all, OffsetSpec::Earliest).await?;
    let ends = offsets::find(client, &all, OffsetSpec::Latest).await?;
    let rows = topic.partitions.iter().zip(&all).map(|(partition, key)| {
        let of = |found: &offsets::Found| found.get(key).copied();
        let (start, end) = (of(&starts), of(&ends));
        let records = start.zip(end).map(|(start, end)| end.0 - start.0);
        vec![
            json!(partition.index.0),
            json!(partition.leader),
            json!(partition.replicas),
            json!(partition.in_sync),
            json!(start.map(|offset| offset.0)),
            json!(end.map(|offset| offset.0)),
            json!(records),
        ]
    });
    Ok(rows.collect())
}
