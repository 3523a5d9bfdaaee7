//! Everything that is set for this broker, typed.

use super::keys::{BROKER_KEYS, Cleaner, ConsumerGroups, DeadLetters, Groups, LogDefaults, Network};
use super::keys::{Producers, ShareGroups, StreamsGroups, Topics};
use super::kinds::Listener;
use super::layers::Layers;
use super::origin::Refusal;
use ottla_base::config::Key;

/// The values in force, one struct per subject. Immutable: a change makes a new one.
#[derive(Clone, Debug, PartialEq)]
pub struct BrokerConfig {
    /// Identity, listeners, limits of connections and requests.
    pub network: Network,
    /// How topics come to be and go.
    pub topics: Topics,
    /// The data directory and the defaults of logs.
    pub log: LogDefaults,
    /// Compaction.
    pub cleaner: Cleaner,
    /// Groups of the classic protocol, and offsets of all groups.
    pub groups: Groups,
    /// Groups of the consumer protocol.
    pub consumer_groups: ConsumerGroups,
    /// Share groups.
    pub share_groups: ShareGroups,
    /// Dead letters of share groups.
    pub dead_letters: DeadLetters,
    /// Streams groups.
    pub streams_groups: StreamsGroups,
    /// Producers with an identity.
    pub producers: Producers,
}

impl BrokerConfig {
    /// The values that `layers` give.
    #[must_use]
    pub fn read(layers: &Layers) -> Self {
        let value = |key: &'static Key| layers.value(&BROKER_KEYS, key, None);
        Self {
            network: Network::read(value),
            topics: Topics::read(value),
            log: LogDefaults::read(value),
            cleaner: Cleaner::read(value),
            groups: Groups::read(value),
            consumer_groups: ConsumerGroups::read(value),
            share_groups: ShareGroups::read(value),
            dead_letters: DeadLetters::read(value),
            streams_groups: StreamsGroups::read(value),
            producers: Producers::read(value),
        }
    }

    /// The listeners that serve clients: those that are not for controllers.
    #[must_use]
    pub fn client_listeners(&self) -> Vec<Listener> {
        let Network { listeners, controller_listener_names, .. } = &self.network;
        let is_for_clients = |listener: &&Listener| {
            !controller_listener_names.iter().any(|name| name.eq_ignore_ascii_case(&listener.name))
        };
        listeners.0.iter().filter(is_for_clients).cloned().collect()
    }

    /// What is wrong although each value is fine by itself.
    #[must_use]
    pub fn contradictions(&self) -> Vec<Refusal> {
        let mut refusals = Vec::new();
        let mut refuse = |reason: String| refusals.push(Refusal::of_combination(reason));
        let (network, groups) = (&self.network, &self.groups);
        let (min, max) = (groups.group_min_session_timeout_ms, groups.group_max_session_timeout_ms);
        if max < min {
            refuse(format!(
                "group.max.session.timeout.ms ({max}) is below group.min.session.timeout.ms ({min}): raise it"
            ));
        }
        if let Some(dirs) = self.log.log_dirs.as_ref().filter(|dirs| dirs.len() != 1) {
            refuse(format!(
                "log.dirs names {} directories, and Ottla uses exactly one: name one directory",
                dirs.len()
            ));
        }
        let listeners = self.client_listeners();
        if listeners.is_empty() {
            refuse(
                "listeners names no listener for clients: add one such as PLAINTEXT://127.0.0.1:9092".into(),
            );
        }
        for listener in &listeners {
            let protocol = protocol_of(&listener.name, &network.listener_security_protocol_map);
            if !protocol.is_some_and(|protocol| protocol.eq_ignore_ascii_case("PLAINTEXT")) {
                refuse(format!(
                    "listener {listener} asks for {}, and Ottla serves PLAINTEXT only so far: map {} to PLAINTEXT in \
                     listener.security.protocol.map or remove the listener",
                    protocol.unwrap_or("a protocol that listener.security.protocol.map does not give"),
                    listener.name
                ));
            }
        }
        for advertised in network.advertised_listeners.iter().flat_map(|all| &all.0) {
            if advertised.host.is_empty() || advertised.host == "0.0.0.0" || advertised.host == "::" {
                refuse(format!(
                    "advertised.listeners has {advertised}, which no client can connect to: name a host"
                ));
            }
            if !network.listeners.0.iter().any(|listener| listener.name == advertised.name) {
                refuse(format!(
                    "advertised.listeners names {}, which listeners does not: use the same names in both",
                    advertised.name
                ));
            }
        }
        refusals
    }
}

fn protocol_of<'m>(listener: &'m str, map: &'m [String]) -> Option<&'m str> {
    let pairs = map.iter().filter_map(|pair| pair.split_once(':'));
    pairs
        .rev()
        .find(|(name, _)| name.trim().eq_ignore_ascii_case(listener))
        .map(|(_, protocol)| protocol.trim())
}
