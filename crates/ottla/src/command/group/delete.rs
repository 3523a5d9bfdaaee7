//! `ottla group delete`.

use super::state;
use crate::command::Session;
use crate::exit::Outcome;
use crate::output;
use ottla_client::{Admin, RequestError};
use serde_json::json;

/// Delete groups and what they have committed, or acknowledged. A group must have no members.
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
    let admin = Admin::new(&session.connect().await?);
    let mut rows = Vec::new();
    for group in &arguments.groups {
        let described = state::describe(&admin, group).await?;
        let progress = state::progress(&admin, &described).await?;
        rows.push(vec![
            json!(group),
            json!(described.state),
            json!(described.members.len()),
            json!(progress.len()),
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
    let ids: Vec<&str> = arguments.groups.iter().map(String::as_str).collect();
    for (_, outcome) in admin.delete_groups(&ids).await? {
        outcome.map_err(RequestError::from)?;
    }
    output::rows(session.common, &header, rows)?;
    output::note(session.common, "deleted");
    Ok(())
}
