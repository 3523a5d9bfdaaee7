//! `ottla transaction describe`.

use crate::arguments::Form;
use crate::command::Session;
use crate::exit::{Failure, Outcome};
use crate::output;
use crate::text;
use ottla_base::Timestamp;
use ottla_client::{Admin, RequestError};
use ottla_wire::ErrorCode;
use serde_json::json;

/// Show the state of a transactional id, and what its open transaction has written to.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  ottla transaction describe billing-1
  ottla transaction describe billing-1 --output json | jq .partitions")]
pub(crate) struct Arguments {
    /// The transactional ids.
    #[arg(required = true, value_name = "ID")]
    ids: Vec<String>,
}

/// Prints them.
pub(super) async fn run(session: &Session<'_>, arguments: &Arguments) -> Outcome {
    let admin = Admin::new(&session.connect().await?);
    for id in &arguments.ids {
        let found = admin.describe_transaction(id).await.map_err(|error| not_found(id, error))?;
        let partitions: Vec<String> = found.partitions.iter().map(ToString::to_string).collect();
        let now = session.env.now().wall;
        let is_open = found.state == "Ongoing" && found.started != Timestamp::NONE;
        let open_for_ms = is_open.then(|| (now.0 - found.started.0).max(0));
        if session.common.output == Form::Json {
            output::json(&json!({
                "transaction": id,
                "state": found.state,
                "producer": found.producer.0,
                "epoch": found.epoch.0,
                "timeout_ms": found.timeout_ms,
                "started": text::moment(found.started),
                "open_for_ms": open_for_ms,
                "partitions": partitions,
            }))?;
            continue;
        }
        output::line(format_args!(
            "{id}: {}, producer {} in epoch {}, transactions end after {} ms",
            found.state, found.producer, found.epoch.0, found.timeout_ms
        ))?;
        if found.started != Timestamp::NONE {
            let open_for = open_for_ms.map(|ms| format!(", open for {ms} ms")).unwrap_or_default();
            output::line(format_args!("  began {}{open_for}", text::moment(found.started)))?;
        }
        for partition in &partitions {
            output::line(format_args!("  {partition}"))?;
        }
    }
    Ok(())
}

fn not_found(id: &str, error: RequestError) -> Failure {
    if error.code() == Some(ErrorCode::TRANSACTIONAL_ID_NOT_FOUND) {
        return Failure::not_found(format!(
            "there is no transactional id '{id}': 'ottla transaction list' has all of them"
        ));
    }
    error.into()
}
