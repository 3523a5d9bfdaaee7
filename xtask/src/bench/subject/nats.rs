//! NATS with JetStream, which keeps a stream in files.

use super::{Durability, Server, Subject, Topic};
use crate::bench::arena::Arena;
use crate::bench::kit::Kit;
use crate::listener::free_ports;
use std::path::Path;
use std::process::{Command, Stdio};

#[derive(Debug, Clone, Copy)]
pub(in crate::bench) struct Nats {
    pub(in crate::bench) durability: Durability,
}

/// What the stream takes; NATS has no partitions, so its one stream is all of the topic.
pub(in crate::bench) const SUBJECTS: &str = "bench.>";

impl Subject for Nats {
    fn name(&self) -> &'static str {
        "nats"
    }

    fn settings(&self) -> String {
        let sync = match self.durability {
            Durability::Os => "as installed: it syncs every two minutes, and",
            Durability::Sync => "`sync_interval: always`, so that it",
        };
        format!(
            "NATS server with one JetStream stream in files that takes batches ({}), {sync} {}",
            version(&Kit::Nats.found().unwrap_or_default()),
            self.durability.meaning()
        )
    }

    fn missing(&self, _arena: &Arena) -> Option<String> {
        Kit::Nats.found().err()
    }

    fn start(&self, arena: &Arena, topic: &Topic) -> Result<Server, String> {
        let kit = Kit::Nats.found()?;
        let [port] = free_ports()?;
        let address = format!("127.0.0.1:{port}");
        let config = arena.data().join("nats.conf");
        std::fs::write(&config, self.config(&address, &arena.data()))
            .map_err(|error| format!("{}: {error}", config.display()))?;
        let mut command = Command::new(kit.join("nats-server"));
        command.arg("--config").arg(&config);
        let server = Server::spawn(arena, self.name(), &mut command)?.listening(&address)?;
        create_stream(&kit, &address, topic).map_err(|why| server.blame(&why))?;
        Ok(server)
    }
}

impl Nats {
    fn config(self, address: &str, data: &Path) -> String {
        let sync = match self.durability {
            Durability::Os => "",
            Durability::Sync => "sync_interval: always",
        };
        let store = data.join("jetstream").display().to_string();
        format!("listen: \"{address}\"\njetstream {{\n  store_dir: \"{store}\"\n  {sync}\n}}\n")
    }
}

fn create_stream(kit: &Path, address: &str, topic: &Topic) -> Result<(), String> {
    let mut command = Command::new(kit.join("nats"));
    command.args(["--no-context", "--server", address, "stream", "add", topic.name, "--subjects", SUBJECTS]);
    command.args(["--storage", "file", "--allow-batch", "--allow-fast", "--defaults"]);
    let output = command.stdin(Stdio::null()).output();
    let output = output.map_err(|error| format!("cannot run {command:?}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("the stream is refused: {}", String::from_utf8_lossy(&output.stderr).trim()))
}

fn version(kit: &Path) -> String {
    let output = Command::new(kit.join("nats-server")).arg("--version").stdin(Stdio::null()).output();
    output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_synced_is_said_in_the_configuration() {
        let config = |durability| Nats { durability }.config("127.0.0.1:1", Path::new("/data"));
        assert!(config(Durability::Sync).contains("  sync_interval: always\n"));
        let os = config(Durability::Os);
        assert!(!os.contains("sync_interval") && os.contains("store_dir: \"/data/jetstream\""), "{os}");
    }
}
