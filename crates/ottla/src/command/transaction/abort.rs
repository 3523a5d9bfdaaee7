//! `ottla transaction abort`: ends by force what hangs.

use super::find_hanging::{open, owner};
use super::partitions;
use crate::command::Session;
use crate::exit::{Failure, Outcome, Status};
use crate::output;
use crate::text;
use ottla_base::{Offset, ProducerEpoch};
use ottla_client::admin::Marker;
use ottla_client::{Admin, TopicPartition};
use serde_json::json;

/// Abort a transaction in one partition, past its coordinator.
///
/// For transactions that hang; 'ottla transaction find-hanging' finds them. A transaction that its coordinator knows
/// ends by itself, at the latest when its time is up, and is left alone.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  ottla transaction abort flights:0 --start-offset 42 --dry-run
  ottla transaction abort flights:0 --start-offset 42 --yes")]
pub(crate) struct Arguments {
    /// The partition.
    #[arg(value_name = "TOPIC:PARTITION")]
    partition: String,

    /// Where the transaction begins.
    #[arg(long, value_name = "OFFSET")]
    start_offset: i64,

    /// Also if its coordinator knows it. Its producer may go on and commit what is left of it.
    #[arg(long)]
    force: bool,

    /// Do not ask.
    #[arg(short, long)]
    yes: bool,

    /// Show what would be aborted; change nothing.
    #[arg(long)]
    dry_run: bool,
}

const HEADER: &[&str] =
    &["topic", "partition", "producer", "epoch", "coordinator-epoch", "start-offset", "last-write"];

/// Finds it, asks and writes the marker.
pub(super) async fn run(session: &Session<'_>, arguments: &Arguments) -> Outcome {
    let client = session.connect().await?;
    let admin = Admin::new(&client);
    let chosen: Vec<TopicPartition> = partitions(&client, &arguments.partition).await?.into_iter().collect();
    let [partition] = &chosen[..] else {
        return Err(Failure::usage(format!("{}: expected one TOPIC:PARTITION", arguments.partition)));
    };
    let start = Offset(arguments.start_offset);
    let found = open(&admin, partition).await?.into_iter().find(|(_, at)| *at == start);
    let Some((producer, _)) = found else {
        return Err(Failure::not_found(format!(
            "no transaction is open in {partition} from offset {start} on: 'ottla transaction producers {}' has all",
            arguments.partition
        )));
    };
    let owner = owner(&admin, producer.id, partition).await?;
    if let (Some(id), false) = (owner, arguments.force) {
        return Err(Failure::new(
            Status::Refused,
            format!(
                "the transaction does not hang, it belongs to '{id}': stop that producer, or add --force"
            ),
        ));
    }
    let row = vec![
        json!(&*partition.topic),
        json!(partition.partition.0),
        json!(producer.id.0),
        json!(producer.epoch),
        json!(producer.coordinator_epoch),
        json!(start.0),
        json!(text::moment(producer.last_timestamp)),
    ];
    output::rows(session.common, HEADER, vec![row])?;
    if arguments.dry_run {
        output::note(session.common, "nothing was aborted");
        return Ok(());
    }
    output::confirm(arguments.yes, &format!("Abort this transaction in {partition}, for ever?"))?;
    let epoch = i16::try_from(producer.epoch)
        .map_err(|_| Failure::new(Status::Failed, format!("the broker says epoch {}", producer.epoch)))?;
    let marker = Marker {
        partition: partition.clone(),
        producer: producer.id,
        epoch: ProducerEpoch(epoch),
        coordinator_epoch: producer.coordinator_epoch.max(0),
    };
    admin.abort_in_partition(&marker).await?;
    output::note(session.common, "aborted");
    Ok(())
}
