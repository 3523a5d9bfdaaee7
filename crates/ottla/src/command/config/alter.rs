//! `ottla config alter`: changes settings of a topic, group or broker while it runs.

use super::Resource;
use crate::command::Session;
use crate::exit::{Failure, Outcome};
use crate::output;
use ottla_client::{Client, Refused, RequestError};
use ottla_wire::message::incremental_alter_configs_request::{AlterConfigsResource, AlterableConfig};
use ottla_wire::message::{IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse};

/// Change settings of a topic, group or broker while it runs.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  ottla config alter topic:flights --set retention.ms=86400000
  ottla config alter topic:flights --append cleanup.policy=compact --delete retention.ms
  ottla config alter group:thumbnails --set share.record.lock.duration.ms=60000
  ottla config alter broker --set log.retention.ms=3600000 --dry-run")]
pub(crate) struct Arguments {
    /// topic:NAME, group:ID, broker:ID, or broker for the default of all brokers.
    resource: Resource,

    #[command(flatten)]
    changes: Changes,

    /// Check only; change nothing.
    #[arg(long)]
    dry_run: bool,
}

/// What to change.
#[derive(Clone, Debug, Default, clap::Args)]
#[group(multiple = true)]
pub(crate) struct Changes {
    /// Give a setting a value; may be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,

    /// Take a setting back to its default; may be repeated.
    #[arg(long, value_name = "KEY")]
    delete: Vec<String>,

    /// Add an element to a list; may be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    append: Vec<String>,

    /// Take an element out of a list; may be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    subtract: Vec<String>,
}

impl Changes {
    /// Whether nothing is to be changed.
    pub(crate) fn is_empty(&self) -> bool {
        let Self { set, delete, append, subtract } = self;
        [set, delete, append, subtract].into_iter().all(Vec::is_empty)
    }

    fn configs(&self) -> Outcome<Vec<AlterableConfig>> {
        let mut configs = Vec::new();
        for (operation, texts) in [(SET, &self.set), (APPEND, &self.append), (SUBTRACT, &self.subtract)] {
            for text in texts {
                let (name, value) = text.split_once('=').ok_or_else(|| {
                    Failure::usage(format!("'{text}': expected KEY=VALUE, such as retention.ms=1000"))
                })?;
                configs.push(config(operation, name, Some(value)));
            }
        }
        configs.extend(self.delete.iter().map(|name| config(DELETE, name, None)));
        Ok(configs)
    }
}

fn config(operation: i8, name: &str, value: Option<&str>) -> AlterableConfig {
    AlterableConfig { name: name.into(), config_operation: operation, value: value.map(Into::into) }
}

/// Changes them.
pub(super) async fn run(session: &Session<'_>, arguments: &Arguments) -> Outcome {
    if arguments.changes.is_empty() {
        return Err(Failure::usage("nothing to change: give --set, --delete, --append or --subtract"));
    }
    let client = session.connect().await?;
    apply(&client, &arguments.resource, &arguments.changes, arguments.dry_run).await?;
    let done = if arguments.dry_run { "checked, nothing changed" } else { "changed" };
    output::note(session.common, done);
    Ok(())
}

/// Asks a broker to make these changes of one resource.
pub(crate) async fn apply(client: &Client, resource: &Resource, changes: &Changes, dry_run: bool) -> Outcome {
    let request = IncrementalAlterConfigsRequest {
        resources: vec![AlterConfigsResource {
            resource_type: resource.kind,
            resource_name: resource.name.clone(),
            configs: changes.configs()?,
        }],
        validate_only: dry_run,
    };
    let response: IncrementalAlterConfigsResponse = client.call_any(&request).await?;
    for result in response.responses {
        let what = format!("settings of {}", result.resource_name);
        Refused::check(what, result.error_code, result.error_message.as_deref())
            .map_err(RequestError::from)?;
    }
    Ok(())
}

const SET: i8 = 0;
const DELETE: i8 = 1;
const APPEND: i8 = 2;
const SUBTRACT: i8 = 3;
