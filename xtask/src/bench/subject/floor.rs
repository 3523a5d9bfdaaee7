//! The least that a correct broker does with a produce request.

use super::{Durability, Server, Subject, Topic};
use crate::bench::arena::Arena;
use std::process::Command;

/// `ottla-bench floor`.
#[derive(Debug, Clone, Copy)]
pub(in crate::bench) struct Floor {
    pub(in crate::bench) durability: Durability,
}

impl Subject for Floor {
    fn name(&self) -> &'static str {
        "floor"
    }

    fn settings(&self) -> String {
        format!(
            "one thread that takes the same frames, checks the CRC, stamps the offset, appends to a file for each \
             partition and answers; it {}",
            self.durability.meaning()
        )
    }

    fn start(&self, arena: &Arena, topic: &Topic) -> Result<Server, String> {
        let mut command = Command::new(&arena.programs.bench);
        command.args(["floor", "--listen", "127.0.0.1:0", "--data"]).arg(arena.data());
        command.args(["--durability", self.durability.word()]);
        command.args(["--partitions", &topic.partitions.to_string()]);
        Server::spawn(arena, self.name(), &mut command)?.ready()
    }
}
