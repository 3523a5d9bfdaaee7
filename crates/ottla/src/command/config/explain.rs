//! `ottla config explain`: everything there is to know about one setting. Needs no broker.

use crate::arguments::{Common, Form};
use crate::exit::{Failure, Outcome};
use crate::output;
use crate::settings::Sources;
use ottla_base::config::{Change, Effect, Key, nearest};
use ottla_broker::config::{Assignment, BROKER_KEYS, GROUP_KEYS, TOPIC_KEYS};
use serde_json::{Value, json};
use std::path::PathBuf;

/// Explain a setting: what it does, what it costs, its default, and what this machine would start with.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  ottla config explain retention.ms
  ottla config explain log.durability --config server.properties")]
pub(crate) struct Arguments {
    /// The setting's name.
    name: String,

    /// A configuration file to look the setting up in.
    #[arg(long, value_name = "FILE", env = "OTTLA_CONFIG")]
    config: Option<PathBuf>,
}

/// Prints it.
pub(super) fn run(common: &Common, arguments: &Arguments) -> Outcome {
    let name = arguments.name.as_str();
    let sources = Sources { file: arguments.config.clone(), ..Sources::default() };
    let found = sources.collect()?.into_iter().rev().find(|assignment| assignment.name == name);
    let keys =
        [("topic", TOPIC_KEYS.get(name)), ("group", GROUP_KEYS.get(name)), ("broker", BROKER_KEYS.get(name))];
    let mut is_known = false;
    for (scope, key) in keys {
        let Some(key) = key else { continue };
        if is_known && common.output == Form::Human {
            output::line("")?;
        }
        is_known = true;
        let found = found.as_ref().filter(|_| scope == "broker");
        match common.output {
            Form::Human => output::line(human(scope, key, found))?,
            Form::Json => output::json(&machine(scope, key, found))?,
        }
    }
    if is_known {
        return Ok(());
    }
    let hint = nearest(name, TOPIC_KEYS.names().chain(GROUP_KEYS.names()).chain(BROKER_KEYS.names()));
    let hint = hint.map_or_else(
        || "'ottla config list' has all names".to_owned(),
        |nearest| format!("did you mean '{nearest}'?"),
    );
    Err(Failure::not_found(format!("'{name}' is not a setting: {hint}")))
}

fn human(scope: &str, key: &Key, found: Option<&Assignment>) -> String {
    let mut text = format!("{} (of a {scope})\n\n{}\n", key.name, wrap(key.doc.trim()));
    let mut fact = |name: &str, value: &str| {
        if !value.is_empty() {
            text.push_str(&format!("\n{name:<14}{value}"));
        }
    };
    fact("Value", &key.expectation());
    fact("Default", key.default.unwrap_or("none"));
    fact("Low", key.low);
    fact("High", key.high);
    fact("Change", change(scope, key));
    fact("Falls back to", &fallbacks(key).join(", then "));
    if let Effect::Kept(reason) = key.effect {
        fact("Effect", &format!("none. {reason}"));
    }
    match found {
        Some(Assignment { value, origin, .. }) if !key.is_sensitive() => {
            fact("Set to", &format!("{value}, by {origin}"));
        }
        Some(Assignment { origin, .. }) => fact("Set", &format!("by {origin}")),
        None => {}
    }
    text
}

fn machine(scope: &str, key: &Key, found: Option<&Assignment>) -> Value {
    json!({
        "name": key.name,
        "scope": scope,
        "doc": key.doc.trim(),
        "value": key.expectation(),
        "default": key.default,
        "low": key.low,
        "high": key.high,
        "change": change(scope, key),
        "falls_back_to": fallbacks(key),
        "acts": key.effect == Effect::Acts,
        "why_not": match key.effect { Effect::Kept(reason) => Some(reason), Effect::Acts => None },
        "set_to": found.filter(|_| !key.is_sensitive()).map(|found| found.value.clone()),
        "set_by": found.map(|found| found.origin.to_string()),
    })
}

/// When a change takes effect, and how to make it.
pub(super) fn change(scope: &str, key: &Key) -> &'static str {
    match (key.change, scope) {
        (Change::Restart, _) => "at the next start",
        (Change::Live, "topic") => "at once: ottla config alter topic:NAME --set KEY=VALUE",
        (Change::Live, "group") => "at once: ottla config alter group:ID --set KEY=VALUE",
        (Change::Live, _) => "at once: ottla config alter broker --set KEY=VALUE",
        (Change::LivePerBroker, _) => "at once: ottla config alter broker:ID --set KEY=VALUE",
    }
}

/// The keys that supply a value when this one has none.
pub(super) fn fallbacks(key: &Key) -> Vec<String> {
    key.fallbacks.iter().map(|fallback| fallback.name.to_owned()).collect()
}

/// Breaks lines before column 100.
fn wrap(text: &str) -> String {
    let mut wrapped = String::new();
    let mut width = 0;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if width > 0 && width + 1 + length > 100 {
            wrapped.push('\n');
            width = 0;
        } else if width > 0 {
            wrapped.push(' ');
            width += 1;
        }
        wrapped.push_str(word);
        width += length;
    }
    wrapped
}
