//! The two brokers, each with data of its own that is gone afterwards, set alike where it matters.

use crate::conformance::broker::ready;
use crate::conformance::clients::JVM;
use crate::conformance::packages::Shelf;
use crate::kafka::Node;
use crate::listener;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// What both are told: one id, nothing expires while we look unless a topic says so, and time-outs and what is done in
/// the background come soon.
const SETTINGS: [&str; 6] = [
    "node.id=1",
    "log.retention.ms=-1",
    "group.initial.rebalance.delay.ms=0",
    "transaction.abort.timed.out.transaction.cleanup.interval.ms=1000",
    "log.retention.check.interval.ms=1000",
    "log.cleaner.backoff.ms=300",
];

/// What only Apache Kafka needs to be told, to begin soon with what it does in the background.
const SOON: &str = "log.initial.task.delay.ms=500";

/// A process that ends with this value.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may be gone already, and there is nobody left to tell.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Ottla, debug build.
pub(super) struct Ottla {
    address: String,
    _running: Running,
}

impl Ottla {
    /// # Errors
    /// If it does not start; what it said is in its log.
    pub(super) fn start(program: &Path, shelf: &Shelf) -> Result<Self, String> {
        let log = shelf.log("oracle", "ottla");
        let mut command = Command::new(program);
        command.args(["serve", "--ephemeral", "--listen", "127.0.0.1:0"]);
        command.args(SETTINGS.iter().flat_map(|setting| ["--set", setting]));
        let mut child = spawn(&mut command, &log)?;
        let output = child.stdout.take().expect("it was asked for by spawn");
        let running = Running(child);
        let address = ready(output).map_err(|why| format!("{why}; see {}", log.display()))?;
        Ok(Self { address, _running: running })
    }

    pub(super) fn address(&self) -> &str {
        &self.address
    }
}

/// Apache Kafka, one process that is broker and controller.
pub(super) struct Kafka {
    address: String,
    data: PathBuf,
    running: Option<Running>,
}

impl Kafka {
    /// # Errors
    /// If it does not start within two minutes; what it said is in its log.
    pub(super) fn start(jars: &Path, shelf: &Shelf) -> Result<Self, String> {
        let data = shelf.folder("data").join("oracle");
        drop(fs::remove_dir_all(&data));
        fs::create_dir_all(&data).map_err(|error| format!("cannot create {}: {error}", data.display()))?;
        let log = shelf.log("oracle", "kafka");
        let blame = |why: String| format!("{why}; see {}", log.display());
        let settings: Vec<&str> = SETTINGS.into_iter().chain([SOON]).collect();
        let jvm: Vec<&str> = JVM.into_iter().chain(["-Xmx512m"]).collect();
        let node = Node::new(jars, &data, &settings, &jvm, appended(&log)?).map_err(blame)?;
        let mut running = Running(spawn(&mut node.command(), &log)?);
        listener::wait(&mut running.0, &node.address).map_err(blame)?;
        Ok(Self { address: node.address, data, running: Some(running) })
    }

    pub(super) fn address(&self) -> &str {
        &self.address
    }
}

impl Drop for Kafka {
    fn drop(&mut self) {
        self.running = None;
        // What is left lies in the cache, and the next run begins by removing it.
        drop(fs::remove_dir_all(&self.data));
    }
}

fn spawn(command: &mut Command, log: &Path) -> Result<Child, String> {
    let spawned = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(appended(log)?).spawn();
    spawned.map_err(|error| format!("cannot run {command:?}: {error}"))
}

fn appended(log: &Path) -> Result<File, String> {
    let file = File::options().create(true).append(true).open(log);
    file.map_err(|error| format!("cannot write {}: {error}", log.display()))
}
