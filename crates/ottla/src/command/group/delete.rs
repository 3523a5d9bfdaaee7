//! `ottla group delete`.

use super::state;
use crate::command::Session;
use crate::exit::Outcome;
use crate::output;
use ottla_client::{CoordinatorKind, Refused, RequestError};
use ottla_wire::message::DeleteGroupsRequest;
use serde_json::json;

/// Delete groups and the offsets they have committed. A group must have no members.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  ottla group delete billing --dry-run
  ottla group delete billing reports --yes")]
pub(crate) struct Arguments {
    /// Their ids.
    #[arg(required = true, value_name = "GROUP")]
    groups: Vec<String>,

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
    for group in &arguments.groups {
        let described = state::describe(&client, group).await?;
        let committed = state::committed(&client, group).await?;
        rows.push(vec![
            json!(group),
            json!(&*described.group_state),
            json!(described.members.len()),
            json!(committed.len()),
        ]);
    }
    let header = ["group", "state", "members", "committed-partitions"];
    if arguments.dry_run {
        output::rows(session.common, &header, rows)?;
        output::note(session.common, "nothing was deleted");
        return Ok(());
    }
    let names = arguments.groups.join(", ");
    output::confirm(arguments.yes, &format!("Delete {names} and what they have committed, for ever?"))?;
    for group in &arguments.groups {
        let coordinator = client.coordinator(CoordinatorKind::Group, group).await?;
        let request = DeleteGroupsRequest { groups_names: vec![group.into()] };
        for result in coordinator.call(&request).await?.results {
            let what = format!("group {}", result.group_id);
            Refused::check(what, result.error_code, result.error_message.as_deref())
                .map_err(RequestError::from)?;
        }
    }
    output::rows(session.common, &header, rows)?;
    output::note(session.common, "deleted");
    Ok(())
}
