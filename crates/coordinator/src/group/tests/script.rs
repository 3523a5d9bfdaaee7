//! A world of one shard and a small language to drive it.
//!
//! ```text
//! join a type=consumer protocols=range:x,sticky:y   a client named a; it uses the member id it was given last
//! txn-commit a pid=1 t:0=42 | end - pid=1 commit | fetch g stable t:0
//! sync a a=p0 b=p1 | heartbeat a | leave a b | commit a t:0=42 | fetch g t:0,1 | +3000 (milliseconds pass)
//! ```
//! topics t=3 u=1 | beat a topics=t owned=t:0 | quit a | away a | describe-consumer (`consumers.rs` and `shares.rs` have the rest)
//! Words with `=` before the verb's own arguments change one field of the request. Member ids are shown as
//! `m1`, `m2`, … in the order in which they were given.

mod consumers;
mod offsets;
mod shares;
pub(super) mod streams;
mod text;
mod transactional;

use crate::group::*;
use crate::machine::{Machine, Ticket};
use bytes::Bytes;
use ottla_base::{Now, PartitionIndex, Tick, Timestamp};
use ottla_wire::message::join_group_request::JoinGroupRequestProtocol;
use ottla_wire::message::leave_group_request::MemberIdentity;
use ottla_wire::message::sync_group_request::SyncGroupRequestAssignment;
use ottla_wire::message::*;
use ottla_wire::{ErrorCode, Str};
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;
use std::mem::{Discriminant, discriminant};
use uuid::Uuid;

/// Runs the script in a new world and compares what it prints.
pub(super) fn check(script: &str, expected: &expect_test::Expect) {
    check_after("", script, expected);
}

/// The same after lines that only lead to what the test is about, and of which nothing is compared.
pub(super) fn check_after(before: &str, script: &str, expected: &expect_test::Expect) {
    let mut world = World::new(Settings { size_max: 3, ..Settings::default() });
    before.lines().map(str::trim).for_each(|line| world.run(line));
    world.out.clear();
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let _ = writeln!(world.out, "> {line}");
        world.run(line);
    }
    expected.assert_eq(&world.out);
}

/// A subscription to one topic, as consumers write it.
fn subscription(topic: &str, owned: Option<&str>) -> Bytes {
    let mut bytes = vec![0, 3, 0, 0, 0, 1, 0, u8::try_from(topic.len()).expect("short")];
    bytes.extend(topic.as_bytes());
    // No words of the assignor's own.
    bytes.extend((-1_i32).to_be_bytes());
    bytes.extend(i32::from(owned.is_some()).to_be_bytes());
    if let Some((topic, partitions)) = owned.and_then(|owned| owned.split_once(':')) {
        bytes.extend([0, u8::try_from(topic.len()).expect("short")]);
        bytes.extend(topic.as_bytes());
        let partitions: Vec<i32> =
            partitions.split(',').map(|index| index.parse().expect("a number")).collect();
        bytes.extend(i32::try_from(partitions.len()).expect("few").to_be_bytes());
        bytes.extend(partitions.into_iter().flat_map(i32::to_be_bytes));
    }
    // No generation, no rack.
    bytes.extend((-1_i32).to_be_bytes());
    bytes.extend((-1_i16).to_be_bytes());
    bytes.into()
}

pub(super) struct World {
    pub(super) hard: Hard,
    pub(super) soft: Soft,
    /// The rows of the journal.
    pub(super) rows: BTreeMap<Vec<u8>, Vec<u8>>,
    pub(super) now: u64,
    settings: Settings,
    out: String,
    /// Member ids by client.
    ids: HashMap<String, Str>,
    generations: HashMap<String, i32>,
    /// Of each group after the last command.
    last_generations: HashMap<Str, (Discriminant<live::Live>, i32)>,
    /// Who waits under which ticket.
    pub(super) waiting: BTreeMap<Ticket, String>,
    tickets: u64,
    fresh: u128,
    pub(super) consumers: consumers::Consumers,
    pub(super) shares: shares::Shares,
    pub(super) streams: streams::Side,
}

impl World {
    pub(super) fn new(settings: Settings) -> Self {
        let mut world = Self {
            hard: Hard::default(),
            soft: Soft::default(),
            rows: BTreeMap::new(),
            now: 0,
            settings,
            out: String::new(),
            ids: HashMap::new(),
            generations: HashMap::new(),
            last_generations: HashMap::new(),
            waiting: BTreeMap::new(),
            tickets: 0,
            fresh: 0,
            consumers: consumers::Consumers::default(),
            shares: shares::Shares::default(),
            streams: streams::Side::default(),
        };
        world.apply(Command::Start(world.settings.clone()));
        world
    }

    /// Decides and applies, as a shard does, and prints the answers.
    pub(super) fn apply(&mut self, command: Command) -> Vec<(String, Reply)> {
        let now = Now { wall: Timestamp(i64::try_from(self.now).expect("small")), tick: Tick(self.now) };
        let decision = Groups::decide(&self.hard, &mut self.soft, now, command);
        for record in &decision.records {
            Groups::apply(&mut self.hard, record);
            let entry = Groups::encode(record);
            match entry.value {
                Some(value) => self.rows.insert(entry.key, value),
                None => self.rows.remove(&entry.key),
            };
        }
        self.check();
        let answer = |(ticket, reply)| {
            let client = self.waiting.remove(&ticket).expect("a ticket is answered once");
            (client, reply)
        };
        let answers: Vec<_> = decision.replies.into_iter().map(answer).collect();
        for (client, reply) in &answers {
            self.print(client, reply);
        }
        answers
    }

    /// Decides and applies without checks and print, for tests that do it very often.
    pub(super) fn decide_only(&mut self, command: Command) -> Option<Reply> {
        let decision = Groups::decide(&self.hard, &mut self.soft, Now::default(), command);
        decision.records.iter().for_each(|record| Groups::apply(&mut self.hard, record));
        decision.replies.into_iter().next().map(|(_, reply)| reply)
    }

    /// The standing properties: replay gives the live state, and nothing contradicts itself.
    fn check(&mut self) {
        assert!(self.load() == self.hard, "replaying the rows gives the live state");
        assert!(self.hard.groups.keys().eq(self.soft.groups.0.keys()), "a group lives if it is stored");
        for (group, entry) in &self.hard.groups {
            let is_open = |producer: &ProducerId| {
                self.hard.open.get(producer).is_some_and(|groups| groups.contains(group))
            };
            assert!(entry.pending.producers().all(|producer| is_open(&producer)), "what is pending is found");
        }
        for (producer, groups) in &self.hard.open {
            let is_pending = |group: &Str| self.hard.groups[group].pending.has(*producer);
            assert!(!groups.is_empty() && groups.iter().all(is_pending), "what is found is pending");
        }
        for (id, live) in &self.soft.groups.0 {
            live.check(&self.hard.groups[id].stored, &self.hard.groups[id].members);
            let before = self.last_generations.get(id).filter(|(kind, _)| *kind == discriminant(live));
            let before = before.map_or(0, |(_, generation)| *generation);
            assert!(before <= live.generation(), "the generation only grows, while the type stays");
        }
        self.check_timers();
        let generation =
            |(id, live): (&Str, &live::Live)| (id.clone(), (discriminant(live), live.generation()));
        self.last_generations = self.soft.groups.0.iter().map(generation).collect();
    }

    fn check_timers(&self) {
        let mut timers = BTreeMap::<&Str, Vec<&Timer>>::new();
        for timer in self.soft.timers.keys() {
            match timer {
                Timer::Session { group, .. }
                | Timer::Rebalance { group, .. }
                | Timer::Join { group }
                | Timer::Sync { group } => {
                    timers.entry(group).or_default().push(timer);
                }
                Timer::Expiry => {}
            }
        }
        assert!(
            timers.keys().all(|group| self.soft.groups.0.contains_key(*group)),
            "its deadlines go with a group"
        );
        for (id, live) in &self.soft.groups.0 {
            live.check_timers(timers.get(id).map_or(&[], Vec::as_slice));
        }
    }

    fn load(&self) -> Hard {
        let mut hard = Hard::default();
        for (key, value) in &self.rows {
            Groups::apply(&mut hard, &Groups::decode(key, value).expect("what was encoded can be decoded"));
        }
        hard
    }

    /// A crash: what is soft is gone, and who waited hears nothing.
    pub(super) fn restart(&mut self) {
        self.hard = self.load();
        self.soft = Soft::default();
        self.waiting.clear();
        // One that was not assigned yet is not durable.
        self.last_generations.clear();
        self.apply(Command::Start(self.settings.clone()));
    }

    /// Lets time pass, deadline by deadline.
    pub(super) fn pass(&mut self, ms: u64) -> Vec<(String, Reply)> {
        let end = self.now + ms;
        let mut answers = Vec::new();
        let mut ticks = 0;
        while let Some(at) = Groups::next_deadline(&self.soft).filter(|at| at.0 <= end) {
            assert!(self.now <= at.0, "no deadline is left behind");
            self.now = at.0;
            ticks += 1;
            assert!(ticks < 100 + ms / 500, "nobody makes us tick without pause");
            answers.extend(self.apply(Command::Tick));
        }
        self.now = end;
        answers
    }

    pub(super) fn ticket(&mut self, client: &str) -> Ticket {
        self.tickets += 1;
        self.waiting.insert(Ticket(self.tickets), client.to_owned());
        Ticket(self.tickets)
    }

    pub(super) fn run(&mut self, line: &str) {
        if let Some(ms) = line.strip_prefix('+') {
            self.pass(ms.parse().expect("milliseconds"));
            return;
        }
        if self.consumers.set(line) || self.shares.set(line) {
            return;
        }
        let mut words = line.split_whitespace();
        let verb = words.next().expect("a verb");
        let words: Vec<&str> = words.collect();
        if verb == "restart" {
            if let Some(size) = words.first().and_then(|word| word.strip_prefix("size=")) {
                self.settings.size_max = size.parse().expect("a size");
            }
            return self.restart();
        }
        if ["s-topics", "define", "s-config", "s-beat", "s-describe", "s-draw"].contains(&verb) {
            if let Some(command) = self.streams(verb, &words) {
                self.apply(command);
            }
            return;
        }
        let command = self.command(verb, &words);
        self.apply(command);
    }

    pub(super) fn command(&mut self, verb: &str, words: &[&str]) -> Command {
        let client = words.first().copied().unwrap_or("-");
        let fields: HashMap<&str, &str> = words.iter().filter_map(|word| word.split_once('=')).collect();
        let who = Who {
            ticket: self.ticket(client),
            group: fields.get("group").copied().unwrap_or("g").into(),
            member: match fields.get("id") {
                Some(&"none") => Str::default(),
                Some(id) => self.member(id),
                None => self.ids.get(client).cloned().unwrap_or_default(),
            },
            instance: fields.get("instance").map(|instance| Str::from(*instance)),
            generation: fields
                .get("gen")
                .map(|generation| generation.parse().expect("a number"))
                .or_else(|| self.generations.get(client).copied())
                .unwrap_or(-1),
        };
        match verb {
            "join" => self.join(who, &fields),
            "sync" => self.sync(who, &fields),
            "heartbeat" => Command::Heartbeat(Heartbeat {
                ticket: who.ticket,
                request: HeartbeatRequest {
                    group_id: who.group,
                    generation_id: who.generation,
                    member_id: who.member,
                    group_instance_id: who.instance,
                },
            }),
            "leave" => self.leave(who, words),
            "commit" => offsets::commit(who, &fields),
            "txn-commit" => transactional::commit(who, &fields),
            "open" => Command::OpenTransactions(who.ticket),
            "end" => transactional::end(&who, words, &fields),
            "fetch" => offsets::fetch(who, words),
            "delete-offsets" => offsets::delete(who, words),
            "topics-gone" => Command::TopicsGone {
                ticket: who.ticket,
                topics: words.iter().filter_map(|word| word.parse().ok()).map(topic_id).collect(),
            },
            "describe" => Command::Describe(Describe { ticket: who.ticket, group: who.group }),
            "list" => {
                let filter = |name| {
                    Words::new(&fields.get(name).map(|word| Str::from(*word)).into_iter().collect::<Vec<_>>())
                };
                Command::List(List { ticket: who.ticket, states: filter("state"), types: filter("type") })
            }
            "delete" => Command::Delete(Delete { ticket: who.ticket, group: who.group }),
            other => match self.shares.command(other, &who, words, &self.consumers.catalog) {
                Some(command) => command,
                None => self.consumers.command(other, who, client, &fields),
            },
        }
    }

    /// `m3`, or the id of a client, or the text itself.
    fn member(&self, name: &str) -> Str {
        if let Some(id) = self.ids.get(name) {
            return id.clone();
        }
        match name.strip_prefix('m').and_then(|number| number.parse::<u128>().ok()) {
            Some(number) => {
                let suffix = format!("-{}", Uuid::from_u128(number));
                let known = self.ids.values().find(|id| id.ends_with(&suffix));
                known.cloned().unwrap_or_else(|| Str::from(format!("client{suffix}")))
            }
            None => name.into(),
        }
    }

    fn join(&mut self, who: Who, fields: &HashMap<&str, &str>) -> Command {
        let version: i16 = fields.get("v").map_or(9, |version| version.parse().expect("a version"));
        let number = |name, default| fields.get(name).map_or(default, |ms: &&str| ms.parse().expect("ms"));
        let protocols = fields.get("protocols").copied().unwrap_or("range:t");
        let protocols = protocols.split(',').filter(|protocol| !protocol.is_empty()).map(|protocol| {
            let (name, topic) = protocol.split_once(':').expect("name:topic");
            JoinGroupRequestProtocol {
                name: name.into(),
                metadata: subscription(topic, fields.get("has").copied()),
            }
        });
        self.fresh += 1;
        Command::Join(Box::new(Join {
            ticket: who.ticket,
            client: Client { id: "client".into(), host: "/host".into() },
            request: JoinGroupRequest {
                group_id: who.group,
                session_timeout_ms: number("session", 10_000),
                rebalance_timeout_ms: number("rebalance", 60_000),
                member_id: who.member,
                group_instance_id: who.instance,
                protocol_type: fields.get("type").copied().unwrap_or("consumer").into(),
                protocols: protocols.collect(),
                reason: None,
            },
            first_join: if version < 4 { FirstJoin::Accept } else { FirstJoin::RequireId },
            static_rejoin: if version < 9 { StaticRejoin::HideLeader } else { StaticRejoin::SkipAssignment },
            fresh: Uuid::from_u128(self.fresh),
            topics: self.consumers.catalog.clone(),
            consumers: self.consumers.config.clone(),
        }))
    }

    fn sync(&self, who: Who, fields: &HashMap<&str, &str>) -> Command {
        let mut assignments = Vec::new();
        for (member, assignment) in fields {
            if !["group", "id", "instance", "gen", "type", "protocol"].contains(member) {
                assignments.push(SyncGroupRequestAssignment {
                    member_id: self.member(member),
                    assignment: self.consumers.assignment(assignment),
                });
            }
        }
        Command::Sync(Sync {
            ticket: who.ticket,
            topics: self.consumers.catalog.clone(),
            request: SyncGroupRequest {
                group_id: who.group,
                generation_id: who.generation,
                member_id: who.member,
                group_instance_id: who.instance,
                protocol_type: fields.get("type").map(|word| Str::from(*word)),
                protocol_name: fields.get("protocol").map(|word| Str::from(*word)),
                assignments,
            },
        })
    }

    fn leave(&self, who: Who, words: &[&str]) -> Command {
        let members = words.iter().filter(|word| !word.starts_with("group=")).map(|word| {
            // A member, an instance, or both.
            let (member, instance) = match word.split_once('/') {
                Some((member, instance)) => (member, Some(Str::from(instance))),
                None => (*word, None),
            };
            MemberIdentity { member_id: self.member(member), group_instance_id: instance, reason: None }
        });
        let request =
            LeaveGroupRequest { group_id: who.group, members: members.collect(), ..Default::default() };
        Command::Leave(Leave { ticket: who.ticket, request })
    }

    fn print(&mut self, client: &str, reply: &Reply) {
        if let Reply::Join(response) = reply {
            if [ErrorCode::NONE, ErrorCode::MEMBER_ID_REQUIRED].contains(&response.error_code) {
                self.ids.insert(client.to_owned(), response.member_id.clone());
            }
            if response.error_code == ErrorCode::NONE {
                self.generations.insert(client.to_owned(), response.generation_id);
            }
        }
        self.consumers.hear(client, reply);
        self.shares.hear(client, reply);
        if let Reply::Streams(reply) = reply {
            self.remember(client, reply);
        }
        let mut text = text::of(reply, &self.consumers.catalog);
        for number in (1..=self.fresh).rev() {
            let suffix = format!("-{}", Uuid::from_u128(number));
            for prefix in ["client", "i1", "i2"] {
                text = text.replace(&format!("{prefix}{suffix}"), &format!("m{number}"));
            }
        }
        let _ = writeln!(self.out, "{client}: {text}");
    }
}

struct Who {
    ticket: Ticket,
    group: Str,
    member: Str,
    instance: Option<Str>,
    generation: i32,
}

fn topic_id(number: u128) -> TopicId {
    TopicId(Uuid::from_u128(number))
}

/// What is committed, for tests that look inside.
pub(super) fn offset(world: &World, group: &str, topic: &str) -> Option<i64> {
    let offsets = &world.hard.groups.get(group)?.offsets;
    offsets.committed(topic, TopicId::NONE, PartitionIndex(0)).map(|committed| committed.offset.0)
}
