//! Ottla itself.

use super::{Durability, Server, Subject, Topic, create_topic};
use crate::bench::arena::Arena;
use std::path::Path;
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
        let server = self.serve(arena, &[])?;
        create_topic(&arena.programs.ottla, &server.address, topic).map_err(|why| server.blame(&why))?;
        Ok(server)
    }
}

impl Ottla {
    /// Starts it on the data directory as it is, with more `settings`. It is ready when this returns.
    ///
    /// # Errors
    /// If it does not start.
    pub(in crate::bench) fn serve(&self, arena: &Arena, settings: &[&str]) -> Result<Server, String> {
        self.serve_in(arena, &arena.data(), settings)
    }

    /// As [`serve`](Self::serve), with its data in another folder, which is made if it is not there.
    ///
    /// # Errors
    /// As there.
    pub(in crate::bench) fn serve_in(
        &self,
        arena: &Arena,
        data: &Path,
        settings: &[&str],
    ) -> Result<Server, String> {
        let durability = format!("log.durability={}", self.durability.word());
        let settings = [durability.as_str()].into_iter().chain(settings.iter().copied());
        let mut command = Command::new(&arena.programs.ottla);
        command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(data);
        command.args(settings.flat_map(|setting| ["--set", setting]));
        Server::spawn(arena, self.name(), &mut command)?.ready()
    }
}
