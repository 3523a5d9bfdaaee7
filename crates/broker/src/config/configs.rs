//! The settings of a running broker: what it was started with and what clients changed since.

use super::group_config;
use super::keys::{BROKER_KEYS, GROUP_KEYS, TOPIC_KEYS};
use super::layers::{Layers, Overrides, Source, Synonym};
use super::{AlterError, BrokerConfig, GroupConfig, TopicConfig};
use ottla_base::config::{Key, Parsed};
use parking_lot::RwLock;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// The settings in force. Shared by all workers; readers take a snapshot and hold no lock.
#[derive(Debug)]
pub struct Configs(RwLock<State>);

#[derive(Debug)]
struct State {
    layers: Arc<Layers>,
    broker: Arc<BrokerConfig>,
    groups: HashMap<String, Group>,
    /// Of every group that has no settings of its own.
    plain_group: Arc<GroupConfig>,
}

/// A group that has settings of its own.
#[derive(Debug)]
struct Group {
    overrides: Arc<Overrides>,
    config: Arc<GroupConfig>,
}

impl Configs {
    /// The settings of a broker that starts.
    #[must_use]
    pub fn new(layers: Layers) -> Self {
        let broker = Arc::new(BrokerConfig::read(&layers));
        let plain_group = Arc::new(GroupConfig::read(&layers, &Overrides::new()));
        Self(RwLock::new(State { layers: Arc::new(layers), broker, groups: HashMap::new(), plain_group }))
    }

    /// The broker's values as of now.
    #[must_use]
    pub fn broker(&self) -> Arc<BrokerConfig> {
        Arc::clone(&self.0.read().broker)
    }

    /// The layers as of now.
    #[must_use]
    pub fn layers(&self) -> Arc<Layers> {
        Arc::clone(&self.0.read().layers)
    }

    /// The values of a topic with these overrides, as of now.
    #[must_use]
    pub fn topic(&self, overrides: &Overrides) -> TopicConfig {
        let layers = self.layers();
        TopicConfig::read(|key| layers.value(&TOPIC_KEYS, key, Some(overrides)))
    }

    /// What clients set as the default of all brokers.
    #[must_use]
    pub fn broker_default_overrides(&self) -> Overrides {
        self.layers().default.clone()
    }

    /// What clients set for this broker.
    #[must_use]
    pub fn broker_overrides(&self) -> Overrides {
        self.layers().broker.clone()
    }

    /// Puts new run-time layers in force, which were validated and stored before. The caller recomputes the
    /// topics, because their values may depend on the broker's.
    pub fn set_overrides(&self, default: Overrides, broker: Overrides) {
        let mut state = self.0.write();
        let layers = Layers::clone(&state.layers).with(default, broker);
        state.broker = Arc::new(BrokerConfig::read(&layers));
        state.plain_group = Arc::new(GroupConfig::read(&layers, &Overrides::new()));
        for group in state.groups.values_mut() {
            group.config = Arc::new(GroupConfig::read(&layers, &group.overrides));
        }
        state.layers = Arc::new(layers);
    }

    /// The values in force for a group, as of now. Costs one look-up, so every request may ask.
    #[must_use]
    pub fn group(&self, group_id: &str) -> Arc<GroupConfig> {
        let state = self.0.read();
        state.groups.get(group_id).map_or(&state.plain_group, |group| &group.config).clone()
    }

    /// What clients set on a group.
    #[must_use]
    pub fn group_overrides(&self, group_id: &str) -> Arc<Overrides> {
        self.0.read().groups.get(group_id).map(|group| group.overrides.clone()).unwrap_or_default()
    }

    /// The ids of all groups that something is set on, in order.
    #[must_use]
    pub fn groups(&self) -> Vec<String> {
        let mut ids: Vec<String> = self.0.read().groups.keys().cloned().collect();
        ids.sort_unstable();
        ids
    }

    /// How many groups have settings of their own.
    #[must_use]
    pub fn group_count(&self) -> usize {
        self.0.read().groups.len()
    }

    /// Checks what is to be set on a group, all of it, against the broker's bounds of now.
    ///
    /// # Errors
    /// [`AlterError::Config`] names the first key that is unknown, has a bad value, or contradicts another.
    pub fn check_group(&self, overrides: &Overrides) -> Result<(), AlterError> {
        group_config::check(&self.layers(), overrides)
    }

    /// Puts the settings of groups in force, which were validated and stored before; groups that are not named keep
    /// theirs.
    pub fn set_group_overrides(&self, changed: BTreeMap<String, Overrides>) {
        let mut state = self.0.write();
        for (group_id, overrides) in changed {
            if overrides.is_empty() {
                state.groups.remove(&group_id);
                continue;
            }
            let config = Arc::new(GroupConfig::read(&state.layers, &overrides));
            state.groups.insert(group_id, Group { overrides: Arc::new(overrides), config });
        }
    }

    /// One key of a group with these overrides: its value, and every text that could supply it.
    #[must_use]
    pub fn describe_group(&self, key: &'static Key, overrides: &Overrides) -> (Parsed, Vec<Synonym>) {
        let layers = self.layers();
        let value = layers.value(&GROUP_KEYS, key, Some(overrides));
        let mut synonyms = layers.synonyms(&GROUP_KEYS, key, Some((Source::Group, overrides)));
        if key.fallbacks.is_empty() {
            let text = Some(key.parse_default().to_string());
            synonyms.push(Synonym { name: key.name, text, source: Source::Default });
        }
        (value, synonyms)
    }

    /// One key of a topic with these overrides: its value, and every text that could supply it.
    #[must_use]
    pub fn describe_topic(&self, key: &'static Key, overrides: &Overrides) -> (Parsed, Vec<Synonym>) {
        let layers = self.layers();
        let value = layers.value(&TOPIC_KEYS, key, Some(overrides));
        (value, layers.synonyms(&TOPIC_KEYS, key, Some((Source::Topic, overrides))))
    }

    /// One key of this broker.
    #[must_use]
    pub fn describe_broker(&self, key: &'static Key) -> (Parsed, Vec<Synonym>) {
        let layers = self.layers();
        (layers.value(&BROKER_KEYS, key, None), layers.synonyms(&BROKER_KEYS, key, None))
    }
}
