//! `kafka-topics --describe`.

use super::{REPORTS, Ran, there_is, topics};
use crate::command::kafka::error::Trouble;
use crate::command::kafka::flags::Given;
use crate::command::kafka::hash_order;
use crate::output;
use crate::text;
use ottla_base::{PartitionIndex, TopicId};
use ottla_client::admin::{ConfigEntry, ConfigSource, Resource};
use ottla_client::{Admin, CallError, Client, Topic, TopicSet};
use ottla_wire::message::describe_topic_partitions_request::{Cursor, TopicRequest};
use ottla_wire::message::{DescribeTopicPartitionsRequest, ListPartitionReassignmentsRequest};
use std::collections::BTreeMap;
use std::fmt::{self, Write};
use std::sync::Arc;

/// Prints them.
pub(super) async fn run(client: &Client, given: &Given<'_>) -> Ran {
    let found = chosen(client, given).await?;
    if found.is_empty() {
        return Ok(());
    }
    let eligible = eligible(client, &found, given).await?;
    let moves = moves(client).await?;
    let resources: Vec<Resource> = found.iter().map(|topic| Resource::topic(&*topic.name)).collect();
    let mut all: BTreeMap<_, _> =
        Admin::new(client).describe_configs(&resources, None).await?.into_iter().collect();
    let mut printed = String::new();
    for topic in &found {
        let mut configs = all.remove(&topic.name).transpose()?.unwrap_or_default();
        hash_order::sort(&mut configs, hash_order::UNSAID, |config| hash_order::of_text(&config.name));
        let described = Described { topic, configs: &configs, eligible: &eligible, moves: &moves };
        described.write(client, given, &mut printed)?;
    }
    Ok(output::text(&printed)?)
}

/// The topics to describe, in the order of Kafka's tool.
async fn chosen(client: &Client, given: &Given<'_>) -> Ran<Vec<Arc<Topic>>> {
    let id = given.one("topic-id")?;
    let read = |text: &str| {
        let id = ottla_storage::base64::decode(text).map(TopicId);
        id.ok_or_else(|| Trouble::general(format!("'{text}' is no topic id: 22 letters, digits, - and _")))
    };
    if let Some(id) = id.map(read).transpose()?.filter(|id| *id != TopicId::NONE) {
        let view = client.view(TopicSet::All).await?;
        let found: Vec<_> = view.topics.into_values().filter(|topic| topic.id == id).collect();
        return match found.is_empty() && !given.has("if-exists") {
            true => {
                let id = text::topic_id(id);
                Err(Trouble::general(format!("TopicId '{id}' does not exist as expected")).into())
            }
            false => Ok(found),
        };
    }
    let mut found = topics(client, given).await?;
    there_is(&found, given)?;
    let count = found.len();
    hash_order::sort(&mut found, count, |topic| hash_order::of_text(&topic.name));
    Ok(found)
}

/// Replicas that may lead although they are not in sync, and those that last could, of each partition.
type Eligible = BTreeMap<(String, i32), [Option<Vec<i32>>; 2]>;

/// Asks for them, page by page. Brokers before Kafka 3.8 do not know.
async fn eligible(client: &Client, found: &[Arc<Topic>], given: &Given<'_>) -> Ran<Eligible> {
    let topic = |topic: &Arc<Topic>| TopicRequest { name: (&*topic.name).into() };
    let limit = given.number("partition-size-limit-per-response")?;
    let mut request = DescribeTopicPartitionsRequest {
        topics: found.iter().map(topic).collect(),
        response_partition_limit: limit.unwrap_or(2000),
        cursor: None,
    };
    let mut eligible = Eligible::new();
    loop {
        let page = match client.call_any(&request).await {
            Err(CallError::Unsupported { .. }) => return Ok(eligible),
            page => page?,
        };
        for topic in page.topics {
            let name = topic.name.as_deref().unwrap_or_default();
            eligible.extend(topic.partitions.into_iter().map(|one| {
                let key = (name.to_owned(), one.partition_index);
                (key, [one.eligible_leader_replicas, one.last_known_elr])
            }));
        }
        let Some(next) = page.next_cursor else { return Ok(eligible) };
        request.cursor =
            Some(Box::new(Cursor { topic_name: next.topic_name, partition_index: next.partition_index }));
    }
}

/// Partitions on their way to other brokers: those that come, and those that go.
type Moves = BTreeMap<(String, i32), [Vec<i32>; 2]>;

/// Asks for them; a broker that cannot tell has none.
async fn moves(client: &Client) -> Ran<Moves> {
    let found = match client.call_any(&ListPartitionReassignmentsRequest::default()).await {
        Err(CallError::Unsupported { .. }) => return Ok(Moves::new()),
        found => found?,
    };
    let partitions = found.topics.into_iter().flat_map(|topic| {
        let name = topic.name.to_string();
        topic.partitions.into_iter().map(move |one| {
            ((name.clone(), one.partition_index), [one.adding_replicas, one.removing_replicas])
        })
    });
    Ok(partitions.collect())
}

/// A topic and what is known of it.
struct Described<'d> {
    topic: &'d Topic,
    configs: &'d [ConfigEntry],
    eligible: &'d Eligible,
    moves: &'d Moves,
}

impl Described<'_> {
    fn write(&self, client: &Client, given: &Given<'_>, to: &mut String) -> Ran {
        let is_report = 0 < given.count(REPORTS);
        let has_own = self.configs.iter().any(|config| config.source != ConfigSource::Default);
        let only_own = given.has("topics-with-overrides");
        let failed = |_: fmt::Error| Trouble::general("no memory");
        if !is_report && (!only_own || has_own) {
            self.write_topic(to).map_err(failed)?;
        }
        if only_own {
            return Ok(());
        }
        let live: Vec<i32> = client.brokers().iter().map(|node| node.id).collect();
        for partition in &self.topic.partitions {
            let is_led = partition.leader.is_some_and(|leader| live.contains(&leader));
            let in_sync = partition.in_sync.len();
            let is_wanted = !is_report
                || given.has("under-replicated-partitions") && in_sync < self.copies(partition.index)
                || given.has("unavailable-partitions") && !is_led
                || given.has("under-min-isr-partitions")
                    && (partition.leader.is_none() || in_sync < self.in_sync_min())
                || given.has("at-min-isr-partitions") && in_sync == self.in_sync_min();
            if is_wanted {
                self.write_partition(partition, to).map_err(failed)?;
            }
        }
        Ok(())
    }

    fn in_sync_min(&self) -> usize {
        let config = self.configs.iter().find(|config| config.name == "min.insync.replicas");
        config.and_then(|config| config.value.as_ref()?.parse().ok()).unwrap_or(1)
    }

    /// How many copies a partition shall have; those on their way do not count.
    fn copies(&self, index: PartitionIndex) -> usize {
        let Some(partition) = self.topic.partition(index) else { return 0 };
        let key = (self.topic.name.to_string(), index.0);
        let coming = self.moves.get(&key).map_or(0, |[adding, _]| adding.len());
        partition.replicas.len().saturating_sub(coming)
    }

    fn write_topic(&self, to: &mut String) -> fmt::Result {
        let Topic { name, id, partitions, .. } = self.topic;
        write!(to, "Topic: {name}")?;
        if *id != TopicId::NONE {
            write!(to, "\tTopicId: {}", text::topic_id(*id))?;
        }
        let own = self.configs.iter().filter(|config| config.source != ConfigSource::Default);
        let own = own.map(|config| format!("{}={}", config.name, config.value.as_deref().unwrap_or("null")));
        writeln!(
            to,
            "\tPartitionCount: {}\tReplicationFactor: {}\tConfigs: {}",
            partitions.len(),
            partitions.first().map_or(0, |first| self.copies(first.index)),
            own.collect::<Vec<_>>().join(",")
        )
    }

    fn write_partition(&self, partition: &ottla_client::Partition, to: &mut String) -> fmt::Result {
        let key = (self.topic.name.to_string(), partition.index.0);
        write!(to, "\tTopic: {}\tPartition: {}", self.topic.name, partition.index)?;
        let leader = partition.leader.map_or("none".to_owned(), |leader| leader.to_string());
        let (replicas, in_sync) = (list(&partition.replicas), list(&partition.in_sync));
        write!(to, "\tLeader: {leader}\tReplicas: {replicas}\tIsr: {in_sync}")?;
        if let Some([adding, removing]) = self.moves.get(&key) {
            write!(to, "\tAdding Replicas: {}\tRemoving Replicas: {}", list(adding), list(removing))?;
        }
        let [eligible, last] = self.eligible.get(&key).cloned().unwrap_or_default();
        let known = |brokers: Option<Vec<i32>>| brokers.map_or("N/A".to_owned(), |brokers| list(&brokers));
        writeln!(to, "\tElr: {}\tLastKnownElr: {}", known(eligible), known(last))
    }
}

fn list(brokers: &[i32]) -> String {
    brokers.iter().map(i32::to_string).collect::<Vec<_>>().join(",")
}
