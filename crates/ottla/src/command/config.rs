//! `ottla config`: what can be set, what is set, and setting it.

pub(crate) mod alter;
pub(crate) mod describe;
mod explain;
mod list;
mod reference;

use crate::command::{Session, block_on};
use crate::exit::{Failure, Outcome};
use ottla_wire::Str;
use std::str::FromStr;

/// Explain, show and change settings.
#[derive(Clone, Debug, clap::Subcommand)]
pub(crate) enum Command {
    Explain(explain::Arguments),
    List(list::Arguments),
    Describe(describe::Arguments),
    Alter(alter::Arguments),
    /// Print docs/configuration.md.
    #[command(hide = true)]
    Reference,
}

/// Carries out the verb.
pub(crate) fn run(session: &Session<'_>, command: Command) -> Outcome {
    match command {
        Command::Explain(arguments) => explain::run(session.common, &arguments),
        Command::List(arguments) => list::run(session.common, &arguments),
        Command::Describe(arguments) => block_on(describe::run(session, &arguments)),
        Command::Alter(arguments) => block_on(alter::run(session, &arguments)),
        Command::Reference => reference::run(),
    }
}

/// What settings belong to, as typed: `topic:NAME`, `group:ID`, `broker:ID`, or `broker` for the default of all brokers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Resource {
    /// The protocol's number of the type.
    pub(crate) kind: i8,
    /// Empty for the default of all brokers.
    pub(crate) name: Str,
}

/// Settings of a topic.
pub(crate) const TOPIC: i8 = 2;
const BROKER: i8 = 4;
/// Settings of a group.
pub(crate) const GROUP: i8 = 32;

impl FromStr for Resource {
    type Err = Failure;

    fn from_str(text: &str) -> Result<Self, Failure> {
        let (kind, name) = text.split_once(':').unwrap_or((text, ""));
        match kind {
            "topic" if !name.is_empty() => Ok(Self { kind: TOPIC, name: name.into() }),
            "group" if !name.is_empty() => Ok(Self { kind: GROUP, name: name.into() }),
            "broker" => Ok(Self { kind: BROKER, name: name.into() }),
            _ => Err(Failure::usage(format!(
                "'{text}' has no settings: write topic:NAME, group:ID, broker:ID, or broker for the default of all \
                 brokers"
            ))),
        }
    }
}

impl std::error::Error for Failure {}
