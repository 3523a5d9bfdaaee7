//! `cargo xtask oracle`: the same hand-made requests to Apache Kafka and to Ottla, the answers compared field by field.
//!
//! `conformance/oracle` is the program that asks and compares; it knows the scenarios, and beside each the differences
//! that are meant, with their reason. This module starts both brokers, hears what the program found, and writes the
//! whole of it to `docs/compatibility.md`. A difference without a reason is a failure.
//!
//! Deliberately absent: expectations. What is right is what Apache Kafka answers on the same day.

mod coverage;
mod document;
mod findings;
mod pair;

use crate::conformance::broker;
use crate::conformance::clients::java_jars;
use crate::conformance::packages::{Setback, Shelf, compile, fetch};
use crate::kafka::VERSION;
use crate::step::cargo;
use crate::{Outcome, tree};
use findings::Findings;
use pair::{Kafka, Ottla};
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// How it is called.
pub(crate) const USAGE: &str = "\
cargo xtask oracle [--quick] [--subject NAME]… [--scenario NAME]…

  --quick          the subjects without which nothing works
  --subject NAME   only this family of rules; may be given more than once
  --scenario NAME  only this scenario of it; may be given more than once";

/// What `--quick` asks for.
const QUICK: [&str; 4] = ["produce-rules", "idempotence", "removal", "transaction-end"];

/// Compares, and prints what differs; the last line is `N same, N explained, N different`.
///
/// # Errors
/// If an answer differs without a reason, or if a broker or the program could not be started.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    let chosen = parse(arguments)?;
    match compare(&chosen)? {
        Ok(findings) => {
            if chosen.is_empty() {
                document::write(&findings)?;
            }
            findings.outcome()
        }
        Err(reason) => {
            println!("skipped: {reason}");
            Ok(())
        }
    }
}

/// Scenarios in which all is well, and others.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
}

/// The quick part, for who has more to count; nothing if Apache Kafka is not in the cache already, which is said in one
/// line.
///
/// # Errors
/// As for [`run`], with what was counted before if an answer differs.
pub(crate) fn quick() -> Result<(Count, Outcome), String> {
    let shelf = Shelf::new(tree::root())?;
    if !shelf.folder(&format!("oracle-{VERSION}")).is_dir() {
        println!("skipped: no Apache Kafka to compare with (cargo xtask oracle)");
        return Ok((Count::default(), Ok(())));
    }
    match compare(&parse(&["--quick".to_owned()])?)? {
        Ok(findings) => Ok((findings.scenarios(), findings.outcome())),
        Err(reason) => {
            println!("skipped: {reason}");
            Ok((Count::default(), Ok(())))
        }
    }
}

/// Starts both and asks what was chosen; the inner error is why this machine cannot.
fn compare(chosen: &[String]) -> Result<Result<Findings, String>, String> {
    let shelf = Shelf::new(tree::root())?;
    let prepared = java_jars(&shelf, "oracle", VERSION).and_then(|jars| Ok((jars, program(&shelf)?)));
    let (jars, program) = match prepared {
        Ok(prepared) => prepared,
        Err(Setback::Skipped(reason)) => return Ok(Err(reason)),
        Err(Setback::Failed(reason)) => return Err(reason),
    };
    let ottla = Ottla::start(&broker::build()?, &shelf)?;
    let kafka = Kafka::start(&jars, &shelf)?;
    let findings = ask(&program, &[kafka.address(), ottla.address()], chosen)?;
    println!("{}\n{}", findings.differences(), findings.summary());
    Ok(Ok(findings))
}

/// The arguments as the program takes them.
fn parse(arguments: &[String]) -> Result<Vec<String>, String> {
    let mut chosen = Vec::new();
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "--quick" => {
                chosen.extend(QUICK.iter().flat_map(|name| ["--subject".to_owned(), (*name).to_owned()]))
            }
            "--subject" | "--scenario" => {
                let value = rest.next().ok_or(format!("{argument} needs a name\n\n{USAGE}"))?;
                chosen.extend([argument.clone(), value.clone()]);
            }
            _ => return Err(format!("no argument {argument:?}\n\n{USAGE}")),
        }
    }
    Ok(chosen)
}

/// Builds the program that asks, in a target folder of its own.
fn program(shelf: &Shelf) -> Result<PathBuf, Setback> {
    let manifest = shelf.script("oracle/Cargo.toml");
    let target = shelf.folder("oracle");
    let with = |arguments: &[&str]| {
        let mut command = cargo(arguments);
        command.arg("--manifest-path").arg(&manifest);
        command
    };
    fetch(&mut with(&["fetch", "--quiet", "--locked"]))?;
    for verb in ["build", "test"] {
        compile(with(&[verb, "--quiet", "--locked", "--offline"]).arg("--target-dir").arg(&target))?;
    }
    Ok(target.join("debug/conformance-oracle"))
}

fn ask(program: &PathBuf, addresses: &[&str], chosen: &[String]) -> Result<Findings, String> {
    let mut child = Command::new(program)
        .args(addresses)
        .args(chosen)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("cannot run {}: {error}", program.display()))?;
    let output = child.stdout.take().expect("it was asked for just above");
    let mut findings = Findings::default();
    for line in BufReader::new(output).lines() {
        findings.hear(&line.map_err(|error| format!("cannot read what was found: {error}"))?)?;
    }
    let status = child.wait().map_err(|error| format!("cannot wait for the program: {error}"))?;
    match status.success() {
        true if findings.is_empty() => {
            Err("nothing was compared: is there such a subject or scenario?".to_owned())
        }
        true => Ok(findings),
        false => Err(format!("the program that asks ended with {status}")),
    }
}
