//! What settings belong to, as requests name it, and how a change of them is carried out.

use super::Context;
use super::refused::Refused;
use crate::config::{BROKER_KEYS, BrokerScope, GROUP_KEYS, Overrides, TOPIC_KEYS, check_broker, check_topic};
use crate::image::Topic;
use ottla_base::config::{Key, Parsed, Table};
use ottla_base::limits::GROUPS_WITH_CONFIGS_MAX;
use ottla_base::{BrokerId, TopicName};
use ottla_wire::Str;
use ottla_wire::error_code::ErrorCode;
use std::sync::Arc;

pub(super) const TOPIC: i8 = 2;
pub(super) const BROKER: i8 = 4;
pub(super) const BROKER_LOGGER: i8 = 8;
pub(super) const CLIENT_METRICS: i8 = 16;
pub(super) const GROUP: i8 = 32;

/// Something whose settings can be altered.
#[derive(Clone, Debug)]
pub(super) enum Resource {
    Topic(Arc<Topic>),
    Broker(BrokerScope),
    /// By its id; it need not exist.
    Group(Str),
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
        BROKER_LOGGER => "loggers".to_owned(),
        other => format!("resource type {other}"),
    };
    Refused::request(format!(
        "{name} have no settings that can be served here: ask for a topic (2), a broker (4) or a group (32)"
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
            BROKER_LOGGER => check_broker_name(name, context.broker.node).and(Err(Refused::new(
                ErrorCode::INVALID_CONFIG,
                "log levels are fixed at the start: restart with --log or RUST_LOG",
            ))),
            GROUP if name.is_empty() => {
                Err(Refused::request("groups have no common defaults to alter: alter the broker's settings"))
            }
            GROUP => Ok(Self::Group(name.into())),
            other => Err(unsupported(other)),
        }
    }

    /// The keys it has.
    pub(super) fn table(&self) -> &'static Table {
        match self {
            Self::Topic(_) => &TOPIC_KEYS,
            Self::Broker(_) => &BROKER_KEYS,
            Self::Group(_) => &GROUP_KEYS,
        }
    }

    /// What is set on it now.
    pub(super) fn overrides(&self, context: &Context) -> Overrides {
        match self {
            Self::Topic(topic) => topic.overrides.clone(),
            Self::Broker(BrokerScope::Default) => context.broker.configs.broker_default_overrides(),
            Self::Broker(BrokerScope::One) => context.broker.configs.broker_overrides(),
            Self::Group(id) => Overrides::clone(&context.broker.configs.group_overrides(id)),
        }
    }

    /// What a key is if it is not set on this resource.
    pub(super) fn inherited(&self, context: &Context, key: &'static Key) -> Parsed {
        match self {
            Self::Topic(_) => context.broker.configs.describe_topic(key, &Overrides::new()).0,
            Self::Broker(_) => context.broker.configs.describe_broker(key).0,
            Self::Group(_) => context.broker.configs.describe_group(key, &Overrides::new()).0,
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
            Self::Group(id) => {
                let configs = &context.broker.configs;
                configs.check_group(&after)?;
                if configs.group_overrides(&id).is_empty() && GROUPS_WITH_CONFIGS_MAX <= configs.group_count()
                {
                    return Err(Refused::new(
                        ErrorCode::POLICY_VIOLATION,
                        format!(
                            "{GROUPS_WITH_CONFIGS_MAX} groups have settings, and more are not kept: \
                             delete those of groups that are gone"
                        ),
                    ));
                }
                if !validate_only {
                    context.broker.set_group_overrides(&id, after).await?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
