//! The key tables: one section per subject, each entry complete in itself.

mod cleaner;
mod groups;
mod log;
mod network;
mod producers;
mod topic;
mod topic_kept;
mod topics;
pub(crate) mod unused;

pub use cleaner::Cleaner;
pub use groups::Groups;
pub use log::LogDefaults;
pub use network::Network;
pub use producers::Producers;
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
        groups::GROUPS,
        producers::PRODUCERS,
    ])
});

const ONE_LEVEL: &str = "The lz4 encoder has one level, the fast one.";
const NO_REPLICAS: &str = "A single broker has no other replicas.";
const NO_TIERS: &str = "Ottla has no tiered storage yet.";
const NO_SHARE_GROUPS: &str = "Ottla has no share groups yet.";
