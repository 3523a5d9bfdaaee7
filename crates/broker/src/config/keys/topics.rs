//! How topics come to be and go.

use super::NO_REPLICAS;
use ottla_base::config::{Change, Effect, Unit, Valid};

ottla_base::config! {
    /// What holds for topics as a whole.
    pub struct Topics, keys TOPICS;

    /// How many partitions a topic gets when its creator does not say. Consumers of one group share the
    /// partitions, so this bounds how many of them work at once; order holds within one partition only.
    num_partitions: i32 {
        name: "num.partitions",
        default: Some("1"),
        valid: Valid::AtLeast(1),
        unit: Unit::Count,
        low: "Fewer consumers of one group can share the work.",
        high: "More files, and order over fewer records.",
    }

    /// How many copies a topic gets when its creator does not say.
    default_replication_factor: i32 {
        name: "default.replication.factor",
        default: Some("1"),
        valid: Valid::AtLeast(1),
        unit: Unit::Count,
        low: "Fewer copies.",
        high: "A single broker can hold no more than one: creating topics without an explicit factor fails.",
    }

    /// Whether a topic is created when a producer or consumer asks for it and the client allows it. On by
    /// default as in Apache Kafka; a misspelt name then makes a topic.
    auto_create_topics_enable: bool { name: "auto.create.topics.enable", default: Some("true") }

    /// Whether topics can be deleted.
    delete_topic_enable: bool { name: "delete.topic.enable", default: Some("true") }

    /// How many partitions one answer to DescribeTopicPartitions may hold; clients ask for the rest.
    max_request_partition_size_limit: i32 {
        name: "max.request.partition.size.limit",
        default: Some("2000"),
        valid: Valid::AtLeast(1),
        unit: Unit::Count,
        low: "More round trips to list large topics.",
        high: "Larger answers.",
    }

    /// What `min.insync.replicas` is for topics that do not set it.
    min_insync_replicas: i32 {
        name: "min.insync.replicas",
        default: Some("1"),
        valid: Valid::AtLeast(1),
        unit: Unit::Count,
        low: "Fewer copies of an acknowledged record.",
        high: "Fewer failures until producing stops.",
        change: Change::Live,
        effect: Effect::Kept("A single broker is the only replica and never answers that too few are in sync."),
    }

    /// What `unclean.leader.election.enable` is for topics that do not set it.
    unclean_leader_election_enable: bool {
        name: "unclean.leader.election.enable",
        default: Some("false"),
        change: Change::Live,
        effect: Effect::Kept(NO_REPLICAS),
    }
}
