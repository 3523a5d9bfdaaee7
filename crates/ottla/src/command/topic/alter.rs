//! `ottla topic alter`: more partitions, other settings.

use super::TIMEOUT_MS;
use crate::command::Session;
use crate::command::config::alter::{self, Changes};
use crate::command::config::{Resource, TOPIC};
use crate::exit::{Failure, Outcome};
use crate::output;
use ottla_client::{Refused, RequestError};
use ottla_wire::message::create_partitions_request::CreatePartitionsTopic;
use ottla_wire::message::{CreatePartitionsRequest, CreatePartitionsResponse};

/// Give a topic more partitions or other settings.
///
/// Records stay in their partitions, but records of a key may go to another partition from then on.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  ottla topic alter flights -p 12
  ottla topic alter flights --set retention.ms=86400000 --delete segment.bytes")]
pub(crate) struct Arguments {
    /// Its name.
    #[arg(value_name = "TOPIC")]
    name: String,

    /// How many partitions it shall have, more than now.
    #[arg(short, long, value_name = "COUNT")]
    partitions: Option<i32>,

    #[command(flatten)]
    changes: Changes,

    /// Check only; change nothing.
    #[arg(long)]
    dry_run: bool,
}

/// Changes it.
pub(super) async fn run(session: &Session<'_>, arguments: &Arguments) -> Outcome {
    if arguments.partitions.is_none() && arguments.changes.is_empty() {
        return Err(Failure::usage(
            "nothing to change: give --partitions, --set, --delete, --append or --subtract",
        ));
    }
    let client = session.connect().await?;
    if !arguments.changes.is_empty() {
        let resource = Resource { kind: TOPIC, name: arguments.name.as_str().into() };
        alter::apply(&client, &resource, &arguments.changes, arguments.dry_run).await?;
    }
    if let Some(count) = arguments.partitions {
        let name = arguments.name.as_str().into();
        let request = CreatePartitionsRequest {
            topics: vec![CreatePartitionsTopic { name, count, assignments: None }],
            timeout_ms: TIMEOUT_MS,
            validate_only: arguments.dry_run,
        };
        let response: CreatePartitionsResponse = client.call_any(&request).await?;
        for result in response.results {
            let what = format!("topic {}", result.name);
            Refused::check(what, result.error_code, result.error_message.as_deref())
                .map_err(RequestError::from)?;
        }
    }
    let done = if arguments.dry_run { "checked, nothing changed" } else { "changed" };
    output::note(session.common, done);
    Ok(())
}
