//! The built program, run to its end, and a broker to run it against.

use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

/// A broker with temporary data, stopped when dropped.
pub(crate) struct Broker {
    process: Child,
    /// The line it said when it was ready.
    pub(crate) ready: Value,
}

impl Broker {
    pub(crate) fn start() -> Self {
        Self::start_with(&["--ephemeral"])
    }

    /// A broker that listens on a free port, with these further arguments.
    pub(crate) fn start_with(arguments: &[&str]) -> Self {
        let mut command = program();
        command.args(["serve", "--listen", "127.0.0.1:0", "--log", "off"]).args(arguments);
        Self::spawn(command)
    }

    pub(crate) fn spawn(mut command: Command) -> Self {
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"));
        Self { process, ready }
    }

    pub(crate) fn address(&self) -> &str {
        self.ready["kafka"].as_str().unwrap()
    }

    /// Sends a signal by name and waits for the end.
    pub(crate) fn stop(&mut self, signal: &str) -> Option<i32> {
        send(signal, &self.process);
        self.process.wait().unwrap().code()
    }

    /// Runs a verb and returns what it printed; it must succeed.
    #[track_caller]
    pub(crate) fn ok(&self, arguments: &[&str]) -> String {
        self.ok_with(arguments, "")
    }

    /// As `ok`, with this text on standard input.
    #[track_caller]
    pub(crate) fn ok_with(&self, arguments: &[&str], input: &str) -> String {
        let output = self.run(arguments, input);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// As `ok`, with JSON lines as output.
    #[track_caller]
    pub(crate) fn json(&self, arguments: &[&str]) -> Vec<Value> {
        let text = self.ok(&[arguments, &["--output", "json"]].concat());
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Runs a verb that must fail; returns its status and what it said.
    #[track_caller]
    pub(crate) fn fails(&self, arguments: &[&str]) -> (i32, String) {
        failed(&self.run(arguments, ""))
    }

    /// Runs a verb that must fail, with this text on standard input.
    #[track_caller]
    pub(crate) fn run_with(&self, arguments: &[&str], input: &str) -> (i32, String) {
        failed(&self.run(arguments, input))
    }

    /// Starts a verb that goes on until it is stopped.
    pub(crate) fn start_verb(&self, arguments: &[&str]) -> Verb {
        let mut command = program();
        command.args(arguments).args(["-b", self.address()]);
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap());
        Verb { process, lines }
    }

    fn run(&self, arguments: &[&str], input: &str) -> Output {
        let mut command = program();
        command.args(arguments).args(["-b", self.address()]);
        run(command, input)
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.stop("TERM");
    }
}

/// A verb that goes on until it is stopped.
pub(crate) struct Verb {
    process: Child,
    lines: BufReader<std::process::ChildStdout>,
}

impl Verb {
    /// The next line that it prints.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        assert!(!line.is_empty(), "it has ended");
        line
    }

    /// Sends a signal by name and waits for the end.
    pub(crate) fn stop(&mut self, signal: &str) -> Option<i32> {
        send(signal, &self.process);
        self.process.wait().unwrap().code()
    }
}

impl Drop for Verb {
    fn drop(&mut self) {
        // It has ended already, unless the test failed.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn send(signal: &str, process: &Child) {
    let id = process.id().to_string();
    assert!(Command::new("kill").args(["-s", signal, &id]).status().unwrap().success());
}

/// The program with a clean environment.
pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ottla"));
    command.env_clear().env("TZ", "UTC").stdin(Stdio::null());
    command
}

/// Runs a command to its end.
pub(crate) fn run(mut command: Command, input: &str) -> Output {
    let mut process =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A verb that fails early does not read to the end.
    let _ = process.stdin.take().unwrap().write_all(input.as_bytes());
    process.wait_with_output().unwrap()
}

/// The status and the words of a run that must have failed.
#[track_caller]
pub(crate) fn failed(output: &Output) -> (i32, String) {
    let said = String::from_utf8(output.stderr.clone()).unwrap();
    let status = output.status.code().unwrap();
    assert_ne!(status, 0, "it should fail: {}", String::from_utf8_lossy(&output.stdout));
    (status, said)
}

/// Runs `ottla serve` where it must not start.
#[track_caller]
pub(crate) fn serve_fails(arguments: &[&str], data: &Path) -> (i32, String) {
    let mut command = program();
    command.arg("serve").arg("--data").arg(data).args(arguments);
    let output = run(command, "");
    assert!(output.stdout.is_empty(), "it is not ready");
    failed(&output)
}
