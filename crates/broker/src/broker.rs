//! What all connections share.

use crate::advertised::Advertised;
use crate::budget::Budget;
use crate::config::{BrokerConfig, Configs};
use crate::fetch_session::FetchSessions;
use crate::groups::Groups;
use crate::image::{Image, Topic};
use crate::producer_ids::ProducerIds;
use crate::share::Share;
use crate::transactions::Transactions;
use crate::waiting::Waiting;
use ottla_base::{BrokerId, Env, LeaderEpoch, PartitionId, PartitionIndex};
use ottla_storage::{Log, Meta};
use ottla_wire::Str;
use ottla_wire::error_code::ErrorCode;
use parking_lot::Mutex;
use std::sync::Arc;

/// One broker: its logs, its metadata, its groups and transactions, and what it tells clients of itself.
pub struct Broker {
    pub(crate) env: Arc<dyn Env>,
    pub(crate) configs: Configs,
    pub(crate) cluster_id: Str,
    pub(crate) node: BrokerId,
    pub(crate) rack: Option<Str>,
    pub(crate) advertised: Advertised,
    pub(crate) log: Log,
    pub(crate) meta: Meta,
    pub(crate) image: Image,
    pub(crate) groups: Groups,
    pub(crate) transactions: Transactions,
    pub(crate) share: Share,
    pub(crate) producer_ids: ProducerIds,
    pub(crate) sessions: Mutex<FetchSessions>,
    pub(crate) waiting: Arc<Waiting>,
    pub(crate) budget: Budget,
    /// Held while a topic changes; the image shows only finished changes.
    pub(crate) changing_topics: tokio::sync::Mutex<()>,
}

impl Broker {
    /// The settings in force now.
    pub(crate) fn config(&self) -> Arc<BrokerConfig> {
        self.configs.broker()
    }

    /// The epoch of a partition's leader, which is this broker; unknown if the partition is going away.
    pub(crate) fn leader_epoch(&self, topic: &Topic, index: i32) -> LeaderEpoch {
        let id = PartitionId { topic: topic.id, index: PartitionIndex(index) };
        self.log.offsets(id).map_or(LeaderEpoch::NONE, |offsets| offsets.leader_epoch)
    }

    /// Holds the epoch under which a client believes a partition to be led against ours (KIP-320).
    ///
    /// # Errors
    /// FENCED_LEADER_EPOCH if the client's is older, UNKNOWN_LEADER_EPOCH if it is newer.
    pub(crate) fn check_leader_epoch(
        &self,
        claimed: LeaderEpoch,
        current: LeaderEpoch,
    ) -> Result<(), ErrorCode> {
        match claimed {
            LeaderEpoch::NONE => Ok(()),
            _ if claimed < current => Err(ErrorCode::FENCED_LEADER_EPOCH),
            _ if current < claimed => Err(ErrorCode::UNKNOWN_LEADER_EPOCH),
            _ => Ok(()),
        }
    }
}
