//! `cargo xtask reliability tools`: Kafka's own tools of torture against Ottla.
//!
//! They are the tools that Kafka's system tests run: `TransactionalMessageCopier` copies a topic in transactions while
//! copiers and the broker are killed, `ProducerPerformance` writes in transactions as fast as it can, and what comes out is
//! counted by `ConsoleConsumer` at `read_committed`. `LogCompactionTester` looks for the last value of every key. The whole
//! run has applications of Kafka Streams and Kafka's tools for groups and for operators of a node, too.

mod compaction;
mod copy;
mod groups;
mod kit;
mod operators;
mod streams;

use super::broker::Broker;
use super::built::Built;
use super::clock::{now, seed};
use super::document;
use crate::Outcome;
use crate::conformance::broker::released_for_checks;
use crate::conformance::packages::{Setback, Shelf};
use compaction::Compactions;
use copy::Copies;
use kit::Kit;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How it is called.
pub(super) const USAGE: &str = "\
cargo xtask reliability tools [groups | operators | streams | --quick] [--built DIR]

  groups       only the tools for groups; writes no figures
  operators    only the tools for operators of a node; writes no figures
  streams      only the applications of Kafka Streams; writes no figures
  --quick      a tenth of the records, no groups, no operators, no applications of Kafka Streams; writes no figures
  --built DIR  take ottla from there, and do not build it";

/// How much of it is run.
#[derive(Debug, Clone, Copy)]
enum Part {
    Whole,
    Quick,
    Groups,
    Operators,
    Streams,
}

/// How much is written and copied.
#[derive(Debug, Clone, Copy)]
struct Size {
    copied: usize,
    performed: usize,
    compacted: usize,
}

/// Small segments and an eager compaction, so that there is something to see within minutes.
const SETTINGS: &[&str] =
    &["log.segment.bytes=1048576", "log.cleaner.backoff.ms=500", "log.cleaner.min.cleanable.ratio=0.01"];

const LONG: Size = Size { copied: 30_000, performed: 300_000, compacted: 500_000 };
/// Records in each topic that members of groups read.
const GROUPED: usize = 2_000;
const QUICK: Size = Size { copied: 3_000, performed: 30_000, compacted: 100_000 };

/// Runs all tools.
///
/// # Errors
/// If one of them fails or what it wrote is not what comes out: then everything is kept.
pub(super) fn run(arguments: &[String]) -> Outcome {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (asked, built) = match words.as_slice() {
        [asked @ .., "--built", folder] => (asked, Built(Some(PathBuf::from(folder)))),
        asked => (asked, Built::default()),
    };
    let part = match asked {
        [] => Part::Whole,
        ["--quick"] => Part::Quick,
        ["groups"] => Part::Groups,
        ["operators"] => Part::Operators,
        ["streams"] => Part::Streams,
        _ => return Err(USAGE.to_owned()),
    };
    let shelf = Shelf::new(crate::tree::root())?;
    let kit = match Kit::prepare(&shelf, kit::VERSION) {
        Ok(kit) => kit,
        Err(Setback::Skipped(why)) => {
            println!("skipped: Kafka's tools: {why}");
            return Ok(());
        }
        Err(Setback::Failed(why)) => return Err(why),
    };
    let ottla = built.program("ottla", released_for_checks)?;
    let folder = shelf.folder("tools-run");
    drop(std::fs::remove_dir_all(&folder));
    std::fs::create_dir_all(&folder)
        .map_err(|error| format!("cannot create {}: {error}", folder.display()))?;
    let begin = now();
    let kept = |why| format!("tools: {why}\nkept: {}", folder.display());
    let figures = match part {
        Part::Whole => attempt(&kit, &ottla, &folder, LONG).and_then(|mut figures| {
            figures.extend(groups::run(&shelf, &ottla, &folder, GROUPED)?);
            figures.push(operators::run(&shelf, &ottla, &folder)?);
            figures.extend(applications(&shelf, &ottla, &folder)?);
            Ok(figures)
        }),
        Part::Quick => attempt(&kit, &ottla, &folder, QUICK),
        Part::Groups => groups::run(&shelf, &ottla, &folder, GROUPED),
        Part::Operators => operators::run(&shelf, &ottla, &folder).map(|figure| vec![figure]),
        Part::Streams => applications(&shelf, &ottla, &folder),
    };
    let mut figures = figures.map_err(kept)?;
    figures.push(("duration (min)", format!("{:.1}", begin.elapsed().as_secs_f64() / 60.0)));
    figures.iter().for_each(|(name, figure)| println!("{name}: {figure}"));
    drop(std::fs::remove_dir_all(&folder));
    match part {
        Part::Quick | Part::Groups | Part::Operators | Part::Streams => return Ok(()),
        Part::Whole => {}
    }
    document::write(
        "tools",
        &format!("release build, Kafka's tools {}{}", kit::VERSION, built.origin()),
        &figures,
    )
}

fn attempt(
    kit: &Kit,
    ottla: &Path,
    folder: &Path,
    size: Size,
) -> Result<Vec<(&'static str, String)>, String> {
    let mut broker = Broker::new(ottla, folder, SETTINGS)?;
    broker.start()?;
    let mut copies = Copies::new(kit, size.copied, seed());
    copies.all(&mut broker)?;
    let performed = perform(kit, &broker, size.performed)?;
    let compactions = Compactions::run(kit, &mut broker, size.compacted)?;
    broker.stop()?;
    let mut figures = copies.figures();
    figures.extend(compactions.figures());
    figures.push(("records written in transactions by ProducerPerformance, and read back", performed));
    figures.push(("violations", "0".to_owned()));
    Ok(figures)
}

/// Applications of Kafka Streams.
fn applications(shelf: &Shelf, ottla: &Path, folder: &Path) -> Result<Vec<(&'static str, String)>, String> {
    let smoke = streams::smoke(shelf, ottla, folder)?;
    let counted = streams::count(shelf, ottla, folder)?;
    Ok(vec![
        ("Kafka's StreamsSmokeTest, exactly once, one of two instances killed", smoke),
        ("words counted by Kafka Streams while instances and the broker are killed", counted),
    ])
}

/// Writes in transactions of a fifth of a second, and counts what shows.
fn perform(kit: &Kit, broker: &Broker, count: usize) -> Result<String, String> {
    broker.create_topic("performance", "3")?;
    kit.run(
        "ProducerPerformance",
        &[
            "--bootstrap-server",
            &broker.address(),
            "--topic",
            "performance",
            "--num-records",
            &count.to_string(),
            "--record-size",
            "200",
            "--throughput",
            "-1",
            "--transactional-id",
            "performance",
            "--transaction-duration-ms",
            "200",
        ],
        Duration::from_secs(300),
    )?;
    let shown: usize = kit.read(&broker.address(), "performance")?.values().map(Vec::len).sum();
    if shown == count {
        return Ok(shown.to_string());
    }
    Err(format!("ProducerPerformance wrote {count} records in transactions, but {shown} show"))
}
