//! The simulator's program: one command, one word.
//!
//! `run` runs worlds from their seeds; a seed that shows something wrong shows it again. `check` judges histories
//! that somebody else wrote: the crash loops, or a run that is looked at again.

use ottla_sim::checker::Checker;
use ottla_sim::disk::Planted;
use ottla_sim::world::{self, Settings};
use ottla_sim::{campaign, groups, history, queues};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt::Display;
use std::fs::File;
use std::io::BufReader;
use std::ops::Range;
use std::process::ExitCode;

const USAGE: &str = "\
ottla-sim COMMAND

  run --seed N [--trace] [--history FILE] [--planted BUG]
                   run the world of one seed; --trace tells everything that happens in it
  run --seeds N [--from M] [--planted BUG]
                   run N worlds, the seeds from M (0) on; fails if one of them shows something wrong
  groups run --seed N [--trace] [--planted BUG]
                   run the group members of one seed
  groups run --seeds N [--from M] [--planted BUG]
                   run the group members of N seeds
  check [--json] HISTORY…
                   judge the histories of one run together; fails if they show an anomaly
  queues check [--json] HISTORY…
                   the same for what members of share groups did and saw
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match arguments.as_slice() {
        ["run", options @ ..] => run(options),
        ["groups", "run", options @ ..] => run_groups(options),
        ["check", "--json", histories @ ..] if !histories.is_empty() => check(histories, Form::Json),
        ["check", histories @ ..] if !histories.is_empty() => check(histories, Form::Human),
        ["queues", "check", "--json", histories @ ..] if !histories.is_empty() => {
            check_queues(histories, Form::Json)
        }
        ["queues", "check", histories @ ..] if !histories.is_empty() => check_queues(histories, Form::Human),
        _ => Err(USAGE.to_owned()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{}", message.trim_end());
            ExitCode::FAILURE
        }
    }
}

/// Runs one world, or many.
fn run(options: &[&str]) -> Result<(), String> {
    let (mut seed, mut seeds, mut from, mut planted) = (None, None, 0, Planted::Nothing);
    let (mut is_traced, mut history_path) = (false, None);
    let mut options = options.iter();
    while let Some(option) = options.next() {
        let mut value = || options.next().copied().ok_or_else(|| format!("{option} wants a value"));
        match *option {
            "--seed" => seed = Some(number(value()?)?),
            "--seeds" => seeds = Some(number(value()?)?),
            "--from" => from = number(value()?)?,
            "--planted" => planted = named(&Planted::ALL, value()?)?,
            "--history" => history_path = Some(value()?),
            "--trace" => is_traced = true,
            other => return Err(format!("{other} is no option\n{USAGE}")),
        }
    }
    match (seed, seeds) {
        (Some(seed), None) => run_one(Settings { seed, planted, is_traced }, history_path),
        (None, Some(seeds)) => run_many(range(from, seeds)?, planted),
        _ => Err(format!("run wants --seed or --seeds\n{USAGE}")),
    }
}

fn run_one(settings: Settings, history_path: Option<&str>) -> Result<(), String> {
    let outcome = world::run(settings, &ottla_sim::scratch()).map_err(|error| error.to_string())?;
    outcome.trace.iter().for_each(|line| println!("{line}"));
    if let Some(path) = history_path {
        let mut file = File::create(path).map_err(|error| format!("{path}: {error}"))?;
        outcome
            .history
            .iter()
            .try_for_each(|event| history::write(event, &mut file))
            .map_err(|error| format!("{path}: {error}"))?;
    }
    print!("{}", outcome.report);
    println!("lives: {}, power cuts: {}, kills: {}", outcome.lives, outcome.power_cuts, outcome.kills);
    let problems = outcome.problems();
    problems.iter().for_each(|problem| println!("  {problem}"));
    if problems.is_empty() { Ok(()) } else { Err(format!("seed {} shows something wrong", settings.seed)) }
}

fn run_many(seeds: Range<u64>, planted: Planted) -> Result<(), String> {
    let tally = campaign::run(seeds, planted, VIOLATIONS_MAX, &ottla_sim::scratch());
    let tally = tally.map_err(|error| error.to_string())?;
    print!("{tally}");
    for (seed, problems) in &tally.violations {
        println!("cargo run -p ottla-sim -- run --seed {seed}");
        problems.iter().take(3).for_each(|problem| println!("  {problem}"));
    }
    if tally.violations.is_empty() { Ok(()) } else { Err("there is something wrong".to_owned()) }
}

/// Runs one world of group members, or many.
fn run_groups(options: &[&str]) -> Result<(), String> {
    let (mut seed, mut seeds, mut from, mut planted) = (None, None, 0, groups::Planted::Nothing);
    let mut is_traced = false;
    let mut options = options.iter();
    while let Some(option) = options.next() {
        let mut value = || options.next().copied().ok_or_else(|| format!("{option} wants a value"));
        match *option {
            "--seed" => seed = Some(number(value()?)?),
            "--seeds" => seeds = Some(number(value()?)?),
            "--from" => from = number(value()?)?,
            "--planted" => planted = named(&groups::Planted::ALL, value()?)?,
            "--trace" => is_traced = true,
            other => return Err(format!("{other} is no option\n{USAGE}")),
        }
    }
    let tally = match (seed, seeds) {
        (Some(seed), None) => {
            let (tally, trace) = groups::run(groups::Settings { seed, planted, is_traced });
            trace.iter().for_each(|line| println!("{line}"));
            tally
        }
        (None, Some(seeds)) => groups::campaign(range(from, seeds)?, planted, VIOLATIONS_MAX),
        _ => return Err(format!("run wants --seed or --seeds\n{USAGE}")),
    };
    print!("{tally}");
    for (seed, violation) in &tally.violations {
        println!("cargo run -p ottla-sim -- groups run --seed {seed}");
        println!("  {violation}");
    }
    if tally.violations.is_empty() { Ok(()) } else { Err("there is something wrong".to_owned()) }
}

/// The seeds of a campaign.
fn range(from: u64, seeds: u64) -> Result<Range<u64>, String> {
    if seeds == 0 {
        return Err(
            "--seeds 0 would run nothing; give the number of worlds to run, such as --seeds 100".to_owned()
        );
    }
    let end = from.checked_add(seeds);
    let end =
        end.ok_or_else(|| format!("there are no {seeds} seeds from {from} on; take a smaller --from"))?;
    Ok(from..end)
}

fn number(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("{text} is no number"))
}

fn named<T: Copy>(all: &[(&str, T)], name: &str) -> Result<T, String> {
    let known = || all.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    let found = all.iter().find(|(known, _)| *known == name);
    found
        .map(|(_, planted)| *planted)
        .ok_or_else(|| format!("{name} is no planted bug; there are {}", known()))
}

/// So many bad seeds are enough to look at.
const VIOLATIONS_MAX: usize = 10;

/// How a report is printed.
#[derive(Clone, Copy)]
enum Form {
    Json,
    Human,
}

/// Judges the histories.
fn check(paths: &[&str], form: Form) -> Result<(), String> {
    let mut checker = Checker::new();
    read(paths, |event| checker.add(event))?;
    let report = checker.finish();
    print(&report, form);
    passed(report.violations)
}

/// Judges the histories of queues.
fn check_queues(paths: &[&str], form: Form) -> Result<(), String> {
    let mut judge = queues::Judge::new();
    read(paths, |event| judge.add(event))?;
    let report = judge.finish();
    print(&report, form);
    passed(report.violations)
}

fn read<E: DeserializeOwned>(paths: &[&str], mut hear: impl FnMut(E)) -> Result<(), String> {
    for path in paths {
        let file = File::open(path).map_err(|error| format!("{path}: {error}"))?;
        history::read(BufReader::new(file), &mut hear).map_err(|error| format!("{path}: {error}"))?;
    }
    Ok(())
}

fn print<R: Display + Serialize>(report: &R, form: Form) {
    match form {
        Form::Json => {
            println!("{}", serde_json::to_string(report).expect("a report has no keys but names"));
        }
        Form::Human => print!("{report}"),
    }
}

fn passed(violations: u64) -> Result<(), String> {
    match violations {
        0 => Ok(()),
        count => Err(format!("{count} violations")),
    }
}
