//! Configs of topics, brokers and groups.

use super::{Admin, Mode, Outcome};
use crate::connection::Connection;
use crate::error::{CallError, Refused};
use ottla_wire::message::describe_configs_request::DescribeConfigsResource;
use ottla_wire::message::describe_configs_response::{DescribeConfigsResourceResult, DescribeConfigsResult};
use ottla_wire::message::incremental_alter_configs_request::{AlterConfigsResource, AlterableConfig};
use ottla_wire::message::{DescribeConfigsRequest, IncrementalAlterConfigsRequest};

/// What has configs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i8)]
pub enum ResourceKind {
    /// A topic, by name.
    Topic = 2,
    /// A broker, by number; all brokers, if the name is empty.
    Broker = 4,
    /// A broker's log levels, by number.
    BrokerLogger = 8,
    /// A metrics subscription, by name.
    ClientMetrics = 16,
    /// A group, by id.
    Group = 32,
}

/// A thing that has configs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// What it is.
    pub kind: ResourceKind,
    /// Which one.
    pub name: String,
}

impl Resource {
    /// A topic.
    pub fn topic(name: impl Into<String>) -> Self {
        Self { kind: ResourceKind::Topic, name: name.into() }
    }

    /// A group, whether it exists or not.
    pub fn group(id: impl Into<String>) -> Self {
        Self { kind: ResourceKind::Group, name: id.into() }
    }

    /// A broker.
    #[must_use]
    pub fn broker(id: i32) -> Self {
        Self { kind: ResourceKind::Broker, name: id.to_string() }
    }
}

/// Where a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConfigSource {
    /// Set on the topic.
    Topic,
    /// Set on this broker at run time.
    Broker,
    /// Set on all brokers at run time.
    AllBrokers,
    /// Set when the broker was started.
    Static,
    /// Nobody set it.
    Default,
    /// Set on the group.
    Group,
    /// A number that this client does not know.
    Other(i8),
}

impl From<i8> for ConfigSource {
    fn from(source: i8) -> Self {
        match source {
            1 => Self::Topic,
            2 => Self::Broker,
            3 => Self::AllBrokers,
            4 => Self::Static,
            5 => Self::Default,
            8 => Self::Group,
            other => Self::Other(other),
        }
    }
}

/// A config and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigEntry {
    /// Its name.
    pub name: String,
    /// Its value; none if it is secret or has none.
    pub value: Option<String>,
    /// Where the value comes from.
    pub source: ConfigSource,
    /// Whether it cannot be changed at run time.
    pub read_only: bool,
    /// Whether its value is secret.
    pub sensitive: bool,
    /// All values that were set, strongest first.
    pub synonyms: Vec<ConfigSynonym>,
    /// What the broker says about it, if it was asked.
    pub documentation: Option<String>,
}

/// A value that was set for a config, perhaps under another name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigSynonym {
    /// Under which name.
    pub name: String,
    /// The value.
    pub value: Option<String>,
    /// Where it comes from.
    pub source: ConfigSource,
}

/// How a config is to change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i8)]
pub enum AlterOp {
    /// Give it this value.
    Set = 0,
    /// Take the value away, so that the next weaker source counts.
    Delete = 1,
    /// Add to a list.
    Append = 2,
    /// Take out of a list.
    Subtract = 3,
}

/// A change of one config.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigAlteration {
    /// Its name.
    pub name: String,
    /// How it changes.
    pub op: AlterOp,
    /// The value; none for a deletion.
    pub value: Option<String>,
}

impl Admin {
    /// The configs of each resource: those of these names, or all.
    ///
    /// # Errors
    /// If nobody answers.
    pub async fn describe_configs(
        &self,
        resources: &[Resource],
        names: Option<&[&str]>,
    ) -> Result<Vec<Outcome<Vec<ConfigEntry>>>, CallError> {
        let asked = |resource: &Resource| DescribeConfigsResource {
            resource_type: resource.kind as i8,
            resource_name: resource.name.as_str().into(),
            configuration_keys: names.map(|names| names.iter().map(|name| (*name).into()).collect()),
        };
        let mut outcomes = Vec::with_capacity(resources.len());
        // What any broker can tell is asked for at once.
        for together in resources.chunk_by(|a, b| broker_of(a).is_none() && broker_of(b).is_none()) {
            let request = DescribeConfigsRequest {
                resources: together.iter().map(asked).collect(),
                include_synonyms: true,
                include_documentation: false,
            };
            let response = self.responsible(&together[0]).await?.call(&request).await?;
            outcomes.extend(response.results.iter().map(read_result));
        }
        Ok(outcomes)
    }

    /// Changes configs; each resource's changes happen all or none.
    ///
    /// # Errors
    /// If nobody answers.
    pub async fn alter_configs(
        &self,
        alterations: &[(Resource, Vec<ConfigAlteration>)],
        mode: Mode,
    ) -> Result<Vec<Outcome<()>>, CallError> {
        let mut outcomes = Vec::with_capacity(alterations.len());
        for (resource, changes) in alterations {
            let config = |change: &ConfigAlteration| AlterableConfig {
                name: change.name.as_str().into(),
                config_operation: change.op as i8,
                value: change.value.as_ref().map(Into::into),
            };
            let request = IncrementalAlterConfigsRequest {
                resources: vec![AlterConfigsResource {
                    resource_type: resource.kind as i8,
                    resource_name: resource.name.as_str().into(),
                    configs: changes.iter().map(config).collect(),
                }],
                validate_only: mode == Mode::Validate,
            };
            let response = self.responsible(resource).await?.call(&request).await?;
            outcomes.extend(response.responses.iter().map(|found| {
                let result =
                    Refused::check(described(resource), found.error_code, found.error_message.as_deref());
                (found.resource_name.as_str().into(), result)
            }));
        }
        Ok(outcomes)
    }

    /// A broker answers for itself, any broker for everything else.
    async fn responsible(&self, resource: &Resource) -> Result<Connection, CallError> {
        match broker_of(resource) {
            Some(id) => self.client.broker(id).await,
            None => self.client.any().await,
        }
    }
}

/// The broker that alone knows the resource.
fn broker_of(resource: &Resource) -> Option<i32> {
    match resource.kind {
        ResourceKind::Broker | ResourceKind::BrokerLogger => resource.name.parse().ok(),
        ResourceKind::Topic | ResourceKind::ClientMetrics | ResourceKind::Group => None,
    }
}

fn described(resource: &Resource) -> String {
    let kind = match resource.kind {
        ResourceKind::Topic => "topic",
        ResourceKind::Broker => "broker",
        ResourceKind::BrokerLogger => "log levels of broker",
        ResourceKind::ClientMetrics => "metrics subscription",
        ResourceKind::Group => "group",
    };
    format!("configs of {kind} {}", resource.name)
}

fn read_result(found: &DescribeConfigsResult) -> Outcome<Vec<ConfigEntry>> {
    let what = format!("configs of {}", found.resource_name.as_str());
    let result = Refused::check(what, found.error_code, found.error_message.as_deref());
    (found.resource_name.as_str().into(), result.map(|()| found.configs.iter().map(read_entry).collect()))
}

fn read_entry(found: &DescribeConfigsResourceResult) -> ConfigEntry {
    let synonym =
        |found: &ottla_wire::message::describe_configs_response::DescribeConfigsSynonym| ConfigSynonym {
            name: found.name.to_string(),
            value: found.value.as_deref().map(str::to_owned),
            source: found.source.into(),
        };
    ConfigEntry {
        name: found.name.to_string(),
        value: found.value.as_deref().map(str::to_owned),
        source: found.config_source.into(),
        read_only: found.read_only,
        sensitive: found.is_sensitive,
        synonyms: found.synonyms.iter().map(synonym).collect(),
        documentation: found.documentation.as_deref().map(str::to_owned),
    }
}
