//! `ottla queue dlq list`.

use super::letters::{self, Letters};
use crate::command::Session;
use crate::exit::Outcome;
use crate::output;
use crate::text;
use ottla_client::Admin;
use serde_json::{Value, json};

/// List the dead letters of a queue.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  ottla queue dlq list thumbnails
  ottla queue dlq list thumbnails --settled
  ottla queue dlq list thumbnails --output json | jq -r 'select(.deliveries > 1) | .letter'")]
pub(crate) struct Arguments {
    /// The share group.
    #[arg(value_name = "QUEUE")]
    group: String,

    /// The topic with the letters, if it is not the one that the queue writes to now.
    #[arg(long, value_name = "TOPIC")]
    topic: Option<String>,

    /// Also letters that were requeued or discarded.
    #[arg(long)]
    settled: bool,

    /// At most so many.
    #[arg(short = 'n', long, value_name = "NUMBER", default_value_t = 1000)]
    count: usize,
}

const HEADER: &[&str] =
    &["letter", "time", "topic", "partition", "offset", "deliveries", "reason", "settled"];

/// Prints them.
pub(super) async fn run(session: &Session<'_>, arguments: &Arguments) -> Outcome {
    let client = session.connect().await?;
    let group = &arguments.group;
    let topic = letters::topic_needed(&Admin::new(&client), group, arguments.topic.as_deref()).await?;
    let letters = Letters::read(&client, &topic, group).await?;
    let listed = letters.all().filter(|(_, settled)| arguments.settled || settled.is_none());
    let mut rows: Vec<Vec<Value>> = listed
        .map(|(letter, settled)| {
            vec![
                json!(letter.id.to_string()),
                json!(text::moment(letter.at)),
                json!(&*letter.source.topic),
                json!(letter.source.partition.0),
                json!(letter.source_offset.0),
                json!(letter.deliveries),
                json!(letter.reason),
                json!(settled.map(letters::Settled::name)),
            ]
        })
        .collect();
    let left_out = rows.len().saturating_sub(arguments.count);
    rows.truncate(arguments.count);
    if rows.is_empty() {
        output::note(session.common, format_args!("no dead letters of {group} in {topic}"));
        return Ok(());
    }
    output::rows(session.common, HEADER, rows)?;
    if 0 < left_out {
        output::note(session.common, format_args!("and {left_out} more: -n shows them"));
    }
    Ok(())
}
