//! `ottla config reference`: the page docs/configuration.md, written from the declarations of the keys.

use super::explain::{change, fallbacks};
use crate::exit::Outcome;
use crate::output;
use ottla_base::config::{Effect, Key, Table};
use ottla_broker::config::{BROKER_KEYS, GROUP_KEYS, TOPIC_KEYS};
use std::fmt::Write;

const HEAD: &str = "# Configuration

Written by `ottla config reference`; change the declarations in `crates/broker/src/config/keys`, not this page.

Ottla takes Apache Kafka's names. Settings of the broker come from, each stronger than the one before:

1. the defaults below,
2. the file given with `--config`: a `server.properties`, or TOML with the same names,
3. the environment: `KAFKA_LOG_RETENTION_MS` or `OTTLA_LOG_RETENTION_MS` is `log.retention.ms`
   (`_` is a dot, `__` an underscore, `___` a dash),
4. flags: `--listen`, `--data`, and `--set KEY=VALUE`,
5. what clients set while the broker runs, for all brokers and for one.

A name that nobody knows is reported and ignored. A bad value stops the start, with its place and a cure.
A topic or group takes its own setting, else what the broker supplies under the key it falls back to, else the
default. Groups need not exist to have settings. What a group sets stays within the bounds that the broker's keys
with `.min.` and `.max.` give: out of them it is refused, and bounds that move later pull it along.
`ottla config explain NAME` shows one entry.
";

/// Prints the page.
pub(super) fn run() -> Outcome {
    output::line(page().trim_end())
}

/// The whole page.
pub(super) fn page() -> String {
    let mut page = HEAD.to_owned();
    section(&mut page, "Settings of a topic", "topic", &TOPIC_KEYS);
    section(&mut page, "Settings of a group", "group", &GROUP_KEYS);
    section(&mut page, "Settings of a broker", "broker", &BROKER_KEYS);
    page
}

fn section(page: &mut String, title: &str, scope: &str, table: &Table) {
    let _ = write!(page, "\n## {title}\n");
    for key in table.iter().filter(|key| key.effect == Effect::Acts) {
        entry(page, scope, key);
    }
    if table.iter().all(|key| key.effect == Effect::Acts) {
        return;
    }
    let _ = write!(
        page,
        "\n### Kept without effect\n\nAccepted, checked, stored and described, so that tools that set them work.\n"
    );
    let _ = write!(page, "\n| name | default | why nothing follows |\n|---|---|---|\n");
    for key in table.iter() {
        if let Effect::Kept(reason) = key.effect {
            let _ = writeln!(page, "| `{}` | {} | {reason} |", key.name, default(key));
        }
    }
}

fn entry(page: &mut String, scope: &str, key: &Key) {
    let _ = write!(page, "\n### `{}`\n\n{}\n\n", key.name, key.doc.trim());
    let mut fact = |name: &str, value: &str| {
        if !value.is_empty() {
            let _ = writeln!(page, "- {name}: {value}");
        }
    };
    fact("Value", &key.expectation());
    fact("Default", &default(key));
    fact("Low", key.low);
    fact("High", key.high);
    fact("Change", change(scope, key).split(':').next().unwrap_or_default());
    let fallbacks: Vec<String> = fallbacks(key).iter().map(|name| format!("`{name}`")).collect();
    fact("Falls back to", &fallbacks.join(", then "));
}

fn default(key: &Key) -> String {
    match key.default {
        None => "none".to_owned(),
        Some("") => "empty".to_owned(),
        Some(default) => format!("`{default}`"),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_committed_page_is_the_declared_one() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/configuration.md");
        let committed = std::fs::read_to_string(path).expect("the page is committed");
        assert!(
            committed.trim_end() == super::page().trim_end(),
            "run: ottla config reference > docs/configuration.md"
        );
    }
}
