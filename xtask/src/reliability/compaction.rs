//! `cargo xtask reliability compaction`: whether compaction makes producers wait.
//!
//! Producers send at fixed times to one topic. On the same disk lies a large compacted one, which in every second round is
//! compacted from one end to the other all the time, and in the others not at all. Each pair of rounds gives a ratio; what
//! the machine does besides concerns both.

mod cleaner;
mod figures;
mod load;
#[cfg(test)]
mod tests;

use super::broker::Broker;
use super::built::Built;
use super::clock::{now, pause};
use super::document;
use crate::conformance::broker::released;
use crate::conformance::packages::Shelf;
use crate::{Outcome, tree};
use cleaner::Cleaner;
use figures::{Pair, Round};
use load::Load;
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// How it is called.
pub(super) const USAGE: &str = "\
cargo xtask reliability compaction [--quick] [--built DIR]

  --quick      one short pair of rounds; writes no figures
  --built DIR  take ottla from there, and do not build it";

/// The cleaner looks for work at once instead of every 15 s.
const SETTINGS: &[&str] = &["log.cleaner.backoff.ms=100"];
const TOPIC: &str = "produced";
const COMPACTED: &str = "compacted";

/// How much is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Size {
    pairs: usize,
    round: Duration,
    compacted_mib: usize,
}

/// A pass, all that comes at its end included, fits into a round.
const LONG: Size = Size { pairs: 12, round: Duration::from_secs(7), compacted_mib: 128 };
const QUICK: Size = Size { pairs: 1, round: Duration::from_secs(3), compacted_mib: 64 };

/// Measures.
///
/// # Errors
/// If something cannot be run, is refused, or producers are kept waiting.
pub(super) fn run(arguments: &[String]) -> Outcome {
    let (size, built) = parse(arguments)?;
    let ottla = built.program("ottla", released)?;
    let folder = Shelf::new(tree::root())?.folder("compaction-run");
    drop(std::fs::remove_dir_all(&folder));
    std::fs::create_dir_all(&folder)
        .map_err(|error| format!("cannot create {}: {error}", folder.display()))?;
    let begin = now();
    let pairs = attempt(&ottla, &folder, size);
    drop(std::fs::remove_dir_all(&folder));
    let pairs = pairs.map_err(|why| format!("compaction: {why}"))?;
    let mut figures = figures::table(&pairs, size.compacted_mib);
    figures.push(("duration (min)", format!("{:.1}", begin.elapsed().as_secs_f64() / 60.0)));
    figures.iter().for_each(|(name, figure)| println!("{name}: {figure}"));
    if size == QUICK {
        return Ok(());
    }
    let what = format!(
        "release build{}, {} pairs of rounds of {} s, {} producers with {} records of 1 KiB a second each",
        built.origin(),
        size.pairs,
        size.round.as_secs(),
        load::PRODUCERS,
        load::RATE
    );
    document::write("compaction", &what, &figures)?;
    figures::judge(&pairs)
}

fn parse(arguments: &[String]) -> Result<(Size, Built), String> {
    let (mut size, mut built) = (LONG, Built::default());
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "--quick" => size = QUICK,
            "--built" => built = Built(Some(rest.next().ok_or(USAGE)?.into())),
            _ => return Err(format!("no argument {argument:?}\n\n{USAGE}")),
        }
    }
    Ok((size, built))
}

fn attempt(ottla: &Path, folder: &Path, size: Size) -> Result<Vec<Pair>, String> {
    let mut broker = Broker::new(ottla, folder, SETTINGS)?;
    broker.start()?;
    let mut stand = Stand { cleaner: Cleaner::of(broker.pid()?), address: broker.address(), ottla };
    stand.create()?;
    let _trickle = stand.fill(size.compacted_mib)?;
    let load = Load { address: stand.address.clone(), topic: TOPIC };
    // Opens files, and warms what there is to warm.
    load.run(QUICK.round)?;
    let mut pairs = Vec::new();
    for number in 0..size.pairs {
        // Whatever changes with time concerns each kind first as often as last.
        let pair = if number % 2 == 0 {
            let quiet = stand.quiet(&load, size.round)?;
            Pair { quiet, busy: stand.busy(&load, size.round)? }
        } else {
            let busy = stand.busy(&load, size.round)?;
            Pair { quiet: stand.quiet(&load, size.round)?, busy }
        };
        println!("pair {}: {pair}", number + 1);
        pairs.push(pair);
    }
    broker.stop()?;
    Ok(pairs)
}

/// The broker with its compacted topic.
struct Stand<'a> {
    cleaner: Cleaner,
    address: String,
    ottla: &'a Path,
}

impl Stand<'_> {
    fn create(&self) -> Outcome {
        let partitions = load::PRODUCERS.to_string();
        self.ask(&["topic", "create", TOPIC, "-p", &partitions])?;
        // A segment that has just begun is not compacted: one begins whenever something comes.
        let settings = ["cleanup.policy=compact", "segment.ms=500", NEVER, "log.durability=os"];
        let settings = settings.into_iter().flat_map(|setting| ["-c", setting]);
        self.ask(&["topic", "create", COMPACTED, "-p", "1"].into_iter().chain(settings).collect::<Vec<_>>())
    }

    /// Fills the compacted topic, and goes on with a record now and then, so that there is always something new to be
    /// compacted together with all that is there.
    fn fill(&self, mebibytes: usize) -> Result<Trickle, String> {
        let cannot = |error| format!("cannot fill the compacted topic: {error}");
        let mut producer = Command::new(self.ottla)
            .args(["produce", COMPACTED, "-K", "\\t", "-b", &self.address])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .map_err(cannot)?;
        let value = "x".repeat(1000);
        let mut input = producer.stdin.take().ok_or("the producer has no input")?;
        for thousand in 0..mebibytes {
            let lines: String = (0..1024).map(|key| format!("{thousand}-{key}\t{value}\n")).collect();
            input.write_all(lines.as_bytes()).map_err(cannot)?;
        }
        drop(input);
        let status = producer.wait().map_err(cannot)?;
        // What is written is not to be written out while something is measured.
        let synced = Command::new("sync").status().map_err(cannot)?;
        if !status.success() || !synced.success() {
            return Err(format!("the compacted topic is not filled: {status}"));
        }
        let trickle = Command::new(self.ottla)
            .args(["produce", COMPACTED, "-K", "\\t", "-b", &self.address])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .map_err(cannot)?;
        Trickle::begin(trickle)
    }

    fn quiet(&mut self, load: &Load, time: Duration) -> Result<Round, String> {
        self.ask(&["config", "alter", &format!("topic:{COMPACTED}"), "--set", NEVER])?;
        self.cleaner.await_rest()?;
        self.round(load, time)
    }

    fn busy(&mut self, load: &Load, time: Duration) -> Result<Round, String> {
        self.ask(&["config", "alter", &format!("topic:{COMPACTED}"), "--set", ALWAYS])?;
        self.cleaner.await_work()?;
        self.round(load, time)
    }

    fn round(&self, load: &Load, time: Duration) -> Result<Round, String> {
        let before = self.cleaner.bytes()?;
        let latencies = load.run(time)?;
        let cleaned = self.cleaner.bytes()?.saturating_sub(before);
        Ok(Round { latencies, seconds: time.as_secs_f64(), cleaned })
    }

    fn ask(&self, arguments: &[&str]) -> Outcome {
        let output = Command::new(self.ottla)
            .args(arguments)
            .args(["-b", &self.address])
            .stdin(Stdio::null())
            .output()
            .map_err(|error| format!("cannot run {}: {error}", self.ottla.display()))?;
        if output.status.success() {
            return Ok(());
        }
        Err(format!("{}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim()))
    }
}

/// A record to the compacted topic now and then; ends when dropped.
struct Trickle(Option<(Child, std::thread::JoinHandle<()>)>);

impl Trickle {
    fn begin(mut producer: Child) -> Result<Self, String> {
        let mut input = producer.stdin.take().ok_or("the producer has no input")?;
        let write = move || {
            // It ends with the producer.
            while input.write_all(b"again\tand again\n").and_then(|()| input.flush()).is_ok() {
                pause(Duration::from_millis(250));
            }
        };
        let thread = std::thread::Builder::new().name("trickle".to_owned()).spawn(write);
        Ok(Self(Some((producer, thread.map_err(|error| error.to_string())?))))
    }
}

impl Drop for Trickle {
    fn drop(&mut self) {
        if let Some((mut producer, thread)) = self.0.take() {
            drop(producer.kill());
            drop(producer.wait());
            drop(thread.join());
        }
    }
}

const ALWAYS: &str = "min.cleanable.dirty.ratio=0";
const NEVER: &str = "min.cleanable.dirty.ratio=1";
