//! The simulator's program: one command, one word.
//!
//! `check` judges histories that somebody else wrote: the crash loops, or a run that is looked at again.

use ottla_sim::checker::{Checker, Report};
use ottla_sim::history;
use std::fs::File;
use std::io::BufReader;
use std::process::ExitCode;

const USAGE: &str = "\
ottla-sim COMMAND

  check [--json] HISTORY…   judge the histories of one run together; fails if they show an anomaly
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match arguments.as_slice() {
        ["check", "--json", histories @ ..] if !histories.is_empty() => check(histories, |report| {
            println!("{}", serde_json::to_string(report).expect("a report has no keys but names"));
        }),
        ["check", histories @ ..] if !histories.is_empty() => check(histories, |report| print!("{report}")),
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

/// Judges the histories and hands the report to `print`.
fn check(paths: &[&str], print: fn(&Report)) -> Result<(), String> {
    let mut checker = Checker::new();
    for path in paths {
        let file = File::open(path).map_err(|error| format!("{path}: {error}"))?;
        history::read(BufReader::new(file), |event| checker.add(event))
            .map_err(|error| format!("{path}: {error}"))?;
    }
    let report = checker.finish();
    print(&report);
    match report.violations {
        0 => Ok(()),
        count => Err(format!("{count} violations")),
    }
}
