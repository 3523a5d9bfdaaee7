//! Applications of Kafka Streams, of two versions, whose instances come, go and die.
//!
//! The broker's own settings make sessions short, so that a death is noticed within the run.

use super::Options;
use super::broker::Broker;
use super::clients::{JAVA_NEW, JVM, class_path, java_program};
use super::matrix::{Feature, Row};
use super::packages::{Setback, Shelf};
use super::script;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const STREAMS: Feature = Feature {
    name: "streams",
    asks: "words are counted exactly once while the application goes from one instance to three, one is killed by \
           SIGKILL and one stops; the broker shares out the tasks (KIP-1071), and instances know of each other",
};
const CLASSIC: Feature =
    Feature { name: "classic", asks: "the same where the members share out the tasks, with standbys" };
const TOOLS: Feature = Feature {
    name: "tools",
    asks: "kafka-streams-groups lists and describes the group, resets its offsets with its internal topics, and \
           deletes it",
};
const RESET: Feature =
    Feature { name: "reset", asks: "kafka-streams-application-reset after the application stopped" };

/// The versions, and what is asked of each.
const VERSIONS: [(&str, &str, &[Feature]); 2] = [
    ("kafka-streams-4.4", JAVA_NEW, &[STREAMS, CLASSIC, TOOLS, RESET]),
    ("kafka-streams-4.3", "4.3.1", &[STREAMS, CLASSIC]),
];

/// A run needs about 30 s on two slow cores.
const LIMIT: Duration = Duration::from_secs(240);

/// Runs the applications of every version.
pub(super) fn run(shelf: &Shelf, program: &Path, options: &Options) -> Vec<Row> {
    VERSIONS
        .iter()
        .map(|(name, version, tests)| ask(shelf, program, options, (name, version, tests)))
        .collect()
}

fn ask(
    shelf: &Shelf,
    program: &Path,
    options: &Options,
    (name, version, tests): (&'static str, &str, &'static [Feature]),
) -> Row {
    let mut row = Row::new(name, "Java", tests);
    let command = match prepare(shelf, version) {
        Ok(command) => command,
        Err(Setback::Skipped(reason)) => {
            row.skip(&reason);
            return row;
        }
        Err(Setback::Failed(reason)) => {
            row.fail(&reason);
            return row;
        }
    };
    let broker = match &options.against {
        Some(address) => Ok(Broker::running_at(address)),
        None => Broker::start(program, shelf, name, options.keep),
    };
    let broker = match broker {
        Ok(broker) => broker,
        Err(reason) => {
            row.fail(&reason);
            return row;
        }
    };
    let features: Vec<&str> = tests.iter().map(|test| test.name).collect();
    let settings = BTreeMap::from([
        ("BOOTSTRAP", broker.address().to_owned()),
        ("PREFIX", format!("{name}-{}", std::process::id())),
        ("FEATURES", features.join(",")),
    ]);
    let ended = script::run(command, &settings, &shelf.log(name, "err"), LIMIT, |line| row.hear(line));
    row.close(ended);
    row
}

/// The program that runs applications of this version.
pub(crate) fn prepare(shelf: &Shelf, version: &str) -> Result<Command, Setback> {
    let (jars, classes) = java_program(shelf, "streams", version)?;
    let mut command = Command::new("java");
    command.args(JVM).arg("-cp").arg(class_path(&classes, &jars)).arg("Streams");
    Ok(command)
}

/// What makes a broker notice within seconds that an instance is dead.
pub(crate) const SETTINGS: [&str; 5] = [
    "group.streams.initial.rebalance.delay.ms=100",
    "group.streams.min.session.timeout.ms=6000",
    "group.streams.session.timeout.ms=6000",
    "group.streams.min.heartbeat.interval.ms=500",
    "group.streams.heartbeat.interval.ms=500",
];
