//! The topic of a group's dead letters: whether it may be one, and making it.

use super::Trouble;
use crate::Broker;
use crate::image::Topic;
use crate::topics::{NewTopic, TopicError};
use ottla_base::TopicName;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The topic, made if it is missing and may be.
///
/// # Errors
/// [`Trouble::Topic`] with the cause and a cure. It is asked for again and again, so that the cure helps at once.
pub(super) async fn find(broker: &Arc<Broker>, name: &str) -> Result<Arc<Topic>, Trouble> {
    let config = broker.config();
    let prefix = &config.dead_letters.topic_name_prefix;
    if !name.starts_with(prefix.as_str()) {
        return Err(Trouble::Topic(format!(
            "topic '{name}' does not begin with '{prefix}': set another errors.deadletterqueue.topic.name on the \
             group, or another errors.deadletterqueue.topic.name.prefix on the broker"
        )));
    }
    match broker.image.topic(name) {
        Some(topic) if topic.config.errors_deadletterqueue_group_enable => Ok(topic),
        Some(_) => Err(Trouble::Topic(format!(
            "topic '{name}' does not take dead letters: set errors.deadletterqueue.group.enable=true on it"
        ))),
        None if config.dead_letters.auto_create_topics_enable => create(broker, name).await,
        None => Err(Trouble::Topic(format!(
            "topic '{name}' does not exist: create it with errors.deadletterqueue.group.enable=true, or set \
             errors.deadletterqueue.auto.create.topics.enable=true on the broker"
        ))),
    }
}

async fn create(broker: &Arc<Broker>, name: &str) -> Result<Arc<Topic>, Trouble> {
    let refused = |why: String| Trouble::Topic(format!("topic '{name}' cannot be created: {why}"));
    let topic_name = TopicName::parse(name).map_err(|error| refused(error.to_string()))?;
    let overrides = BTreeMap::from([
        ("errors.deadletterqueue.group.enable".to_owned(), "true".to_owned()),
        ("message.timestamp.type".to_owned(), "CreateTime".to_owned()),
    ]);
    let new = NewTopic { name: topic_name, partitions: broker.config().topics.num_partitions, overrides };
    match broker.create_topic(new).await {
        Ok(topic) => Ok(topic),
        // Another share-partition was faster.
        Err(TopicError::Exists) => {
            broker.image.topic(name).ok_or_else(|| refused("it was deleted".to_owned()))
        }
        Err(error) => Err(refused(error.to_string())),
    }
}
