//! `ottla transaction find-hanging`: transactions that are open in a partition, and that nobody will ever end.

use super::partitions;
use crate::command::Session;
use crate::exit::Outcome;
use crate::output;
use crate::text;
use ottla_base::{Offset, ProducerId};
use ottla_client::admin::{ActiveProducer, TransactionFilter};
use ottla_client::{Admin, Client, TopicPartition, TopicSet};
use ottla_wire::ErrorCode;
use serde_json::json;
use std::collections::BTreeSet;

/// Find transactions that are open in a partition although their coordinator does not know them.
///
/// Such a transaction holds up consumers that read committed records for ever. Ottla makes none; other brokers may.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  ottla transaction find-hanging
  ottla transaction find-hanging flights:0 --open-for-ms 60000
  ottla transaction find-hanging --output json | jq -r '\"\\(.topic):\\(.partition) --start-offset \\(.start_offset)\"'")]
pub(crate) struct Arguments {
    /// The topics, or some of their partitions; without any, all topics.
    #[arg(value_name = "TOPIC[:PARTITIONS]")]
    topics: Vec<String>,

    /// Leave alone what was last written to less than this long ago, in milliseconds.
    #[arg(long, value_name = "MS", default_value_t = 900_000)]
    open_for_ms: u64,
}

const HEADER: &[&str] =
    &["topic", "partition", "producer", "epoch", "coordinator-epoch", "start-offset", "last-write"];

/// Prints them.
pub(super) async fn run(session: &Session<'_>, arguments: &Arguments) -> Outcome {
    let client = session.connect().await?;
    let admin = Admin::new(&client);
    let now = session.env.now().wall;
    let open_for_ms = i64::try_from(arguments.open_for_ms).unwrap_or(i64::MAX);
    let mut rows = Vec::new();
    for partition in wanted(&client, &arguments.topics).await? {
        for (producer, start) in open(&admin, &partition).await? {
            let is_old = open_for_ms <= now.0.saturating_sub(producer.last_timestamp.0);
            if !is_old || owner(&admin, producer.id, &partition).await?.is_some() {
                continue;
            }
            rows.push(vec![
                json!(&*partition.topic),
                json!(partition.partition.0),
                json!(producer.id.0),
                json!(producer.epoch),
                json!(producer.coordinator_epoch),
                json!(start.0),
                json!(text::moment(producer.last_timestamp)),
            ]);
        }
    }
    if rows.is_empty() {
        output::note(session.common, "no transaction hangs");
        return Ok(());
    }
    output::rows(session.common, HEADER, rows)?;
    output::note(
        session.common,
        "end them with 'ottla transaction abort TOPIC:PARTITION --start-offset OFFSET'",
    );
    Ok(())
}

async fn wanted(client: &Client, topics: &[String]) -> Outcome<BTreeSet<TopicPartition>> {
    let mut wanted = BTreeSet::new();
    for topic in topics {
        wanted.extend(partitions(client, topic).await?);
    }
    if topics.is_empty() {
        for topic in client.view(TopicSet::All).await?.topics.values() {
            let all = topic.partitions.iter();
            wanted.extend(all.map(|partition| TopicPartition::new(topic.name.clone(), partition.index.0)));
        }
    }
    Ok(wanted)
}

/// The producers that have a transaction open in a partition, and where it begins.
pub(super) async fn open(
    admin: &Admin,
    partition: &TopicPartition,
) -> Outcome<Vec<(ActiveProducer, Offset)>> {
    let producers = admin.describe_producers(partition).await?;
    Ok(producers.into_iter().filter_map(|one| one.open_since.map(|start| (one, start))).collect())
}

/// The transactional id whose open transaction has written to the partition, according to its coordinator.
pub(super) async fn owner(
    admin: &Admin,
    producer: ProducerId,
    partition: &TopicPartition,
) -> Outcome<Option<String>> {
    let filter = TransactionFilter { producers: vec![producer], ..TransactionFilter::default() };
    for listed in admin.list_transactions(&filter).await?.transactions {
        match admin.describe_transaction(&listed.id).await {
            Ok(found) if found.producer == producer && found.partitions.contains(partition) => {
                return Ok(Some(listed.id));
            }
            Ok(_) => {}
            // It has gone meanwhile.
            Err(error) if error.code() == Some(ErrorCode::TRANSACTIONAL_ID_NOT_FOUND) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(None)
}
