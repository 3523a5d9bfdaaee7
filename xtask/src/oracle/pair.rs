//! The two brokers, each with data of its own that is gone afterwards, set alike where it matters.

use crate::conformance::broker::ready;
use crate::conformance::clients::JVM;
use crate::conformance::packages::Shelf;
use std::fs::{self, File};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

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

/// What only Apache Kafka needs to be told to be alone.
const ALONE: &str = "\
process.roles=broker,controller
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
log.initial.task.delay.ms=500
";

/// How often, and for how long in all, Apache Kafka is asked whether it listens.
const PAUSE: Duration = Duration::from_millis(250);
const ATTEMPTS: u32 = 480;

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
        let (port, controller) = free_ports()?;
        let settings = data.join("server.properties");
        fs::write(&settings, properties(port, controller, &data))
            .map_err(|error| format!("cannot write {}: {error}", settings.display()))?;
        let java = |main: &str| {
            let mut command = Command::new("java");
            command.args(JVM).arg("-Xmx512m").arg("-cp").arg(jars.join("*")).arg(main);
            command
        };
        let log = shelf.log("oracle", "kafka");
        let mut format = java("kafka.tools.StorageTool");
        format.args(["format", "--standalone", "-t", CLUSTER, "-c"]).arg(&settings);
        let formatted = spawn(&mut format, &log)?.wait();
        if !formatted.is_ok_and(|status| status.success()) {
            return Err(format!("Kafka's storage cannot be formatted; see {}", log.display()));
        }
        let child = spawn(java("kafka.Kafka").arg(&settings), &log)?;
        let mut kafka = Self { address: format!("127.0.0.1:{port}"), data, running: Some(Running(child)) };
        kafka.wait().map_err(|why| format!("{why}; see {}", log.display()))?;
        Ok(kafka)
    }

    pub(super) fn address(&self) -> &str {
        &self.address
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "another program's listener is waited for, which nothing tells"
    )]
    fn wait(&mut self) -> Result<(), String> {
        for _ in 0..ATTEMPTS {
            if TcpStream::connect(&self.address).is_ok() {
                return Ok(());
            }
            let ended = self.running.as_mut().and_then(|running| running.0.try_wait().ok().flatten());
            if let Some(status) = ended {
                return Err(format!("Kafka ended with {status}"));
            }
            std::thread::sleep(PAUSE);
        }
        Err("Kafka does not listen".to_owned())
    }
}

impl Drop for Kafka {
    fn drop(&mut self) {
        self.running = None;
        // What is left lies in the cache, and the next run begins by removing it.
        drop(fs::remove_dir_all(&self.data));
    }
}

fn properties(port: u16, controller: u16, data: &Path) -> String {
    let listeners = format!("PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}");
    let settings = SETTINGS.join("\n");
    let data = data.join("log").display().to_string();
    format!(
        "{ALONE}{settings}\ncontroller.quorum.bootstrap.servers=127.0.0.1:{controller}\n\
         listeners={listeners}\nadvertised.listeners={listeners}\nlog.dirs={data}\n"
    )
}

/// Two ports that were free a moment ago: Kafka cannot be told to choose its controller's.
fn free_ports() -> Result<(u16, u16), String> {
    let listen = || TcpListener::bind("127.0.0.1:0").map_err(|error| format!("no port is free: {error}"));
    let (one, other) = (listen()?, listen()?);
    let port = |listener: &TcpListener| listener.local_addr().map(|address| address.port());
    let unknown = |error: std::io::Error| format!("a listener without address: {error}");
    Ok((port(&one).map_err(unknown)?, port(&other).map_err(unknown)?))
}

fn spawn(command: &mut Command, log: &Path) -> Result<Child, String> {
    let errors = File::options().create(true).append(true).open(log);
    let errors = errors.map_err(|error| format!("cannot write {}: {error}", log.display()))?;
    let spawned = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(errors).spawn();
    spawned.map_err(|error| format!("cannot run {command:?}: {error}"))
}

/// Any id will do for a cluster that lives a minute.
const CLUSTER: &str = "b3R0bGEtb3JhY2xlLTAwMQ";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kafka_is_told_what_ottla_is_told() {
        let text = properties(1, 2, Path::new("/data"));
        for setting in SETTINGS {
            assert!(text.lines().any(|line| line == setting), "{setting}");
        }
    }
}
