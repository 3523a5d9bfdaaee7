//! Apache Kafka as one process that is broker and controller: what it is told, and how its storage is made.

use crate::listener::free_ports;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The version that Ottla is compared with.
pub(crate) const VERSION: &str = "4.4.0";

/// What it needs to be told to be node 1 and alone, besides its `node.id`.
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
";

/// Any id will do for a cluster that lives a minute.
const CLUSTER: &str = "b3R0bGEtb3JhY2xlLTAwMQ";

/// A node whose storage is made and that can be started.
#[derive(Debug)]
pub(crate) struct Node {
    /// Where it will listen.
    pub(crate) address: String,
    jars: PathBuf,
    jvm: Vec<String>,
    settings: PathBuf,
}

impl Node {
    /// Makes the storage below the empty folder `data`. `settings` are lines of `server.properties`, `node.id=1`
    /// among them, `jvm` are options of the Java machine; what the tool that formats says goes to the file `log`.
    ///
    /// # Errors
    /// If it cannot be made.
    pub(crate) fn new(
        jars: &Path,
        data: &Path,
        settings: &[&str],
        jvm: &[&str],
        log: fs::File,
    ) -> Result<Self, String> {
        let [port, controller] = free_ports()?;
        let path = data.join("server.properties");
        fs::write(&path, properties(port, controller, &data.join("log"), settings))
            .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
        let node = Self {
            address: format!("127.0.0.1:{port}"),
            jars: jars.to_path_buf(),
            jvm: jvm.iter().map(|option| (*option).to_owned()).collect(),
            settings: path,
        };
        let mut format = node.java("kafka.tools.StorageTool");
        format.args(["format", "--standalone", "-t", CLUSTER, "-c"]).arg(&node.settings);
        let formatted = format.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).status();
        match formatted {
            Ok(status) if status.success() => Ok(node),
            Ok(status) => Err(format!("Kafka's storage cannot be formatted: {status}")),
            Err(error) => Err(format!("cannot run {format:?}: {error}")),
        }
    }

    /// The command that starts it.
    pub(crate) fn command(&self) -> Command {
        let mut command = self.java("kafka.Kafka");
        command.arg(&self.settings);
        command
    }

    fn java(&self, main: &str) -> Command {
        let mut command = Command::new("java");
        command.args(&self.jvm).arg("-cp").arg(self.jars.join("*")).arg(main);
        command
    }
}

fn properties(port: u16, controller: u16, data: &Path, settings: &[&str]) -> String {
    let listeners = format!("PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}");
    let settings = settings.join("\n");
    format!(
        "{ALONE}{settings}\ncontroller.quorum.bootstrap.servers=127.0.0.1:{controller}\n\
         listeners={listeners}\nadvertised.listeners={listeners}\nlog.dirs={}\n",
        data.display()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kafka_is_told_every_setting() {
        let text = properties(1, 2, Path::new("/data"), &["a=1", "b=2"]);
        for setting in ["process.roles=broker,controller", "a=1", "b=2", "log.dirs=/data"] {
            assert!(text.lines().any(|line| line == setting), "{setting}");
        }
    }
}
