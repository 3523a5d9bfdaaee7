//! `ottla transaction producers`.

use super::partitions;
use crate::command::Session;
use crate::exit::Outcome;
use crate::output;
use crate::text;
use ottla_client::Admin;
use serde_json::json;

/// Show who writes to partitions with a producer id, and where transactions are open.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  ottla transaction producers flights
  ottla transaction producers flights:0,1 --output json | jq 'select(.open_since != null)'")]
pub(crate) struct Arguments {
    /// The topics, or some of their partitions.
    #[arg(required = true, value_name = "TOPIC[:PARTITIONS]")]
    topics: Vec<String>,
}

const HEADER: &[&str] = &[
    "topic",
    "partition",
    "producer",
    "epoch",
    "last-sequence",
    "last-write",
    "coordinator-epoch",
    "open-since",
];

/// Prints them.
pub(super) async fn run(session: &Session<'_>, arguments: &Arguments) -> Outcome {
    let client = session.connect().await?;
    let admin = Admin::new(&client);
    let mut rows = Vec::new();
    for topic in &arguments.topics {
        for partition in partitions(&client, topic).await? {
            let mut producers = admin.describe_producers(&partition).await?;
            producers.sort_by_key(|producer| producer.id);
            rows.extend(producers.iter().map(|producer| {
                vec![
                    json!(&*partition.topic),
                    json!(partition.partition.0),
                    json!(producer.id.0),
                    json!(producer.epoch),
                    json!(producer.last_sequence),
                    json!(text::moment(producer.last_timestamp)),
                    json!(producer.coordinator_epoch),
                    json!(producer.open_since.map(|offset| offset.0)),
                ]
            }));
        }
    }
    if rows.is_empty() {
        output::note(session.common, "nobody writes there with a producer id");
        return Ok(());
    }
    output::rows(session.common, HEADER, rows)
}
