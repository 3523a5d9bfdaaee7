//! `ottla queue dlq`: dead letters, the records that a group gave up on.
//!
//! A letter is a record in the group's dead-letter topic, as Apache Kafka (KIP-1191) and Ottla write it: the record's
//! key, value and headers, and headers that begin with `__dlq.` or `ottla-dlq-` and
//! tell where it came from and why. A topic forgets
//! nothing in its middle, so a letter that was dealt with is *settled* by a receipt: a record without key and value
//! behind it in the same partition, that names the letter and the outcome. A requeued record and its receipt are
//! written in one transaction, so that no crash loses a letter and none is requeued twice.

mod discard;
pub(super) mod letters;
mod list;
mod requeue;
mod selection;
mod settle;
mod show;

use crate::command::Session;
use crate::exit::Outcome;

/// List, show, requeue and discard dead letters.
#[derive(Clone, Debug, clap::Subcommand)]
pub(crate) enum Command {
    List(list::Arguments),
    Show(show::Arguments),
    Requeue(requeue::Arguments),
    Discard(discard::Arguments),
}

/// Carries out the verb.
pub(super) async fn run(session: &Session<'_>, command: Command) -> Outcome {
    match command {
        Command::List(arguments) => list::run(session, &arguments).await,
        Command::Show(arguments) => show::run(session, &arguments).await,
        Command::Requeue(arguments) => requeue::run(session, &arguments).await,
        Command::Discard(arguments) => discard::run(session, &arguments).await,
    }
}
