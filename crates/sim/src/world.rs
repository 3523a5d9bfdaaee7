//! A world: one broker on one simulated disk, clients around it, and all that happens to them, from one seed.
//!
//! A world has several **lives** of the broker. In each the world takes steps: a client has a turn, the log's syncs or
//! the metadata's writer work once, time passes, a connection breaks. A life ends by a power cut in the middle of any
//! operation of the disk, by the death of the process alone, or in good order; some have disks that fail. The next
//! life begins with what is left, and recovery is cut short like anything else. The last life is a quiet one: clients
//! finish what they have, and two readers read everything.
//!
//! Everything runs on one thread, time stands still unless the world moves it, and nothing is drawn but from the
//! seed: so a seed is one history, and a violation is found again by its seed.

mod admin;
mod call;
mod client;
mod committer;
mod desk;
mod life;
mod panics;
mod plain;
mod producer;
mod reader;
#[cfg(test)]
mod tests;
mod transactor;

use crate::chance::Chance;
use crate::checker::{Checker, Kind, Report};
use crate::disk::{Counts, Failure, Fault, Plan, Planted, SimDisk};
use crate::history::{Event, Isolation};
use admin::{Admin, TopicPlan};
use client::Client;
use committer::Committer;
use desk::{Desk, Keeping};
use life::{Ending, Life};
use plain::Plain;
use producer::Producer;
use reader::Reader;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use transactor::{Transactor, Version};

/// What a world is made of.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Everything follows from it.
    pub seed: u64,
    /// A bug that is there on purpose.
    pub planted: Planted,
    /// Whether what happens is written down for people.
    pub is_traced: bool,
}

/// What came of a world.
#[derive(Debug)]
pub struct Outcome {
    /// What the clients did and saw.
    pub history: Vec<Event>,
    /// What the checker says of it.
    pub report: Report,
    /// What clients and the world have found by themselves.
    pub violations: Vec<String>,
    /// How often the broker was started.
    pub lives: u64,
    /// How many lives ended by a power cut.
    pub power_cuts: u64,
    /// How many ended by the death of the process alone.
    pub kills: u64,
    /// What the disk was asked for.
    pub disk: Counts,
    /// What happened, for people.
    pub trace: Vec<String>,
}

impl Outcome {
    /// Everything that was found to be wrong.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        let anomalies = self.report.anomalies.iter().map(ToString::to_string);
        self.violations.iter().cloned().chain(anomalies).collect()
    }
}

/// Runs a world to its end, in a scratch directory of its own below `scratch`.
///
/// # Errors
/// What the system says of the scratch directory; never what the broker does.
pub fn run(settings: Settings, scratch: &Path) -> io::Result<Outcome> {
    let directory = tempfile::Builder::new().prefix("ottla-sim-").tempdir_in(scratch)?;
    let mut world = World::new(settings, directory.path())?;
    while world.lives < world.lives_planned && world.desk.violations.is_empty() {
        world.live()?;
    }
    if world.desk.violations.is_empty() {
        world.last_life()?;
    }
    Ok(world.finish())
}

struct World {
    chance: Chance,
    root: PathBuf,
    /// The disk's root since the last power cut.
    here: PathBuf,
    disk: Arc<SimDisk>,
    desk: Desk,
    clients: Vec<Box<dyn Client>>,
    lives_planned: u64,
    lives: u64,
    power_cuts: u64,
    kills: u64,
    /// How the life before ended.
    before: Ending,
}

impl World {
    fn new(settings: Settings, root: &Path) -> io::Result<Self> {
        let mut chance = Chance::new(settings.seed);
        let first = root.join("0");
        std::fs::create_dir(&first)?;
        let disk = SimDisk::new(&first, chance.fork(), settings.planted)?;
        let desk = Desk::new(chance.fork(), settings.is_traced);
        if settings.is_traced {
            disk.start_trace();
        }
        let topics = topics(&mut chance);
        let mut clients: Vec<Box<dyn Client>> = vec![
            Box::new(Admin::new("admin", topics)),
            Box::new(Producer::new("idempotent-a")),
            Box::new(Producer::new("idempotent-b")),
            Box::new(Plain::new("plain")),
            Box::new(Transactor::new("transactor-one", "one", Version::One)),
            Box::new(Transactor::new("transactor-two", "two", Version::Two)),
            Box::new(Reader::new("reader", Isolation::ReadUncommitted)),
            Box::new(Reader::new("reader-committed", Isolation::ReadCommitted)),
            Box::new(Committer::new("committer", "group")),
        ];
        if chance.percent(30) {
            let (id, version) = *chance.pick(&[("one", Version::One), ("two", Version::Two)]);
            clients.push(Box::new(Transactor::new(format!("rival-{id}"), id, version)));
        }
        let lives_planned = chance.within(2..8);
        Ok(Self {
            chance,
            root: root.to_owned(),
            here: first,
            disk,
            desk,
            clients,
            lives_planned,
            lives: 0,
            power_cuts: 0,
            kills: 0,
            before: Ending::Orderly,
        })
    }

    /// One life with all that may happen in it.
    fn live(&mut self) -> io::Result<()> {
        let steps = self.chance.within(20..250);
        let (plan, ending) = self.fate();
        self.desk.note(|| format!("LIFE of {steps} steps, then {ending:?}, {plan:?}"));
        self.disk.plan(plan);
        self.run_life(Some(steps), ending)
    }

    /// Everybody finishes, and everything is read.
    fn last_life(&mut self) -> io::Result<()> {
        self.desk.note(|| "LAST LIFE".to_owned());
        self.disk.plan(Plan::default());
        self.desk.is_closing = true;
        self.run_life(None, Ending::Killed)?;
        let unread = |name: &str, isolation| Box::new(Reader::draining(name, isolation)) as Box<dyn Client>;
        self.clients.push(unread("all", Isolation::ReadUncommitted));
        self.clients.push(unread("all-committed", Isolation::ReadCommitted));
        if self.desk.violations.is_empty() {
            self.disk.plan(Plan::default());
            self.run_life(None, Ending::Orderly)?;
        }
        Ok(())
    }

    fn fate(&mut self) -> (Plan, Ending) {
        let chance = &mut self.chance;
        let mut plan = Plan::default();
        let mut ending = match chance.below(10) {
            0..6 => {
                let within = *chance.pick(&[60, 250, 1000]);
                plan.last = Some(chance.within(1..within));
                Ending::PowerCut
            }
            6 => Ending::PowerCut,
            7 | 8 => Ending::Killed,
            _ => Ending::Orderly,
        };
        if chance.percent(35) {
            let what = *chance.pick(&[Failure::Write, Failure::Sync, Failure::Full, Failure::Read]);
            // Early ones meet recovery.
            let within = *chance.pick(&[20, 60, 300]);
            let from = chance.within(1..within);
            let length = if what == Failure::Full { chance.within(1..60) } else { chance.within(1..3) };
            plan.faults.push(Fault { what, from, to: from + length });
            if what == Failure::Sync && chance.percent(60) {
                // The next process finds the page cache, which shows what is lost.
                (plan.last, ending) = (None, Ending::Killed);
                plan.is_killed_by_fault = chance.percent(50);
            }
        }
        (plan, ending)
    }

    fn run_life(&mut self, steps: Option<u64>, ending: Ending) -> io::Result<()> {
        self.lives += 1;
        let mut life = Life {
            disk: &self.disk,
            data: &self.here.join("data"),
            chance: self.chance.fork(),
            env_chance: self.chance.fork(),
            desk: &mut self.desk,
            clients: &mut self.clients,
            before: self.before,
            has_served: false,
        };
        let ended = life.run(steps, ending);
        if life.has_served {
            // A stop in good order that was cut short may be told to have been orderly.
            self.before = ending;
        }
        match ended {
            Ending::PowerCut => {
                self.power_cuts += 1;
                self.desk.may_have_lost();
                let next = self.root.join(self.lives.to_string());
                std::fs::create_dir(&next)?;
                self.disk = self.disk.after_power_cut(&next)?;
                std::fs::remove_dir_all(std::mem::replace(&mut self.here, next))?;
            }
            Ending::Killed => self.kills += 1,
            Ending::Orderly => {}
        }
        Ok(())
    }

    fn finish(self) -> Outcome {
        let Self { disk, desk, lives, power_cuts, kills, .. } = self;
        let mut checker = Checker::new();
        desk.history.iter().cloned().for_each(|event| checker.add(event));
        let mut report = checker.finish();
        if !desk.violations.is_empty() {
            // The world broke off: readers have not read everything, and senders have not told everything.
            report.anomalies.retain(|anomaly| !matches!(anomaly.kind, Kind::Unseen | Kind::Phantom));
        }
        let Desk { history, violations, trace, .. } = desk;
        let (disk, trace) = (disk.counts(), trace.unwrap_or_default());
        Outcome { history, report, violations, lives, power_cuts, kills, disk, trace }
    }
}

/// What the clients use: topics whose segments roll often, and now and then one with more partitions than are synced
/// one by one. Some are compacted, some lose what is old, and of some a power cut may take the end.
fn topics(chance: &mut Chance) -> Vec<TopicPlan> {
    let mut topics = Vec::new();
    for number in 0..1 + chance.below(2) {
        let wide = chance.percent(15);
        let partitions = if wide { 12 } else { 1 + i32::try_from(chance.below(2)).expect("small") };
        let mut configs = vec![
            ("index.interval.bytes", chance.within(0..300).to_string()),
            ("segment.index.bytes", chance.within(16..200).to_string()),
            ("segment.ms", chance.within(200..20_000).to_string()),
            ("file.delete.delay.ms", chance.within(0..2000).to_string()),
        ];
        let mut keeping = Keeping { may_lose: chance.percent(25), ..Keeping::default() };
        if keeping.may_lose {
            configs.push(("log.durability", "os".to_owned()));
        }
        match chance.below(10) {
            0..4 => {
                keeping.is_compacted = true;
                configs.extend([
                    ("cleanup.policy", "compact".to_owned()),
                    ("min.cleanable.dirty.ratio", "0.01".to_owned()),
                    ("delete.retention.ms", chance.within(0..4000).to_string()),
                    ("min.compaction.lag.ms", chance.within(0..500).to_string()),
                ]);
            }
            4 | 5 => {
                let retention_ms = 300 + i64::try_from(chance.below(10_000)).expect("small");
                keeping.retention_ms = Some(retention_ms);
                configs.push(("retention.ms", retention_ms.to_string()));
            }
            _ => {}
        }
        topics.push(TopicPlan { name: format!("t{number}"), partitions, keeping, configs });
    }
    topics
}
