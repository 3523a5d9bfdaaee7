//! The released program on one port and one data directory, through all its lives.

use super::clock::{now, pause};
use crate::conformance::broker::ready;
use rustix::process::{Pid, Signal};
use std::fs::OpenOptions;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The broker, dead or alive; killed when dropped.
pub(super) struct Broker {
    program: PathBuf,
    folder: PathBuf,
    settings: &'static [&'static str],
    port: u16,
    process: Option<Child>,
}

/// Ports below those that the kernel gives to outgoing connections: while the broker is dead, a client that asks for
/// its port could get that very port and so connect to itself.
const PORTS: std::ops::Range<u16> = 20_000..30_000;
/// Stopping in order waits for requests that are running.
const STOP_LIMIT: Duration = Duration::from_secs(20);

impl Broker {
    /// A broker that does not run yet, with `KEY=VALUE` settings besides the defaults.
    ///
    /// # Errors
    /// If no port is free.
    pub(super) fn new(
        program: &Path,
        folder: &Path,
        settings: &'static [&'static str],
    ) -> Result<Self, String> {
        let first = u16::try_from(std::process::id() % 9000).unwrap_or(0);
        let port = (PORTS.start + first..PORTS.end)
            .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
            .ok_or("no free port")?;
        Ok(Self { program: program.to_owned(), folder: folder.to_owned(), settings, port, process: None })
    }

    /// `HOST:PORT` for clients.
    pub(super) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Starts the process and waits until it is ready.
    ///
    /// # Errors
    /// If it is not, which after a crash is a violation.
    pub(super) fn start(&mut self) -> Result<(), String> {
        self.spawn()?;
        let output = self.process.as_mut().and_then(|process| process.stdout.take());
        let output = output.ok_or("the broker has no output")?;
        ready(output).map(drop).map_err(|why| format!("the broker did not come back: {why}; see broker.log"))
    }

    /// Starts the process and does not wait.
    ///
    /// # Errors
    /// If it cannot be started.
    pub(super) fn spawn(&mut self) -> Result<(), String> {
        let log = self.folder.join("broker.log");
        let errors = OpenOptions::new().create(true).append(true).open(&log);
        let errors = errors.map_err(|error| format!("{}: {error}", log.display()))?;
        let process = Command::new(&self.program)
            .args(["serve", "--listen", &self.address(), "--data"])
            .arg(self.folder.join("data"))
            // Kafka's default waits 3 s for more members whenever a group begins.
            .args(["--set", "group.initial.rebalance.delay.ms=100"])
            .args(self.settings.iter().flat_map(|setting| ["--set", setting]))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .map_err(|error| format!("cannot start {}: {error}", self.program.display()))?;
        self.process = Some(process);
        Ok(())
    }

    /// The number of its process.
    ///
    /// # Errors
    /// If there is none.
    pub(super) fn pid(&self) -> Result<u32, String> {
        self.process.as_ref().map(Child::id).ok_or_else(|| "the broker does not run".to_owned())
    }

    /// Creates a topic.
    ///
    /// # Errors
    /// If it is refused.
    pub(super) fn create_topic(&self, name: &str, partitions: &str) -> Result<(), String> {
        self.ask(&["topic", "create", name, "-p", partitions]).map(drop)
    }

    /// Runs a command of the same program against the broker, and gives what it prints.
    ///
    /// # Errors
    /// If it fails, with its own words.
    pub(super) fn ask(&self, arguments: &[&str]) -> Result<String, String> {
        let output = self
            .command(arguments)
            .output()
            .map_err(|error| format!("cannot run {}: {error}", self.program.display()))?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        Err(format!("ottla {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim()))
    }

    /// The same, to be run.
    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(arguments).args(["-b", &self.address()]).stdin(Stdio::null());
        command
    }

    /// A file of the data directory.
    pub(super) fn data(&self, name: &str) -> PathBuf {
        self.folder.join("data").join(name)
    }

    /// Whether everything in the data directory is as it was written; the broker must not run.
    ///
    /// # Errors
    /// With what `ottla log verify` found.
    pub(super) fn verify(&self) -> Result<(), String> {
        let output = Command::new(&self.program)
            .args(["log", "verify", "--data"])
            .arg(self.folder.join("data"))
            .stdin(Stdio::null())
            .output()
            .map_err(|error| format!("cannot run {}: {error}", self.program.display()))?;
        if output.status.success() {
            return Ok(());
        }
        let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        Err(format!("ottla log verify: {}", said.concat().trim()))
    }

    /// SIGKILL, and gone.
    pub(super) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            // One that has ended by itself is as dead.
            drop(process.kill());
            drop(process.wait());
        }
    }

    /// Takes some bytes off the end of a log: what a broker that lies about its disk would lose.
    ///
    /// # Errors
    /// If the log cannot be changed.
    pub(super) fn cut_a_log(&self, partition: &str) -> Result<bool, String> {
        let log = self.folder.join("data").join(partition).join("00000000000000000000.log");
        let failed = |error: std::io::Error| format!("{}: {error}", log.display());
        let file = OpenOptions::new().write(true).open(&log).map_err(failed)?;
        let length = file.metadata().map_err(failed)?.len();
        file.set_len(length.saturating_sub(5000)).map_err(failed)?;
        Ok(true)
    }

    /// SIGTERM, and gone in order.
    ///
    /// # Errors
    /// If it takes too long or ends with a failure.
    pub(super) fn stop(&mut self) -> Result<(), String> {
        let Some(process) = &mut self.process else { return Err("the broker does not run".to_owned()) };
        let pid = Pid::from_child(process);
        rustix::process::kill_process(pid, Signal::TERM)
            .map_err(|error| format!("cannot stop it: {error}"))?;
        let begin = now();
        while begin.elapsed() < STOP_LIMIT {
            if let Some(status) = process.try_wait().map_err(|error| error.to_string())? {
                self.process = None;
                let outcome =
                    if status.success() { Ok(()) } else { Err(format!("it stopped with {status}")) };
                return outcome.map_err(|why| format!("the broker: {why}; see broker.log"));
            }
            pause(Duration::from_millis(5));
        }
        Err(format!("the broker did not stop within {STOP_LIMIT:?}"))
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.kill();
    }
}
