//! `kafka-configs`: settings of topics, brokers, groups and metrics subscriptions, as `ConfigCommand` shows and changes
//! them.
//!
//! Quotas and credentials of users, clients and addresses are refused by name: Ottla does not have them.

mod alter;
mod describe;
mod target;

use super::Ran;
use super::error::Stop;
use super::flags::{Flag, Given, Sheet, Takes};
use super::settings::{self, Settings};
use crate::command::Session;
use ottla_client::admin::{ConfigEntry, ConfigSource};
use ottla_client::{Admin, Client};
use target::{Kind, Target};

/// Its flags.
pub(super) const SHEET: Sheet = Sheet {
    tool: "kafka-configs",
    about: "Shows and changes settings of topics, brokers and groups, as Apache Kafka's tool of that name.",
    flags: &[
        Flag {
            name: "bootstrap-server",
            takes: Takes::Value("SERVERS"),
            doc: "the brokers to ask, HOST:PORT between commas; needed",
        },
        Flag {
            name: "bootstrap-controller",
            takes: Takes::Value("SERVERS"),
            doc: "refused: there are no controllers apart from brokers",
        },
        Flag {
            name: "command-config",
            takes: Takes::Value("FILE"),
            doc: "settings of the client, as properties",
        },
        Flag { name: "describe", takes: Takes::Nothing, doc: "show what is set" },
        Flag { name: "all", takes: Takes::Nothing, doc: "show what is at its default, too" },
        Flag { name: "alter", takes: Takes::Nothing, doc: "change it" },
        Flag { name: "add-config", takes: Takes::Value("SETTINGS"), doc: "what to set: a=1,b=[2,3]" },
        Flag {
            name: "add-config-file",
            takes: Takes::Value("FILE"),
            doc: "the same from a file of properties",
        },
        Flag {
            name: "delete-config",
            takes: Takes::Value("NAMES"),
            doc: "what to take back to its default: a,b",
        },
        Flag { name: "topic", takes: Takes::Value("TOPIC"), doc: "of this topic" },
        Flag { name: "broker", takes: Takes::Value("ID"), doc: "of this broker" },
        Flag { name: "broker-defaults", takes: Takes::Nothing, doc: "of all brokers" },
        Flag { name: "broker-logger", takes: Takes::Value("ID"), doc: "log levels of this broker" },
        Flag { name: "group", takes: Takes::Value("GROUP"), doc: "of this group" },
        Flag { name: "client-metrics", takes: Takes::Value("NAME"), doc: "of this metrics subscription" },
        Flag {
            name: "entity-type",
            takes: Takes::Value("TYPE"),
            doc: "of topics, brokers, broker-loggers, groups or client-metrics …",
        },
        Flag { name: "entity-name", takes: Takes::Value("NAME"), doc: "… of this name" },
        Flag { name: "entity-default", takes: Takes::Nothing, doc: "… or of all of them" },
        Flag { name: "client", takes: Takes::Value("ID"), doc: "refused: there are no quotas" },
        Flag { name: "client-defaults", takes: Takes::Nothing, doc: "refused, too" },
        Flag {
            name: "user",
            takes: Takes::Value("NAME"),
            doc: "refused: there are no quotas and no credentials",
        },
        Flag { name: "user-defaults", takes: Takes::Nothing, doc: "refused, too" },
        Flag { name: "ip", takes: Takes::Value("ADDRESS"), doc: "refused: there are no quotas" },
        Flag { name: "ip-defaults", takes: Takes::Nothing, doc: "refused, too" },
    ],
    examples: "  kafka-configs --bootstrap-server 127.0.0.1:9092 --describe --topic flights
  kafka-configs --bootstrap-server 127.0.0.1:9092 --alter --topic flights --add-config retention.ms=86400000
  kafka-configs --bootstrap-server 127.0.0.1:9092 --describe --entity-type brokers --entity-name 1 --all",
    misread: Stop::Error,
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
    let settings = Settings::of_file(given.one("command-config").map_err(Stop::Error)?)?;
    let client = settings::connect(session, given, &settings, "adminclient-1").await?;
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
