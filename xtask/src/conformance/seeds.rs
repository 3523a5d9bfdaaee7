//! The acceptance tests on a real data set, with consumers in two languages in the same groups.
//!
//! The script starts and restarts the broker itself, kills consumers, and checks what all of them saw.

use super::clients::{JAVA_NEW, class_path, java_program, python_environment};
use super::matrix::{Feature, Row};
use super::packages::{Setback, Shelf, compile, fetch};
use super::script;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const TESTS: &[Feature] = &[
    Feature {
        name: "queue",
        asks: "three consumers share six partitions: every flight is processed by exactly one of them, a partition \
               by one at a time, an aircraft's flights in order",
    },
    Feature {
        name: "kill",
        asks: "one consumer dies by SIGKILL in the middle: the others take over, nothing is missed",
    },
    Feature { name: "pubsub", asks: "two more groups receive every flight each" },
    Feature { name: "immutable", asks: "read twice: the same bytes at the same offsets, which have no gaps" },
    Feature { name: "restart", asks: "the same after the broker was stopped and started again" },
];

/// The data set is large and the machine may be small.
const LIMIT: Duration = Duration::from_secs(600);

/// Runs the tests; with `against` the broker is somebody else's, and what needs a restart does not apply.
pub(super) fn run(shelf: &Shelf, program: &Path, against: Option<&str>) -> Row {
    let mut row = Row::new("real data", "Java and Python", TESTS);
    let Some(command) = row.prepared(prepare(shelf)) else { return row };
    let settings = BTreeMap::from([
        ("BOOTSTRAP", against.unwrap_or_default().to_owned()),
        ("PREFIX", format!("seeds-{}", std::process::id())),
        ("OTTLA", program.to_string_lossy().into_owned()),
        ("DATA", shelf.folder("data").join("seeds").to_string_lossy().into_owned()),
    ]);
    let ended = script::run(command, &settings, &shelf.log("seeds", "err"), LIMIT, |line| row.hear(line));
    row.close(ended);
    row
}

fn prepare(shelf: &Shelf) -> Result<Command, Setback> {
    let environment = python_environment(shelf)?;
    let pins = shelf.script("seeds/data.txt");
    let data = shelf.made("flights", std::slice::from_ref(&pins), |made| {
        // Its own dependencies are for people who analyse the data.
        let mut pip = Command::new(environment.join("bin/pip"));
        pip.args(["download", "--quiet", "--disable-pip-version-check", "--no-deps", "--requirement"]);
        fetch(pip.arg(&pins).arg("--dest").arg(made))
    })?;
    let (jars, _) = java_program(shelf, "java", JAVA_NEW)?;
    let classes = shelf.folder("seeds-classes");
    let mut compiler = Command::new("javac");
    compiler.arg("-d").arg(&classes).arg("-cp").arg(jars.join("*"));
    compile(compiler.arg(shelf.script("seeds/Worker.java")))?;
    let mut command = Command::new(environment.join("bin/python"));
    command
        .arg(shelf.script("seeds/seeds.py"))
        .env("CLASS_PATH", class_path(&classes, &jars))
        .env("FLIGHTS", data);
    Ok(command)
}
