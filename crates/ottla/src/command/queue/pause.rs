//! `ottla queue pause`.

use super::settings;
use crate::command::Session;
use crate::exit::Outcome;
use crate::output;

/// Deliver nothing for now. Members stay, and what they have can still be acknowledged.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  ottla queue pause thumbnails
  ottla queue resume thumbnails

The same as 'ottla queue settings thumbnails queue.paused=true'. Only Ottla can pause a queue.")]
pub(crate) struct Arguments {
    /// The share groups.
    #[arg(required = true, value_name = "QUEUE")]
    groups: Vec<String>,
}

/// Pauses them.
pub(super) async fn run(session: &Session<'_>, arguments: &Arguments) -> Outcome {
    settings::set_all(session, &arguments.groups, ("queue.paused", "true")).await?;
    output::note(session.common, "paused");
    Ok(())
}
