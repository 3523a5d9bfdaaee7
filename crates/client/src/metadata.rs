//! What the client knows of its cluster: brokers, topics, who leads which partition.

use ottla_base::{LeaderEpoch, PartitionIndex, TopicId};
use ottla_wire::ErrorCode;
use ottla_wire::message::MetadataResponse;
use ottla_wire::message::metadata_response::{MetadataResponsePartition, MetadataResponseTopic};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::options::Address;

/// A partition by name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TopicPartition {
    /// Its topic.
    pub topic: Arc<str>,
    /// Its number.
    pub partition: PartitionIndex,
}

impl TopicPartition {
    /// Partition `index` of `topic`.
    pub fn new(topic: impl Into<Arc<str>>, index: i32) -> Self {
        Self { topic: topic.into(), partition: PartitionIndex(index) }
    }
}

impl fmt::Display for TopicPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.topic, self.partition)
    }
}

/// One broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its number.
    pub id: i32,
    /// Where it is reached.
    pub address: Address,
    /// In which rack or zone it stands, if it says.
    pub rack: Option<String>,
}

/// One partition of a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition {
    /// Its number.
    pub index: PartitionIndex,
    /// Its leader, if it has one now.
    pub leader: Option<i32>,
    /// How often leadership has changed.
    pub leader_epoch: LeaderEpoch,
    /// Brokers that hold it.
    pub replicas: Vec<i32>,
    /// Those of them that have all of it.
    pub in_sync: Vec<i32>,
    /// Those of them that are not reachable.
    pub offline: Vec<i32>,
}

/// One topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    /// Its name.
    pub name: Arc<str>,
    /// Its identity; none from old brokers.
    pub id: TopicId,
    /// Whether it is the broker's own.
    pub internal: bool,
    /// Its partitions, by number.
    pub partitions: Vec<Partition>,
}

impl Topic {
    /// The partition of that number.
    #[must_use]
    pub fn partition(&self, index: PartitionIndex) -> Option<&Partition> {
        self.partitions.iter().find(|partition| partition.index == index)
    }
}

/// The cluster as one Metadata answer showed it.
#[derive(Clone, Debug, Default)]
pub struct ClusterView {
    /// The cluster's id.
    pub cluster_id: Option<String>,
    /// The broker to which administrators turn.
    pub controller: Option<i32>,
    /// The brokers that are alive, by number.
    pub brokers: BTreeMap<i32, Node>,
    /// The topics asked for, by name.
    pub topics: BTreeMap<Arc<str>, Arc<Topic>>,
    /// The topics asked for that the broker refused to describe, by name.
    pub refused: BTreeMap<Arc<str>, ErrorCode>,
}

impl From<MetadataResponse> for ClusterView {
    fn from(response: MetadataResponse) -> Self {
        let mut view = Self {
            cluster_id: response.cluster_id.map(|id| id.to_string()),
            controller: (0 <= response.controller_id).then_some(response.controller_id),
            ..Self::default()
        };
        for broker in response.brokers {
            let Ok(port) = u16::try_from(broker.port) else { continue };
            let address = Address { host: broker.host.to_string(), port };
            let rack = broker.rack.map(|rack| rack.to_string());
            view.brokers.insert(broker.node_id, Node { id: broker.node_id, address, rack });
        }
        for topic in response.topics {
            let name: Arc<str> = topic.name.as_deref().unwrap_or_default().into();
            match topic.error_code {
                ErrorCode::NONE => {
                    drop(view.topics.insert(Arc::clone(&name), Arc::new(read_topic(name, topic))))
                }
                code => drop(view.refused.insert(name, code)),
            }
        }
        view
    }
}

fn read_topic(name: Arc<str>, topic: MetadataResponseTopic) -> Topic {
    let mut partitions: Vec<_> = topic.partitions.into_iter().map(read_partition).collect();
    partitions.sort_by_key(|partition| partition.index);
    Topic { name, id: TopicId(topic.topic_id), internal: topic.is_internal, partitions }
}

fn read_partition(partition: MetadataResponsePartition) -> Partition {
    Partition {
        index: PartitionIndex(partition.partition_index),
        leader: (0 <= partition.leader_id).then_some(partition.leader_id),
        leader_epoch: LeaderEpoch(partition.leader_epoch),
        replicas: partition.replica_nodes,
        in_sync: partition.isr_nodes,
        offline: partition.offline_replicas,
    }
}
