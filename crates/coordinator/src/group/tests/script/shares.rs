//! The verbs of share groups. The topics are those of consumer groups (`topics t=3 u=1`).
//!
//! ```text
//! share-config interval=1000 size=3 session=45000
//! share a                   a heartbeat; the first one joins and subscribes to t. A client's name is its member id.
//!   topics=t,u rack=r epoch=3 id=other
//! unshare a                 epoch -1
//! describe-share | may-delete | start t:0 | share-topics | alter t u | forget t u
//! ```

use super::Who;
use super::consumers::places_text;
use crate::group::share::{self, Alter, Config, Describe, Forget, Heartbeat, StartOf};
use crate::group::{Catalog, Client, Command, Refusal, Reply};
use ottla_base::{PartitionId, PartitionIndex, TopicId};
use ottla_wire::message::ShareGroupHeartbeatRequest;
use ottla_wire::message::share_group_describe_response::DescribedGroup;
use ottla_wire::{ErrorCode, Str};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write;
use std::sync::Arc;

/// What the clients of share groups know.
pub(in crate::group::tests) struct Shares {
    pub(in crate::group::tests) config: Config,
    /// The epoch that each client heard last.
    pub(in crate::group::tests) epochs: BTreeMap<String, i32>,
    /// What each client was told to have last.
    pub(in crate::group::tests) told: BTreeMap<String, BTreeSet<PartitionId>>,
}

impl Default for Shares {
    fn default() -> Self {
        let config = Config { assignment_interval_ms: 0, ..Config::default() };
        Self { config, epochs: BTreeMap::new(), told: BTreeMap::new() }
    }
}

impl Shares {
    /// Changes the settings, if that is what the line is about.
    pub(super) fn set(&mut self, line: &str) -> bool {
        let Some(fields) = line.strip_prefix("share-config") else { return false };
        let config = &mut self.config;
        for (key, value) in fields.split_whitespace().filter_map(|word| word.split_once('=')) {
            let number = || value.parse().expect("a number");
            match key {
                "interval" => config.assignment_interval_ms = number(),
                "session" => config.session_timeout_ms = number(),
                "size" => config.size_max = value.parse().expect("a size"),
                other => panic!("no setting {other}"),
            }
        }
        true
    }

    /// `None` if it is no verb of share groups.
    pub(super) fn command(
        &self,
        verb: &str,
        who: &Who,
        words: &[&str],
        topics: &Arc<Catalog>,
    ) -> Option<Command> {
        let (ticket, group) = (who.ticket, who.group.clone());
        let known = |name: &str| topics.topic(name);
        let listed = || words.iter().filter_map(|name| known(name));
        Some(Command::Share(match verb {
            "share" | "unshare" => self.heartbeat(verb, who, words, topics),
            "describe-share" => {
                share::Command::Describe(Describe { ticket, group, topics: Arc::clone(topics) })
            }
            "may-delete" => share::Command::MayDelete { ticket, group },
            "share-topics" => share::Command::Topics { ticket, group },
            "start" => {
                let (name, index) = words[0].split_once(':').expect("topic:partition");
                let index = PartitionIndex(index.parse().expect("a partition"));
                let topic = known(name).map_or(TopicId::NONE, |topic| topic.id);
                share::Command::Start(StartOf { ticket, group, partition: PartitionId { topic, index } })
            }
            "alter" => {
                let topics = listed().map(|topic| (topic.id, topic.partitions)).collect();
                share::Command::Alter(Alter { ticket, group, topics })
            }
            "forget" => {
                let topics = listed().map(|topic| topic.id).collect();
                share::Command::Forget(Forget { ticket, group, topics })
            }
            _ => return None,
        }))
    }

    fn heartbeat(&self, verb: &str, who: &Who, words: &[&str], topics: &Arc<Catalog>) -> share::Command {
        let client = words[0];
        let fields: HashMap<&str, &str> = words.iter().filter_map(|word| word.split_once('=')).collect();
        let epoch = match verb {
            "unshare" => -1,
            _ => self.epochs.get(client).copied().unwrap_or(0),
        };
        let epoch = fields.get("epoch").map_or(epoch, |epoch| epoch.parse().expect("an epoch"));
        let names = match fields.get("topics") {
            Some(&"none") => None,
            Some(list) => {
                Some(list.split(',').filter(|word| !word.is_empty()).map(Str::from).collect::<Vec<_>>())
            }
            None => (epoch == 0).then(|| vec![Str::from_static("t")]),
        };
        let member_id = fields.get("id").map_or(client, |id| if *id == "none" { "" } else { id });
        share::Command::Heartbeat(Box::new(Heartbeat {
            ticket: who.ticket,
            client: Client {
                id: fields.get("client").copied().unwrap_or("client").into(),
                host: "/host".into(),
            },
            request: ShareGroupHeartbeatRequest {
                group_id: who.group.clone(),
                member_id: member_id.into(),
                member_epoch: epoch,
                rack_id: fields.get("rack").map(|rack| Str::from(*rack)),
                subscribed_topic_names: names,
            },
            topics: Arc::clone(topics),
            config: self.config,
        }))
    }

    /// What the client learns.
    pub(super) fn hear(&mut self, client: &str, reply: &Reply) {
        let Reply::Share(share::Reply::Heartbeat(response)) = reply else { return };
        match response.error_code {
            ErrorCode::NONE if response.member_epoch < 0 => self.forget(client),
            ErrorCode::NONE => {
                self.epochs.insert(client.to_owned(), response.member_epoch);
                if let Some(assignment) = &response.assignment {
                    let places = assignment.topic_partitions.iter().flat_map(|it| {
                        let place = |index: &i32| PartitionId {
                            topic: TopicId(it.topic_id),
                            index: PartitionIndex(*index),
                        };
                        it.partitions.iter().map(place)
                    });
                    self.told.insert(client.to_owned(), places.collect());
                }
            }
            ErrorCode::FENCED_MEMBER_EPOCH | ErrorCode::UNKNOWN_MEMBER_ID | ErrorCode::GROUP_ID_NOT_FOUND => {
                self.forget(client);
            }
            _ => {}
        }
    }

    fn forget(&mut self, client: &str) {
        self.epochs.remove(client);
        self.told.remove(client);
    }
}

/// An answer as text.
pub(super) fn text(reply: &share::Reply, topics: &Catalog) -> String {
    let name = |id: &TopicId| topics.name(*id).map_or("gone", |name| &**name).to_owned();
    match reply {
        share::Reply::Heartbeat(response) if response.error_code != ErrorCode::NONE => {
            let message = response.error_message.as_deref().unwrap_or_default();
            format!("{} ({message})", response.error_code.name())
        }
        share::Reply::Heartbeat(response) => {
            let mut text = format!("epoch {}", response.member_epoch);
            if let Some(assignment) = &response.assignment {
                let places =
                    assignment.topic_partitions.iter().map(|it| (TopicId(it.topic_id), &*it.partitions));
                let _ = write!(text, " [{}]", places_text(places, topics));
            }
            if ![0, 5_000].contains(&response.heartbeat_interval_ms) {
                let _ = write!(text, ", again after {} ms", response.heartbeat_interval_ms);
            }
            text
        }
        share::Reply::Describe(group) => described_text(group),
        share::Reply::MayDelete(may) => format!("may be deleted: {may}"),
        share::Reply::Start(start) => format!("{start:?}"),
        share::Reply::Topics(known) => {
            known.iter().map(|(id, partitions)| format!("{}={partitions} ", name(id))).collect()
        }
        share::Reply::Alter(result) => result.as_ref().map_or_else(refused, |()| "altered".to_owned()),
        share::Reply::Forget(result) => result
            .as_ref()
            .map_or_else(refused, |ids| format!("forgotten: {}", ids.iter().map(name).collect::<String>())),
    }
}

fn refused(Refusal { code, message }: &Refusal) -> String {
    format!("{} ({message})", code.name())
}

fn described_text(group: &DescribedGroup) -> String {
    if group.error_code != ErrorCode::NONE {
        let message = group.error_message.as_deref().unwrap_or_default();
        return format!("{} ({message})", group.error_code.name());
    }
    let DescribedGroup { group_state, group_epoch, assignment_epoch, assignor_name, .. } = group;
    let mut text = format!("{group_state} epoch {assignment_epoch}/{group_epoch} {assignor_name}");
    for member in &group.members {
        let topic = |topic: &ottla_wire::message::share_group_describe_response::TopicPartitions| {
            let partitions = topic.partitions.iter().map(ToString::to_string).collect::<Vec<_>>();
            format!("{}:{}", topic.topic_name, partitions.join(","))
        };
        let assigned = member.assignment.topic_partitions.iter().map(topic).collect::<Vec<_>>().join(" ");
        let rack = member.rack_id.as_deref().map(|rack| format!(" in {rack}")).unwrap_or_default();
        let _ = write!(
            text,
            "\n    {}{rack} {}{} epoch {} {} [{assigned}]",
            member.member_id,
            member.client_id,
            member.client_host,
            member.member_epoch,
            member.subscribed_topic_names.join("+"),
        );
    }
    text
}
