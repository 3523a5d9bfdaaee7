//! The least that a server does to hand out ranges of a file.

use super::{Server, Subject, Topic};
use crate::bench::arena::Arena;
use crate::bench::load::Extent;
use std::process::Command;

/// `ottla-bench sendfile`.
#[derive(Debug, Clone, Copy)]
pub(in crate::bench) struct Sendfile {
    /// The size of the file.
    pub(in crate::bench) mebibytes: u64,
    /// Options that say what batches are made of.
    pub(in crate::bench) shape: &'static str,
}

impl Subject for Sendfile {
    fn name(&self) -> &'static str {
        "sendfile"
    }

    fn settings(&self) -> String {
        "one thread that answers each request with a range of one file, by `sendfile`".to_owned()
    }

    fn start(&self, arena: &Arena, _topic: &Topic) -> Result<Server, String> {
        let mut command = Command::new(&arena.programs.bench);
        command.args(["sendfile", "--listen", "127.0.0.1:0", "--data"]).arg(arena.data());
        let bytes = arena.scaled(Extent::Mebibytes { warm_up: 0, measured: self.mebibytes }).bytes();
        command.args(["--bytes", &bytes.to_string()]).args(self.shape.split_whitespace());
        Server::spawn(arena, self.name(), &mut command)?.ready()
    }
}
