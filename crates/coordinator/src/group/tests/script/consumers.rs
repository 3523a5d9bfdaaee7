//! The verbs of consumer groups.
//!
//! ```text
//! topics t=3 u=1 x@2=1      the topics there are, with their partitions; `@2` is another topic of the same name
//! config interval=1000 size=3 session=45000
//! beat a                    a heartbeat; the first one joins. A client's name is its member id.
//!   topics=t,u regex=a.* assignor=range instance=i rack=r rebalance=1000 epoch=3 v=0 id=other
//!   owned=t:0,1/u:0         what it says it has; `owned=-` nothing, `ack` what it has after it let go what it must
//!   lost=1                  the answer is lost
//! quit a | away a           epoch -1, epoch -2
//! describe-consumer
//! ```

use super::{Who, topic_id};
use crate::assignor;
use crate::group::consumer::{self, Assignor, Config, Describe, Heartbeat, MemberIds};
use crate::group::embedded;
use crate::group::{Catalog, CatalogTopic, Client, Command, Reply};
use bytes::Bytes;
use ottla_base::{PartitionId, PartitionIndex, TopicId};
use ottla_wire::message::ConsumerGroupHeartbeatRequest;
use ottla_wire::message::consumer_group_describe_response::{self, DescribedGroup};
use ottla_wire::message::consumer_group_heartbeat_request::TopicPartitions;
use ottla_wire::{ErrorCode, Str};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write;
use std::sync::Arc;
use uuid::Uuid;

/// A partition by the topic's id.
type Place = (TopicId, i32);

/// What the clients of consumer groups and their world know.
pub(in crate::group::tests) struct Consumers {
    pub(in crate::group::tests) catalog: Arc<Catalog>,
    pub(in crate::group::tests) config: Arc<Config>,
    /// The epoch that each client heard last.
    pub(in crate::group::tests) epochs: BTreeMap<String, i32>,
    /// What each client was told to have last.
    pub(in crate::group::tests) told: BTreeMap<String, BTreeSet<Place>>,
    /// What each client works on: what it was told to have, and what it has not let go since.
    pub(in crate::group::tests) has: BTreeMap<String, BTreeSet<Place>>,
    /// The answer to this client is lost.
    lost: Option<String>,
}

impl Default for Consumers {
    fn default() -> Self {
        let config = Config { assignment_interval_ms: 0, ..Config::default() };
        let mut consumers = Self {
            catalog: Arc::default(),
            config: Arc::new(config),
            epochs: BTreeMap::new(),
            told: BTreeMap::new(),
            has: BTreeMap::new(),
            lost: None,
        };
        consumers.set("topics t=3 u=1");
        consumers
    }
}

impl Consumers {
    /// Changes the world, if that is what the line is about.
    pub(super) fn set(&mut self, line: &str) -> bool {
        let mut words = line.split_whitespace();
        let verb = words.next();
        let fields = words.filter_map(|word| word.split_once('='));
        match verb {
            Some("topics") => {
                let topics = fields.map(|(name, partitions)| {
                    let (name, version) = name.split_once('@').unwrap_or((name, "1"));
                    let version: u128 = version.parse().expect("a number");
                    let letters = name.bytes().fold(version, |id, letter| (id << 8) | u128::from(letter));
                    let partitions = partitions.parse().expect("a count");
                    (Str::from(name), CatalogTopic { id: topic_id(letters), partitions })
                });
                self.catalog = Arc::new(Catalog::new(self.catalog.epoch() + 1, topics));
            }
            Some("config") => {
                let config = Arc::make_mut(&mut self.config);
                for (key, value) in fields {
                    let number = || value.parse().expect("a number");
                    match key {
                        "policy" => {
                            let allows = |way| value == "both" || value == way;
                            let (upgrade, downgrade) = (allows("upgrade"), allows("downgrade"));
                            config.migration = consumer::Migration { upgrade, downgrade };
                        }
                        "interval" => config.assignment_interval_ms = number(),
                        "session" => config.session_timeout_ms = number(),
                        "size" => config.size_max = value.parse().expect("a size"),
                        "assignors" => {
                            config.assignors = value.split(',').filter_map(Assignor::of_name).collect();
                        }
                        other => panic!("no setting {other}"),
                    }
                }
            }
            _ => return false,
        }
        true
    }

    pub(super) fn command(
        &mut self,
        verb: &str,
        who: Who,
        client: &str,
        fields: &HashMap<&str, &str>,
    ) -> Command {
        let (topics, config) = (Arc::clone(&self.catalog), Arc::clone(&self.config));
        if verb == "describe-consumer" {
            let describe = Describe { ticket: who.ticket, group: who.group, topics, config };
            return Command::Consumer(consumer::Command::Describe(describe));
        }
        let epoch = match verb {
            "beat" => self.epochs.get(client).copied().unwrap_or(0),
            "quit" => -1,
            "away" => -2,
            other => panic!("no verb {other}"),
        };
        let epoch = fields.get("epoch").map_or(epoch, |epoch| epoch.parse().expect("an epoch"));
        let is_joining = epoch == 0;
        if is_joining {
            self.has.remove(client);
        }
        let words = |name| -> Option<Vec<Str>> {
            let list = fields.get(name)?;
            Some(list.split(',').filter(|word| !word.is_empty()).map(Str::from).collect())
        };
        let text = |name| fields.get(name).map(|word| Str::from(*word));
        let names = words("topics")
            .or_else(|| (is_joining && !fields.contains_key("regex")).then(|| vec![Str::from_static("t")]));
        let owned = match fields.get("owned") {
            Some(&"ack") => Some(self.let_go(client)),
            Some(&"-") => Some(Vec::new()),
            Some(list) => Some(list.split('/').map(|place| self.place(place)).collect()),
            None => is_joining.then(Vec::new),
        };
        self.lost = fields.contains_key("lost").then(|| client.to_owned());
        let member_id = fields.get("id").map_or(client, |id| if *id == "none" { "" } else { id });
        let rebalance = fields.get("rebalance").map(|ms| ms.parse().expect("milliseconds"));
        Command::Consumer(consumer::Command::Heartbeat(Box::new(Heartbeat {
            ticket: who.ticket,
            client: Client { id: "client".into(), host: "/host".into() },
            request: ConsumerGroupHeartbeatRequest {
                group_id: who.group,
                member_id: member_id.into(),
                member_epoch: epoch,
                instance_id: who.instance,
                rack_id: text("rack"),
                rebalance_timeout_ms: rebalance.unwrap_or(if is_joining { 60_000 } else { -1 }),
                subscribed_topic_names: names,
                subscribed_topic_regex: text("regex"),
                server_assignor: text("assignor"),
                topic_partitions: owned,
            },
            member_ids: if fields.get("v") == Some(&"0") {
                MemberIds::Coordinator
            } else {
                MemberIds::Client
            },
            fresh: Uuid::from_u128(u128::from(who.ticket.0)),
            topics,
            config,
        })))
    }

    /// An assignment of the classic protocol: `t:0,1` as consumers write it, anything else as it is.
    pub(super) fn assignment(&self, text: &str) -> Bytes {
        let Some((topic, partitions)) = text.split_once(':') else {
            return Bytes::copy_from_slice(text.as_bytes());
        };
        let topic = self.catalog.topic(topic).map_or(topic_id(99), |topic| topic.id);
        let partition =
            |index: &str| PartitionId { topic, index: PartitionIndex(index.parse().expect("a number")) };
        embedded::encode_assignment(&partitions.split(',').map(partition).collect(), &[0, 3], &self.catalog)
    }

    /// The client lets go what it must, and says what is left.
    fn let_go(&mut self, client: &str) -> Vec<TopicPartitions> {
        let Some(has) = self.has.get_mut(client) else { return Vec::new() };
        let told = self.told.get(client);
        has.retain(|place| told.is_some_and(|told| told.contains(place)));
        listed(has)
    }

    fn place(&self, place: &str) -> TopicPartitions {
        let (topic, partitions) = place.split_once(':').expect("topic:partitions");
        TopicPartitions {
            topic_id: self.catalog.topic(topic).map_or(topic_id(99), |topic| topic.id).0,
            partitions: partitions.split(',').map(|index| index.parse().expect("a partition")).collect(),
        }
    }

    /// What the client learns.
    pub(in crate::group::tests) fn hear(&mut self, client: &str, reply: &Reply) {
        let Reply::Consumer(consumer::Reply::Heartbeat(response)) = reply else { return };
        if self.lost.take().as_deref() == Some(client) {
            return;
        }
        match response.error_code {
            ErrorCode::NONE if response.member_epoch < 0 => self.forget(client),
            ErrorCode::NONE => {
                self.epochs.insert(client.to_owned(), response.member_epoch);
                if let Some(assignment) = &response.assignment {
                    let places = assignment.topic_partitions.iter().flat_map(|topic| {
                        topic.partitions.iter().map(|index| (TopicId(topic.topic_id), *index))
                    });
                    let told: BTreeSet<Place> = places.collect();
                    self.has.entry(client.to_owned()).or_default().extend(&told);
                    self.told.insert(client.to_owned(), told);
                }
            }
            ErrorCode::FENCED_MEMBER_EPOCH | ErrorCode::UNKNOWN_MEMBER_ID => self.forget(client),
            _ => {}
        }
    }

    fn forget(&mut self, client: &str) {
        self.epochs.remove(client);
        self.told.remove(client);
        self.has.remove(client);
    }
}

fn listed(places: &BTreeSet<Place>) -> Vec<TopicPartitions> {
    let mut topics = BTreeMap::<TopicId, Vec<i32>>::new();
    for (topic, index) in places {
        topics.entry(*topic).or_default().push(*index);
    }
    topics.into_iter().map(|(id, partitions)| TopicPartitions { topic_id: id.0, partitions }).collect()
}

/// An assignment of the classic protocol as text.
pub(super) fn assigned_text(bytes: &Bytes, topics: &Catalog) -> String {
    match embedded::assignment(bytes, topics) {
        Some(assigned) if !bytes.is_empty() => {
            let indexes: Vec<(TopicId, Vec<i32>)> = assignor::by_topic(&assigned)
                .map(|(topic, partitions)| (topic, partitions.iter().map(|index| index.0).collect()))
                .collect();
            let places = indexes.iter().map(|(topic, partitions)| (*topic, &**partitions));
            format!("assigned [{}]", places_text(places, topics))
        }
        Some(_) | None => format!("assigned {:?}", String::from_utf8_lossy(bytes)),
    }
}

/// An answer as text.
pub(super) fn text(reply: &consumer::Reply, topics: &Catalog) -> String {
    match reply {
        consumer::Reply::Heartbeat(response) if response.error_code != ErrorCode::NONE => {
            let message = response.error_message.as_deref().unwrap_or_default();
            format!("{} ({message})", response.error_code.name())
        }
        consumer::Reply::Heartbeat(response) => {
            let mut text = format!("epoch {}", response.member_epoch);
            if let Some(assignment) = &response.assignment {
                let places =
                    assignment.topic_partitions.iter().map(|it| (TopicId(it.topic_id), &*it.partitions));
                let _ = write!(text, " [{}]", places_text(places, topics));
            }
            text
        }
        consumer::Reply::Describe(group) => described_text(group),
    }
}

pub(super) fn places_text<'a>(
    places: impl Iterator<Item = (TopicId, &'a [i32])>,
    topics: &Catalog,
) -> String {
    let place = |(id, partitions): (TopicId, &[i32])| {
        let name = topics.name(id).map_or("gone", |name| &**name);
        format!("{name}:{}", partitions.iter().map(ToString::to_string).collect::<Vec<_>>().join(","))
    };
    places.map(place).collect::<Vec<_>>().join(" ")
}

fn described_text(group: &DescribedGroup) -> String {
    if group.error_code != ErrorCode::NONE {
        return format!(
            "{} ({})",
            group.error_code.name(),
            group.error_message.as_deref().unwrap_or_default()
        );
    }
    let mut text = format!(
        "{} epoch {}/{} {}",
        group.group_state, group.assignment_epoch, group.group_epoch, group.assignor_name
    );
    let places = |assignment: &consumer_group_describe_response::Assignment| {
        let topic = |topic: &consumer_group_describe_response::TopicPartitions| {
            let partitions = topic.partitions.iter().map(ToString::to_string).collect::<Vec<_>>();
            format!("{}:{}", topic.topic_name, partitions.join(","))
        };
        assignment.topic_partitions.iter().map(topic).collect::<Vec<_>>().join(" ")
    };
    for member in &group.members {
        let instance = member.instance_id.as_deref().map(|it| format!("/{it}")).unwrap_or_default();
        let _ = write!(
            text,
            "\n    {}{instance} epoch {} [{}] -> [{}]",
            member.member_id,
            member.member_epoch,
            places(&member.assignment),
            places(&member.target_assignment)
        );
    }
    text
}
