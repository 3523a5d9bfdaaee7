//! `ottla queue resume`.

use super::settings;
use crate::command::Session;
use crate::exit::Outcome;
use crate::output;

/// Deliver again after 'pause'.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Example:
  ottla queue resume thumbnails")]
pub(crate) struct Arguments {
    /// The share groups.
    #[arg(required = true, value_name = "QUEUE")]
    groups: Vec<String>,
}

/// Resumes them.
pub(super) async fn run(session: &Session<'_>, arguments: &Arguments) -> Outcome {
    settings::set_all(session, &arguments.groups, ("queue.paused", "false")).await?;
    output::note(session.common, "resumed");
    Ok(())
}
