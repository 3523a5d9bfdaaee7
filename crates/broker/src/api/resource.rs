//! What settings belong to, as requests name it, and how a change of them is carried out.

use super::Context;
use super::refused::Refused;
use crate::config::{BROKER_KEYS, BrokerScope, Overrides, TOPIC_KEYS, check_broker, check_topic};
use crate::image::Topic;
use ottla_base::config::{Key, Parsed, Table};
use ottla_base::{BrokerId, TopicName};
use ottla_wire::error_code::ErrorCode;
use std::sync::Arc;

pub(super) const TOPIC: i8 = 2;
pub(super) const BROKER: i8 = 4;
pub(super) const BROKER_LOGGER: i8 = 8;
const CLIENT_METRICS: i8 = 16;
const GROUP: i8 = 32;

/// Something whose settings can be altered.
#[derive(Clone, Debug)]
pub(super) enum Resource {
    Topic(Arc<Topic>),
    Broker(BrokerScope),
}

/// Only this broker can be named.
pub(super) fn check_broker_name(name: &str, node: BrokerId) -> Result<(), Refused> {
    match name.parse::<i32>() {
        Ok(id) if id == node.0 => Ok(()),
        _ => Err(Refused::request(format!("there is no broker '{name}' here: the only one is '{}'", node.0))),
    }
}

/// Refuses a type of resource that has no settings here.
pub(super) fn unsupported(resource_type: i8) -> Refused {
    let name = match resource_type {
        CLIENT_METRICS => "client metrics".to_owned(),
        GROUP => "groups".to_owned(),
        BROKER_LOGGER => "loggers".to_owned(),
        other => format!("resource type {other}"),
    };
    Refused::request(format!(
        "{name} have no settings that can be served here: ask for a topic (2) or a broker (4)"
    ))
}

impl Resource {
    pub(super) fn find(context: &Context, resource_type: i8, name: &str) -> Result<Self, Refused> {
        match resource_type {
            TOPIC if name.is_empty() => {
                Err(Refused::request("topics have no common defaults to alter: alter the broker's settings"))
            }
            TOPIC => {
                TopicName::parse(name)?;
                context.broker.image.topic(name).map(Self::Topic).ok_or_else(|| Refused::unknown_topic(name))
            }
            BROKER if name.is_empty() => Ok(Self::Broker(BrokerScope::Default)),
            BROKER => check_broker_name(name, context.broker.node).map(|()| Self::Broker(BrokerScope::One)),
            BROKER_LOGGER => Err(Refused::new(
                ErrorCode::INVALID_CONFIG,
                "log levels are fixed at the start: restart with --log or RUST_LOG",
            )),
            other => Err(unsupported(other)),
        }
    }

    /// The keys it has.
    pub(super) fn table(&self) -> &'static Table {
        match self {
            Self::Topic(_) => &TOPIC_KEYS,
            Self::Broker(_) => &BROKER_KEYS,
        }
    }

    /// What is set on it now.
    pub(super) fn overrides(&self, context: &Context) -> Overrides {
        match self {
            Self::Topic(topic) => topic.overrides.clone(),
            Self::Broker(BrokerScope::Default) => context.broker.configs.broker_default_overrides(),
            Self::Broker(BrokerScope::One) => context.broker.configs.broker_overrides(),
        }
    }

    /// What a key is if it is not set on this resource.
    pub(super) fn inherited(&self, context: &Context, key: &'static Key) -> Parsed {
        match self {
            Self::Topic(_) => context.broker.configs.describe_topic(key, &Overrides::new()).0,
            Self::Broker(_) => context.broker.configs.describe_broker(key).0,
        }
    }

    /// Checks `after`, and unless `validate_only` makes it durable and puts it in force.
    pub(super) async fn replace(
        self,
        context: &Context,
        after: Overrides,
        validate_only: bool,
    ) -> Result<(), Refused> {
        match self {
            Self::Topic(topic) => {
                check_topic(&after)?;
                if !validate_only {
                    context.broker.set_overrides(topic.id, after).await?;
                }
            }
            Self::Broker(scope) => {
                let before = Self::Broker(scope).overrides(context);
                let differs = |name: &&String| before.get(*name) != after.get(*name);
                let added = after.keys().filter(differs);
                let removed = before.keys().filter(|name| !after.contains_key(*name));
                check_broker(added.chain(removed).map(String::as_str), &after, scope)?;
                if !validate_only {
                    context.broker.set_broker_overrides(scope, after).await?;
                }
            }
        }
        Ok(())
    }
}
