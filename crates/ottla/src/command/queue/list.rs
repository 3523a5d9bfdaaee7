//! `ottla queue list`.

use super::dlq::letters::{self, Letters};
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

depth counts records that are not done, in-flight those that members have now.")]
pub(crate) struct Arguments {
    /// Only ids that contain this.
    #[arg(long, value_name = "TEXT")]
    matching: Option<String>,

    /// Also count dead letters, which reads the topics that they are in.
    #[arg(long)]
    dead_letters: bool,
}

const HEADER: &[&str] =
    &["queue", "state", "members", "depth", "in-flight", "oldest", "paused", "dead-letters"];

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
        let dead = match arguments.dead_letters {
            true => match letters::topic_of(&admin, &group.id).await? {
                Some(topic) => Some(Letters::read(&client, &topic, &group.id).await?.open().count()),
                None => None,
            },
            false => None,
        };
        let age = oldest.map(|at| standing::age_ms(session, at));
        rows.push(vec![
            json!(group.id),
            json!(queue.group.state),
            json!(queue.group.members.len()),
            json!(queue.depth()),
            json!(queue.sum(|standing| standing.acquired)),
            output::duration(session.common, age),
            json!(paused.map(|text| text == "true")),
            json!(dead),
        ]);
    }
    if rows.is_empty() {
        output::note(
            session.common,
            "there are no queues: one begins when a consumer of a share group joins",
        );
        return Ok(());
    }
    output::rows(session.common, HEADER, rows)
}
