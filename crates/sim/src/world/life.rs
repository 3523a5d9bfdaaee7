//! One life of the broker: it starts, serves, and ends in one way or another.

use super::call::{Calls, Counter, Reply};
use super::client::Client;
use super::desk::{Desk, Place};
use super::panics;
use crate::chance::Chance;
use crate::disk::SimDisk;
use crate::env::SimEnv;
use ottla_base::{Env, LeaderEpoch, PartitionId};
use ottla_broker::StartError;
use ottla_broker::config::{Assignment, Layers, Origin};
use ottla_broker::in_process::InProcess;
use ottla_storage::disk::Disk;
use ottla_storage::{LogOptions, RecoveryReport, Work};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::{LocalSet, yield_now};

/// How a life ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// What was not synced may be lost.
    PowerCut,
    /// The process dies; what it wrote stays.
    Killed,
    /// The broker stops.
    Orderly,
}

/// What a life needs.
pub(super) struct Life<'a> {
    pub(super) disk: &'a Arc<SimDisk>,
    pub(super) data: &'a Path,
    pub(super) chance: Chance,
    pub(super) env_chance: Chance,
    pub(super) desk: &'a mut Desk,
    pub(super) clients: &'a mut [Box<dyn Client>],
    /// How the last life ended that changed anything.
    pub(super) before: Ending,
    pub(super) has_served: bool,
}

impl Life<'_> {
    /// Lives for so many steps; without a number, until every client is done. Returns how it really ended.
    pub(super) fn run(&mut self, steps: Option<u64>, ending: Ending) -> Ending {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        let runtime = runtime.expect("a runtime without sockets needs nothing of the system");
        panics::watch();
        let lived = catch_unwind(AssertUnwindSafe(|| {
            LocalSet::new().block_on(&runtime, self.live(steps, ending));
        }));
        // It was seen like those that the runtime has caught.
        drop(lived);
        panics::take().into_iter().for_each(|panic| self.desk.violation(format!("a panic: {panic}")));
        if self.disk.is_dark() && ending == Ending::Orderly {
            // The lights went out before it had stopped.
            return Ending::PowerCut;
        }
        self.disk.darken();
        ending
    }

    async fn live(&mut self, steps: Option<u64>, ending: Ending) {
        let env = Arc::new(SimEnv::new(self.desk.wall_ms, self.env_chance.clone()));
        let mut calls = Calls::default();
        let opened = self.open(env.clone());
        self.tell_of_disk();
        if self.disk.has_struck() {
            // What only the page cache has is looked for at a start, and a disk that fails then may take it.
            self.desk.may_have_lost();
        }
        match opened {
            Ok(broker) => {
                self.has_served = true;
                self.check_report(broker.recovery());
                self.tell_losses(&broker);
                self.serve(&broker, &mut calls, &env, steps).await;
                self.lose_all(&mut calls);
                if ending == Ending::Orderly && !self.disk.is_dark() {
                    broker.close();
                } else {
                    // A process that is gone writes nothing more.
                    self.disk.darken();
                    drop(broker);
                }
            }
            Err(error) if self.disk.has_kept_quiet() && !self.disk.is_dark() => {
                self.desk.violation(format!("the broker does not start: {error}"));
            }
            Err(error) => self.desk.note(|| format!("the broker does not start: {error}")),
        }
        self.desk.wall_ms = env.now().wall.0 + 1;
    }

    fn open(&self, env: Arc<SimEnv>) -> Result<InProcess, StartError> {
        let setting = |(name, value): (&str, &str)| Assignment {
            name: name.to_owned(),
            value: value.to_owned(),
            origin: Origin::Flag("the simulation".to_owned()),
        };
        let layers = Layers::start(SETTINGS.into_iter().map(setting).collect());
        let (layers, _) = layers.expect("the settings are legal");
        let disk = Arc::clone(self.disk) as Arc<dyn Disk>;
        let options = LogOptions { disk, work: Work::Driven, ..LogOptions::new(self.data) };
        InProcess::open(layers, options, env)
    }

    /// What recovery says has to be true.
    fn check_report(&mut self, report: &RecoveryReport) {
        self.desk.note(|| format!("OPEN {report:?}"));
        for damage in &report.damages {
            self.desk.violation(format!("what was durable is told to be damaged: {damage:?}"));
        }
        if !report.offline.is_empty() && self.disk.has_kept_quiet() {
            let offline = &report.offline;
            self.desk.violation(format!("nothing is wrong with the disk, but there is {offline:?}"));
        }
        if report.clean && self.before != Ending::Orderly && 0 < report.partitions {
            self.desk.violation(format!("a stop by {:?} is told to have been orderly", self.before));
        }
        for cut in &report.cuts {
            let partition = format!("{}-{}", cut.topic, cut.partition);
            let promised = self.desk.promised.iter().find(|(place, _)| place.to_string() == partition);
            if let Some((place, promised)) = promised
                && !self.desk.untold.contains(place)
                && cut.end.0 < promised.end
            {
                let end = promised.end;
                self.desk.violation(format!("records below {end} were acknowledged, but {cut:?}"));
            }
        }
    }

    /// Logs whose records are acknowledged before they are durable go on where they end now.
    fn tell_losses(&mut self, broker: &InProcess) {
        let partitions = broker.log().partitions().into_iter();
        let mut partitions: Vec<_> = partitions
            .filter_map(|(topic, id)| {
                let place = Place { topic: topic.as_str().to_owned(), index: id.index.0 };
                let is_doubted = broker.recovery().doubted.contains(&(topic, id.index));
                // One that cannot be read in this life is told of in the next.
                Some((place, recovered_end(broker, id, is_doubted)?))
            })
            .filter(|(place, _)| self.desk.untold.contains(place))
            .collect();
        partitions.sort();
        for (place, end) in partitions {
            self.desk.untold.remove(&place);
            self.desk.note(|| format!("LOST {place} from {end} on"));
            self.desk.lost(&place, end);
            self.clients.iter_mut().for_each(|client| client.lost(&place, end, self.desk));
        }
    }

    async fn serve(&mut self, broker: &InProcess, calls: &mut Calls, env: &Arc<SimEnv>, steps: Option<u64>) {
        let limit = steps.unwrap_or(QUIET_STEPS_MAX);
        for _ in 0..limit {
            self.step(broker, calls, env).await;
            if self.disk.is_dark() || !self.desk.violations.is_empty() {
                return;
            }
            if steps.is_none() && calls.len() == 0 && self.clients.iter().all(|client| client.is_done()) {
                return;
            }
        }
        if steps.is_none() {
            self.desk.violation("clients wait for ever for a broker that nothing disturbs".to_owned());
        }
    }

    async fn step(&mut self, broker: &InProcess, calls: &mut Calls, env: &Arc<SimEnv>) {
        let is_disturbed = !self.desk.is_closing;
        match self.chance.below(100) {
            0..70 => {
                let client = self.chance.below(self.clients.len());
                let desk = &mut *self.desk;
                self.clients[client].act(&mut Counter { desk, broker, calls, client });
            }
            70..84 => _ = broker.log().commit_waiting(),
            84..92 => _ = broker.commit_metadata(),
            92..98 => {
                let longest = *self.chance.pick(&[20, 2000]);
                let passed_ms = self.chance.within(1..longest);
                tokio::time::advance(Duration::from_millis(passed_ms)).await;
            }
            _ if is_disturbed && 0 < calls.len() => {
                let (client, number) = calls.lose(self.chance.below(calls.len()));
                self.clients[client].hear(number, Reply::Lost, self.desk);
            }
            _ => {}
        }
        self.desk.wall_ms = env.now().wall.0;
        self.settle(calls).await;
        self.tell_of_disk();
    }

    fn tell_of_disk(&mut self) {
        for line in self.disk.take_trace() {
            self.desk.note(|| line);
        }
    }

    /// Lets everything go on that can, and clients hear what is answered.
    async fn settle(&mut self, calls: &mut Calls) {
        for _ in 0..ROUNDS {
            for (client, number, name, reply) in calls.poll(|| self.disk.is_dark()) {
                self.desk.note(|| format!("{client} hears {} {name} {reply:?}", number.text()));
                self.clients[client].hear(number, reply, self.desk);
            }
            yield_now().await;
        }
    }

    fn lose_all(&mut self, calls: &mut Calls) {
        for (client, number) in calls.lose_all() {
            self.clients[client].hear(number, Reply::Lost, self.desk);
        }
    }
}

/// Where recovery left the log. A start writes markers behind that, of transactions that nobody has any more; but where
/// something may be lost, recovery begins a leader epoch at what it left.
fn recovered_end(broker: &InProcess, id: PartitionId, is_doubted: bool) -> Option<i64> {
    let log = broker.log();
    let offsets = log.offsets(id).ok()?;
    if !is_doubted {
        return Some(offsets.end.0);
    }
    match offsets.leader_epoch.0.checked_sub(1).filter(|before| 0 <= *before) {
        Some(before) => log.epoch_end(id, LeaderEpoch(before)).map(|(_, end)| end.0),
        None => Some(offsets.end.0),
    }
}

/// So many rounds bring an answer from the journal to whoever waits for it, with all that lies between.
const ROUNDS: usize = 4;
/// A quiet life is over long before.
const QUIET_STEPS_MAX: u64 = 200_000;
/// Jobs run often, and nothing waits for members of groups.
const SETTINGS: [(&str, &str); 5] = [
    ("log.cleaner.backoff.ms", "300"),
    ("group.initial.rebalance.delay.ms", "0"),
    ("log.flush.offset.checkpoint.interval.ms", "700"),
    ("log.retention.check.interval.ms", "900"),
    ("auto.create.topics.enable", "false"),
];
