//! `kafka-configs`: settings of topics, brokers, groups and metrics subscriptions, as `ConfigCommand` shows and changes
//! them.
//!
//! Quotas and credentials of users, clients and addresses are refused by name: Ottla does not have them.

mod alter;
mod describe;
mod target;

use super::Ran;
use super::error::Stop;
use super::flags::{BOOTSTRAP_SERVER, COMMAND_CONFIG, Given, Sheet, switch, value};
use super::settings;
use crate::command::Session;
use ottla_client::admin::{ConfigEntry, ConfigSource};
use ottla_client::{Admin, Client};
use target::{Kind, Target};

/// Its flags.
pub(super) const SHEET: Sheet = Sheet {
    tool: "kafka-configs",
    about: "Shows and changes settings of topics, brokers and groups, as Apache Kafka's tool of that name.",
    flags: &[
        BOOTSTRAP_SERVER,
        value("bootstrap-controller", "SERVERS", "refused: there are no controllers apart from brokers"),
        COMMAND_CONFIG,
        switch("describe", "show what is set"),
        switch("all", "show what is at its default, too"),
        switch("alter", "change it"),
        value("add-config", "SETTINGS", "what to set: a=1,b=[2,3]"),
        value("add-config-file", "FILE", "the same from a file of properties"),
        value("delete-config", "NAMES", "what to take back to its default: a,b"),
        value("topic", "TOPIC", "of this topic"),
        value("broker", "ID", "of this broker"),
        switch("broker-defaults", "of all brokers"),
        value("broker-logger", "ID", "log levels of this broker"),
        value("group", "GROUP", "of this group"),
        value("client-metrics", "NAME", "of this metrics subscription"),
        value("entity-type", "TYPE", "of topics, brokers, broker-loggers, groups or client-metrics …"),
        value("entity-name", "NAME", "… of this name"),
        switch("entity-default", "… or of all of them"),
        value("client", "ID", "refused: there are no quotas"),
        switch("client-defaults", "refused, too"),
        value("user", "NAME", "refused: there are no quotas and no credentials"),
        switch("user-defaults", "refused, too"),
        value("ip", "ADDRESS", "refused: there are no quotas"),
        switch("ip-defaults", "refused, too"),
    ],
    examples: "  kafka-configs --bootstrap-server 127.0.0.1:9092 --describe --topic flights
  kafka-configs --bootstrap-server 127.0.0.1:9092 --alter --topic flights --add-config retention.ms=86400000
  kafka-configs --bootstrap-server 127.0.0.1:9092 --describe --entity-type brokers --entity-name 1 --all",
    misread: Stop::Error,
    wrong_text: Stop::Error,
    wrong_number: Stop::Error,
    failed: Stop::Failed,
};

/// Runs it.
pub(super) async fn run(session: &Session<'_>, given: &Given<'_>) -> Ran {
    let target = check(given)?;
    let ended = carry_out(session, given, &target).await;
    ended.map_err(|stop| match stop {
        Stop::Failed(trouble) => {
            let words = given.words().join(" ");
            Stop::Error(format!(
                "Error while executing config command with args '{words}'\njava.util.concurrent.ExecutionException: \
                 {trouble}"
            ))
        }
        stop => stop,
    })
}

async fn carry_out(session: &Session<'_>, given: &Given<'_>, target: &Target) -> Ran {
    let client = settings::client(session, given, "adminclient-1").await?;
    match given.has("alter") {
        true => alter::run(&client, given, target).await,
        false => describe::run(&client, given, target).await,
    }
}

/// Refuses flags that do not go together, in the order in which the tool of Kafka does; what is meant, otherwise.
fn check(given: &Given<'_>) -> Ran<Target> {
    if given.count(&["alter", "describe"]) != 1 {
        return Err(Stop::Usage("Command must include exactly one action: --describe, --alter".to_owned()));
    }
    given.exclude("describe", &["add-config", "delete-config"])?;
    let target = target::read(given)?;
    let wrong = |reason: &str| Err(Stop::Error(reason.to_owned()));
    if given.has("describe") {
        if target.kind != Kind::Broker && given.has("entity-default") {
            return wrong(&format!(
                "--entity-default must not be specified with --describe of {}",
                target.kind.plural()
            ));
        }
        if target.kind == Kind::BrokerLogger && target.name.as_deref().is_none_or(str::is_empty) {
            return wrong("An entity name must be specified with --describe of broker-loggers");
        }
        return Ok(target);
    }
    let is_named = target.name.as_ref().is_some_and(|name| !name.is_empty());
    match target.kind {
        Kind::Broker if target.name.is_none() => {
            return wrong(
                "An entity-name or default entity must be specified with --alter of users, clients, brokers or ips",
            );
        }
        Kind::Broker => {}
        kind if !is_named => {
            return wrong(&format!("An entity name must be specified with --alter of {}", kind.plural()));
        }
        _ => {}
    }
    if given.count(&["add-config", "add-config-file"]) == 2 {
        return wrong("Only one of --add-config or --add-config-file must be specified");
    }
    if given.count(&["add-config", "add-config-file", "delete-config"]) == 0 {
        return wrong(
            "At least one of --add-config, --add-config-file, or --delete-config must be specified with --alter",
        );
    }
    Ok(target)
}

/// The settings of one thing, by name; without `all`, only those that were set on it while the broker ran.
async fn fetch(client: &Client, target: (Kind, &str), all: All) -> Ran<Vec<ConfigEntry>> {
    let resource = target.0.resource(target.1);
    let mut found = Vec::new();
    for (_, outcome) in Admin::new(client).describe_configs(&[resource], None).await? {
        found = outcome?;
    }
    let source = match target {
        (Kind::Topic, _) => Some(ConfigSource::Topic),
        (Kind::Broker, "") => Some(ConfigSource::AllBrokers),
        (Kind::Broker, _) => Some(ConfigSource::Broker),
        (Kind::BrokerLogger, _) => None,
        (Kind::ClientMetrics, _) => Some(ConfigSource::Other(CLIENT_METRICS)),
        (Kind::Group, _) => Some(ConfigSource::Group),
    };
    found.retain(|entry| all == All::Shown || source.is_none_or(|source| entry.source == source));
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

/// Whether what was not set is wanted, too.
#[derive(Clone, Copy, PartialEq, Eq)]
enum All {
    Shown,
    Hidden,
}

/// The protocol's number for settings of a metrics subscription.
const CLIENT_METRICS: i8 = 7;

/// What is wrong with settings that never reached a broker.
fn invalid(reason: String) -> Stop {
    Stop::Error(reason)
}
