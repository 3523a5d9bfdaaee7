//! `ottla topic list`.

use crate::command::Session;
use crate::exit::Outcome;
use crate::output;
use ottla_client::TopicSet;
use serde_json::{Value, json};

/// List topics.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  ottla topic list
  ottla topic list --matching flight --output json")]
pub(crate) struct Arguments {
    /// Only names that contain this.
    #[arg(long, value_name = "TEXT")]
    matching: Option<String>,

    /// Also the broker's own topics.
    #[arg(long)]
    internal: bool,
}

/// Prints them.
pub(super) async fn run(session: &Session<'_>, arguments: &Arguments) -> Outcome {
    let view = session.connect().await?.view(TopicSet::All).await?;
    let is_wanted = |name: &str| arguments.matching.as_deref().is_none_or(|text| name.contains(text));
    let topics = view
        .topics
        .values()
        .filter(|topic| is_wanted(&topic.name) && (arguments.internal || !topic.internal));
    let rows: Vec<Vec<Value>> = topics
        .map(|topic| {
            let copies = topic.partitions.first().map_or(0, |partition| partition.replicas.len());
            vec![
                json!(&*topic.name),
                json!(topic.partitions.len()),
                json!(copies),
                json!(crate::text::topic_id(topic.id)),
            ]
        })
        .collect();
    if rows.is_empty() {
        output::note(session.common, "there are no topics yet; make one with: ottla topic create NAME");
        return Ok(());
    }
    output::rows(session.common, &["topic", "partitions", "replication-factor", "id"], rows)
}
