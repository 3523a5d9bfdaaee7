//! What happens, in simulated time: messages on their way, and members that wake.

mod people;
mod returns;
mod trouble;
mod verdict;

use super::coordinator::{Coordinator, group_answer};
use super::judge::{Judge, Kind};
use super::member::{Answer, Member, News, Place, Request, Serial, Turn};
use super::queue::Queue;
use super::streams::STEADY;
use super::{Planted, Settings, Tally};
use crate::chance::Chance;
use ottla_base::{Now, Tick, Timestamp, TopicId};
use ottla_coordinator::group::{self, Catalog, CatalogTopic};
use ottla_coordinator::machine::{Machine, Ticket};
use ottla_wire::message::consumer_group_heartbeat_request::TopicPartitions;
use ottla_wire::{ErrorCode, Str};
use people::{Entrance, SMALL, Size};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use uuid::Uuid;

enum Event {
    Request {
        member: usize,
        serial: Serial,
        request: Request,
    },
    Answer {
        member: usize,
        serial: Serial,
        answer: Answer,
    },
    Wake(usize),
    /// Somebody comes back under its instance id.
    Return(Entrance),
    Commit,
    Trouble,
}

/// A request that was decided, whose answer waits.
struct Asked {
    member: usize,
    serial: Serial,
    /// Of a commit of offsets: in which epoch, and of what.
    commit: Option<(i32, Place)>,
    /// Not a repetition. What comes of one goes back on no connection: a heartbeat's news are told once, and clients ask
    /// anew, for everything, after an answer that does not come.
    is_first: bool,
}

struct Slot {
    member: Box<dyn Member>,
    entrance: Entrance,
    serials: Serial,
    /// The newest of its heartbeats that was decided. The protocol takes an old one for news, a first one for a new life of the
    /// member; the network is no worse than a connection, which keeps order and ends with who gives it up.
    decided: Serial,
    /// The newest of its heartbeats whose answer it has heard: nobody repeats what was answered.
    heard: Serial,
    /// Until then it neither hears nor does anything, as a process that stands still.
    paused_until: u64,
}

struct World {
    planted: Planted,
    chance: Chance,
    now_ms: u64,
    /// What the wall clock shows beyond the other one, and the most that it ever was.
    wall_ms: i64,
    wall_max_ms: i64,
    events: BTreeMap<(u64, u64), Event>,
    scheduled: u64,
    coordinator: Coordinator,
    is_down_until: u64,
    slots: Vec<Slot>,
    judge: Judge,
    queue: Queue,
    tickets: BTreeMap<Ticket, Asked>,
    /// Requests that were decided, also before a crash: a copy that comes after it is a repetition, and its answer goes
    /// back on no connection.
    answered: BTreeSet<(usize, Serial)>,
    asked: u64,
    size: Size,
    /// How many copies there shall be of the state of each task that has some.
    standbys: usize,
    /// Whether some members of streams groups run an older or a newer topology than the others.
    is_mixed: bool,
    topics: BTreeMap<String, CatalogTopic>,
    topics_made: u128,
    catalogs: u64,
    is_commit_due: bool,
    tally: Tally,
    violation: Option<String>,
    trace: Option<Vec<String>>,
}

/// Runs a world to its end. What happened is told if somebody wants to read it.
#[must_use]
pub fn run(settings: Settings) -> (Tally, Vec<String>) {
    let mut world = World::new(settings);
    world.populate();
    world.go_on(NOISE_MS, |_| false);
    world.quieten();
    let settled = world.go_on(NOISE_MS + QUIET_MS, World::is_settled);
    if !settled && world.violation.is_none() {
        world.violation = Some(format!("it does not settle: {}", world.unsettled().unwrap_or_default()));
    }
    if settled && world.chance.percent(40) {
        world.restart_some();
    }
    world.finish(settings.seed)
}

impl World {
    fn new(settings: Settings) -> Self {
        let now = Now { wall: Timestamp(START_MS), tick: Tick(0) };
        let mut chance = Chance::new(settings.seed);
        let (standbys, is_mixed) = (chance.below(3), chance.percent(20));
        let queue = Queue::new(now, chance.fork(), (settings.planted, settings.is_traced));
        Self {
            planted: settings.planted,
            chance,
            now_ms: 0,
            wall_ms: START_MS,
            wall_max_ms: START_MS,
            events: BTreeMap::new(),
            scheduled: 0,
            coordinator: Coordinator::new(now, Arc::new(Catalog::new(0, [])), standbys),
            is_down_until: 0,
            slots: Vec::new(),
            judge: Judge::default(),
            queue,
            tickets: BTreeMap::new(),
            answered: BTreeSet::new(),
            asked: 0,
            size: SMALL,
            standbys,
            is_mixed,
            topics: BTreeMap::new(),
            topics_made: 0,
            catalogs: 0,
            is_commit_due: false,
            tally: Tally { seeds: 1, ..Tally::default() },
            violation: None,
            trace: settings.is_traced.then(Vec::new),
        }
    }

    fn note(&mut self, line: impl FnOnce() -> String) {
        let now_ms = self.now_ms;
        if let Some(trace) = &mut self.trace {
            trace.push(format!("{now_ms} {}", line()));
        }
    }

    fn judged(&mut self, verdict: Result<(), String>) {
        if let Err(violation) = verdict {
            self.note(|| format!("VIOLATION {violation}"));
            self.violation.get_or_insert(violation);
        }
    }

    fn now(&self) -> Now {
        let wall = self.wall_ms.saturating_add_unsigned(self.now_ms);
        Now { wall: Timestamp(wall), tick: Tick(self.now_ms) }
    }

    fn is_quiet(&self) -> bool {
        NOISE_MS <= self.now_ms
    }

    fn schedule(&mut self, after_ms: u64, event: Event) {
        self.scheduled += 1;
        self.events.insert((self.now_ms + after_ms, self.scheduled), event);
    }

    fn make_topic(&mut self, name: &str) {
        self.topics_made += 1;
        let id = TopicId(Uuid::from_u128(self.topics_made));
        let partitions = 1 + i32::try_from(self.chance.below(self.size.partitions)).expect("small");
        self.topics.insert(name.to_owned(), CatalogTopic { id, partitions });
    }

    fn publish(&mut self) {
        self.catalogs += 1;
        let topics = self.topics.iter().map(|(name, topic)| (Str::from(name.as_str()), *topic));
        let steady = STEADY.iter().zip(1000..).map(|(name, number)| {
            let id = TopicId(Uuid::from_u128(number));
            (Str::from(*name), CatalogTopic { id, partitions: self.size.steady_partitions })
        });
        self.coordinator.topics = Arc::new(Catalog::new(self.catalogs, topics.chain(steady)));
    }

    /// Lets things happen until `until_ms`, or until `is_over` says so. Returns whether it did.
    fn go_on(&mut self, until_ms: u64, is_over: impl Fn(&mut Self) -> bool) -> bool {
        let mut steps = 0_u64;
        while self.violation.is_none() {
            steps += 1;
            if steps.is_multiple_of(64) && is_over(self) {
                return true;
            }
            let groups = self.coordinator.groups.next_deadline().map(|tick| tick.0);
            let deadlines = [groups, self.queue.next_deadline()];
            let deadline = deadlines.into_iter().flatten().map(|at| at.max(self.now_ms)).min();
            let next = self.events.first_key_value().map(|((at, _), _)| *at);
            let at = next.into_iter().chain(deadline).min().unwrap_or(until_ms);
            if until_ms <= at {
                self.now_ms = until_ms;
                break;
            }
            self.now_ms = at;
            if deadline == Some(at) {
                self.tick();
            } else if let Some((_, event)) = self.events.pop_first() {
                self.happen(event);
            }
        }
        is_over(self)
    }

    fn tick(&mut self) {
        let now = self.now();
        let groups = &mut self.coordinator.groups;
        if groups.next_deadline().is_some_and(|tick| tick <= now.tick) {
            groups.decide(now, group::Groups::tick());
        }
        if self.queue.next_deadline().is_some_and(|at| at <= self.now_ms) {
            self.queue.pass(now);
        }
        self.await_commit();
    }

    fn happen(&mut self, event: Event) {
        if let Event::Answer { member, .. } | Event::Wake(member) = &event {
            let until = self.slots[*member].paused_until;
            if self.now_ms < until {
                return self.schedule(until - self.now_ms, event);
            }
        }
        match event {
            Event::Request { member, serial, request } => self.decide(member, serial, request),
            Event::Answer { member, serial, answer } => {
                if self.judge.members[member].is_alive {
                    if matches!(answer, Answer::Consumer(_) | Answer::Share(_) | Answer::Streams(_)) {
                        self.judge.members[member].hears();
                    }
                    self.note(|| format!("{member} hears {serial}: {answer:?}"));
                    if answer.is_of_news() {
                        self.slots[member].heard = serial.max(self.slots[member].heard);
                    }
                    self.turn(member, |slot, turn| slot.hear(serial, answer, turn));
                }
            }
            Event::Wake(member) => {
                if self.judge.members[member].is_alive {
                    self.turn(member, |slot, turn| slot.wake(turn));
                    let after_ms = self.chance.within(100..300);
                    self.schedule(after_ms, Event::Wake(member));
                }
            }
            Event::Return(entrance) => {
                self.tally.returns += 1;
                self.seat(entrance);
            }
            Event::Commit => self.commit(),
            Event::Trouble => self.trouble(),
        }
    }

    fn turn(&mut self, member: usize, act: impl FnOnce(&mut dyn Member, &mut Turn<'_>)) {
        let slot = &mut self.slots[member];
        let mut turn = Turn {
            now_ms: self.now_ms,
            chance: &mut self.chance,
            outbox: Vec::new(),
            serials: &mut slot.serials,
        };
        act(&mut *slot.member, &mut turn);
        let outbox = turn.outbox;
        self.look_at(member);
        for (serial, request) in outbox {
            self.send(|| Event::Request { member, serial, request: request.clone() });
        }
    }

    /// What a member believes now, and whether it has had enough.
    fn look_at(&mut self, member: usize) {
        let client = &self.slots[member].member;
        let verdict = self.judge.believes(member, client.owned(), self.now_ms);
        let kept = client.on_disk().map_or(Ok(()), |kept| self.judge.keeps(member, kept, self.now_ms));
        let is_over = client.has_given_up() && self.judge.members[member].is_alive;
        self.judged(verdict.and(kept));
        if is_over {
            self.note(|| format!("{member} gives up"));
            self.bury(member);
        }
    }

    /// On its way through the network.
    fn send(&mut self, message: impl Fn() -> Event) {
        if !self.is_quiet() && self.chance.percent(LOST) {
            self.tally.lost += 1;
            return;
        }
        let copies = if !self.is_quiet() && self.chance.percent(TWICE) { 2 } else { 1 };
        for _ in 0..copies {
            let longest = if !self.is_quiet() && self.chance.percent(LATE) { 2_500 } else { 30 };
            let after_ms = self.chance.within(1..longest);
            self.schedule(after_ms, message());
        }
    }

    /// A request has come to the coordinator.
    fn decide(&mut self, member: usize, serial: Serial, mut request: Request) {
        if self.now_ms < self.is_down_until {
            return;
        }
        let is_first = self.answered.insert((member, serial));
        if let Some(news) = request.news() {
            let slot = &mut self.slots[member];
            let is_join = news == News::Life;
            let is_over = is_join && serial < slot.serials || serial <= slot.heard;
            if serial < slot.decided || is_over || is_join && !is_first {
                return;
            }
            slot.decided = serial;
            if !is_first {
                slot.member.reconnect();
            }
        }
        // What the member itself said, whatever a planted bug makes of it.
        let commit = match &request {
            Request::Commit(request) => {
                let place = (request.topics[0].topic_id, request.topics[0].partitions[0].partition_index);
                Some((request.generation_id_or_member_epoch, place))
            }
            _ => None,
        };
        self.plant(member, &mut request);
        self.succeed(member, &request);
        self.note(|| format!("{member} asks {serial}: {request:?}"));
        self.tally.requests += 1;
        self.asked += 1;
        let ticket = Ticket(self.asked);
        self.tickets.insert(ticket, Asked { member, serial, commit, is_first });
        let now = self.now();
        if self.judge.members[member].kind == Kind::Classic {
            self.judge.members[member].is_heard(self.now_ms);
        }
        match request {
            Request::Queue(ask) => self.queue.ask(now, ticket, &ask),
            request => {
                let fresh = Uuid::from_u128(0xf00d << 64 | u128::from(self.asked));
                self.coordinator.ask(now, ticket, request, fresh);
                self.judge_decided();
            }
        }
        self.await_commit();
    }

    /// What a planted bug makes of a request.
    fn plant(&self, member: usize, request: &mut Request) {
        let known = &self.judge.members[member];
        match (self.planted, request) {
            (Planted::Unrevoked, Request::Consumer(request)) if 0 < request.member_epoch => {
                let listed = |(topic_id, index): &Place| TopicPartitions {
                    topic_id: *topic_id,
                    partitions: vec![*index],
                };
                request.topic_partitions =
                    known.assigned.iter().next().map(|all| all.iter().map(listed).collect());
            }
            (Planted::TasksUnrevoked, Request::Streams(request)) if 0 < request.member_epoch => {
                known.tasks.iter().for_each(|tasks| tasks.tell(request));
            }
            (Planted::InstanceForgotten, Request::Consumer(request)) => request.instance_id = None,
            (Planted::InstanceForgotten, Request::Streams(request)) => request.instance_id = None,
            (Planted::InstanceForgotten, Request::Join(request)) => request.group_instance_id = None,
            (Planted::InstanceForgotten, Request::Sync(request)) => request.group_instance_id = None,
            (Planted::InstanceForgotten, Request::Heartbeat(request)) => request.group_instance_id = None,
            (Planted::EpochUnchecked, Request::Commit(request)) => {
                request.generation_id_or_member_epoch = known.epoch;
            }
            _ => {}
        }
    }

    fn await_commit(&mut self) {
        self.hear_queue();
        let is_waiting = self.coordinator.groups.is_waiting() || self.queue.is_waiting();
        if is_waiting && !self.is_commit_due {
            self.is_commit_due = true;
            let after_ms = self.chance.within(1..15);
            self.schedule(after_ms, Event::Commit);
        }
    }

    /// What was decided is durable, and the answers go out.
    fn commit(&mut self) {
        self.is_commit_due = false;
        let (groups, queues) = (self.coordinator.groups.commit(), self.queue.commit(self.now()));
        let groups = groups.into_iter().map(|(ticket, reply)| (ticket, group_answer(reply)));
        let queues = queues.into_iter().map(|(ticket, told)| (ticket, Some(Answer::Queue(told))));
        for (ticket, answer) in groups.chain(queues).collect::<Vec<_>>() {
            let Some(Asked { member, serial, is_first, .. }) = self.tickets.remove(&ticket) else { continue };
            if let Some(answer) = answer.filter(|_| is_first) {
                match answer.error_code() {
                    ErrorCode::UNRELEASED_INSTANCE_ID => self.tally.unreleased += 1,
                    ErrorCode::FENCED_INSTANCE_ID => self.tally.fenced += 1,
                    _ => {}
                }
                self.send(|| Event::Answer { member, serial, answer: answer.clone() });
            }
        }
        if self.chance.percent(2) {
            self.check_rows();
        }
        self.await_commit();
    }

    /// What came to light in the queue.
    fn hear_queue(&mut self) {
        let verdict = self.queue.violation().map_or(Ok(()), Err);
        if let Some(trace) = &mut self.trace {
            trace.extend(self.queue.notes());
        }
        self.judged(verdict);
    }

    fn finish(mut self, seed: u64) -> (Tally, Vec<String>) {
        if self.violation.is_none() {
            self.coordinator.groups.commit();
            self.queue.commit(self.now());
            self.hear_queue();
            self.check_rows();
        }
        self.tally.owned = self.judge.owned;
        (self.tally.accepted, self.tally.letters) = self.queue.totals(self.now());
        self.tally.violations.extend(self.violation.take().map(|violation| (seed, violation)));
        (self.tally, self.trace.unwrap_or_default())
    }
}

const KINDS: [Kind; 5] = [Kind::Classic, Kind::Consumer, Kind::Share, Kind::Streams, Kind::Worker];
/// The topics that members read. They grow, and go and come again.
const TOPICS: [&str; 3] = ["t0", "t1", "t2"];
const NOISE_MS: u64 = 40_000;
/// A quiet world settles long before.
const QUIET_MS: u64 = 400_000;
const LOST: u64 = 8;
const TWICE: u64 = 5;
const LATE: u64 = 15;
/// Some day in November 2023.
const START_MS: i64 = 1_700_000_000_000;
