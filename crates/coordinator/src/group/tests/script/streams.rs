//! The verbs of streams groups.
//!
//! ```text
//! s-topics in:4 other:2                     the topics there are from now on
//! define 0:src=in,sink=r 1:rep=r,log=c    the topology that members run from now on; co=in+r for what is copartitioned
//! s-config standbys=1 delay=0 interval=0 session=… size=… tags=…
//! s-beat a own=0.0,0.1 stand=1.0            what a member says it has; without: what it was given last; own=? says nothing
//! s-describe | s-draw a
//! ```
//! A client's member id is its name. `epoch=`, `v=`, `process=`, `instance=`, `id=`, `endpoint=`, `told=`, `rack=`, `tags=`,
//! `offsets=`, `topology-epoch=` and `shutdown` change the request.

use super::World;
use crate::group::streams::{
    Answered, AssignmentConfig, Command as Streams, Config, Describe, Describing, Heartbeat, Reply, Statuses,
};
use crate::group::{Catalog, CatalogTopic, Client, Command};
use ottla_base::TopicId;
use ottla_wire::message::streams_group_describe_response::{Assignment, DescribedGroup};
use ottla_wire::message::streams_group_heartbeat_request as request;
use ottla_wire::message::streams_group_topology_description_update_request as drawing;
use ottla_wire::message::{
    StreamsGroupHeartbeatRequest, StreamsGroupHeartbeatResponse, StreamsGroupTopologyDescriptionUpdateRequest,
};
use ottla_wire::{ErrorCode, Str};
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;
use std::sync::Arc;
use uuid::Uuid;

/// Two members, the first of which has both tasks, 0.0 and 0.1, in epoch 2; in epoch 3 the second one is to have 0.1.
pub(in crate::group::tests) const TWO_MEMBERS: &str = "s-config delay=0 interval=0
    s-topics in:2
    s-beat a
    s-beat b";

/// What the world knows for the clients of streams groups.
#[derive(Debug)]
pub(in crate::group::tests) struct Side {
    pub(in crate::group::tests) catalog: Arc<Catalog>,
    pub(in crate::group::tests) config: Arc<Config>,
    topology: request::Topology,
    clients: HashMap<String, Member>,
}

#[derive(Clone, Debug, Default)]
pub(in crate::group::tests) struct Member {
    pub(in crate::group::tests) epoch: i32,
    pub(in crate::group::tests) active: Vec<String>,
    pub(in crate::group::tests) standby: Vec<String>,
}

impl Default for Side {
    fn default() -> Self {
        Self {
            catalog: catalog(1, &["in:2"]),
            config: Arc::default(),
            topology: topology(0, &["0:src=in"]),
            clients: HashMap::new(),
        }
    }
}

impl World {
    /// What a client of a streams group has, as it knows.
    pub(in crate::group::tests) fn streams_member(&self, client: &str) -> Member {
        self.streams.clients.get(client).cloned().unwrap_or_default()
    }

    /// A verb of streams groups, or nothing if it only changes the world.
    pub(super) fn streams(&mut self, verb: &str, words: &[&str]) -> Option<Command> {
        let client = words.first().copied().unwrap_or("-");
        let fields: HashMap<&str, &str> = words.iter().filter_map(|word| word.split_once('=')).collect();
        let group: Str = fields.get("group").copied().unwrap_or("g").into();
        match verb {
            "s-topics" => self.streams.catalog = catalog(self.streams.catalog.epoch() + 1, words),
            "define" => self.streams.topology = topology(self.streams.topology.epoch, words),
            "s-config" => self.streams_config(&fields),
            "s-beat" => return Some(Command::Streams(self.beat(client, group, words, &fields))),
            "s-describe" => {
                let with_description = words.contains(&"drawn");
                let ticket = self.ticket("-");
                return Some(Command::Streams(Streams::Describe(Describe {
                    ticket,
                    group,
                    with_description,
                })));
            }
            "s-draw" => {
                let node = |name: &'static str, node_type, topics: &[&'static str]| {
                    drawing::TopologyDescriptionNode {
                        name: name.into(),
                        node_type,
                        source_topics: topics.iter().map(|topic| Str::from(*topic)).collect(),
                        ..Default::default()
                    }
                };
                let kind = fields.get("kind").map_or(1, |kind| kind.parse().expect("a number"));
                let description = drawing::TopologyDescription {
                    subtopologies: vec![drawing::TopologyDescriptionSubtopology {
                        subtopology_id: "0".into(),
                        nodes: vec![node("source", kind, &["in"]), node("count", 2, &[])],
                    }],
                    global_stores: Vec::new(),
                };
                let ticket = self.ticket(client);
                let epoch = fields.get("epoch").map_or(0, |epoch| epoch.parse().expect("an epoch"));
                let request = StreamsGroupTopologyDescriptionUpdateRequest {
                    group_id: group,
                    member_id: client.into(),
                    topology_epoch: epoch,
                    topology_description: description,
                };
                return Some(Command::Streams(Streams::Describing(Box::new(Describing { ticket, request }))));
            }
            other => panic!("no verb {other}"),
        }
        None
    }

    fn streams_config(&mut self, fields: &HashMap<&str, &str>) {
        let number =
            |name, before: i32| fields.get(name).map_or(before, |text: &&str| text.parse().expect("ms"));
        let before = &self.streams.config;
        let tags = fields.get("tags").map(|tags| tags.split('+').map(Str::from).collect());
        let config = Config {
            session_timeout_ms: number("session", before.session_timeout_ms),
            size_max: fields.get("size").map_or(before.size_max, |size| size.parse().expect("a size")),
            initial_rebalance_delay_ms: number("delay", before.initial_rebalance_delay_ms),
            assignment_interval_ms: number("interval", before.assignment_interval_ms),
            assignment: AssignmentConfig {
                standby_replicas: fields
                    .get("standbys")
                    .map_or(before.assignment.standby_replicas, |count| count.parse().expect("a count")),
                rack_aware_tags: tags.unwrap_or_else(|| before.assignment.rack_aware_tags.clone()),
            },
            ..(**before).clone()
        };
        self.streams.config = Arc::new(config);
    }

    fn beat(&mut self, client: &str, group: Str, words: &[&str], fields: &HashMap<&str, &str>) -> Streams {
        let known = self.streams_member(client);
        let epoch = fields.get("epoch").map_or(known.epoch, |epoch| epoch.parse().expect("an epoch"));
        let version: i16 = fields.get("v").map_or(1, |version| version.parse().expect("a version"));
        let is_joining = epoch == 0;
        let text = |name: &str| fields.get(name).map(|text| Str::from(*text));
        let mut topology = self.streams.topology.clone();
        if let Some(epoch) = fields.get("topology-epoch") {
            topology.epoch = epoch.parse().expect("an epoch");
        }
        let owned = |name: &str, known: &[String]| match fields.get(name) {
            Some(&"?") => None,
            Some(tasks) => Some(task_ids(tasks.split(',').filter(|task| !task.is_empty()))),
            None if is_joining => Some(Vec::new()),
            None => Some(task_ids(known.iter().map(String::as_str))),
        };
        let endpoint = fields.get("endpoint").map(|at| {
            let (host, port) = at.split_once(':').expect("host:port");
            Box::new(request::Endpoint { host: host.into(), port: port.parse().expect("a port") })
        });
        let pairs = |text: &str| -> Vec<(String, String)> {
            let pairs = text.split(',').filter_map(|pair| pair.split_once(':'));
            pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
        };
        let tags = fields.get("tags").map(|tags| {
            let tag =
                |(key, value): (String, String)| request::KeyValue { key: key.into(), value: value.into() };
            pairs(tags).into_iter().map(tag).collect()
        });
        let offsets = fields.get("offsets").map(|offsets| {
            let offset = |(task, offset): (String, String)| {
                let (subtopology, partition) = task.split_once('.').expect("subtopology.partition");
                request::TaskOffset {
                    subtopology_id: subtopology.into(),
                    partition: partition.parse().expect("a partition"),
                    offset: offset.parse().expect("an offset"),
                }
            };
            pairs(offsets).into_iter().map(offset).collect()
        });
        let request = StreamsGroupHeartbeatRequest {
            group_id: group,
            member_id: text("id").unwrap_or_else(|| client.into()),
            member_epoch: epoch,
            endpoint_information_epoch: fields.get("told").map_or(0, |told| told.parse().expect("an epoch")),
            instance_id: text("instance"),
            rack_id: text("rack"),
            rebalance_timeout_ms: fields
                .get("rebalance")
                .map_or(if is_joining { 60_000 } else { -1 }, |ms| ms.parse().expect("ms")),
            topology: (is_joining && !words.contains(&"no-topology")).then(|| Box::new(topology)),
            active_tasks: owned("own", &known.active),
            standby_tasks: owned("stand", &known.standby),
            warmup_tasks: fields.get("own").is_none_or(|own| *own != "?").then(Vec::new),
            process_id: text("process").or_else(|| is_joining.then(|| format!("p-{client}").into())),
            user_endpoint: endpoint,
            client_tags: tags,
            task_offsets: offsets,
            task_end_offsets: None,
            shutdown_application: words.contains(&"shutdown"),
        };
        Streams::Heartbeat(Box::new(Heartbeat {
            ticket: self.ticket(client),
            request,
            client: Client { id: "client".into(), host: "/host".into() },
            topics: Arc::clone(&self.streams.catalog),
            config: Arc::clone(&self.streams.config),
            statuses: if version == 0 { Statuses::First } else { Statuses::WithTags },
        }))
    }

    /// A client remembers what it is told.
    pub(super) fn remember(&mut self, client: &str, reply: &Reply) {
        let Reply::Heartbeat(answered) = reply else { return };
        let response = &answered.response;
        if response.error_code != ErrorCode::NONE {
            return;
        }
        let member = self.streams.clients.entry(client.to_owned()).or_default();
        member.epoch = response.member_epoch.max(0);
        if response.member_epoch < 0 {
            *member = Member::default();
        }
        if let (Some(active), Some(standby)) = (&response.active_tasks, &response.standby_tasks) {
            let names = |tasks: &[ottla_wire::message::streams_group_heartbeat_response::TaskIds]| {
                let of = |part: &ottla_wire::message::streams_group_heartbeat_response::TaskIds| {
                    let id = part.subtopology_id.clone();
                    part.partitions.clone().into_iter().map(move |at| format!("{id}.{at}"))
                };
                tasks.iter().flat_map(of).collect::<Vec<String>>()
            };
            (member.active, member.standby) = (names(active), names(standby));
        }
    }
}

pub(super) fn text(reply: &Reply) -> String {
    match reply {
        Reply::Heartbeat(answered) => answered_text(answered),
        Reply::Describe(described) => described_text(described),
        Reply::Describing(response) => {
            let message = response.error_message.as_deref().unwrap_or_default();
            format!("{} {message}", response.error_code.name()).trim_end().to_owned()
        }
    }
}

fn answered_text(answered: &Answered) -> String {
    let StreamsGroupHeartbeatResponse {
        error_code,
        error_message,
        member_epoch,
        status,
        active_tasks,
        standby_tasks,
        endpoint_information_epoch,
        partitions_by_user_endpoint,
        topology_description_required,
        heartbeat_interval_ms,
        ..
    } = &answered.response;
    if *error_code != ErrorCode::NONE {
        return format!("{} {}", error_code.name(), error_message.as_deref().unwrap_or("-"));
    }
    let mut text = format!("epoch {member_epoch}");
    let tasks = |parts: &Option<Vec<ottla_wire::message::streams_group_heartbeat_response::TaskIds>>| {
        let parts = parts.iter().flatten();
        let of = |part: &ottla_wire::message::streams_group_heartbeat_response::TaskIds| {
            format!(" {}.{:?}", part.subtopology_id, part.partitions)
        };
        parts.map(of).collect::<String>().replace(", ", ",")
    };
    if active_tasks.is_some() {
        let _ = write!(text, " active{}", tasks(active_tasks));
        if standby_tasks.as_ref().is_some_and(|tasks| !tasks.is_empty()) {
            let _ = write!(text, " standby{}", tasks(standby_tasks));
        }
    }
    if ![0, 5_000].contains(heartbeat_interval_ms) {
        let _ = write!(text, " again in {heartbeat_interval_ms}");
    }
    for status in status.iter().flatten() {
        let _ = write!(text, "\n   status {} {}", status.status_code, status.status_detail);
    }
    if let Some(endpoints) = partitions_by_user_endpoint {
        let _ = write!(text, "\n   endpoints {endpoint_information_epoch}");
        for endpoint in endpoints {
            let at = &endpoint.user_endpoint;
            let _ = write!(text, " {}:{}", at.host, at.port);
            for topic in &endpoint.active_partitions {
                let _ = write!(text, " {}{:?}", topic.topic, topic.partitions);
            }
            for topic in &endpoint.standby_partitions {
                let _ = write!(text, " standby {}{:?}", topic.topic, topic.partitions);
            }
        }
    }
    for topic in &answered.missing {
        let configs: Vec<String> =
            topic.configs.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let _ = write!(
            text,
            "\n   create {}:{} rf {} {configs:?}",
            topic.name, topic.partitions, topic.replication_factor
        );
    }
    if *topology_description_required {
        text += "\n   asked to draw";
    }
    text
}

fn described_text(group: &DescribedGroup) -> String {
    if group.error_code != ErrorCode::NONE {
        return format!("{} {}", group.error_code.name(), group.error_message.as_deref().unwrap_or("-"));
    }
    let mut text = format!("{} epoch {}/{}", group.group_state, group.group_epoch, group.assignment_epoch);
    for part in group.topology.iter().flat_map(|topology| topology.subtopologies.iter().flatten()) {
        let topics = |topics: &[ottla_wire::message::streams_group_describe_response::TopicInfo]| {
            let topics = topics.iter().map(|topic| format!("{}:{}", topic.name, topic.partitions));
            topics.collect::<Vec<_>>().join("+")
        };
        let names = |names: &[Str]| names.iter().map(Str::as_str).collect::<Vec<_>>().join("+");
        let _ = write!(
            text,
            "\n   {}: src={} rep={} sink={} log={}",
            part.subtopology_id,
            names(&part.source_topics),
            topics(&part.repartition_source_topics),
            names(&part.repartition_sink_topics),
            topics(&part.state_changelog_topics)
        );
    }
    for member in &group.members {
        let offsets = member.task_offsets.iter();
        let offsets: String = offsets
            .map(|told| format!(" {}.{}@{}", told.subtopology_id, told.partition, told.offset))
            .collect();
        let _ = write!(
            text,
            "\n   {} epoch {} {}has {} wants {}{offsets}",
            member.member_id,
            member.member_epoch,
            member.instance_id.as_ref().map(|instance| format!("({instance}) ")).unwrap_or_default(),
            assignment_text(&member.assignment),
            assignment_text(&member.target_assignment)
        );
    }
    if let Some(drawn) = &group.topology_description {
        let nodes = drawn.subtopologies.iter().flat_map(|part| &part.nodes);
        let nodes: Vec<&str> = nodes.map(|node| node.name.as_str()).collect();
        let _ = write!(text, "\n   drawn {nodes:?}");
    } else if group.topology_description_status != 0 {
        let _ = write!(text, "\n   drawing {}", group.topology_description_status);
    }
    text
}

fn assignment_text(assignment: &Assignment) -> String {
    let tasks = |parts: &[ottla_wire::message::streams_group_describe_response::TaskIds]| {
        let parts = parts.iter().map(|part| format!("{}.{:?}", part.subtopology_id, part.partitions));
        parts.collect::<String>().replace(", ", ",")
    };
    let (active, standby) = (tasks(&assignment.active_tasks), tasks(&assignment.standby_tasks));
    if standby.is_empty() { format!("[{active}]") } else { format!("[{active} / {standby}]") }
}

fn task_ids<'a>(tasks: impl Iterator<Item = &'a str>) -> Vec<request::TaskIds> {
    let mut parts = BTreeMap::<&str, Vec<i32>>::new();
    for task in tasks {
        let (subtopology, partition) = task.split_once('.').expect("subtopology.partition");
        parts.entry(subtopology).or_default().push(partition.parse().expect("a partition"));
    }
    let of = |(id, partitions): (&str, _)| request::TaskIds { subtopology_id: id.into(), partitions };
    parts.into_iter().map(of).collect()
}

/// `name:partitions`, with an id that follows from both.
fn catalog(epoch: u64, words: &[&str]) -> Arc<Catalog> {
    let topics = words.iter().map(|word| {
        let (name, partitions) = word.split_once(':').expect("name:partitions");
        let id = TopicId(Uuid::from_u128(name.bytes().fold(7, |id, byte| id * 31 + u128::from(byte))));
        (Str::from(name), CatalogTopic { id, partitions: partitions.parse().expect("a number") })
    });
    Arc::new(Catalog::new(epoch, topics))
}

/// `id:src=a+b,rep=r+s/4,sink=r,log=c,co=a+r`
pub(in crate::group::tests) fn topology(epoch: i32, words: &[&str]) -> request::Topology {
    let part = |word: &&str| {
        let (id, fields) = word.split_once(':').expect("id:fields");
        let fields: Vec<(&str, Vec<&str>)> = fields
            .split(',')
            .filter_map(|field| field.split_once('='))
            .map(|(name, value)| (name, value.split('+').filter(|name| !name.is_empty()).collect()))
            .collect();
        let all = |name: &str| -> Vec<&str> {
            fields.iter().filter(|(field, _)| *field == name).flat_map(|(_, values)| values.clone()).collect()
        };
        let info = |topic: &str| {
            let (name, partitions) = topic.split_once('/').unwrap_or((topic, "0"));
            request::TopicInfo {
                name: name.into(),
                partitions: partitions.parse().expect("a number"),
                replication_factor: 0,
                topic_configs: vec![request::KeyValue { key: "k".into(), value: "v".into() }],
            }
        };
        let names = |name: &str| all(name).into_iter().map(Str::from).collect::<Vec<_>>();
        let repartitions: Vec<_> = all("rep").into_iter().map(info).collect();
        let sources = names("src");
        let index = |at: usize| i16::try_from(at).expect("small");
        let groups = fields.iter().filter(|(field, _)| *field == "co").map(|(_, members)| {
            let is_in = |name: &Str| members.iter().any(|member| **member == **name);
            let at = |names: Vec<&Str>| -> Vec<i16> {
                (0..).zip(names).filter(|(_, name)| is_in(name)).map(|(at, _)| index(at)).collect()
            };
            request::CopartitionGroup {
                source_topics: at(sources.iter().collect()),
                source_topic_regex: Vec::new(),
                repartition_source_topics: at(repartitions.iter().map(|topic| &topic.name).collect()),
            }
        });
        request::Subtopology {
            subtopology_id: id.into(),
            copartition_groups: groups.collect(),
            source_topics: sources.clone(),
            source_topic_regex: names("regex"),
            state_changelog_topics: all("log").into_iter().map(info).collect(),
            repartition_sink_topics: names("sink"),
            repartition_source_topics: repartitions.clone(),
        }
    };
    request::Topology { epoch, subtopologies: words.iter().map(part).collect() }
}
