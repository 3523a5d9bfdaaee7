//! Tansu, called Nisshi since version 0.7: a broker in Rust that speaks Kafka's protocol and keeps records in a database.

use super::{Server, Subject, Topic, create_topic};
use crate::bench::arena::Arena;
use crate::bench::kit::{Kit, TANSU_VERSION};
use crate::listener::free_ports;
use std::process::Command;

/// On SQLite's engine, the one that keeps records on this machine without another server.
#[derive(Debug, Clone, Copy)]
pub(in crate::bench) struct Tansu;

impl Subject for Tansu {
    fn name(&self) -> &'static str {
        "tansu"
    }

    fn settings(&self) -> String {
        format!(
            "Tansu (Nisshi {TANSU_VERSION}) as installed on its SQLite engine, with a write-ahead log and \
             `synchronous = normal`: it acknowledges what the operating system has"
        )
    }

    fn missing(&self, _arena: &Arena) -> Option<String> {
        Kit::Tansu.found().err()
    }

    fn start(&self, arena: &Arena, topic: &Topic) -> Result<Server, String> {
        let [port] = free_ports()?;
        let address = format!("127.0.0.1:{port}");
        let mut command = Command::new(Kit::Tansu.found()?.join("bin/nisshi"));
        // Whatever path is named is taken from where it runs.
        command.current_dir(arena.data()).args(["--storage-engine", "sqlite://tansu.db"]);
        for option in ["--listener-url", "--advertised-listener-url"] {
            command.args([option, &format!("tcp://{address}")]);
        }
        let server = Server::spawn(arena, self.name(), &mut command)?.listening(&address)?;
        create_topic(&arena.programs.ottla, &server.address, topic).map_err(|why| server.blame(&why))?;
        Ok(server)
    }
}
