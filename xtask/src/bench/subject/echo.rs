//! The least that a server does with a request: it sends it back.

use super::{Server, Subject, Topic};
use crate::bench::arena::Arena;
use std::process::Command;

/// `ottla-bench echo`.
#[derive(Debug, Clone, Copy)]
pub(in crate::bench) struct Echo;

impl Subject for Echo {
    fn name(&self) -> &'static str {
        "echo"
    }

    fn settings(&self) -> String {
        "one thread that sends each frame back and looks at nothing but its length".to_owned()
    }

    fn start(&self, arena: &Arena, _topic: &Topic) -> Result<Server, String> {
        let mut command = Command::new(&arena.programs.bench);
        command.args(["echo", "--listen", "127.0.0.1:0"]);
        Server::spawn(arena, self.name(), &mut command)?.ready()
    }
}
