//! `ottla group`: who reads what, how far behind, and from where they go on.

mod delete;
mod describe;
mod list;
mod reset_offsets;
pub(crate) mod state;

use crate::command::Session;
use crate::exit::Outcome;

/// List, describe and delete groups of every type; reset where they go on reading.
#[derive(Clone, Debug, clap::Subcommand)]
pub(crate) enum Command {
    List(list::Arguments),
    Describe(describe::Arguments),
    ResetOffsets(reset_offsets::Arguments),
    Delete(delete::Arguments),
}

/// Carries out the verb.
pub(crate) async fn run(session: &Session<'_>, command: Command) -> Outcome {
    match command {
        Command::List(arguments) => list::run(session, &arguments).await,
        Command::Describe(arguments) => describe::run(session, &arguments).await,
        Command::ResetOffsets(arguments) => reset_offsets::run(session, &arguments).await,
        Command::Delete(arguments) => delete::run(session, &arguments).await,
    }
}
