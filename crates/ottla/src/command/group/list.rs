//! `ottla group list`.

use super::state;
use crate::command::Session;
use crate::exit::Outcome;
use crate::output;
use ottla_client::Admin;
use serde_json::{Value, json};

/// List groups of all types with their state and how far behind they are.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  ottla group list
  ottla group list --output json")]
pub(crate) struct Arguments {
    /// Only ids that contain this.
    #[arg(long, value_name = "TEXT")]
    matching: Option<String>,
}

/// Prints them.
pub(super) async fn run(session: &Session<'_>, arguments: &Arguments) -> Outcome {
    let client = session.connect().await?;
    let admin = Admin::new(&client);
    let mut rows: Vec<Vec<Value>> = Vec::new();
    for group in admin.list_groups().await? {
        if arguments.matching.as_deref().is_some_and(|text| !group.id.contains(text)) {
            continue;
        }
        // A group may go while we look; then it is as if it had gone before.
        let described = state::describe_as(&admin, &group.id, &group.group_type).await;
        let Some(described) = state::if_there(described)? else { continue };
        let progress = state::progress(&admin, &described).await?;
        let ends = state::ends(&client, progress.keys()).await?;
        let behind = progress.iter().filter_map(|(key, progress)| progress.lag(ends.get(key)));
        rows.push(vec![
            json!(group.id),
            json!(described.group_type),
            json!(described.state),
            json!(group.protocol_type),
            json!(described.members.len()),
            json!(behind.sum::<i64>()),
        ]);
    }
    if rows.is_empty() {
        output::note(session.common, "there are no groups");
        return Ok(());
    }
    output::rows(session.common, &["group", "type", "state", "protocol", "members", "lag"], rows)
}
