//! The broker under test: built by cargo, started on a free port, gone when the run is.

use super::packages::Shelf;
use crate::step::cargo;
use serde_json::Value;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// How long the broker may take to say that it is ready.
const READY_LIMIT: Duration = Duration::from_secs(20);

/// A broker that answers at [`Broker::address`]; one that was started here ends when this is dropped.
pub(super) struct Broker {
    address: String,
    child: Option<Child>,
}

/// Builds the program for debugging and gives the path of the executable.
///
/// # Errors
/// If it does not build; cargo's own words went to the terminal.
pub(crate) fn build() -> Result<PathBuf, String> {
    executable("ottla", &["--package", "ottla"])
}

/// Builds the package `name` alone for release, as people have it, and gives the path of its program of that name:
/// figures are taken from this one.
///
/// # Errors
/// As [`build`].
pub(crate) fn released(name: &str) -> Result<PathBuf, String> {
    executable(name, &["--package", name, "--release"])
}

/// Builds the packages of [`CHECKED`] for release, and gives the path of the program called `name`.
///
/// # Errors
/// As [`build`].
pub(crate) fn released_for_checks(name: &str) -> Result<PathBuf, String> {
    executable(name, &[CHECKED, &["--release"]].concat())
}

/// Builds an example of a package for release and gives the path of its program.
///
/// # Errors
/// As [`build`].
pub(crate) fn released_example(package: &str, name: &str) -> Result<PathBuf, String> {
    executable(name, &["--package", package, "--release", "--example", name])
}

/// What only has to keep promises: all that any check asks for, so that one build serves every check. Cargo gives crates
/// the features that the packages of one build want together, so that each other choice of packages would compile much
/// of Ottla once more. The price is that this `ottla` has the features of the others too: the simulator's are the test
/// clock of tokio.
const CHECKED: &[&str] = &["--package", "ottla", "--package", "ottla-sim", "--package", "ottla-bench"];

fn executable(name: &str, flags: &[&str]) -> Result<PathBuf, String> {
    let mut command = cargo(&["build", "--locked", "--message-format=json-render-diagnostics"]);
    let output = command
        .args(flags)
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cannot run cargo build: {error}"))?;
    if !output.status.success() {
        return Err(format!("{name} does not build"));
    }
    let lines = String::from_utf8_lossy(&output.stdout).into_owned();
    lines
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message["target"]["name"] == name)
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
        .ok_or_else(|| format!("cargo build named no executable called {name}"))
}

impl Broker {
    /// A broker that somebody else runs.
    pub(super) fn running_at(address: &str) -> Self {
        Self { address: address.to_owned(), child: None }
    }

    /// Starts a broker that forgets everything, or with `keep` one whose data stays to be looked at.
    ///
    /// # Errors
    /// If it does not start or does not say that it is ready; what it said instead is in its log.
    pub(super) fn start(program: &Path, shelf: &Shelf, name: &str, keep: bool) -> Result<Self, String> {
        let log = shelf.log(name, "broker");
        let mut command = Command::new(program);
        command.arg("serve").args(["--listen", "127.0.0.1:0"]);
        // Kafka's default waits 3 s for more members whenever a group begins; every script begins several.
        command.args(["--set", "group.initial.rebalance.delay.ms=100"]);
        command.args(super::streams::SETTINGS.iter().flat_map(|setting| ["--set", setting]));
        if keep {
            let data = shelf.folder("data").join(name);
            drop(std::fs::remove_dir_all(&data));
            command.arg("--data").arg(data);
        } else {
            command.arg("--ephemeral");
        }
        let errors =
            File::create(&log).map_err(|error| format!("cannot create {}: {error}", log.display()))?;
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .map_err(|error| format!("cannot run {}: {error}", program.display()))?;
        let output = child.stdout.take().expect("it was asked for just above");
        let mut broker = Self { address: String::new(), child: Some(child) };
        broker.address = ready(output).map_err(|why| format!("{why}; see {}", log.display()))?;
        Ok(broker)
    }

    /// `HOST:PORT` for clients.
    pub(super) fn address(&self) -> &str {
        &self.address
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            // It may be gone already, and there is nobody left to tell.
            drop(child.kill());
            drop(child.wait());
        }
    }
}

/// Waits for the one JSON line that a broker prints when it is ready, and gives its address.
///
/// # Errors
/// If it does not come in time, or is another one.
pub(crate) fn ready(output: ChildStdout) -> Result<String, String> {
    let (sender, receiver) = mpsc::channel();
    std::thread::Builder::new()
        .name("broker's first line".to_owned())
        .spawn(move || {
            let mut line = String::new();
            drop(BufReader::new(output).read_line(&mut line));
            drop(sender.send(line));
        })
        .map_err(|error| format!("cannot start a thread: {error}"))?;
    let line = receiver.recv_timeout(READY_LIMIT).map_err(|_| format!("not ready within {READY_LIMIT:?}"))?;
    address(&line).ok_or_else(|| format!("the first line is no readiness line: {line:?}"))
}

fn address(line: &str) -> Option<String> {
    let value: Value = serde_json::from_str(line).ok()?;
    let is_ready = value["ready"] == Value::Bool(true);
    // Brokers call it by the protocol, the servers of the bench have but one.
    value["kafka"].as_str().or(value["address"].as_str()).filter(|_| is_ready).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_ready_line_gives_an_address() {
        assert_eq!(address(r#"{"kafka":"127.0.0.1:1","ready":true}"#).as_deref(), Some("127.0.0.1:1"));
        assert_eq!(address(r#"{"kafka":"127.0.0.1:1","ready":false}"#), None);
        assert_eq!(address(""), None);
    }
}
