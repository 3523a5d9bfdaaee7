//! `ottla transaction`: what is open, who writes, and ending by force what hangs.

mod abort;
mod describe;
mod find_hanging;
mod list;
mod producers;

use crate::command::Session;
use crate::exit::{Failure, Outcome};
use crate::offsets;
use ottla_client::{Client, TopicPartition};
use std::collections::BTreeSet;

/// List, describe and abort transactions, and show who writes to a partition.
#[derive(Clone, Debug, clap::Subcommand)]
pub(crate) enum Command {
    List(list::Arguments),
    Describe(describe::Arguments),
    Producers(producers::Arguments),
    FindHanging(find_hanging::Arguments),
    Abort(abort::Arguments),
}

/// Carries out the verb.
pub(crate) async fn run(session: &Session<'_>, command: Command) -> Outcome {
    match command {
        Command::List(arguments) => list::run(session, &arguments).await,
        Command::Describe(arguments) => describe::run(session, &arguments).await,
        Command::Producers(arguments) => producers::run(session, &arguments).await,
        Command::FindHanging(arguments) => find_hanging::run(session, &arguments).await,
        Command::Abort(arguments) => abort::run(session, &arguments).await,
    }
}

/// The partitions that `TOPIC` or `TOPIC:0,1` means.
async fn partitions(client: &Client, text: &str) -> Outcome<BTreeSet<TopicPartition>> {
    let (topic, numbers) = text.split_once(':').map_or((text, None), |(topic, rest)| (topic, Some(rest)));
    let all: BTreeSet<_> = offsets::partitions(client, topic).await?.into_iter().collect();
    let Some(numbers) = numbers else { return Ok(all) };
    let mut wanted = BTreeSet::new();
    for number in numbers.split(',') {
        let index = number.trim().parse().map_err(|_| {
            Failure::usage(format!("{text}: expected TOPIC or TOPIC:0,1 with partition numbers"))
        })?;
        let partition = TopicPartition::new(topic, index);
        if !all.contains(&partition) {
            return Err(Failure::not_found(format!("topic {topic} has no partition {index}")));
        }
        wanted.insert(partition);
    }
    Ok(wanted)
}
