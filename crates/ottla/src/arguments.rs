//! What can be typed behind `ottla`. Each verb declares its own arguments in its file.

use crate::command::{
    completions, config, consume, doctor, group, import, kafka, log, produce, queue, serve, topic,
    transaction,
};
use crate::exit;
use clap::{Parser, Subcommand, ValueEnum};
use ottla_client::Address;

/// A Kafka-protocol broker, and the tools to use it.
///
/// Without a command it serves: `ottla` is `ottla serve`.
#[derive(Debug, Parser)]
#[command(name = "ottla", version, propagate_version = true, max_term_width = 110)]
#[command(after_help = exit::HELP)]
#[command(after_long_help = format!("{EXAMPLES}\n\n{}", exit::HELP))]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

const EXAMPLES: &str = "Examples:
  ottla                                     serve on 127.0.0.1:9092
  echo hello | ottla produce greetings      write a record; the topic is made on first use
  ottla consume greetings -o beginning -e   read all there is
  ottla topic create flights -p 6           make a topic of 6 partitions
  ottla group list                          who reads, and how far behind they are
  ottla log verify                          whether everything on disk is as it was written
  ottla doctor                              what a client would see, and what is wrong";

/// What every verb understands.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Common {
    /// Brokers to talk to, as HOST:PORT between commas.
    #[arg(
        short = 'b',
        long,
        global = true,
        value_name = "ADDRESS",
        env = "OTTLA_BOOTSTRAP",
        default_value = "127.0.0.1:9092",
        value_delimiter = ','
    )]
    pub(crate) bootstrap: Vec<Address>,

    /// Tables and sentences for people, or JSON for programs.
    #[arg(long, global = true, value_enum, value_name = "FORM", default_value = "human")]
    pub(crate) output: Form,

    /// What to log to standard error: error, warn, info, debug, trace, or a filter such as ottla_broker=debug.
    #[arg(long, global = true, value_name = "FILTER", env = "OTTLA_LOG")]
    pub(crate) log: Option<String>,
}

/// Whom the output is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// People.
    Human,
    /// Programs.
    Json,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the broker.
    Serve(serve::Arguments),
    /// Create, list, describe, change and delete topics.
    #[command(subcommand)]
    Topic(topic::Command),
    /// Write records from standard input or files.
    Produce(produce::Arguments),
    /// Read records.
    Consume(consume::Arguments),
    /// List, describe and delete groups of every type; reset where they go on reading.
    #[command(subcommand)]
    Group(group::Command),
    /// See and steer queues: share groups, what waits, what is in flight, and dead letters.
    #[command(subcommand)]
    Queue(queue::Command),
    /// List, describe and abort transactions, and show who writes to a partition.
    #[command(subcommand)]
    Transaction(transaction::Command),
    /// Verify, dump and repair logs on disk; no broker is needed.
    #[command(subcommand)]
    Log(log::Command),
    /// Take over a data directory of Apache Kafka.
    Import(import::Arguments),
    /// Explain, show and change settings.
    #[command(subcommand)]
    Config(config::Command),
    /// Show what a client would see, and what is wrong.
    Doctor(doctor::Arguments),
    #[command(flatten)]
    Kafka(kafka::Command),
    /// Print a completion script for a shell.
    Completions(completions::Arguments),
}

impl Default for Command {
    fn default() -> Self {
        Self::Serve(serve::Arguments::default())
    }
}
