//! `ottla log`: logs on disk, without a broker. Only `repair` writes.

mod dump;
mod lines;
mod repair;
mod report;
mod verify;

use crate::arguments::Common;
use crate::command::serve;
use crate::exit::{Failure, Outcome};
use ottla_storage::inspect::{DataDirectory, PartitionFiles};
use std::path::PathBuf;

/// Verify, dump and repair logs on disk.
#[derive(Clone, Debug, clap::Subcommand)]
pub(crate) enum Command {
    Verify(verify::Arguments),
    Dump(dump::Arguments),
    Repair(repair::Arguments),
}

/// Carries out the verb.
pub(crate) fn run(common: &Common, command: &Command) -> Outcome {
    match command {
        Command::Verify(arguments) => verify::run(common, arguments),
        Command::Dump(arguments) => dump::run(common, arguments),
        Command::Repair(arguments) => repair::run(common, arguments),
    }
}

/// Which logs.
#[derive(Clone, Debug, clap::Args)]
struct Selection {
    /// Topics, or partitions as TOPIC-N. Without any: everything.
    #[arg(value_name = "TOPIC[-N]")]
    partitions: Vec<String>,

    /// The data directory, which no broker may be working on. Without it, the one that 'ottla serve' takes.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

impl Selection {
    /// Takes the directory's lock.
    fn hold(&self) -> Outcome<DataDirectory> {
        let path = self.data.clone().unwrap_or_else(serve::default_data);
        let data = DataDirectory::hold(&path)?;
        let known = data.partitions()?;
        let is_known = |name: &&String| known.iter().any(|files| is_called(files, name));
        match self.partitions.iter().find(|name| !is_known(name)) {
            None => Ok(data),
            Some(unknown) => Err(Failure::not_found(format!(
                "no topic or partition {unknown} in {}: see 'ottla log verify' for those that are there",
                path.display()
            ))),
        }
    }

    fn has(&self, files: &PartitionFiles) -> bool {
        self.partitions.is_empty() || self.partitions.iter().any(|name| is_called(files, name))
    }

    /// Bytes of logs to read.
    fn bytes(&self, data: &DataDirectory) -> Outcome<u64> {
        Ok(data.partitions()?.iter().filter(|files| self.has(files)).map(PartitionFiles::bytes).sum())
    }
}

fn is_called(files: &PartitionFiles, name: &str) -> bool {
    files.topic.as_str() == name || files.name() == name
}
