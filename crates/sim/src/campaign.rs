//! Many worlds, one after the other on as many threads as there are cores, and what came of them together.

use crate::disk::Planted;
use crate::world::{self, Outcome, Settings};
use std::fmt;
use std::io;
use std::ops::Range;
use std::panic::resume_unwind;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// What came of many worlds.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Tally {
    /// How many worlds there were.
    pub seeds: u64,
    /// How often a broker was started.
    pub lives: u64,
    /// How many lives a power cut ended.
    pub power_cuts: u64,
    /// How many lives the death of the process alone ended.
    pub kills: u64,
    /// Operations of the disks that change something.
    pub operations: u64,
    /// How many of them were made to fail.
    pub failed: u64,
    /// Records that were acknowledged.
    pub acknowledged: u64,
    /// Records that readers were given and that were compared with what was sent.
    pub checked: u64,
    /// Transactions that committed or aborted.
    pub transactions: u64,
    /// Seeds whose world showed something wrong, with what it was.
    pub violations: Vec<(u64, Vec<String>)>,
}

impl Tally {
    fn add(&mut self, seed: u64, outcome: &Outcome) {
        let count = &outcome.report.count;
        self.seeds += 1;
        self.lives += outcome.lives;
        self.power_cuts += outcome.power_cuts;
        self.kills += outcome.kills;
        self.operations += outcome.disk.operations;
        self.failed += outcome.disk.failed;
        self.acknowledged += count.acknowledged;
        self.checked += count.polled;
        self.transactions += count.committed + count.aborted + count.undecided;
        let problems = outcome.problems();
        if !problems.is_empty() {
            self.violations.push((seed, problems));
            self.violations.sort();
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seeds, lives, power_cuts, kills, operations, failed, acknowledged, checked, .. } = self;
        writeln!(f, "seeds: {seeds}")?;
        writeln!(f, "lives of the broker: {lives}")?;
        writeln!(f, "power cuts: {power_cuts}")?;
        writeln!(f, "kills: {kills}")?;
        writeln!(f, "disk operations: {operations}")?;
        writeln!(f, "disk operations that failed: {failed}")?;
        writeln!(f, "records acknowledged: {acknowledged}")?;
        writeln!(f, "records read and checked: {checked}")?;
        writeln!(f, "transactions: {}", self.transactions)?;
        writeln!(f, "violations: {}", self.violations.len())
    }
}

/// Runs a world for each seed. `stop_after` violations no new world begins.
///
/// # Errors
/// What the system says of the scratch directory.
pub fn run(seeds: Range<u64>, planted: Planted, stop_after: usize, scratch: &Path) -> io::Result<Tally> {
    let next = AtomicU64::new(seeds.start);
    let tally = Mutex::new(Tally::default());
    let work = || -> io::Result<()> {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            let found = tally.lock().map_or(usize::MAX, |tally| tally.violations.len());
            if seeds.end <= seed || stop_after <= found {
                return Ok(());
            }
            let outcome = world::run(Settings { seed, planted, is_traced: false }, scratch)?;
            if let Ok(mut tally) = tally.lock() {
                tally.add(seed, &outcome);
            }
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        // A panic here is one of the simulator itself: without its seed the figures would be wrong.
        workers.into_iter().try_for_each(|worker| worker.join().unwrap_or_else(|panic| resume_unwind(panic)))
    })?;
    Ok(tally.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner))
}
