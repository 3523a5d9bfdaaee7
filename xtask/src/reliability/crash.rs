//! `cargo xtask reliability crash`: the released program is killed again and again while real clients work.
//!
//! The clients, librdkafka and the Java client, live through all of it in two programs below `conformance/crash`. Each
//! writes down what it did and saw. At the end everything is read once more, by both, and the checker judges all of it.
//!
//! `kill -9` takes the process, not the pages that the kernel holds for it: what a power cut takes is the simulator's
//! business.

mod clients;
mod verdict;

use super::broker::Broker;
use super::clock::{now, pause, seed};
use super::document;
use super::schedule::{Blow, Schedule};
use crate::Outcome;
use crate::conformance::broker::executable;
use crate::conformance::packages::{Setback, Shelf};
use clients::{Load, Programs};
use std::path::{Path, PathBuf};
use std::time::Duration;
use verdict::Verdict;

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

/// What the developer asked for.
#[derive(Debug, PartialEq, Eq)]
struct Options {
    is_quick: bool,
    kills: u64,
    seed: u64,
    is_sabotaged: bool,
    built: Option<PathBuf>,
}

impl Options {
    fn parse(arguments: &[String]) -> Result<Self, String> {
        let is_quick = arguments.iter().any(|argument| argument == "--quick");
        let kills = if is_quick { 8 } else { 220 };
        let mut options = Self { is_quick, kills, seed: seed(), is_sabotaged: false, built: None };
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            let mut value = || rest.next().ok_or(format!("{argument} needs a value\n\n{USAGE}"));
            let number =
                |text: &String| text.parse().map_err(|_| format!("{text:?} is no number\n\n{USAGE}"));
            match argument.as_str() {
                "--quick" => {}
                "--built" => options.built = Some(PathBuf::from(value()?)),
                "--sabotage" => options.is_sabotaged = true,
                "--kills" => options.kills = number(value()?)?,
                "--seed" => options.seed = number(value()?)?,
                _ => return Err(format!("no argument {argument:?}\n\n{USAGE}")),
            }
        }
        Ok(options)
    }
}

/// What was done to the broker.
#[derive(Debug, Default)]
struct Blows {
    kills: u64,
    /// Kills of a broker that had not said that it is ready.
    kills_in_recovery: u64,
    stops: u64,
    /// The longest time from starting the process to the ready line.
    slowest_start: Duration,
}

/// Runs the loop and has its history judged.
///
/// # Errors
/// If something was violated, a client gave up, or the broker did not come back: then everything is kept.
pub(super) fn run(arguments: &[String]) -> Outcome {
    let options = Options::parse(arguments)?;
    let shelf = Shelf::new(crate::tree::root())?;
    let programs = match Programs::prepare(&shelf) {
        Ok(programs) => programs,
        Err(Setback::Skipped(why)) => {
            println!("skipped: crash loops: {why}");
            return Ok(());
        }
        Err(Setback::Failed(why)) => return Err(why),
    };
    let program = |name: &str| match &options.built {
        Some(folder) => Ok(folder.join(name)),
        None => executable(name, &["--release"]),
    };
    let (ottla, judge) = (program("ottla")?, program("ottla-sim")?);
    let folder = shelf.folder("crash").join(options.seed.to_string());
    drop(std::fs::remove_dir_all(&folder));
    std::fs::create_dir_all(&folder)
        .map_err(|error| format!("cannot create {}: {error}", folder.display()))?;
    println!("crash: seed {}, everything in {}", options.seed, folder.display());
    let begin = now();
    let (blows, verdict) = attempt(&options, &programs, &folder, &ottla, &judge)
        .map_err(|why| format!("crash: {why}\nkept: {}", folder.display()))?;
    let took = begin.elapsed();
    println!(
        "{} kills, {} in recovery, {} stops; {}",
        blows.kills,
        blows.kills_in_recovery,
        blows.stops,
        verdict.text()
    );
    drop(std::fs::remove_dir_all(&folder));
    if options.is_sabotaged {
        return Err("crash: a log was cut, and nobody noticed".to_owned());
    }
    if options.is_quick {
        return Ok(());
    }
    let origin = if options.built.is_some() { "; the program was built before" } else { "" };
    document::write("crash", &format!("{}{origin}", programs.what()), &figures(&blows, &verdict, took))
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
    let blows = beat(&mut broker, &mut load, options)?;
    load.end()?;
    let mut histories = load.histories();
    histories.extend(programs.drain(folder, &broker.address(), FEATURES)?);
    broker.stop()?;
    broker.verify()?;
    let verdict = Verdict::of(judge, &histories)?;
    verdict.clean()?;
    Ok((blows, verdict))
}

/// Kills as often as was asked for. Clients that end meanwhile have found something.
fn beat(broker: &mut Broker, load: &mut Load, options: &Options) -> Result<Blows, String> {
    let mut blows = Blows::default();
    let mut schedule = Schedule::new(options.seed, options.is_quick);
    let (mut was_cut, mut told) = (false, 0);
    while blows.kills < options.kills {
        let (life, blow) = schedule.next();
        pause(life);
        load.check()?;
        match blow {
            Blow::Stop => {
                broker.stop()?;
                blows.stops += 1;
            }
            Blow::Kill => {
                broker.kill();
                blows.kills += 1;
            }
            Blow::KillAgain(delays) => {
                broker.kill();
                blows.kills += 1;
                for delay in delays {
                    broker.spawn()?;
                    pause(delay);
                    broker.kill();
                    blows.kills += 1;
                    blows.kills_in_recovery += 1;
                }
            }
        }
        if options.is_sabotaged && options.kills / 2 <= blows.kills && !was_cut {
            was_cut = broker.cut_a_log("events-0")?;
        }
        let start = now();
        broker.start()?;
        blows.slowest_start = blows.slowest_start.max(start.elapsed());
        if told + 20 <= blows.kills {
            told = blows.kills;
            println!("crash: {told} kills");
        }
    }
    // The clients get a life without a blow, so that some of the last outcomes are known.
    pause(Duration::from_secs(2));
    Ok(blows)
}

fn figures(blows: &Blows, verdict: &Verdict, took: Duration) -> Vec<(&'static str, String)> {
    let mut figures = vec![
        ("killed by SIGKILL, and came back", blows.kills.to_string()),
        ("of them while it recovered from the last kill", blows.kills_in_recovery.to_string()),
        ("stopped by SIGTERM between them", blows.stops.to_string()),
        ("slowest start after one (ms)", blows.slowest_start.as_millis().to_string()),
    ];
    figures.extend(verdict.figures());
    figures.push(("duration (min)", format!("{:.1}", took.as_secs_f64() / 60.0)));
    figures
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Options, String> {
        Options::parse(&text.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn a_quick_run_kills_a_few_times_and_a_long_one_at_least_two_hundred() {
        assert_eq!(
            parse("--kills 3 --seed 7").unwrap(),
            Options { is_quick: false, kills: 3, seed: 7, is_sabotaged: false, built: None }
        );
        assert!(5 <= parse("--quick").unwrap().kills && 200 <= parse("").unwrap().kills);
        assert!(parse("--kills many").is_err() && parse("--slow").is_err());
    }
}
