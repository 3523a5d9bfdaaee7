//! What a broker keeps for share groups besides their membership: sessions, share-partitions, and the tie between both.

use crate::Broker;
use crate::config::GroupConfig;
use crate::share_partitions::{self, SharePartitions};
use crate::share_session::{ConnectionId, Key, ShareSessions};
use ottla_coordinator::share_partition::Config;
use parking_lot::Mutex;
use std::sync::Arc;

/// The broker's side of share groups.
pub(crate) struct Share {
    pub(crate) partitions: SharePartitions,
    pub(crate) sessions: Mutex<ShareSessions>,
}

impl Share {
    pub(crate) fn new(partitions: SharePartitions) -> Self {
        Self { partitions, sessions: Mutex::default() }
    }
}

impl Broker {
    /// A share group's settings in force now, and what its share-partitions need of them.
    pub(crate) fn share_config(&self, group: &str) -> (Arc<GroupConfig>, Arc<Config>) {
        let settings = self.configs.group(group);
        let config = Arc::new(share_partitions::config_of(&settings));
        (settings, config)
    }

    /// A connection has ended, and with it its share sessions: whatever their members had is for others at once.
    pub(crate) fn share_connection_ended(&self, connection: ConnectionId) {
        let members = self.share.sessions.lock().connection_ended(connection);
        for Key { group, member } in members {
            let (_, config) = self.share_config(&group);
            self.share.partitions.unwatch(&group, &member);
            // It is decided now, and nobody waits to hear that it is durable.
            drop(self.share.partitions.release(&group, &member, config));
        }
    }

    /// Ends a member's session, if it has one, and gives back what it has in any case. Resolves when that is durable; if it
    /// cannot be, locks run out all the same.
    pub(crate) async fn end_share_session(&self, key: &Key) {
        self.share.sessions.lock().end(key);
        let (_, config) = self.share_config(&key.group);
        if let Err(code) = self.share.partitions.release(&key.group, &key.member, config).await {
            tracing::warn!(group = %key.group, code = code.name(), "locks of a closed session stay until they run out");
        }
    }
}
