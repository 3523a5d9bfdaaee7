//! `ottla topic`: create, list, describe, change and delete topics.

mod alter;
mod create;
mod delete;
mod describe;
mod list;

use crate::command::Session;
use crate::exit::Outcome;

/// Create, list, describe, change and delete topics.
#[derive(Clone, Debug, clap::Subcommand)]
pub(crate) enum Command {
    Create(create::Arguments),
    List(list::Arguments),
    Describe(describe::Arguments),
    Alter(alter::Arguments),
    Delete(delete::Arguments),
}

/// Carries out the verb.
pub(crate) async fn run(session: &Session<'_>, command: Command) -> Outcome {
    match command {
        Command::Create(arguments) => create::run(session, &arguments).await,
        Command::List(arguments) => list::run(session, &arguments).await,
        Command::Describe(arguments) => describe::run(session, &arguments).await,
        Command::Alter(arguments) => alter::run(session, &arguments).await,
        Command::Delete(arguments) => delete::run(session, &arguments).await,
    }
}

/// How long a broker may take to carry out a change, in milliseconds.
const TIMEOUT_MS: i32 = 15_000;
