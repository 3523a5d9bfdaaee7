//! Sends the same hand-made requests to Apache Kafka and to Ottla and compares the answers field by field.
//!
//! `conformance-oracle KAFKA OTTLA [--subject NAME]… [--scenario NAME]… [--trace]`, both as HOST:PORT, prints one JSON
//! line per API that is offered and one per answer that was compared; `cargo xtask oracle` starts the two brokers and
//! makes the document of them.
//!
//! A scenario is a name and a function that asks; it knows nothing of which broker it talks to. It runs once per
//! broker, both at the same time, and gives two transcripts. What legitimately differs between two brokers (ids,
//! times, ports, the words of a message) is made equal by [`normal`] before they are compared. What differs for a
//! reason is written down beside the scenario, with the reason. Everything else that differs is a fault.

#![allow(clippy::disallowed_methods, reason = "both brokers are real, and so is the time that they take")]

mod asking;
mod batch;
mod compare;
mod connection;
mod flat;
mod joining;
mod normal;
mod ranges;
mod reading;
mod scenario;
mod settings;
mod side;
mod streaming;
mod subject;
mod transacting;

use scenario::Scenario;
use side::{Side, Transcript};
use std::process::ExitCode;

const USAGE: &str = "conformance-oracle KAFKA OTTLA [--subject NAME]… [--scenario NAME]… [--trace]";

#[derive(Default)]
struct Options {
    addresses: Vec<String>,
    /// All, if there is none.
    subjects: Vec<String>,
    /// All, if there is none.
    scenarios: Vec<String>,
    /// Print both transcripts, for whoever writes a scenario.
    trace: bool,
}

fn main() -> ExitCode {
    let options = match parse(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(why) => {
            eprintln!("{why}\n{USAGE}");
            return ExitCode::FAILURE;
        }
    };
    let [kafka, ottla] = options.addresses.as_slice() else {
        eprintln!("{USAGE}");
        return ExitCode::FAILURE;
    };
    match ranges::lines(kafka, ottla) {
        Ok(lines) => lines.iter().for_each(|line| println!("{line}")),
        Err(why) => {
            eprintln!("{why}");
            return ExitCode::FAILURE;
        }
    }
    for subject in subject::ALL {
        if !is_wanted(&options.subjects, subject.name) {
            continue;
        }
        for scenario in subject.scenarios {
            if !is_wanted(&options.scenarios, scenario.name) {
                continue;
            }
            let (ours, theirs) = both(scenario, kafka, ottla);
            if options.trace {
                trace("kafka", &ours);
                trace("ottla", &theirs);
            }
            for line in compare::lines(subject, scenario, &ours, &theirs) {
                println!("{line}");
            }
        }
    }
    ExitCode::SUCCESS
}

fn parse(arguments: impl Iterator<Item = String>) -> Result<Options, String> {
    let mut options = Options::default();
    let mut rest = arguments;
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "--subject" => options.subjects.push(rest.next().ok_or("--subject needs a name")?),
            "--scenario" => options.scenarios.push(rest.next().ok_or("--scenario needs a name")?),
            "--trace" => options.trace = true,
            _ if argument.starts_with("--") => return Err(format!("no argument {argument:?}")),
            _ => options.addresses.push(argument),
        }
    }
    Ok(options)
}

fn is_wanted(names: &[String], name: &str) -> bool {
    names.is_empty() || names.iter().any(|wanted| wanted == name)
}

/// Both at once: what waits for time waits once.
fn both(scenario: &Scenario, kafka: &str, ottla: &str) -> (Transcript, Transcript) {
    std::thread::scope(|scope| {
        let first = scope.spawn(|| run(scenario, kafka));
        let second = run(scenario, ottla);
        let first = first.join().unwrap_or_else(|_| Transcript::broken("the scenario panicked".to_owned()));
        (first, second)
    })
}

fn run(scenario: &Scenario, address: &str) -> Transcript {
    let mut side = Side::new(address, scenario.name);
    let outcome = (scenario.run)(&mut side);
    side.close(outcome)
}

fn trace(name: &str, transcript: &Transcript) {
    for answer in &transcript.answers {
        eprintln!("{name}: {} {} v{}", answer.step, answer.api, answer.version);
        for (field, value) in &answer.fields {
            eprintln!("    {field} = {value}");
        }
    }
}

/// For documents and lists: how many scenarios there are.
#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Subject;

    #[test]
    fn names_are_unique_and_every_explanation_has_a_reason() {
        let mut names = Vec::new();
        for Subject { name, scenarios, .. } in subject::ALL {
            for scenario in *scenarios {
                names.push(format!("{name}/{}", scenario.name));
                assert!(scenario.differs.iter().all(|difference| 20 < difference.because.len()));
                assert!(scenario.name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'));
            }
        }
        let count = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
