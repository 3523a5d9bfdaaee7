//! What can be set, what is set, and where each value comes from.
//!
//! [`keys`] declares every key once; [`Layers`] resolves them; [`Configs`] is what a running broker reads.
//! A topic's value is its own override, else what the broker supplies under the key that it falls back to, else
//! the default; so it is with a group's, which stays within the broker's bounds besides. A broker's value is what was set for it while it ran, else what was set for all brokers, else
//! what it was started with (files, environment, flags: `ottla` collects them), else the default.
//!
//! Invariants: a stored override is valid by its key; a value in force always has a type, so that nobody who
//! reads [`BrokerConfig`], [`GroupConfig`] or [`TopicConfig`] can meet a bad one.

mod alteration;
mod broker_config;
mod configs;
mod group_config;
pub mod keys;
pub mod kinds;
mod layers;
mod log_settings;
mod origin;

pub use alteration::{AlterError, Alteration, BrokerScope, Operation, alter, check_broker, check_topic};
pub use broker_config::BrokerConfig;
pub use configs::Configs;
pub use group_config::GroupConfig;
pub use keys::{BROKER_KEYS, GROUP_KEYS, TOPIC_KEYS, TopicConfig};
pub use layers::{Layers, Overrides, Source, Synonym};
pub use origin::{Assignment, Notice, Origin, Refusal};

#[cfg(test)]
mod tests;
