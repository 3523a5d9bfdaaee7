//! The settings of a running broker: what it was started with and what clients changed since.

use super::keys::{BROKER_KEYS, TOPIC_KEYS};
use super::layers::{Layers, Overrides, Source, Synonym};
use super::{BrokerConfig, TopicConfig};
use ottla_base::config::{Key, Parsed};
use parking_lot::RwLock;
use std::sync::Arc;

/// The settings in force. Shared by all workers; readers take a snapshot and hold no lock.
#[derive(Debug)]
pub struct Configs(RwLock<State>);

#[derive(Debug)]
struct State {
    layers: Arc<Layers>,
    broker: Arc<BrokerConfig>,
}

impl Configs {
    /// The settings of a broker that starts.
    #[must_use]
    pub fn new(layers: Layers) -> Self {
        let broker = Arc::new(BrokerConfig::read(&layers));
        Self(RwLock::new(State { layers: Arc::new(layers), broker }))
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
        state.layers = Arc::new(layers);
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
