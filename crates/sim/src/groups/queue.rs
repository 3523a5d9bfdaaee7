//! A queue: a share group, the partitions that it reads, and what must not happen to their records.
//!
//! The machine is Ottla's; around it are the broker's part ([`broker`]), the dead letters ([`letters`]) and who steers
//! the queue ([`operator`]). The [`ledger`] judges.

mod broker;
mod ledger;
mod letters;
mod log;
mod operator;
mod settings;

use self::broker::Waiting;
use self::ledger::Ledger;
use self::letters::{Around, Letters, Written};
use self::log::Log;
use self::settings::Settings;
use super::Planted;
use super::shell::Shell;
use crate::chance::Chance;
use ottla_base::{Now, PartitionId, PartitionIndex, Tick, TopicId};
use ottla_coordinator::machine::{Machine, Ticket};
use ottla_coordinator::share_partition::{
    AcknowledgeBatch, Command, Config, Describe, Described, DescribedRange, Id, Mode, Range, RangeState,
    Reply, SharePartitions,
};
use ottla_wire::Str;
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use uuid::Uuid;

/// What a member asks of a queue.
#[derive(Debug, Clone)]
pub(super) enum Ask {
    Acquire { member: String, partition: usize, records_max: i32, mode: Mode },
    Acknowledge { member: String, partition: usize, batches: Vec<AcknowledgeBatch>, renew: bool },
    Release { member: String },
}

/// What it hears.
#[derive(Debug, Clone)]
pub(super) enum Told {
    Acquired(Vec<Range>),
    Acknowledged,
}

/// A partition, and what became of its records.
#[derive(Debug, Clone)]
struct Partition {
    log: Log,
    ledger: Ledger,
}

/// Everything about one share group.
pub(super) struct Queue {
    machine: Shell<SharePartitions>,
    chance: Chance,
    planted: Planted,
    settings: Settings,
    /// What the machine knows of them.
    in_force: Arc<Config>,
    /// Whether settings change, and offsets are set anew, in this world.
    changes: bool,
    resets: bool,
    partitions: Vec<Partition>,
    /// Ledgers as they were before another life began that is not durable.
    before: Option<(usize, Ledger)>,
    letters: Letters,
    waiting: Vec<Waiting>,
    /// What members hear when something is durable next.
    unsent: Vec<(Ticket, Told)>,
    lives: u64,
    tickets: u64,
    violation: Option<String>,
    notes: Option<VecDeque<String>>,
}

impl Queue {
    pub(super) fn new(now: Now, mut chance: Chance, (planted, is_traced): (Planted, bool)) -> Self {
        let settings = Settings::drawn(&mut chance);
        let mut machine = Shell::new(now, Command::Start);
        machine.forgets_deadlines = planted == Planted::LocksForgotten;
        let ledger = || Ledger::new(now, &settings.config);
        let partitions = (0..=chance.below(2)).map(|_| Partition { log: Log::default(), ledger: ledger() });
        let mut queue = Self {
            machine,
            planted,
            in_force: Arc::default(),
            changes: chance.percent(35),
            resets: chance.percent(30),
            partitions: partitions.collect(),
            before: None,
            letters: Letters::new(planted),
            waiting: Vec::new(),
            unsent: Vec::new(),
            lives: 0,
            tickets: FIRST_TICKET,
            violation: None,
            notes: is_traced.then(VecDeque::new),
            chance,
            settings,
        };
        let first = format!("{:?}", queue.settings);
        queue.note(now, || first);
        queue.carry_out(now);
        queue
    }

    fn note(&mut self, now: Now, line: impl FnOnce() -> String) {
        if let Some(notes) = &mut self.notes {
            notes.push_back(format!("{} {}", now.tick.0, line()));
        }
    }

    /// What has happened since, for people.
    pub(super) fn notes(&mut self) -> impl Iterator<Item = String> {
        self.notes.iter_mut().flat_map(|notes| notes.drain(..))
    }

    fn judged(&mut self, verdict: Result<(), String>) {
        if let Err(violation) = verdict {
            self.violation.get_or_insert(violation);
        }
    }

    /// What was found to be wrong first.
    pub(super) fn violation(&mut self) -> Option<String> {
        self.violation.take()
    }

    fn own_ticket(&mut self) -> Ticket {
        self.tickets += 1;
        Ticket(self.tickets)
    }

    /// The names of a partition. A planted bug has a group of its own for each.
    fn id(&self, partition: usize) -> Id {
        let topic = TopicId(Uuid::from_u128(FIRST_TOPIC + partition as u128));
        let group = match self.planted {
            Planted::CapApart => Str::from(format!("workers-{partition}")),
            _ => Str::from("workers"),
        };
        Id { group, partition: PartitionId { topic, index: PartitionIndex(0) } }
    }

    fn groups(&self) -> BTreeSet<Str> {
        (0..self.partitions.len()).map(|partition| self.id(partition).group).collect()
    }

    fn partition_of(&self, id: &Id) -> usize {
        (0..self.partitions.len()).find(|partition| self.id(*partition) == *id).expect("there is no other")
    }

    /// The machine decides. What its clock lets happen first has happened.
    fn decide(&mut self, now: Now, command: Command) {
        self.note(now, || format!("{command:?}"));
        let in_force = Arc::clone(&self.in_force);
        self.partitions.iter_mut().for_each(|it| it.ledger.pass(now, &in_force));
        if let Command::Acquire(_) | Command::Extend(_) | Command::Acknowledge(_) | Command::Release(_) =
            command
        {
            self.in_force = Arc::clone(&self.settings.config);
        }
        self.machine.decide(now, command);
        if self.notes.is_some() {
            let decided = format!("decided {:?}", self.machine.decided());
            self.note(now, || decided);
        }
    }

    /// Carries out what writers of dead letters have asked for, and judges what they wrote.
    fn carry_out(&mut self, now: Now) {
        for command in self.letters.commands() {
            self.decide(now, command);
        }
        for written in self.letters.fresh() {
            self.judge_letter(now, &written);
        }
    }

    fn judge_letter(&mut self, now: Now, written: &Written) {
        let Written { id, life, offset, letter, .. } = written;
        self.note(now, || format!("letter of {offset} in life {life}: {letter:?}"));
        let is_same = |other: &Written| other.id == *id && other.life == *life && other.offset == *offset;
        let copies = self.letters.all(now).filter(|(other, _)| is_same(other)).count();
        if 1 < copies {
            return self.judged(Err(format!("there are {copies} letters of {offset}")));
        }
        let ledger = &self.partitions[self.partition_of(id)].ledger;
        if ledger.life == *life {
            let verdict = ledger.lettered(*offset, letter);
            self.judged(verdict);
        }
    }

    /// When something happens by itself.
    pub(super) fn next_deadline(&self) -> Option<u64> {
        let machine = self.machine.next_deadline().map(|Tick(at)| at);
        let waiting = self.waiting.iter().map(|waiting| waiting.until);
        waiting.chain(machine).chain(self.letters.next()).min()
    }

    /// Lets happen what is due.
    pub(super) fn pass(&mut self, now: Now) {
        if self.machine.next_deadline().is_some_and(|at| at <= now.tick) {
            self.decide(now, SharePartitions::tick());
        }
        self.wake(now, |waiting| waiting.until <= now.tick.0);
        let Self { letters, settings, chance, .. } = self;
        letters.pass(&mut Around { now, settings, chance });
        self.carry_out(now);
    }

    /// The wall clock is going to be set.
    pub(super) fn before_clock_jumps(&mut self, now: Now) {
        let in_force = Arc::clone(&self.in_force);
        self.partitions.iter_mut().for_each(|it| it.ledger.pass(now, &in_force));
    }

    pub(super) fn is_waiting(&self) -> bool {
        self.machine.is_waiting()
    }

    /// What was decided is durable. Gives what members hear.
    pub(super) fn commit(&mut self, now: Now) -> Vec<(Ticket, Told)> {
        self.commit_all(now);
        std::mem::take(&mut self.unsent)
    }

    fn commit_all(&mut self, now: Now) {
        let replies = self.machine.commit();
        self.partitions.iter_mut().for_each(|it| it.ledger.commit());
        self.before = None;
        if self.chance.percent(5) {
            self.check(now);
        }
        for reply in replies {
            let lives: Vec<u64> = self.partitions.iter().map(|it| it.ledger.life).collect();
            let ids: Vec<Id> = (0..lives.len()).map(|partition| self.id(partition)).collect();
            let life_of = |id: &Id| ids.iter().position(|other| other == id).map_or(0, |at| lives[at]);
            let Self { letters, settings, chance, .. } = self;
            match letters.hear(reply, life_of, &mut Around { now, settings, chance }) {
                Some((ticket, Reply::Awake)) => self.wake(now, |it| Self::is_watched_by(it, ticket)),
                Some((ticket, reply)) => self.unsent.extend(Self::told(reply).map(|told| (ticket, told))),
                None => {}
            }
        }
        self.carry_out(now);
    }

    /// The process dies, and starts again.
    pub(super) fn crash(&mut self, now: Now) {
        let Self { letters, chance, .. } = self;
        letters.crash(now, chance);
        self.reload(now);
    }

    /// The machine's state is lost, as where the journal fails; everything else lives on.
    fn lose(&mut self, now: Now) {
        self.letters.lose();
        self.reload(now);
    }

    fn reload(&mut self, now: Now) {
        self.note(now, || "the state is loaded".to_owned());
        self.machine.crash(now, Command::Start);
        if let Some((partition, ledger)) = self.before.take() {
            self.partitions[partition].ledger = ledger;
        }
        let config = Arc::clone(&self.settings.config);
        self.partitions.iter_mut().for_each(|it| it.ledger.crash(now, &config));
        self.in_force = Arc::default();
        self.waiting.clear();
        self.unsent.clear();
        self.check(now);
        self.carry_out(now);
    }

    /// A share-partition begins anew.
    fn begin(&mut self, now: Now, partition: usize, start: i64) {
        self.lives += 1;
        let ledger = &mut self.partitions[partition].ledger;
        self.before = Some((partition, ledger.clone()));
        ledger.begin(self.lives, start, now, &self.settings.config);
    }

    fn described(&mut self, now: Now, partition: usize, ranges_max: usize) -> Option<Described> {
        let (id, ticket) = (self.id(partition), self.own_ticket());
        let (group, partitions) = (Some(id.group), Some(BTreeSet::from([id.partition])));
        let describe = Describe { ticket, group, partitions, ranges_max };
        match self.machine.see(now, ticket, Command::Describe(describe)) {
            Some(Reply::Described(mut described)) => described.pop(),
            other => unreachable!("{other:?}"),
        }
    }

    /// Offsets of a partition with a letter of this life. Durable or not: it is there, or the process dies.
    fn lettered(&self, now: Now, partition: usize) -> BTreeSet<i64> {
        let (id, life) = (self.id(partition), self.partitions[partition].ledger.life);
        let is_meant = |written: &Written| written.id == id && written.life == life;
        let durable = self.letters.all(now).filter(|(written, is_durable)| *is_durable && is_meant(written));
        durable.map(|(written, _)| written.offset).collect()
    }

    /// What is stored is what lives, and what was given up for good is on its way to the topic or there. To be asked when
    /// nothing waits to be durable.
    fn check(&mut self, now: Now) {
        if !self.machine.is_as_stored() {
            self.judged(Err("what is stored is not what lives".to_owned()));
        }
        for partition in 0..self.partitions.len() {
            let ranges = self.described(now, partition, usize::MAX).map(|described| described.ranges);
            let is_archiving = |range: &DescribedRange| matches!(range.state, RangeState::Archiving { .. });
            let archiving = ranges.iter().flatten().filter(|range| is_archiving(range));
            let archiving: BTreeSet<i64> = archiving.flat_map(|range| range.first.0..=range.last.0).collect();
            let lettered = self.lettered(now, partition);
            let ledger = &self.partitions[partition].ledger;
            if let Some(offset) = ledger.without_letter(&archiving, |offset| lettered.contains(&offset)) {
                self.judged(Err(format!(
                    "{offset} of {partition} is archived, and there is no letter of it"
                )));
            }
        }
    }

    /// What has not come to its end, if there is somebody to work on it.
    pub(super) fn unfinished(&mut self, now: Now, has_workers: bool) -> Option<String> {
        for partition in 0..self.partitions.len() {
            let end = self.partitions[partition].log.end();
            let described = self.described(now, partition, 0);
            let (start, archiving) = described.map_or((0, 0), |it| (it.start.0, it.archiving));
            if 0 < archiving {
                return Some(format!("{archiving} letters of {partition} are not written"));
            }
            if has_workers && start < end {
                return Some(format!("record {start} of {end} in {partition} has no end"));
            }
            let lettered = self.lettered(now, partition);
            let Partition { log, ledger } = &self.partitions[partition];
            let lost = ledger.unexplained(log, |offset| lettered.contains(&offset));
            if let Some(lost) = lost.filter(|_| has_workers) {
                return Some(format!("lost is, of {end} records in {partition}, {lost}"));
            }
        }
        None
    }

    /// How many records were accepted, and how many dead letters there are.
    pub(super) fn totals(&self, now: Now) -> (u64, u64) {
        let accepted = self.partitions.iter().map(|it| it.ledger.accepted()).sum();
        (accepted, self.letters.all(now).count() as u64)
    }
}

const FIRST_TOPIC: u128 = 77;
const FIRST_TICKET: u64 = 1 << 62;
