//! `ottla queue list`.

use super::dlq::letters;
use super::standing::{self, NO_RANGES, Queue};
use crate::command::Session;
use crate::exit::{Outcome, Status};
use crate::output;
use ottla_client::Admin;
use serde_json::{Value, json};

/// List queues: how many records wait, how many are in flight, how old the oldest is.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  ottla queue list
  ottla queue list --dead-letters
  ottla queue list --output json | jq 'select(.depth > 1000) | .queue'

depth counts records that are not done, in-flight those that members have now. A - says that there is none, or that the
broker does not tell; under dead-letters, that the queue keeps none.")]
pub(crate) struct Arguments {
    /// Only ids that contain this.
    #[arg(long, value_name = "TEXT")]
    matching: Option<String>,

    /// Also count the dead letters that nobody has settled, which reads the topics that they are in.
    #[arg(long)]
    dead_letters: bool,
}

const HEADER: &[&str] = &["queue", "state", "members", "depth", "in-flight", "oldest", "paused"];
/// The last one, where they are counted.
const DEAD_LETTERS: &str = "dead-letters";

/// Prints them.
pub(super) async fn run(session: &Session<'_>, arguments: &Arguments) -> Outcome {
    let client = session.connect().await?;
    let admin = Admin::new(&client);
    let mut rows: Vec<Vec<Value>> = Vec::new();
    for group in admin.list_groups().await? {
        let is_meant = arguments.matching.as_deref().is_none_or(|text| group.id.contains(text));
        if !is_meant || !group.group_type.eq_ignore_ascii_case("share") {
            continue;
        }
        let queue = match Queue::look(&admin, &group.id, NO_RANGES).await {
            // It may go while we look; then it is as if it had gone before.
            Err(failure) if failure.status == Status::NotFound => continue,
            queue => queue?,
        };
        let oldest = queue.oldest(&client).await?.into_values().min();
        let paused = standing::setting(&admin, &group.id, "queue.paused").await?;
        let age = oldest.map(|at| standing::age_ms(session, at));
        let mut row = vec![
            json!(group.id),
            json!(queue.group.state),
            json!(queue.group.members.len()),
            json!(queue.depth()),
            json!(queue.sum(|standing| standing.acquired)),
            output::duration(session.common, age),
            json!(paused.map(|text| text == "true")),
        ];
        if arguments.dead_letters {
            let topic = letters::topic_of(&admin, &group.id).await?;
            row.push(json!(letters::count_open(&client, topic.as_deref(), &group.id).await?));
        }
        rows.push(row);
    }
    if rows.is_empty() {
        output::note(
            session.common,
            "there are no queues: one begins when a consumer of a share group joins",
        );
        return Ok(());
    }
    // A column that is not asked for would say that there are none.
    let dead_letters = arguments.dead_letters.then_some(DEAD_LETTERS);
    let header: Vec<&str> = HEADER.iter().copied().chain(dead_letters).collect();
    output::rows(session.common, &header, rows)
}
