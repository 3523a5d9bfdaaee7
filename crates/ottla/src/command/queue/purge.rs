//! `ottla queue purge`.

use super::standing::{NO_RANGES, Queue};
use crate::command::Session;
use crate::exit::{Failure, Outcome, Status};
use crate::output;
use ottla_client::{Admin, RequestError, TopicPartition};
use ottla_wire::ErrorCode;
use serde_json::{Value, json};

/// Skip everything that waits in a queue: the group goes on with what comes from now on.
///
/// The records stay in their topics, and other groups still get them. Records in flight are skipped, too: their members
/// can no longer acknowledge them. Other brokers than Ottla purge a queue only while it has no members.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  ottla queue purge thumbnails --dry-run
  ottla queue purge thumbnails --topic pictures --yes")]
pub(crate) struct Arguments {
    /// The share group.
    #[arg(value_name = "QUEUE")]
    group: String,

    /// Only of these topics.
    #[arg(long, value_name = "TOPIC")]
    topic: Vec<String>,

    /// Do not ask.
    #[arg(short, long)]
    yes: bool,

    /// Show what would be skipped; change nothing.
    #[arg(long)]
    dry_run: bool,
}

const HEADER: &[&str] = &["topic", "partition", "from", "to", "records"];

/// Purges it.
pub(super) async fn run(session: &Session<'_>, arguments: &Arguments) -> Outcome {
    let admin = Admin::new(&session.connect().await?);
    let queue = Queue::look(&admin, &arguments.group, NO_RANGES).await?;
    let is_meant = |partition: &TopicPartition| {
        arguments.topic.is_empty() || arguments.topic.iter().any(|topic| **topic == *partition.topic)
    };
    let places: Vec<_> = queue
        .places
        .iter()
        .filter(|place| is_meant(&place.found.partition) && place.found.start != Some(place.end))
        .collect();
    let rows: Vec<Vec<Value>> = places
        .iter()
        .map(|place| {
            vec![
                json!(&*place.found.partition.topic),
                json!(place.found.partition.partition.0),
                json!(place.found.start.map(|start| start.0)),
                json!(place.end.0),
                json!(place.depth()),
            ]
        })
        .collect();
    if rows.is_empty() {
        output::note(session.common, "nothing waits");
        return Ok(());
    }
    let records: i64 = places.iter().map(|place| place.depth()).sum();
    if arguments.dry_run {
        output::rows(session.common, HEADER, rows)?;
        output::note(session.common, "nothing was skipped");
        return Ok(());
    }
    let group = &arguments.group;
    output::confirm(
        arguments.yes,
        &format!("Skip {records} record(s) of queue {group}, so that it never gets them?"),
    )?;
    let offsets: Vec<_> = places.iter().map(|place| (place.found.partition.clone(), place.end)).collect();
    match admin.skip_share_group_records(group, &offsets).await {
        Err(error) if error.code() == Some(ErrorCode::NON_EMPTY_GROUP) => {
            return Err(Failure::new(
                Status::Refused,
                format!(
                    "queue {group} has {} member(s), and this broker purges queues without members only: stop them first",
                    queue.group.members.len()
                ),
            ));
        }
        results => results?.into_iter().try_for_each(|(_, result)| result.map_err(RequestError::from))?,
    }
    output::rows(session.common, HEADER, rows)?;
    output::note(session.common, "skipped");
    Ok(())
}
