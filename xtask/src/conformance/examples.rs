//! The examples of `examples/`, each of which knows whether it found what it promises.

use super::clients::JAVA_NEW;
use super::matrix::{Feature, Row};
use super::packages::{Setback, Shelf, fetch, need};
use super::script;
use crate::tree;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const EXAMPLES: &[Feature] = &[
    Feature {
        name: "thumbnails",
        asks: "six share consumers in Java and Python on one partition of picture files, two die by SIGKILL, some \
               pictures are broken: every picture is done once or a dead letter, none is lost",
    },
    Feature {
        name: "orders",
        asks: "ten share consumers on two partitions with queue.order=key, then a consumer group: the orders of a \
               customer are processed in order, and the queue gives work to all ten",
    },
    Feature {
        name: "log-lines",
        asks: "four share consumers of different speed: their shares are in the ratio of their speeds",
    },
];

const LIMIT: Duration = Duration::from_secs(600);

/// Runs them; with `against` on a broker of somebody else.
pub(super) fn run(shelf: &Shelf, program: &Path, against: Option<&str>) -> Row {
    let mut row = Row::new("examples", "Java and Python", EXAMPLES);
    let Some(mut command) = row.prepared(prepare(shelf)) else { return row };
    if let Some(address) = against {
        command.args(["--against", address]);
    }
    let settings = BTreeMap::from([("OTTLA", program.to_string_lossy().into_owned())]);
    let ended = script::run(command, &settings, &shelf.log("examples", "err"), LIMIT, |line| row.hear(line));
    row.close(ended);
    row
}

fn prepare(shelf: &Shelf) -> Result<Command, Setback> {
    need("javac", &["-version"])?;
    need("mvn", &["--version"])?;
    need("python3", &["--version"])?;
    let examples = tree::root().join("examples");
    let pins = examples.join("requirements.txt");
    let environment = shelf.made("examples-python", std::slice::from_ref(&pins), |made| {
        fetch(Command::new("python3").args(["-m", "venv"]).arg(made))?;
        let mut pip = Command::new(made.join("bin/pip"));
        fetch(pip.args(["install", "--quiet", "--disable-pip-version-check", "--requirement"]).arg(&pins))
    })?;
    let pom = examples.join("pom.xml");
    let jars = shelf.made("examples-jars", std::slice::from_ref(&pom), |made| {
        let mut maven = Command::new("mvn");
        maven.args(["--quiet", "--batch-mode", "--file"]).arg(&pom);
        maven.arg(format!("-Dclient.version={JAVA_NEW}"));
        maven.arg("org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies");
        fetch(maven.arg(format!("-DoutputDirectory={}", made.display())))
    })?;
    let mut command = Command::new(environment.join("bin/python"));
    command.arg(examples.join("run")).arg("--report").env("EXAMPLES_JARS", jars);
    Ok(command)
}
