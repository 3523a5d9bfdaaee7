//! Ottla: its broker, and its tools called by their names, as links to the program.

use super::session::{Run, Step};
use std::cell::RefCell;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

const PROGRAM: &str = env!("CARGO_BIN_EXE_ottla");

/// A broker with temporary data and links to the tools, and members of groups; all ends when it is dropped.
pub(crate) struct Broker {
    process: Child,
    address: String,
    links: tempfile::TempDir,
    members: RefCell<Vec<Child>>,
}

impl Broker {
    pub(crate) fn start() -> Self {
        let mut command = Command::new(PROGRAM);
        command.env_clear().args(["serve", "--ephemeral", "--listen", "127.0.0.1:0", "--log", "off"]);
        let mut process = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready: serde_json::Value = serde_json::from_str(&line).unwrap();
        let address = ready["kafka"].as_str().unwrap().to_owned();
        let links = tempfile::tempdir().unwrap();
        Self { process, address, links, members: RefCell::default() }
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Where the files of a session are.
    pub(crate) fn files(&self) -> &Path {
        self.links.path()
    }

    /// Adds a line to one of them.
    pub(crate) fn write(&self, name: &str, line: &str) -> Option<Run> {
        let mut file = File::options().create(true).append(true).open(self.files().join(name)).unwrap();
        writeln!(file, "{line}").unwrap();
        None
    }

    /// The tool as a link to the program; every second tool with `.sh` behind it.
    fn tool(&self, name: &str) -> Command {
        let ending = if name.len().is_multiple_of(2) { ".sh" } else { "" };
        let link: PathBuf = self.links.path().join(format!("{name}{ending}"));
        if !link.exists() {
            std::os::unix::fs::symlink(PROGRAM, &link).unwrap();
        }
        let mut command = Command::new(link);
        command.env_clear().env("TZ", "UTC").current_dir(self.links.path());
        command
    }

    /// Starts a member of a group and waits until it has printed as many lines and has committed what it read.
    pub(crate) fn start_member(&self, lines: usize, words: &[String]) -> Option<Run> {
        let mut command = self.tool(&words[0]);
        command.args(["--bootstrap-server", self.address()]).args(&words[1..]);
        let mut process =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut output = BufReader::new(process.stdout.take().unwrap()).lines();
        for _ in 0..lines {
            output.next().unwrap().unwrap();
        }
        self.members.borrow_mut().push(process);
        let group = words.iter().skip_while(|word| *word != "--group").nth(1).unwrap();
        while !self.is_read(group) {}
        None
    }

    /// Whether the group has committed the end of all its partitions.
    fn is_read(&self, group: &str) -> bool {
        let mut command = Command::new(PROGRAM);
        command.env_clear().args(["-b", self.address(), "--output", "json", "group", "describe", group]);
        let described = command.output().unwrap();
        let described: serde_json::Value = serde_json::from_slice(&described.stdout).unwrap();
        let partitions = described["partitions"].as_array().unwrap();
        !partitions.is_empty() && partitions.iter().all(|at| at["committed"] == at["end"])
    }

    /// Stops all members; they leave their groups.
    pub(crate) fn stop_members(&self) -> Option<Run> {
        for mut member in self.members.take() {
            terminate(&mut member);
        }
        None
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.stop_members();
        terminate(&mut self.process);
    }
}

fn terminate(process: &mut Child) {
    let id = process.id().to_string();
    assert!(Command::new("kill").args(["-s", "TERM", &id]).status().unwrap().success());
    process.wait().unwrap();
}

/// Runs a command with Ottla's tools.
pub(crate) fn run(broker: &Broker, step: &Step) -> Run {
    let (tool, words) = step.words(broker.address(), broker.files());
    let mut command = broker.tool(&tool);
    command.args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = command.spawn().unwrap();
    // A tool that fails early does not read to the end.
    let _ = process.stdin.take().unwrap().write_all(step.input().as_bytes());
    let ended = process.wait_with_output().unwrap();
    Run {
        output: String::from_utf8(ended.stdout).unwrap(),
        errors: String::from_utf8(ended.stderr).unwrap(),
        status: ended.status.code().unwrap(),
    }
}
