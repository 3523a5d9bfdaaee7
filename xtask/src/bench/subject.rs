//! Servers that can be measured. Each is one file, and starts its server with the best honest settings it has.

pub(super) mod echo;
pub(super) mod floor;
pub(super) mod kafka;
pub(super) mod nats;
pub(super) mod ottla;
pub(super) mod sendfile;
pub(super) mod tansu;

use super::arena::Arena;
use super::processor;
use crate::conformance::broker::ready;
use crate::listener;
use rustix::process::{Pid, Signal, kill_process};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A kind of server with its settings.
pub(super) trait Subject {
    /// Its name in tables: a word.
    fn name(&self) -> &'static str;

    /// What it is and how it is set, as a sentence for the document.
    fn settings(&self) -> String;

    /// Why it cannot be measured on this machine, if so; its rows are then left out, and the document says why.
    fn missing(&self, _arena: &Arena) -> Option<String> {
        None
    }

    /// Starts it on an empty directory. When this returns it is ready and has the topic.
    ///
    /// # Errors
    /// If it does not start; the message says where its words are.
    fn start(&self, arena: &Arena, topic: &Topic) -> Result<Server, String>;
}

/// What is written to and read from; a stream or a queue where the server calls it that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Topic {
    pub(super) name: &'static str,
    pub(super) partitions: u32,
}

impl Topic {
    /// The one that is measured; every run has a data directory of its own.
    pub(super) fn new(partitions: u32) -> Self {
        Self { name: "bench", partitions }
    }
}

/// How much an acknowledgement promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Durability {
    /// The record is with the operating system.
    Os,
    /// The record is on the disk.
    Sync,
}

impl Durability {
    /// The word that Ottla and the floor know it by.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Os => "os",
            Self::Sync => "sync",
        }
    }

    /// What it means, for the document.
    pub(super) fn meaning(self) -> &'static str {
        match self {
            Self::Os => "acknowledges what the operating system has",
            Self::Sync => "acknowledges what the disk has",
        }
    }
}

/// A running server; killed when dropped.
#[derive(Debug)]
pub(super) struct Server {
    process: Child,
    log: PathBuf,
    /// `HOST:PORT` for generators.
    pub(super) address: String,
}

impl Server {
    /// Starts `command` on the processor of servers, with its standard error in a file. It has no address yet.
    ///
    /// # Errors
    /// If it cannot be started.
    pub(super) fn spawn(arena: &Arena, name: &str, command: &mut Command) -> Result<Self, String> {
        let log = arena.log(name);
        let errors = File::create(&log).map_err(|error| format!("{}: {error}", log.display()))?;
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(errors);
        let process = arena
            .on(processor::SERVER, || command.spawn())
            .map_err(|error| format!("cannot run {}: {error}", command.get_program().display()))?;
        Ok(Self { process, log, address: String::new() })
    }

    /// Waits for the line of JSON that says it is ready and names the address.
    ///
    /// # Errors
    /// If the line does not come, or is another one.
    pub(super) fn ready(mut self) -> Result<Self, String> {
        let output = self.process.stdout.take().ok_or("the server's output was taken before")?;
        self.address = ready(output).map_err(|why| self.blame(&why))?;
        Ok(self)
    }

    /// Waits until it accepts connections at `address`, for one that says so in words of its own. They go beside its
    /// errors.
    ///
    /// # Errors
    /// If it ends, or does not listen.
    pub(super) fn listening(mut self, address: &str) -> Result<Self, String> {
        let mut output = self.process.stdout.take().ok_or("the server's output was taken before")?;
        let mut log =
            File::create(self.log.with_extension("out")).map_err(|error| self.blame(&error.to_string()))?;
        let copy = std::thread::Builder::new().name("server's words".to_owned());
        // It ends with the server, whose words nobody misses.
        copy.spawn(move || drop(std::io::copy(&mut output, &mut log)))
            .map_err(|error| format!("cannot start a thread: {error}"))?;
        listener::wait(&mut self.process, address).map_err(|why| self.blame(&why))?;
        address.clone_into(&mut self.address);
        Ok(self)
    }

    /// The processes that do its work.
    pub(super) fn pids(&self) -> Vec<u32> {
        vec![self.process.id()]
    }

    /// Stops it in order, and waits until it has ended.
    ///
    /// # Errors
    /// If it ends with a failure.
    pub(super) fn stop(mut self) -> Result<(), String> {
        let told = kill_process(Pid::from_child(&self.process), Signal::TERM);
        told.map_err(|error| self.blame(&error.to_string()))?;
        let status = self.process.wait().map_err(|error| self.blame(&error.to_string()))?;
        if status.success() { Ok(()) } else { Err(self.blame(&status.to_string())) }
    }

    /// `why`, and where the server's own words are.
    pub(super) fn blame(&self, why: &str) -> String {
        format!("{why}; see {}", self.log.display())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // One that has ended by itself is as dead, and its data is thrown away.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// Creates the topic on any server that speaks Kafka's protocol, with what partitions one request may ask for, and then adds
/// the others.
///
/// # Errors
/// As [`ask`].
pub(super) fn create_topic(ottla: &Path, address: &str, topic: &Topic) -> Result<(), String> {
    let first = topic.partitions.min(PARTITIONS_AT_ONCE_MAX);
    ask(ottla, address, ["topic", "create", topic.name, "-p", &first.to_string()])?;
    if first < topic.partitions {
        ask(ottla, address, ["topic", "alter", topic.name, "-p", &topic.partitions.to_string()])?;
    }
    Ok(())
}

/// A request makes at most 10,000 records of metadata, and a topic is one, too.
const PARTITIONS_AT_ONCE_MAX: u32 = 5_000;

/// Asks any server that speaks Kafka's protocol for something, by Ottla's command line.
///
/// # Errors
/// If it is refused.
pub(super) fn ask<'a>(
    ottla: &Path,
    address: &str,
    arguments: impl IntoIterator<Item = &'a str>,
) -> Result<(), String> {
    let mut command = Command::new(ottla);
    command.args(arguments).args(["-b", address]).stdin(Stdio::null());
    let output = command.output().map_err(|error| format!("cannot run {}: {error}", ottla.display()))?;
    if output.status.success() {
        return Ok(());
    }
    let arguments =
        command.get_args().map(|argument| argument.to_string_lossy()).collect::<Vec<_>>().join(" ");
    Err(format!("`ottla {arguments}`: {}", String::from_utf8_lossy(&output.stderr).trim()))
}
