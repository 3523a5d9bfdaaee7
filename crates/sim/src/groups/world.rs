//! What happens, in simulated time: messages on their way, and members that wake.

mod network;
mod people;
mod planted;
mod returns;
mod trouble;
mod verdict;

use super::coordinator::Coordinator;
use super::judge::{Judge, Kind};
use super::member::{Answer, Member, Request, Serial, Turn};
use super::queue::Queue;
use super::streams::STEADY;
use super::{Planted, Settings, Tally};
use crate::chance::Chance;
use network::Asked;
use ottla_base::{Now, Tick, Timestamp, TopicId};
use ottla_coordinator::group::{self, Catalog, CatalogTopic};
use ottla_coordinator::machine::{Machine, Ticket};
use ottla_wire::Str;
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
/// Some day in November 2023.
const START_MS: i64 = 1_700_000_000_000;
