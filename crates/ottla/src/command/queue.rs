//! `ottla queue`: share groups as queues: what waits, who has what, and what nobody could process.
//!
//! Works with every broker that has share groups. What only Ottla tells (records in flight with the clocks of their
//! locks, delivery counts, totals) is left out elsewhere, and so are settings that only Ottla has.

mod describe;
mod dlq;
mod list;
mod pause;
mod peek;
mod purge;
mod reading;
mod resume;
mod settings;
mod standing;

use crate::command::Session;
use crate::exit::Outcome;

/// See and steer queues: share groups, what waits, what is in flight, and dead letters.
#[derive(Clone, Debug, clap::Subcommand)]
pub(crate) enum Command {
    List(list::Arguments),
    Describe(describe::Arguments),
    Peek(peek::Arguments),
    Pause(pause::Arguments),
    Resume(resume::Arguments),
    Purge(purge::Arguments),
    Settings(settings::Arguments),
    /// Dead letters: records that a group gave up on. List, show, requeue and discard them.
    #[command(subcommand)]
    Dlq(dlq::Command),
}

/// Carries out the verb.
pub(crate) async fn run(session: &Session<'_>, command: Command) -> Outcome {
    match command {
        Command::List(arguments) => list::run(session, &arguments).await,
        Command::Describe(arguments) => describe::run(session, &arguments).await,
        Command::Peek(arguments) => peek::run(session, &arguments).await,
        Command::Pause(arguments) => pause::run(session, &arguments).await,
        Command::Resume(arguments) => resume::run(session, &arguments).await,
        Command::Purge(arguments) => purge::run(session, &arguments).await,
        Command::Settings(arguments) => settings::run(session, &arguments).await,
        Command::Dlq(command) => dlq::run(session, command).await,
    }
}
