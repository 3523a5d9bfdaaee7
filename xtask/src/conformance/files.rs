//! Ottla's files and Apache Kafka's: Kafka's dump tool reads ours, and `ottla import` takes Kafka's.
//!
//! The script runs both brokers itself and compares every record, offset and position.

use super::clients::{JAVA_NEW, class_path, java_jars, java_program, python_environment};
use super::matrix::{Feature, Row};
use super::packages::{Setback, Shelf};
use super::script;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const TESTS: &[Feature] = &[
    Feature {
        name: "dump",
        asks: "Kafka's DumpLogSegments reads every log, index, transaction index and producer snapshot that Ottla has \
               written, also after a crash, and finds nothing wrong",
    },
    Feature {
        name: "import",
        asks: "a directory that a Kafka 4.4 broker has written comes along by copy and by link: every record, offset, \
               topic id, setting and position of a group is the same, and Kafka's directory is untouched",
    },
];

/// Kafka's tools have no 4.4 yet.
const TOOLS: &str = "4.3.1";
/// Two Kafka brokers start and a second of waiting makes each segment that is compacted.
const LIMIT: Duration = Duration::from_secs(300);

/// Runs the tests.
pub(super) fn run(shelf: &Shelf, program: &Path) -> Row {
    let mut row = Row::new("Kafka's files", "Python and Java", TESTS);
    let Some(command) = row.prepared(prepare(shelf)) else { return row };
    let settings = BTreeMap::from([
        ("OTTLA", program.to_string_lossy().into_owned()),
        ("DATA", shelf.folder("data").join("files").to_string_lossy().into_owned()),
    ]);
    let ended = script::run(command, &settings, &shelf.log("files", "err"), LIMIT, |line| row.hear(line));
    row.close(ended);
    row
}

fn prepare(shelf: &Shelf) -> Result<Command, Setback> {
    let environment = python_environment(shelf)?;
    let (tools, classes) = java_program(shelf, "console", TOOLS)?;
    let server = java_jars(shelf, "server", JAVA_NEW)?;
    let mut command = Command::new(environment.join("bin/python"));
    command
        .arg(shelf.script("files/files.py"))
        .env("TOOLS", class_path(&classes, &tools))
        .env("SERVER", server.join("*"));
    Ok(command)
}
