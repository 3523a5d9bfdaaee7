//! `cargo xtask reliability crash`: the released program is killed again and again while real clients work.
//!
//! The clients, librdkafka and the Java client, live through all of it in two programs below `conformance/crash`. Each
//! writes down what it did and saw. At the end everything is read once more, by both, and the checker judges all of it.
//!
//! `kill -9` takes the process, not the pages that the kernel holds for it: what a power cut takes is the simulator's
//! business.

mod clients;

use super::blows::{Blows, Work};
use super::broker::Broker;
use super::clock::{now, pause};
use super::document;
use super::load::Load;
use super::options::Options;
use super::verdict::{Verdict, text};
use crate::Outcome;
use crate::conformance::broker::released_for_checks;
use crate::conformance::packages::{Setback, Shelf};
use clients::Programs;
use std::path::Path;
use std::time::Duration;

const USAGE: &str = "\
cargo xtask reliability crash [--quick] [--kills N] [--seed N] [--sabotage] [--built DIR]

  --quick     a few kills, in under a minute; writes no figures
  --kills N   how many (default: 220)
  --seed N    when each comes; the clients' chance is seeded, too, but what they meet is not
  --sabotage  cut the end off a log while the broker is dead, to see that the run fails for it
  --built DIR take ottla and ottla-sim from there, and build neither";

/// Topics with their partitions, as `conformance/crash` knows them.
const TOPICS: &[(&str, &str)] = &[("events", "3"), ("input", "4"), ("output", "3")];
/// What clients are asked to do beyond plain producing and consuming.
const FEATURES: &str = "transactions";

/// Runs the loop and has its history judged.
///
/// # Errors
/// If something was violated, a client gave up, or the broker did not come back: then everything is kept.
pub(super) fn run(arguments: &[String]) -> Outcome {
    let options = Options::parse(arguments, USAGE)?;
    let shelf = Shelf::new(crate::tree::root())?;
    let programs = match Programs::prepare(&shelf) {
        Ok(programs) => programs,
        Err(Setback::Skipped(why)) => {
            println!("skipped: crash loops: {why}");
            return Ok(());
        }
        Err(Setback::Failed(why)) => return Err(why),
    };
    let program = |name| options.built.program(name, released_for_checks);
    let (ottla, judge) = (program("ottla")?, program("ottla-sim")?);
    let folder = options.folder(&shelf, "crash")?;
    let begin = now();
    let (blows, verdict) = attempt(&options, &programs, &folder, &ottla, &judge)
        .map_err(|why| format!("crash: {why}\nkept: {}", folder.display()))?;
    let took = begin.elapsed();
    let mut all = blows.figures();
    all.extend(figures(&verdict));
    println!("{}", text(&all));
    drop(std::fs::remove_dir_all(&folder));
    if options.is_sabotaged {
        return Err("crash: a log was cut, and nobody noticed".to_owned());
    }
    if options.is_quick {
        return Ok(());
    }
    all.push(("duration (min)", format!("{:.1}", took.as_secs_f64() / 60.0)));
    document::write("crash", &format!("{}{}", programs.what(), options.built.origin()), &all)
}

fn attempt(
    options: &Options,
    programs: &Programs,
    folder: &Path,
    ottla: &Path,
    judge: &Path,
) -> Result<(Blows, Verdict), String> {
    let mut broker = Broker::new(ottla, folder, &[])?;
    broker.start()?;
    for (name, partitions) in TOPICS {
        broker.create_topic(name, partitions)?;
    }
    let mut load = programs.load(folder, &broker.address(), options.seed, FEATURES)?;
    let blows = Blows::deal("crash", &mut broker, &mut load, options)?;
    // The clients get a life without a blow, so that some of the last outcomes are known.
    pause(Duration::from_secs(2));
    let mut histories = load.end()?;
    histories.extend(programs.drain(folder, &broker.address(), FEATURES)?);
    broker.stop()?;
    broker.verify()?;
    let verdict = Verdict::of(judge, &["check"], &histories)?;
    verdict.clean(&["acknowledged", "seen"])?;
    Ok((blows, verdict))
}

impl Work for Load {
    fn live(&mut self, _: &Broker, life: Duration) -> Outcome {
        pause(life);
        self.check()
    }

    fn sabotage(&mut self, broker: &Broker) -> Result<bool, String> {
        broker.cut_a_log("events-0")
    }
}

/// Names and figures.
fn figures(verdict: &Verdict) -> Vec<(&'static str, String)> {
    let transactions = ["committed", "aborted", "undecided"].map(|name| verdict.count(name));
    let mut figures = vec![
        ("records acknowledged", verdict.count("acknowledged").to_string()),
        ("records without an answer", verdict.count("unknown").to_string()),
        ("records checked", verdict.count("seen").to_string()),
        ("records given to readers", verdict.count("polled").to_string()),
    ];
    if transactions != [0; 3] {
        let [committed, aborted, unknown] = transactions;
        let text = format!("{committed}, {aborted}, {unknown}");
        figures.push(("transactions committed, aborted, without an answer", text));
    }
    figures.push(("group offsets committed", verdict.count("offsets").to_string()));
    figures.push(("violations", verdict.violations()));
    figures
}
