//! Settings of the broker and of groups that clients change while it runs: first durable, then in force, for the broker
//! and for every topic and group that takes a value from it.

use crate::Broker;
use crate::config::{BrokerScope, Configs, Overrides};
use crate::image::Topic;
use crate::topics::TopicError;
use ottla_base::BrokerId;
use ottla_storage::ConfigChanges;
use ottla_storage::Meta;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Puts what clients set before the last stop in force.
pub(crate) fn load(configs: &Configs, meta: &Meta) {
    let node = BrokerId(configs.broker().network.node_id);
    configs.set_overrides(meta.broker_configs(None), meta.broker_configs(Some(node)));
    configs.set_group_overrides(meta.group_configs());
}

impl Broker {
    /// Replaces everything that clients set for this broker, or as the default of all, by `after`, which was
    /// checked before. It is durable and in force when this resolves.
    ///
    /// # Errors
    /// The metadata could not be written; nothing has changed then.
    pub(crate) async fn set_broker_overrides(
        &self,
        scope: BrokerScope,
        after: Overrides,
    ) -> Result<(), TopicError> {
        // Topics must not change meanwhile: each gets its new settings from its overrides of now.
        let _one_at_a_time = self.changing_topics.lock().await;
        let (mut default, mut own) =
            (self.configs.broker_default_overrides(), self.configs.broker_overrides());
        let (whose, place) = match scope {
            BrokerScope::Default => (None, &mut default),
            BrokerScope::One => (Some(self.node), &mut own),
        };
        let before = std::mem::replace(place, after.clone());
        let changes = changes(&before, &after);
        self.meta.alter_broker_configs(whose, changes).await?;
        self.configs.set_overrides(default, own);
        for topic in self.image.topics() {
            let config = self.configs.topic(&topic.overrides);
            if config == topic.config {
                continue;
            }
            let settings = config.log_settings();
            self.image.put(Arc::new(Topic {
                name: topic.name.clone(),
                id: topic.id,
                partitions: topic.partitions,
                config,
                settings,
                overrides: topic.overrides.clone(),
            }));
            topic.partition_ids().for_each(|partition| self.log.configure(partition, settings));
        }
        Ok(())
    }

    /// Replaces everything that clients set on a group by `after`, which was checked before. It is durable and in force
    /// when this resolves.
    ///
    /// # Errors
    /// The metadata could not be written; nothing has changed then.
    pub(crate) async fn set_group_overrides(
        &self,
        group_id: &str,
        after: Overrides,
    ) -> Result<(), TopicError> {
        let _one_at_a_time = self.changing_topics.lock().await;
        let before = self.configs.group_overrides(group_id);
        self.meta.alter_group_configs(group_id, changes(&before, &after)).await?;
        self.configs.set_group_overrides(BTreeMap::from([(group_id.to_owned(), after)]));
        Ok(())
    }
}

fn changes(before: &Overrides, after: &Overrides) -> ConfigChanges {
    let set = after.iter().filter(|(name, text)| before.get(*name) != Some(*text));
    let removed = before.keys().filter(|name| !after.contains_key(*name)).map(|name| (name.clone(), None));
    set.map(|(name, text)| (name.clone(), Some(text.clone()))).chain(removed).collect()
}
