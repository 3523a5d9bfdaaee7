//! `ottla queue settings`.

use super::standing;
use crate::arguments::Form;
use crate::command::Session;
use crate::exit::{Failure, Outcome, Status};
use crate::output;
use ottla_broker::config::GROUP_KEYS;
use ottla_client::admin::{AlterOp, ConfigAlteration, ConfigEntry, ConfigSource, Mode, Resource};
use ottla_client::{Admin, RequestError};
use ottla_wire::ErrorCode;
use serde_json::{Value, json};

/// Show or change the settings of a queue.
///
/// They belong to the group's id and can be set before the first member comes. A change is in force when a member asks
/// for records next, and for one that waits for records already when it is served.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  ottla queue settings thumbnails                            what is set and what else there is
  ottla queue settings thumbnails queue.order=key            records of a key one after the other
  ottla queue settings thumbnails share.delivery.count.limit=3 errors.deadletterqueue.topic.name=dlq.thumbnails
  ottla queue settings thumbnails queue.retry.backoff.ms=    back to its default
  ottla config explain queue.order                           what a setting does and costs")]
pub(crate) struct Arguments {
    /// The share group.
    #[arg(value_name = "QUEUE")]
    group: String,

    /// What to set: KEY=VALUE, or KEY= for the default. Without any, the settings are shown.
    #[arg(value_name = "KEY=VALUE")]
    changes: Vec<String>,

    /// Check only; change nothing.
    #[arg(long)]
    dry_run: bool,
}

/// Shows or changes them.
pub(super) async fn run(session: &Session<'_>, arguments: &Arguments) -> Outcome {
    let changes = arguments.changes.iter().map(|text| change(text)).collect::<Outcome<Vec<_>>>()?;
    let admin = Admin::new(&session.connect().await?);
    if changes.is_empty() {
        return show(session, &admin, &arguments.group).await;
    }
    let mode = if arguments.dry_run { Mode::Validate } else { Mode::Apply };
    apply(&admin, &arguments.group, changes, mode).await?;
    output::note(session.common, if arguments.dry_run { "checked, nothing changed" } else { "changed" });
    Ok(())
}

/// Sets one setting of several queues.
pub(super) async fn set_all(
    session: &Session<'_>,
    groups: &[String],
    (name, value): (&str, &str),
) -> Outcome {
    let admin = Admin::new(&session.connect().await?);
    for group in groups {
        let change =
            ConfigAlteration { name: name.to_owned(), op: AlterOp::Set, value: Some(value.to_owned()) };
        apply(&admin, group, vec![change], Mode::Apply).await?;
    }
    Ok(())
}

async fn apply(admin: &Admin, group: &str, changes: Vec<ConfigAlteration>, mode: Mode) -> Outcome {
    let ottlas_own =
        changes.iter().find(|change| change.name.starts_with("queue.")).map(|change| change.name.clone());
    let alterations = [(Resource::group(group), changes)];
    for (_, outcome) in admin.alter_configs(&alterations, mode).await? {
        match (outcome, &ottlas_own) {
            (Err(refused), Some(name))
                if refused.code == ErrorCode::INVALID_CONFIG
                    && standing::setting(admin, group, name).await?.is_none() =>
            {
                return Err(Failure::new(
                    Status::Refused,
                    format!("this broker does not have the setting {name}, which is Ottla's own: {refused}"),
                ));
            }
            (outcome, _) => outcome.map_err(RequestError::from)?,
        }
    }
    Ok(())
}

fn change(text: &str) -> Outcome<ConfigAlteration> {
    let (name, value) = text.split_once('=').ok_or_else(|| {
        Failure::usage(format!(
            "'{text}': expected KEY=VALUE such as queue.order=key, or KEY= for the default"
        ))
    })?;
    let (op, value) = match value {
        "" => (AlterOp::Delete, None),
        value => (AlterOp::Set, Some(value.to_owned())),
    };
    Ok(ConfigAlteration { name: name.to_owned(), op, value })
}

async fn show(session: &Session<'_>, admin: &Admin, group: &str) -> Outcome {
    let mut entries = standing::settings(admin, group, None).await?;
    entries.retain(|entry| PREFIXES.iter().any(|prefix| entry.name.starts_with(prefix)));
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    let row = |entry: &ConfigEntry| -> Vec<Value> {
        let key = GROUP_KEYS.get(&entry.name);
        let doc = key.map(|key| key.doc.trim()).unwrap_or_default();
        let doc = match session.common.output {
            Form::Json => doc,
            Form::Human => doc.split_inclusive(". ").next().unwrap_or_default().trim(),
        };
        let set_by = match entry.source {
            ConfigSource::Group => "queue",
            ConfigSource::Default => "default",
            _ => "broker",
        };
        vec![json!(entry.name), json!(entry.value), json!(set_by), json!(doc)]
    };
    output::rows(session.common, &["name", "value", "set-by", "meaning"], entries.iter().map(row).collect())
}

/// What concerns queues, of all that groups have.
const PREFIXES: [&str; 3] = ["queue.", "share.", "errors.deadletterqueue."];
