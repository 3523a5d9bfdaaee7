//! `ottla queue dlq discard`.

use super::letters::Settled;
use super::selection::Selection;
use super::settle;
use crate::command::Session;
use crate::exit::Outcome;

/// Note that dead letters are not wanted any more. They leave the list; their topic keeps them until its retention
/// deletes them.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  ottla queue dlq discard thumbnails 0/42
  ottla queue dlq discard thumbnails --all --yes")]
pub(crate) struct Arguments {
    #[command(flatten)]
    selection: Selection,
}

/// Discards them.
pub(super) async fn run(session: &Session<'_>, arguments: &Arguments) -> Outcome {
    settle::run(session, &arguments.selection, Settled::Discarded).await
}
