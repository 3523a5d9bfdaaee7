//! `cargo xtask reliability sim` and `groups`: many simulated worlds, one from each seed.
//!
//! Everything is the simulator's own business (`crates/sim`); this builds it as it is released, runs it and writes its
//! figures down. A seed that shows something wrong is printed with the command that shows it again.

use super::clock::now;
use super::document;
use crate::Outcome;
use crate::conformance::broker::released_for_checks;
use std::process::Command;
use std::time::Duration;

/// How it is called.
pub(super) const USAGE: &str = "\
cargo xtask reliability sim|groups [--quick] [--seeds N] [--from N]

  --quick     a few hundred seeds, in under a minute; writes no figures
  --seeds N   how many (default: 10000 of sim, 5000 of groups)
  --from N    the first seed (default: 0)";

/// Which of the simulator's worlds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Suite {
    /// Its section in the document.
    name: &'static str,
    /// How its command begins.
    command: &'static [&'static str],
    seeds: u64,
    what: &'static str,
}

/// A broker on a disk.
pub(super) const SIM: Suite = Suite { name: "sim", command: &["run"], seeds: 10_000, what: "the worlds" };
/// Members of groups and a coordinator.
pub(super) const GROUPS: Suite =
    Suite { name: "groups", command: &["groups", "run"], seeds: 5_000, what: "the group members" };

/// What the developer asked for.
#[derive(Debug, PartialEq, Eq)]
struct Options {
    is_quick: bool,
    seeds: u64,
    from: u64,
}

impl Options {
    fn parse(arguments: &[String], suite: Suite) -> Result<Self, String> {
        let is_quick = arguments.iter().any(|argument| argument == "--quick");
        let mut options = Self { is_quick, seeds: if is_quick { 300 } else { suite.seeds }, from: 0 };
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            let mut number = || {
                let value = rest.next().and_then(|value| value.parse().ok());
                value.ok_or(format!("{argument} needs a number\n\n{USAGE}"))
            };
            match argument.as_str() {
                "--quick" => {}
                "--seeds" => options.seeds = number()?,
                "--from" => options.from = number()?,
                _ => return Err(format!("no argument {argument:?}\n\n{USAGE}")),
            }
        }
        match options.seeds {
            0 => Err(format!("--seeds 0 would run nothing\n\n{USAGE}")),
            _ => Ok(options),
        }
    }
}

/// Runs the worlds.
///
/// # Errors
/// If one of them shows something wrong, or they cannot be run.
pub(super) fn run(arguments: &[String], suite: Suite) -> Outcome {
    let options = Options::parse(arguments, suite)?;
    let simulator = released_for_checks("ottla-sim")?;
    let begin = now();
    let output = Command::new(simulator)
        .args(suite.command)
        .args(["--seeds", &options.seeds.to_string(), "--from", &options.from.to_string()])
        .output()
        .map_err(|error| format!("the simulator cannot be run: {error}"))?;
    let took = begin.elapsed();
    let text = String::from_utf8_lossy(&output.stdout);
    print!("{text}");
    if !output.status.success() {
        return Err(format!("{}: {}", suite.name, String::from_utf8_lossy(&output.stderr).trim()));
    }
    if options.is_quick {
        return Ok(());
    }
    let last = options.from + options.seeds - 1;
    let what = format!("{} of the seeds {} to {last}", suite.what, options.from);
    document::write(suite.name, &what, &figures(&text, took))
}

/// The lines `name: figure`, and how long it took.
fn figures(text: &str, took: Duration) -> Vec<(&str, String)> {
    let lines = text.lines().filter_map(|line| line.split_once(": "));
    let mut figures: Vec<_> = lines.map(|(name, figure)| (name, figure.to_owned())).collect();
    figures.push(("minutes", format!("{:.1}", took.as_secs_f64() / 60.0)));
    figures
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_with_a_figure_becomes_a_row() {
        let rows = figures("seeds: 3\nviolations: 0\n", Duration::from_secs(90));
        let row = |name, figure: &str| (name, figure.to_owned());
        assert_eq!(rows, [row("seeds", "3"), row("violations", "0"), row("minutes", "1.5")]);
    }

    #[test]
    fn arguments_are_read() {
        let parse = |text: &str| Options::parse(&text.split(' ').map(str::to_owned).collect::<Vec<_>>(), SIM);
        assert_eq!(parse("--seeds 5 --from 7"), Ok(Options { is_quick: false, seeds: 5, from: 7 }));
        assert_eq!(parse("--quick"), Ok(Options { is_quick: true, seeds: 300, from: 0 }));
        assert!(parse("--seeds x").is_err());
        assert!(parse("--seeds 0").unwrap_err().starts_with("--seeds 0 would run nothing"));
        assert!(parse("--what").is_err());
    }
}
