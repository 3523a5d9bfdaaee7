//! `cargo xtask conformance`: Ottla as clients see it that we did not write.
//!
//! Each client has a script below `conformance/` that prints one JSON line per feature. This module builds
//! the broker, prepares each client's packages in a cache that git ignores, runs the scripts one after the
//! other, each against a fresh broker, and prints a matrix, which it also writes to `docs/clients.md`.
//!
//! What cannot be prepared here (no toolchain, no way to its packages) is skipped and says why; what a
//! client lacks does not apply and says why; everything else that is not well is a failure. A feature that a
//! script never reported is a failure too, so a script that dies cannot pass.

pub(crate) mod broker;
pub(crate) mod clients;
mod document;
mod examples;
mod files;
mod groups;
mod matrix;
pub(crate) mod packages;
mod script;
mod seeds;
pub(crate) mod streams;
mod tools;

use crate::{Outcome, tree};
use broker::Broker;
use clients::{CLIENTS, Client};
use matrix::{Matrix, Row};
use packages::{Setback, Shelf};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use tools::Recording;

/// How it is called.
pub(crate) const USAGE: &str = "\
cargo xtask conformance [seeds | files | groups | streams | tools | examples] [--client NAME]… [--feature NAME]… [--quick] [--against HOST:PORT] [--keep]

  seeds                run only the acceptance tests on real data
  examples             run only the examples of examples/
  files                run only the tests with Kafka's tools and data directories
  groups               run only members of consumer groups and share groups
  streams              run only the applications of Kafka Streams
  tools                run only Kafka's command-line tools beside Ottla's of the same names
  --record             with tools: what Kafka's print becomes what Ottla's must print
  --client NAME        run only this client; may be given more than once
  --feature NAME       ask only for this feature; may be given more than once
  --quick              ask only for the features without which nothing works
  --against HOST:PORT  ask a broker that already runs, for example Apache Kafka as the judge of the scripts
  --keep               keep the brokers' data below .cache/conformance/data";

/// What `--quick` asks for.
const QUICK: [&str; 5] = ["create", "none", "headers", "group", "resume"];
/// How long a client's whole run may take. The slowest needs about 30 s on two slow cores.
const CLIENT_LIMIT: Duration = Duration::from_secs(240);

/// Tests that are no client's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Only {
    Seeds,
    Examples,
    Files,
    Groups,
    Streams,
    Tools,
}

/// What the developer asked for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Options {
    only: Option<Only>,
    clients: Vec<String>,
    features: Vec<String>,
    against: Option<String>,
    keep: bool,
    record: bool,
}

impl Options {
    fn parse(arguments: &[String]) -> Result<Self, String> {
        let mut options = Self::default();
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            let mut value = || rest.next().cloned().ok_or(format!("{argument} needs a value\n\n{USAGE}"));
            match argument.as_str() {
                "seeds" => options.only = Some(Only::Seeds),
                "examples" => options.only = Some(Only::Examples),
                "files" => options.only = Some(Only::Files),
                "groups" => options.only = Some(Only::Groups),
                "streams" => options.only = Some(Only::Streams),
                "tools" => options.only = Some(Only::Tools),
                "--record" => options.record = true,
                "--client" => options.clients.push(value()?),
                "--feature" => options.features.push(value()?),
                "--quick" => options.features.extend(QUICK.map(str::to_owned)),
                "--against" => options.against = Some(value()?),
                "--keep" => options.keep = true,
                _ => return Err(format!("no argument {argument:?}\n\n{USAGE}")),
            }
        }
        if let Some(unknown) =
            options.clients.iter().find(|name| !CLIENTS.iter().any(|client| client.name == **name))
        {
            let names: Vec<&str> = CLIENTS.iter().map(|client| client.name).collect();
            return Err(format!("no client {unknown:?}; there are {}", names.join(", ")));
        }
        if let Some(unknown) = options.features.iter().find(|name| matrix::column(name).is_none()) {
            return Err(format!("no feature {unknown:?}"));
        }
        Ok(options)
    }

    /// Whether the run is the one that the document tells of.
    fn is_whole(&self) -> bool {
        *self == Self { keep: self.keep, ..Self::default() }
    }
}

/// How many features passed and failed, and how many clients were skipped.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
}

/// Runs the clients and prints the matrix; the last line is `N passed, N failed, N skipped`.
///
/// # Errors
/// If any feature failed, or if the broker could not be built.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    let (tally, outcome) = run_counted(arguments)?;
    println!("\n{} passed, {} failed, {} skipped", tally.passed, tally.failed, tally.skipped);
    outcome
}

/// Like [`run`], but leaves the closing line to the caller, who has more to count.
///
/// # Errors
/// If the arguments make no sense or the broker could not be built: then nothing was counted.
pub(crate) fn run_counted(arguments: &[String]) -> Result<(Tally, Outcome), String> {
    let options = Options::parse(arguments)?;
    let shelf = Shelf::new(tree::root())?;
    let program = broker::build()?;
    let chosen = |client: &&Client| {
        options.clients.is_empty() || options.clients.iter().any(|name| name == client.name)
    };
    let mut matrix = Matrix::default();
    for client in CLIENTS.iter().filter(chosen).filter(|_| options.only.is_none()) {
        let row = ask(client, &shelf, &program, &options);
        println!("{}", row.summary());
        matrix.rows.push(row);
    }
    let is_wanted = |test| {
        options.clients.is_empty()
            && options.features.is_empty()
            && options.only.is_none_or(|only| only == test)
    };
    if is_wanted(Only::Files) && options.against.is_none() {
        let row = files::run(&shelf, &program);
        println!("{}", row.summary());
        matrix.files = Some(row);
    }
    if is_wanted(Only::Groups) {
        matrix.groups = groups::run(&shelf, &program, &options);
        matrix.groups.iter().for_each(|row| println!("{}", row.summary()));
    }
    if is_wanted(Only::Streams) {
        matrix.streams = streams::run(&shelf, &program, &options);
        matrix.streams.iter().for_each(|row| println!("{}", row.summary()));
    }
    if is_wanted(Only::Tools) && options.against.is_none() {
        let recording = if options.record { Recording::Made } else { Recording::Compared };
        let row = tools::run(&shelf, recording);
        println!("{}", row.summary());
        matrix.tools = Some(row);
    }
    if is_wanted(Only::Examples) {
        let row = examples::run(&shelf, &program, options.against.as_deref());
        println!("{}", row.summary());
        matrix.examples = Some(row);
    }
    if is_wanted(Only::Seeds) {
        let row = seeds::run(&shelf, &program, options.against.as_deref());
        println!("{}", row.summary());
        matrix.seeds = Some(row);
    }
    println!("\n{}", matrix.text());
    let tally = matrix.tally();
    if options.is_whole() {
        document::write(&matrix)?;
    }
    let outcome =
        if tally.failed == 0 { Ok(()) } else { Err(format!("conformance: {} failed", tally.failed)) };
    Ok((tally, outcome))
}

/// Prepares one client, runs its script against a broker of its own and gives its row.
fn ask(client: &Client, shelf: &Shelf, program: &Path, options: &Options) -> Row {
    let mut row = Row::new(client.name, client.language, matrix::features());
    if !options.features.is_empty() {
        row.limit_to(&options.features);
    }
    probe(row, (client.prepare)(shelf), shelf, program, options)
}

/// Runs a script against a broker of its own and fills its row.
fn probe(
    mut row: Row,
    prepared: Result<Command, Setback>,
    shelf: &Shelf,
    program: &Path,
    options: &Options,
) -> Row {
    let Some(command) = row.prepared(prepared) else { return row };
    let broker = match &options.against {
        Some(address) => Ok(Broker::running_at(address)),
        None => Broker::start(program, shelf, row.name, options.keep),
    };
    let broker = match broker {
        Ok(broker) => broker,
        Err(reason) => {
            row.fail(&reason);
            return row;
        }
    };
    let settings = BTreeMap::from([
        ("BOOTSTRAP", broker.address().to_owned()),
        ("PREFIX", format!("{}-{}", row.name, std::process::id())),
        ("FEATURES", row.asked().join(",")),
        ("OTTLA", program.to_string_lossy().into_owned()),
    ]);
    let log = shelf.log(row.name, "err");
    let ended = script::run(command, &settings, &log, CLIENT_LIMIT, |line| row.hear(line));
    row.close(ended);
    row
}

#[cfg(test)]
mod tests;
