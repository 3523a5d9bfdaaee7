//! Processes that end when a sync has failed, before or after they could say so, and the power is cut later: what readers
//! were shown meanwhile by the next process, which found the page cache, and what it made durable, is there.

#![expect(clippy::unwrap_used, reason = "what a test relies on either holds, or the test has failed")]

mod still;

use ottla_base::{Offset, Timestamp, TopicName};
use ottla_sim::chance::Chance;
use ottla_sim::disk::{Failure, Fault, Plan, Planted, SimDisk};
use ottla_storage::{
    Append, Durability, Log, LogOptions, LogSettings, OpenError, ReadBound, RecoveryReport, WholeFirst, Work,
};
use ottla_wire::record::{BatchBuilder, BatchOptions, batches};
use std::path::Path;
use std::sync::Arc;
use still::{ID, NOW_MS, World};

/// A log, the disk under it, and where that is.
struct Life<'a> {
    disk: Arc<SimDisk>,
    dir: &'a Path,
    settings: LogSettings,
    log: Log,
    report: RecoveryReport,
}

impl<'a> Life<'a> {
    fn begin(
        disk: Arc<SimDisk>,
        dir: &'a Path,
        settings: LogSettings,
        chance: &mut Chance,
    ) -> Result<Self, OpenError> {
        let mut options = LogOptions::new(dir.join("data"));
        (options.disk, options.work, options.defaults) = (disk.clone(), Work::Driven, settings);
        let world = Arc::new(World::new(chance.fork()));
        let (log, report) = Log::open(&options, world.clone(), world)?;
        log.sync_inherited()?;
        Ok(Self { disk, dir, settings, log, report })
    }

    /// Ends the process, and begins the next one; one that ends by itself is begun anew.
    fn next(self, chance: &mut Chance) -> Self {
        let Self { disk, dir, settings, log, report: _ } = self;
        disk.darken();
        drop(log);
        disk.plan(Plan::default());
        let again = Self::begin(disk.clone(), dir, settings, chance);
        again.or_else(|_| Self::begin(disk, dir, settings, chance)).expect("the disk is well")
    }

    /// Appends one record, and lets it become durable where it has to. Returns whether readers see it.
    fn put(&self) -> bool {
        let before = self.seen();
        let mut builder = BatchBuilder::new(BatchOptions::default());
        builder.append(Timestamp(NOW_MS), None, Some(b"a record of some length"), &[]).unwrap();
        drop(self.log.append(vec![Append { id: ID, batch: builder.build() }]));
        while self.log.commit_waiting() {}
        before < self.seen()
    }

    /// Up to where readers are given all records.
    fn seen(&self) -> Offset {
        let mut at = Offset::ZERO;
        loop {
            let found = self.log.read(ID, at, 1 << 20, ReadBound::HighWatermark, WholeFirst::Yes);
            let bytes = found.map(|found| found.records.to_bytes().unwrap()).unwrap_or_default();
            if bytes.is_empty() {
                return at;
            }
            for entry in batches(&bytes) {
                match entry {
                    Ok((header, _)) if header.base_offset == at => at = header.next_offset(),
                    _ => return at,
                }
            }
        }
    }
}

/// An error tells what was wrong.
fn run(seed: u64, durability: Durability, planted: Planted) -> Result<(), String> {
    let mut chance = Chance::new(seed);
    let directory = tempfile::tempdir_in(ottla_sim::scratch()).unwrap();
    let roots = [directory.path().join("0"), directory.path().join("1")];
    roots.iter().for_each(|root| std::fs::create_dir(root).unwrap());
    let disk = SimDisk::new(&roots[0], chance.fork(), planted).unwrap();
    let settings = LogSettings { durability, segment_bytes: 300, ..LogSettings::default() };
    let mut life = Life::begin(disk, &roots[0], settings, &mut chance).unwrap();
    life.log.create(&TopicName::parse("t").unwrap(), ID, settings).unwrap();
    for _ in 0..chance.within(0..6) {
        assert!(life.put());
    }
    if chance.percent(50) {
        life = life.next(&mut chance);
    }
    let acknowledged = life.seen();
    let fault = Fault { what: Failure::Sync, from: 1, to: 1 + chance.within(1..30) };
    life.disk.plan(Plan { faults: vec![fault], is_killed_by_fault: chance.percent(50), ..Plan::default() });
    match durability {
        Durability::Sync => _ = life.put(),
        Durability::Os => {
            life.put();
            let _ = life.log.checkpoint();
        }
    }
    life = life.next(&mut chance);
    if life.seen() < acknowledged {
        return Err(format!("the end of the process has taken {acknowledged:?} to {:?}", life.seen()));
    }
    // A partition that hears of a failure now is offline until the next start.
    let mut durable = life.seen();
    for _ in 0..3 {
        let is_put = life.put();
        let is_noted = durability == Durability::Sync || life.log.checkpoint().is_ok();
        let seen = life.seen();
        if is_put && is_noted && life.put() {
            durable = seen;
            break;
        }
        life = life.next(&mut chance);
    }
    if durability == Durability::Sync {
        durable = durable.max(life.seen());
    }
    life.disk.darken();
    let disk = life.disk.after_power_cut(&roots[1]).unwrap();
    let life = Life::begin(disk, &roots[1], settings, &mut chance).map_err(|error| error.to_string())?;
    let (seen, damages) = (life.seen(), &life.report.damages);
    if seen < durable || !damages.is_empty() {
        return Err(format!("the power cut has taken {durable:?} to {seen:?}: {damages:?}"));
    }
    Ok(())
}

const BOTH: [Durability; 2] = [Durability::Sync, Durability::Os];

#[test]
fn what_was_shown_or_made_durable_after_a_failed_sync_is_there() {
    for seed in 0..300 {
        for durability in BOTH {
            assert_eq!(run(seed, durability, Planted::Nothing), Ok(()), "seed {seed}, {durability:?}");
        }
    }
}

/// What the note is for, and what is done where it stands.
#[test]
fn a_failure_that_is_not_noted_or_not_looked_for_is_found() {
    for planted in [Planted::FailureUnnoted, Planted::CacheBelieved] {
        for durability in BOTH {
            let found = (0..30).find(|seed| run(*seed, durability, planted).is_err());
            assert!(found.is_some(), "{planted:?}, {durability:?}");
        }
    }
}
