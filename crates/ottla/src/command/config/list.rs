//! `ottla config list`: all settings there are. Needs no broker.

use crate::arguments::Common;
use crate::exit::Outcome;
use crate::output;
use clap::ValueEnum;
use ottla_base::config::{Effect, Key};
use ottla_broker::config::{BROKER_KEYS, GROUP_KEYS, TOPIC_KEYS};
use serde_json::{Value, json};

/// List the settings that exist, with their defaults.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  ottla config list
  ottla config list topic
  ottla config list group --matching queue.
  ottla config list broker --matching retention")]
pub(crate) struct Arguments {
    /// Settings of a topic, of a group or of a broker only.
    scope: Option<Scope>,

    /// Only names that contain this.
    #[arg(long, value_name = "TEXT")]
    matching: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Scope {
    Topic,
    Group,
    Broker,
}

/// Prints them.
pub(super) fn run(common: &Common, arguments: &Arguments) -> Outcome {
    let wanted = |scope: Scope| arguments.scope.is_none_or(|only| only == scope);
    let matches = |key: &&Key| arguments.matching.as_deref().is_none_or(|text| key.name.contains(text));
    let row = |scope: &str, key: &Key| -> Vec<Value> {
        let does = if key.effect == Effect::Acts { "yes" } else { "no" };
        let sentence = key.doc.trim().split_inclusive(". ").next().unwrap_or_default().trim();
        vec![json!(key.name), json!(scope), json!(key.default), json!(does), json!(sentence)]
    };
    let mut rows = Vec::new();
    if wanted(Scope::Topic) {
        rows.extend(TOPIC_KEYS.iter().filter(matches).map(|key| row("topic", key)));
    }
    if wanted(Scope::Group) {
        rows.extend(GROUP_KEYS.iter().filter(matches).map(|key| row("group", key)));
    }
    if wanted(Scope::Broker) {
        rows.extend(BROKER_KEYS.iter().filter(matches).map(|key| row("broker", key)));
    }
    output::rows(common, &["name", "of", "default", "acts", "meaning"], rows)
}
