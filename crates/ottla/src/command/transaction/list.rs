//! `ottla transaction list`.

use crate::command::Session;
use crate::exit::{Failure, Outcome};
use crate::output;
use ottla_base::ProducerId;
use ottla_client::Admin;
use ottla_client::admin::TransactionFilter;
use serde_json::json;
use std::time::Duration;

/// List transactional ids with the state of their newest transaction.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  ottla transaction list
  ottla transaction list --state Ongoing --open-for-ms 60000
  ottla transaction list --output json | jq -r .transaction")]
pub(crate) struct Arguments {
    /// Only ids in this state, such as Ongoing; may be repeated.
    #[arg(long, value_name = "STATE")]
    state: Vec<String>,

    /// Only the id of this producer; may be repeated.
    #[arg(long, value_name = "NUMBER")]
    producer_id: Vec<i64>,

    /// Only ids whose transaction has been open for at least this long, in milliseconds.
    #[arg(long, value_name = "MS")]
    open_for_ms: Option<u64>,

    /// Only ids that contain this.
    #[arg(long, value_name = "TEXT")]
    matching: Option<String>,
}

/// Prints them.
pub(super) async fn run(session: &Session<'_>, arguments: &Arguments) -> Outcome {
    let admin = Admin::new(&session.connect().await?);
    let filter = TransactionFilter {
        states: arguments.state.clone(),
        producers: arguments.producer_id.iter().copied().map(ProducerId).collect(),
        open_for: arguments.open_for_ms.map(Duration::from_millis),
        pattern: None,
    };
    let listed = admin.list_transactions(&filter).await?;
    if let Some(unknown) = listed.unknown_states.first() {
        return Err(Failure::usage(format!(
            "--state {unknown}: there is no such state; the states are Empty, Ongoing, PrepareCommit, PrepareAbort, \
             CompleteCommit and CompleteAbort"
        )));
    }
    let contains = |id: &str| arguments.matching.as_deref().is_none_or(|text| id.contains(text));
    let rows: Vec<_> = listed
        .transactions
        .into_iter()
        .filter(|one| contains(&one.id))
        .map(|one| vec![json!(one.id), json!(one.producer.0), json!(one.state), json!(one.coordinator)])
        .collect();
    if rows.is_empty() {
        output::note(session.common, "there are no such transactions");
        return Ok(());
    }
    output::rows(session.common, &["transaction", "producer", "state", "coordinator"], rows)
}
