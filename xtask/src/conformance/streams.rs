//! Applications of Kafka Streams, of two versions, whose instances come, go and die.
//!
//! The broker's own settings make sessions short, so that a death is noticed within the run.

use super::clients::{JAVA_NEW, JVM, class_path, java_program};
use super::matrix::{Feature, Row};
use super::packages::{Setback, Shelf};
use super::{Options, probe};
use std::path::Path;
use std::process::Command;

const STREAMS: Feature = Feature {
    name: "streams",
    asks: "words are counted exactly once while the application goes from one instance to three, one is killed by \
           SIGKILL and one stops; the broker shares out the tasks (KIP-1071), and instances know of each other",
};
const CLASSIC: Feature =
    Feature { name: "classic", asks: "the same where the members share out the tasks, with standbys" };
const TOOLS: Feature = Feature {
    name: "tools",
    asks: "kafka-streams-groups lists and describes the group, resets its offsets with its internal topics, deletes \
           offsets, and deletes the group",
};
const RESET: Feature =
    Feature { name: "reset", asks: "kafka-streams-application-reset after the application stopped" };

/// The versions, and what is asked of each.
const VERSIONS: [(&str, &str, &[Feature]); 2] = [
    ("kafka-streams-4.4", JAVA_NEW, &[STREAMS, CLASSIC, TOOLS, RESET]),
    ("kafka-streams-4.3", "4.3.1", &[STREAMS, CLASSIC]),
];

/// Runs the applications of every version.
pub(super) fn run(shelf: &Shelf, program: &Path, options: &Options) -> Vec<Row> {
    VERSIONS
        .iter()
        .map(|(name, version, tests)| {
            probe(Row::new(name, "Java", tests), prepare(shelf, version), shelf, program, options)
        })
        .collect()
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
