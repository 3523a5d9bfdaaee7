//! Members of consumer groups (KIP-848) and of share groups (KIP-932), with the clients that have both.

use super::clients::{JAVA_NEW, JVM, class_path, java_program, python_environment};
use super::matrix::{Feature, Row};
use super::packages::{Setback, Shelf};
use super::{Options, probe};
use std::path::Path;
use std::process::Command;

const TESTS: &[Feature] = &[
    Feature {
        name: "consumer",
        asks: "two members of a consumer group share four partitions, one leaves, and the other one goes on: every \
               record is processed once, and no partition ever has two owners",
    },
    Feature {
        name: "pattern",
        asks: "a member subscribes to a regular expression, and reads a topic that comes later",
    },
    Feature {
        name: "static",
        asks: "a static member comes back and gets its partitions; the other member keeps its own",
    },
    Feature {
        name: "implicit",
        asks: "two share consumers that acknowledge by polling on get every record once between them",
    },
    Feature {
        name: "explicit",
        asks: "a share consumer accepts, rejects and releases: what is released comes once more, with a higher count \
               of deliveries, and nothing else does",
    },
];

/// Runs the script of each client.
pub(super) fn run(shelf: &Shelf, program: &Path, options: &Options) -> Vec<Row> {
    let rows = [("kafka-clients-4.4", "Java", java(shelf)), ("confluent-kafka", "Python, C", python(shelf))];
    rows.into_iter()
        .map(|(name, language, prepared)| {
            probe(Row::new(name, language, TESTS), prepared, shelf, program, options)
        })
        .collect()
}

fn java(shelf: &Shelf) -> Result<Command, Setback> {
    let (jars, classes) = java_program(shelf, "groups", JAVA_NEW)?;
    let mut command = Command::new("java");
    command.args(JVM).arg("-cp").arg(class_path(&classes, &jars)).arg("Groups");
    Ok(command)
}

fn python(shelf: &Shelf) -> Result<Command, Setback> {
    let environment = python_environment(shelf)?;
    let mut command = Command::new(environment.join("bin/python"));
    command.arg(shelf.script("python/groups.py"));
    Ok(command)
}
