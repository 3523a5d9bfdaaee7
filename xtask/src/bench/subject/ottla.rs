//! Ottla itself.

use super::{Durability, Server, Subject, Topic, create_topic};
use crate::bench::arena::Arena;
use std::process::Command;

/// With no setting but its durability.
#[derive(Debug, Clone, Copy)]
pub(in crate::bench) struct Ottla {
    pub(in crate::bench) durability: Durability,
}

impl Subject for Ottla {
    fn name(&self) -> &'static str {
        "ottla"
    }

    fn settings(&self) -> String {
        format!(
            "as installed, but for `log.durability={}`: it {}",
            self.durability.word(),
            self.durability.meaning()
        )
    }

    fn start(&self, arena: &Arena, topic: &Topic) -> Result<Server, String> {
        let mut command = Command::new(&arena.programs.ottla);
        command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(arena.data());
        command.args(["--set", &format!("log.durability={}", self.durability.word())]);
        let server = Server::spawn(arena, self.name(), &mut command)?.ready()?;
        create_topic(&arena.programs.ottla, &server.address, topic).map_err(|why| server.blame(&why))?;
        Ok(server)
    }
}
