//! The key tables: one section per subject, each entry complete in itself.

mod cleaner;
mod consumer_groups;
mod dead_letters;
mod group;
mod groups;
mod log;
mod network;
mod producers;
mod share_groups;
mod streams_groups;
mod topic;
mod topic_kept;
mod topics;
pub(crate) mod unused;

pub use cleaner::Cleaner;
pub use consumer_groups::ConsumerGroups;
pub use dead_letters::DeadLetters;
pub(crate) use group::{BOUNDS, Bound, SESSIONS};
pub use group::{ConsumerSettings, GROUP_KEYS, QueueSettings, ShareSettings, StreamsSettings};
pub use groups::Groups;
pub use log::LogDefaults;
pub use network::Network;
pub use producers::Producers;
pub use share_groups::ShareGroups;
pub use streams_groups::StreamsGroups;
pub use topic::TopicConfig;
pub use topics::Topics;

use ottla_base::config::Table;
use std::sync::LazyLock;

/// Every key of a topic.
pub static TOPIC_KEYS: LazyLock<Table> =
    LazyLock::new(|| Table::new(&[topic::TOPIC, topic_kept::TOPIC_KEPT]));

/// Every key of a broker.
pub static BROKER_KEYS: LazyLock<Table> = LazyLock::new(|| {
    Table::new(&[
        network::NETWORK,
        topics::TOPICS,
        log::LOG,
        cleaner::CLEANER,
        consumer_groups::CONSUMER_GROUPS,
        dead_letters::DEAD_LETTERS,
        groups::GROUPS,
        producers::PRODUCERS,
        share_groups::SHARE_GROUPS,
        streams_groups::STREAMS_GROUPS,
    ])
});

const ONE_LEVEL: &str = "The lz4 encoder has one level, the fast one.";
const NO_REPLICAS: &str = "A single broker has no other replicas.";
const NO_TIERS: &str = "Ottla has no tiered storage yet.";
