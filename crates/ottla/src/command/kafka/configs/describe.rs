//! `kafka-configs --describe`.

use super::target::{Kind, Target};
use super::{All, Ran, fetch};
use crate::command::kafka::flags::Given;
use crate::command::kafka::hash_order;
use crate::output;
use ottla_client::admin::{ConfigEntry, ConfigSource};
use ottla_client::{Admin, Client, Refused, TopicSet};
use ottla_wire::message::ListConfigResourcesRequest;
use std::fmt::Write;

/// Prints them.
pub(super) async fn run(client: &Client, given: &Given<'_>, target: &Target) -> Ran {
    let kind = target.kind;
    let all = if given.has("all") { All::Shown } else { All::Hidden };
    let names = match &target.name {
        Some(name) => {
            // What all brokers have is no broker.
            let is_default = kind == Kind::Broker && name.is_empty();
            if all == All::Hidden && !is_default && !names(client, kind).await?.contains(name) {
                let kind = kind.singular();
                return Ok(output::line(format_args!(
                    "The {kind} '{name}' doesn't exist and doesn't have dynamic config."
                ))?);
            }
            vec![name.clone()]
        }
        None => names(client, kind).await?,
    };
    for name in names {
        let headline = match (name.is_empty(), all) {
            (true, _) => format!("Default configs for {} in the cluster are:", kind.plural()),
            (false, All::Shown) => format!("All configs for {} {name} are:", kind.singular()),
            (false, All::Hidden) => format!("Dynamic configs for {} {name} are:", kind.singular()),
        };
        // The headline is there even if what follows fails.
        output::line(headline)?;
        let entries: String = fetch(client, (kind, name.as_str()), all).await?.iter().map(line).collect();
        output::text(&entries)?;
    }
    Ok(())
}

/// Everything of a kind, in the order of Kafka's tool.
async fn names(client: &Client, kind: Kind) -> Ran<Vec<String>> {
    let mut names: Vec<String> = match kind {
        Kind::Topic => client.view(TopicSet::All).await?.topics.keys().map(ToString::to_string).collect(),
        Kind::Broker | Kind::BrokerLogger => {
            let brokers = Admin::new(client).describe_cluster().await?.brokers;
            let ids = brokers.iter().map(|node| node.id.to_string());
            return Ok(ids.chain(std::iter::once(String::new())).collect());
        }
        Kind::ClientMetrics => return listed(client, CLIENT_METRICS).await,
        Kind::Group => {
            let mut names: Vec<String> =
                Admin::new(client).list_groups().await?.into_iter().map(|group| group.id).collect();
            for name in listed(client, GROUP).await? {
                if !names.contains(&name) {
                    names.push(name);
                }
            }
            names
        }
    };
    hash_order::sort(&mut names, hash_order::UNSAID, |name| hash_order::of_text(name));
    Ok(names)
}

/// Things that have settings, whether they exist otherwise or not.
async fn listed(client: &Client, kind: i8) -> Ran<Vec<String>> {
    let response = client.call_any(&ListConfigResourcesRequest { resource_types: vec![kind] }).await?;
    Refused::check("things with settings", response.error_code, None)?;
    let names = response.config_resources.into_iter().filter(|found| found.resource_type == kind);
    Ok(names.map(|found| found.resource_name.to_string()).collect())
}

/// The protocol's numbers of the two that are listed.
const CLIENT_METRICS: i8 = 16;
const GROUP: i8 = 32;

fn line(entry: &ConfigEntry) -> String {
    let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "null".to_owned());
    let synonyms = entry
        .synonyms
        .iter()
        .map(|synonym| format!("{}:{}={}", source(synonym.source), synonym.name, value(&synonym.value)));
    let synonyms = synonyms.collect::<Vec<_>>().join(", ");
    let mut line = String::new();
    // Writing to a string does not fail.
    let _ = writeln!(
        line,
        "  {}={} sensitive={} synonyms={{{synonyms}}}",
        entry.name,
        value(&entry.value),
        entry.sensitive
    );
    line
}

/// Kafka's name of where a value comes from.
fn source(source: ConfigSource) -> &'static str {
    match source {
        ConfigSource::Topic => "DYNAMIC_TOPIC_CONFIG",
        ConfigSource::Broker => "DYNAMIC_BROKER_CONFIG",
        ConfigSource::AllBrokers => "DYNAMIC_DEFAULT_BROKER_CONFIG",
        ConfigSource::Static => "STATIC_BROKER_CONFIG",
        ConfigSource::Default => "DEFAULT_CONFIG",
        ConfigSource::Group => "DYNAMIC_GROUP_CONFIG",
        ConfigSource::Other(6) => "DYNAMIC_BROKER_LOGGER_CONFIG",
        ConfigSource::Other(super::CLIENT_METRICS) => "DYNAMIC_CLIENT_METRICS_CONFIG",
        ConfigSource::Other(_) => "UNKNOWN",
    }
}
